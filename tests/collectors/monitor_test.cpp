#include "collectors/monitor.h"

#include <gtest/gtest.h>

#include "collectors/brokers.h"
#include "collectors/groups.h"
#include "collectors/partitions.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;

const Measure kSample{
    "sample", "For tests.", Unit::none, MeasureType::gauge, {"cluster", "broker"}};

// An observation of ten rows, of which the first `unknown` are unknown for the reason.
ObservationPtr sample(std::string_view part, Now seen, size_t unknown, Unknown reason) {
  Observation made;
  made.cluster = Symbol("prod");
  made.part = part;
  made.at = seen;
  made.cadence = std::chrono::seconds(10);
  std::vector<Symbol> cells;
  for (int i = 0; i < 10; ++i) cells.insert(cells.end(), {Symbol("prod"), Symbol::number(i)});
  TableBuilder builder(kSample, std::make_shared<KeySet>(kSample.dimensions, cells));
  for (size_t i = 0; i < unknown; ++i) builder.set_unknown(i, reason);
  made.tables.push_back(std::move(builder).build());
  return std::make_shared<Observation>(std::move(made));
}

Snapshot snapshot_of(std::initializer_list<ObservationPtr> observations) {
  Snapshot snapshot;
  for (const ObservationPtr& one : observations)
    snapshot.observations[{one->cluster, one->part}] = one;
  return snapshot;
}

TEST(Monitor, CountsUnknownRowsByPartAndReason) {
  const Snapshot snapshot = snapshot_of({sample("groups", at(0), 3, Unknown::timed_out),
                                         sample("partitions", at(0), 2, Unknown::denied),
                                         sample("topics", at(0), 0, Unknown::known)});
  const Observation seen = MonitorInterpreter().interpret(snapshot, Symbol("prod"), at(5));
  EXPECT_EQ(seen.part, "monitor");
  EXPECT_EQ(cell(seen, "monitor_unknown_rows", {"groups", "timed_out"}), is(3));
  EXPECT_EQ(cell(seen, "monitor_unknown_rows", {"partitions", "denied"}), is(2));
  EXPECT_EQ(table(seen, "monitor_unknown_rows").rows(), 2U);
}

TEST(Monitor, WhatIsSeenAgainStaysListedWithZero) {
  MonitorInterpreter interpreter;
  const Symbol cluster("prod");
  static_cast<void>(interpreter.interpret(
      snapshot_of({sample("groups", at(0), 3, Unknown::timed_out)}), cluster, at(0)));
  const Observation seen = interpreter.interpret(
      snapshot_of({sample("groups", at(10), 1, Unknown::denied)}), cluster, at(10));
  EXPECT_EQ(cell(seen, "monitor_unknown_rows", {"groups", "timed_out"}), is(0));
  EXPECT_EQ(cell(seen, "monitor_unknown_rows", {"groups", "denied"}), is(1));
}

TEST(Monitor, AllRowsOfAStalePartCountAsNotAsked) {
  MonitorInterpreter interpreter;
  const Snapshot snapshot = snapshot_of({sample("groups", at(0), 3, Unknown::timed_out)});
  const Symbol cluster("prod");
  EXPECT_EQ(cell(interpreter.interpret(snapshot, cluster, at(30)), "monitor_stale", {"groups"}),
            is(0));
  const Observation seen = interpreter.interpret(snapshot, cluster, at(31));
  EXPECT_EQ(cell(seen, "monitor_stale", {"groups"}), is(1));
  EXPECT_EQ(cell(seen, "monitor_unknown_rows", {"groups", "not_asked"}), is(10));
  EXPECT_EQ(cell(seen, "monitor_unknown_rows", {"groups", "timed_out"}), is(0));
  EXPECT_EQ(cell(seen, "monitor_part_age_seconds", {"groups"}), is(31));
}

TEST(Monitor, LooksAtItsOwnClusterAloneAndNotAtItself) {
  Snapshot snapshot = snapshot_of({sample("groups", at(0), 3, Unknown::timed_out),
                                   sample("monitor", at(0), 4, Unknown::timed_out)});
  snapshot.observations[{Symbol("another"), "groups"}] =
      sample("groups", at(0), 5, Unknown::timed_out);
  snapshot.observations[{Symbol("zebra"), "groups"}] =
      sample("groups", at(0), 5, Unknown::timed_out);
  const Observation seen = MonitorInterpreter().interpret(snapshot, Symbol("prod"), at(5));
  EXPECT_EQ(cell(seen, "monitor_unknown_rows", {"groups", "timed_out"}), is(3));
  EXPECT_EQ(table(seen, "monitor_unknown_rows").rows(), 1U);
  EXPECT_EQ(table(seen, "monitor_part_age_seconds").rows(), 1U);
}

TEST(Monitor, SaysOfEachPartWhyItCannotBeRead) {
  auto groups = std::make_shared<Observation>(*sample("groups", at(0), 3, Unknown::timed_out));
  groups->problems = {{"broker 3: OffsetFetch: no answer within 2 s", {}}, {"another", {}}};
  const Observation seen = MonitorInterpreter().interpret(
      snapshot_of({groups, sample("topics", at(0), 0, Unknown::known)}), Symbol("prod"), at(5));
  ASSERT_EQ(seen.notes.size(), 1U);
  EXPECT_EQ(seen.notes[0].text, "broker 3: OffsetFetch: no answer within 2 s (and 1 more)");
  EXPECT_EQ(seen.notes[0].entity.label("collector").text(), "groups");
}

TEST(Monitor, APartThatIsGoneIsForgotten) {
  MonitorInterpreter interpreter;
  const Symbol cluster("prod");
  static_cast<void>(interpreter.interpret(
      snapshot_of({sample("groups", at(0), 3, Unknown::timed_out)}), cluster, at(0)));
  const Observation seen = interpreter.interpret(Snapshot{}, cluster, at(10));
  EXPECT_EQ(cell(seen, "monitor_unknown_rows", {"groups", "timed_out"}), kNoRow);
}

TEST(Monitor, FindsAHealthyClusterFullyKnown) {
  ClusterView view = healthy_cluster();
  for (auto& topic : view.topics) {
    for (auto& partition : topic.partitions) {
      for (const int32_t replica : partition.replicas) partition.log_dirs.push_back({replica, 1});
    }
  }
  add_group(view, "abandoned", 1, {70, 900, 900});
  const auto share = [](Observation made) {
    return std::make_shared<Observation>(std::move(made));
  };
  GroupsInterpreter groups;
  for (int t = -100'000; t < 0; t += 60) (void)groups.interpret(view, {}, at(t));
  const Snapshot snapshot = snapshot_of({share(BrokersInterpreter().interpret(view, {}, at(0))),
                                         share(PartitionsInterpreter().interpret(view, {}, at(0))),
                                         share(groups.interpret(view, {}, at(0)))});
  const Observation seen = MonitorInterpreter().interpret(snapshot, Symbol("prod"), at(5));
  EXPECT_EQ(table(seen, "monitor_unknown_rows").rows(), 0U);
}

}  // namespace
}  // namespace highwater::collectors
