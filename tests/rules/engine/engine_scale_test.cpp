// Large clusters: that the work is done right, and nothing is lost on the way.
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;

constexpr size_t kPartitions = 100'000;
constexpr size_t kBrokers = 10;

std::shared_ptr<const KeySet> partition_keys() {
  const Symbol cluster("prod");
  const Symbol topic("orders");
  std::vector<Symbol> cells;
  cells.reserve(kPartitions * 3);
  for (size_t i = 0; i < kPartitions; ++i) {
    cells.push_back(cluster);
    cells.push_back(topic);
    cells.push_back(Symbol::number(static_cast<int64_t>(i)));
  }
  return std::make_shared<const KeySet>(kUnder.dimensions, std::move(cells));
}

std::shared_ptr<const KeySet> broker_keys() {
  std::vector<Symbol> cells;
  for (size_t i = 0; i < kBrokers; ++i) {
    cells.emplace_back("prod");
    cells.push_back(Symbol::number(static_cast<int64_t>(i)));
  }
  return std::make_shared<const KeySet>(kFailed.dimensions, std::move(cells));
}

TEST(EngineScale, ABrokerOfALargeClusterFailsWithAllThatHangsOnIt) {
  const auto partitions = partition_keys();
  const auto brokers = broker_keys();
  const auto observe = [&](Now now, bool failed) {
    auto observation = std::make_shared<Observation>();
    observation->cluster = Symbol("prod");
    observation->part = "all";
    observation->at = now;
    observation->cadence = seconds(10);
    TableBuilder down(kFailed, brokers);
    TableBuilder under(kUnder, partitions);
    Relation leads{"leads partitions", partitions, brokers, {}};
    leads.words = {"partition", "partitions", "offline", "failed over"};
    for (uint32_t i = 0; i < kPartitions; ++i) {
      leads.pairs.emplace_back(i, i % kBrokers);
      if (failed && i % kBrokers == 3) under.set(i, 1);
    }
    if (failed) down.set(3, 1);
    observation->tables.push_back(std::move(down).build());
    observation->tables.push_back(std::move(under).build());
    observation->relations.push_back(std::move(leads));
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->observations[{observation->cluster, observation->part}] = observation;
    return snapshot;
  };
  Engine engine({ground_rule("BrokerDown", kFailed, Fault::broker, {}),
                 make_rule("Under", kUnder, Comparison::equal, 1)});
  Now now{SteadyTime(seconds(1000)), WallTime(seconds(1000))};
  EXPECT_TRUE(engine.evaluate(observe(now, false), now).alerts.empty());
  now.steady += seconds(10);
  const Report report = engine.evaluate(observe(now, true), now);
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].evidence_count, kPartitions / kBrokers);
  EXPECT_EQ(report.incidents[0].impact.at(0).count, kPartitions / kBrokers);
  now.steady += seconds(10);
  const Report ended = engine.evaluate(observe(now, false), now);
  EXPECT_TRUE(ended.alerts.empty());
  ASSERT_EQ(ended.transitions.size(), 1U);
  EXPECT_EQ(ended.transitions[0].kind, TransitionKind::resolved);
}

}  // namespace
}  // namespace highwater::rules
