// Whose an incident is: by the owners, and by what a rule says itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/routing/director.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Owner owner(const std::string& team, const std::string& group) {
  Owner owner;
  owner.team = team;
  if (!group.empty()) owner.groups.push_back(*Pattern::parse(group));
  return owner;
}

class Owned : public ::testing::Test {
 protected:
  static RuleSet rules() {
    AlertRule lag = make_rule("Lag", kLagSeconds, Comparison::greater, 60);
    AlertRule down = make_rule("Down", kFailed, Comparison::equal, 1);
    down.labels = {{"team", "kafka"}};
    RuleSet rules({lag, down});
    rules.owners = {owner("payments", "pay-*"), owner("platform", "")};
    return rules;
  }
  Report poll() {
    now_.steady += seconds(1);
    now_.wall += seconds(1);
    cluster_.publish(snapshot_, now_);
    return engine_.evaluate(std::make_shared<const Snapshot>(snapshot_), now_);
  }
  static std::string team(const Report& report, const std::string& rule) {
    for (const Incident& incident : report.incidents) {
      if (incident.cause.rule == rule) return incident.team;
    }
    return "no incident";
  }

  FakeCluster cluster_;
  Snapshot snapshot_;
  Now now_{SteadyTime(hours(100)), WallTime(hours(490'000))};
  Engine engine_{rules()};
};

TEST_F(Owned, ByTheFirstOwnerOrTheRulesOwnLabel) {
  cluster_.set(kLagSeconds, {"pay-1"}, 100);
  cluster_.set(kFailed, {"3"}, 1);
  const Report report = poll();
  EXPECT_EQ(team(report, "Lag"), "payments");
  EXPECT_EQ(team(report, "Down"), "kafka");
  for (const Transition& transition : report.transitions)
    EXPECT_FALSE(transition.incident.team.empty());
}

TEST_F(Owned, IsKeptOverARestartAndWhenItIsOver) {
  cluster_.set(kLagSeconds, {"pay-1"}, 100);
  (void)poll();
  Engine after(rules());
  EXPECT_TRUE(after.restore(engine_.state(now_, true), now_).empty());
  ASSERT_EQ(after.open_incidents().size(), 1U);
  EXPECT_EQ(after.open_incidents()[0].team, "payments");
  cluster_.set(kLagSeconds, {"pay-1"}, 0);
  Report report = poll();
  for (int i = 0; i < 600 && report.history->empty(); ++i) report = poll();
  ASSERT_EQ(report.history->size(), 1U);
  EXPECT_EQ(report.history->front()->team, "payments");
}

TEST_F(Owned, ByTheNewOwnersAfterAReload) {
  cluster_.set(kLagSeconds, {"pay-1"}, 100);
  (void)poll();
  RuleSet changed = rules();
  changed.owners = {owner("billing", "pay-*")};
  engine_.replace_rules(changed);
  EXPECT_EQ(team(poll(), "Lag"), "billing");
}

}  // namespace
}  // namespace highwater::rules::testing
