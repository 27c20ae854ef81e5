#include "agent/prior_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/incident_text.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Entity entity(const std::vector<std::pair<std::string, std::string>>& labels) {
  Entity made;
  for (const auto& [name, value] : labels) made.labels.emplace_back(Symbol(name), Symbol(value));
  return made;
}

class PriorChangesTest : public ::testing::Test {
 protected:
  PriorChangesTest() {
    lag_.id = 7;
    lag_.cause.rule = "GroupStuck";
    lag_.cause.entity = entity({{"cluster", "prod"}, {"group", "payments"}, {"topic", "orders"}});
    lag_.cause.active_since = began_;
    lag_.headline = lag_.cause;
    lag_.opened = began_ + 1min;
  }

  // What its notification says.
  std::string told() {
    Report report;
    report.incidents = {lag_};
    report.transitions = {{1, TransitionKind::opened, lag_, {}, nullptr}};
    report.snapshot = snapshot();
    prior_.add_to(report, ledger_);
    EXPECT_EQ(report.incidents[0].changes, report.transitions[0].incident.changes);
    return changes_text(report.transitions[0].incident);
  }

  // Broker 3 leads what is in orders.
  static SnapshotPtr snapshot() {
    const auto cells = [](std::initializer_list<std::string_view> texts) {
      std::vector<Symbol> symbols;
      for (const std::string_view text : texts) symbols.emplace_back(text);
      return symbols;
    };
    Observation observation;
    observation.cluster = Symbol("prod");
    observation.part = "partitions";
    observation.relations.push_back(
        {"leads partitions",
         std::make_shared<const KeySet>(
             std::vector<std::string_view>{"cluster", "topic", "partition"},
             cells({"prod", "orders", "0"})),
         std::make_shared<const KeySet>(std::vector<std::string_view>{"cluster", "broker"},
                                        cells({"prod", "3"})),
         {{0, 0}}});
    auto made = std::make_shared<Snapshot>();
    const std::pair<Symbol, std::string_view> part{observation.cluster, observation.part};
    made->observations[part] = std::make_shared<const Observation>(std::move(observation));
    return made;
  }

  const WallTime began_{500'000h};
  changes::Ledger ledger_;
  PriorChanges prior_;
  Incident lag_;
};

TEST_F(PriorChangesTest, AreThoseOfWhatItIsAboutTheNearestFirst) {
  ledger_.note(began_ - 20min, entity({{"cluster", "prod"}, {"topic", "orders"}}),
               "partitions 6 -> 12");
  ledger_.note(began_ - 2min, entity({{"cluster", "prod"}, {"group", "payments"}}),
               "all 12 members were replaced");
  EXPECT_EQ(told(),
            "07:58:00 UTC, 2 min before it began: group=payments: all 12 members were replaced; "
            "07:40:00 UTC, 20 min before it began: topic=orders: partitions 6 -> 12");
}

TEST_F(PriorChangesTest, OfOthersAreNotBlamed) {
  ledger_.note(began_ - 2min, entity({{"cluster", "prod"}, {"group", "billing"}}),
               "all 3 members were replaced");
  ledger_.note(began_ - 2min, entity({{"cluster", "test"}, {"group", "payments"}}),
               "all 3 members were replaced");
  ledger_.note(began_ - 2min, entity({{"cluster", "test"}, {"broker", "1"}}), "stopped answering");
  ledger_.note(began_ - 31min, entity({{"cluster", "prod"}, {"group", "payments"}}), "too early");
  ledger_.note(began_ + 1s, entity({{"cluster", "prod"}, {"group", "payments"}}), "too late");
  ledger_.note(began_ - 2min, {}, "configuration reloaded");
  ledger_.begin(began_ - 3min);
  EXPECT_EQ(told(), "");
}

TEST_F(PriorChangesTest, OfTheBrokersItRestsOnOnlyWhenTheyAreNear) {
  const Entity broker = entity({{"broker", "3"}, {"cluster", "prod"}});
  ledger_.note(began_ - 11min, broker, "restarted");
  EXPECT_EQ(told(), "");
  lag_.id = 8;
  ledger_.note(began_ - 9min, broker, "stopped answering");
  ledger_.note(began_ - 8min, entity({{"broker", "4"}, {"cluster", "prod"}}), "of others");
  EXPECT_EQ(told(), "07:51:00 UTC, 9 min before it began: broker=3: stopped answering");
}

TEST_F(PriorChangesTest, AMarkWithoutLabelsIsForAll) {
  ledger_.mark(began_ - 5min, {}, "deploy payments 1.42");
  ledger_.mark(began_ - 6min, entity({{"group", "billing"}}), "deploy billing");
  EXPECT_EQ(told(), "07:55:00 UTC, 5 min before it began: deploy payments 1.42");
}

TEST_F(PriorChangesTest, AMarkNamesWhatItIsAboutWithOrWithoutItsCluster) {
  ledger_.mark(began_ - 5min, entity({{"group", "payments"}}), "deploy payments 1.42");
  EXPECT_EQ(told(), "07:55:00 UTC, 5 min before it began: deploy payments 1.42");
}

TEST_F(PriorChangesTest, AtMostThreeAreToldAndAnIncidentIsLookedAtOnce) {
  for (int i = 1; i <= 10; ++i) ledger_.mark(began_ - i * 1min, {}, "change " + std::to_string(i));
  EXPECT_EQ(told(),
            "07:59:00 UTC, 1 min before it began: change 1; 07:58:00 UTC, 2 min before it began: "
            "change 2; 07:57:00 UTC, 3 min before it began: change 3");
  ledger_.mark(began_ - 1s, {}, "said later");
  EXPECT_EQ(told(),
            "07:59:00 UTC, 1 min before it began: change 1; 07:58:00 UTC, 2 min before it began: "
            "change 2; 07:57:00 UTC, 3 min before it began: change 3");
}

TEST(Marks, AreBoundedAndPushOutNoChangeThatWasSeen) {
  changes::Ledger ledger;
  const WallTime start{500'000h};
  ledger.note(start, entity({{"cluster", "prod"}, {"topic", "a"}}), "topic created");
  for (size_t i = 1; i <= changes::kMaxMarks + 50; ++i)
    ledger.mark(start + std::chrono::seconds(i), {}, "mark");
  EXPECT_EQ(ledger.size(), changes::kMaxMarks + 1);
  EXPECT_THAT(ledger.between(start, start + 1s), SizeIs(1));
  EXPECT_THAT(ledger.between(start + 1s, start + 51s), IsEmpty());
}

}  // namespace
}  // namespace highwater::agent
