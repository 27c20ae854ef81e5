// Conditions: select and exclude, `per`, two measures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kTopic = 1;  // the place in a partition's dimensions

AlertRule under_replicated() {
  return make_rule("Under", kUnder, Comparison::equal, 1);
}

AlertRule under_replicated_topic() {
  AlertRule rule = under_replicated();
  rule.aggregated = true;
  rule.per = {0, kTopic};
  rule.summary = "{count} partitions of {topic}";
  return rule;
}

class EnginePer : public ::testing::Test {
 protected:
  void set(const std::string& partition, double value) {
    world_.cluster().set(kUnder, {"orders", partition}, value);
  }
  void set_unknown(const std::string& partition) {
    world_.cluster().set_unknown(kUnder, {"orders", partition});
  }
  EngineWorld world_{{under_replicated_topic()}};
};

TEST(EngineCondition, ARuleLooksOnlyAtTheRowsItSelects) {
  AlertRule rule = under_replicated();
  rule.select = {{kTopic, {pattern("pay-*"), pattern("orders")}}};
  rule.exclude = {{kTopic, {pattern("/-test$/")}}};
  EngineWorld world({rule});
  for (const char* topic : {"orders", "pay-in", "pay-test", "stock"})
    world.cluster().set(kUnder, {topic, "0"}, 1);
  std::vector<std::string> topics;
  for (const Alert& alert : world.poll().alerts)
    topics.push_back(alert.entity.label("topic").text());
  EXPECT_THAT(topics, ElementsAre("orders", "pay-in"));
}

TEST(EngineCondition, ASelectionHoldsForRowsThatComeLater) {
  AlertRule rule = under_replicated();
  rule.exclude = {{kTopic, {pattern("tmp-*")}}};
  EngineWorld world({rule});
  world.cluster().set(kUnder, {"orders", "0"}, 0);
  (void)world.poll();
  world.cluster().set(kUnder, {"tmp-1", "0"}, 1);
  EXPECT_THAT(world.poll_after(seconds(5)).alerts, IsEmpty());
}

TEST_F(EnginePer, OneAlertStandsForAllRowsOfItsSubject) {
  set("0", 1);
  set("1", 1);
  set("2", 0);
  world_.cluster().set(kUnder, {"stock", "0"}, 0);
  const Report report = world_.poll();
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].entity, world_.cluster().entity({{"topic", "orders"}}));
  EXPECT_EQ(report.alerts[0].summary, "2 partitions of orders");
}

TEST_F(EnginePer, TheAlertStaysWhileAnyRowMeets) {
  set("0", 1);
  set("1", 0);
  (void)world_.poll();
  set("0", 0);
  set("1", 1);
  const Report report = world_.poll_after(seconds(10));
  EXPECT_THAT(told(report), IsEmpty());
  EXPECT_EQ(alert_of(report, "Under").state, AlertState::firing);
}

TEST_F(EnginePer, ARowThatMetBeforeItTurnedUnknownHoldsTheAlert) {
  set("0", 1);
  set("1", 0);
  (void)world_.poll();
  set_unknown("0");
  Report report = world_.poll_after(seconds(10));
  EXPECT_TRUE(alert_of(report, "Under").unknown);
  EXPECT_THAT(told(report), IsEmpty());
  set("0", 0);
  report = world_.poll_after(seconds(10));
  EXPECT_THAT(told(report), ElementsAre("resolved Under: the condition ended"));
}

TEST_F(EnginePer, AnUnknownRowThatDidNotMeetDoesNotHoldTheAlert) {
  set("0", 1);
  set("1", 0);
  (void)world_.poll();
  set("0", 0);
  set_unknown("1");
  EXPECT_THAT(told(world_.poll_after(seconds(10))),
              ElementsAre("resolved Under: the condition ended"));
}

TEST_F(EnginePer, AHeldRowIsStillHeldWhenRowsAreNumberedAnew) {
  set("1", 1);
  set("2", 0);
  (void)world_.poll();
  set_unknown("1");
  (void)world_.poll_after(seconds(10));
  set("0", 0);
  EXPECT_TRUE(alert_of(world_.poll_after(seconds(10)), "Under").unknown);
}

TEST_F(EnginePer, AHeldRowThatIsGoneHoldsNoLonger) {
  set("0", 1);
  set("1", 0);
  (void)world_.poll();
  set_unknown("0");
  (void)world_.poll_after(seconds(10));
  world_.cluster().remove(kUnder, {"orders", "0"});
  EXPECT_THAT(told(world_.poll_after(seconds(10))),
              ElementsAre("resolved Under: the condition ended"));
}

TEST_F(EnginePer, TheAlertEndsWithTheLastRowOfItsSubject) {
  set("0", 1);
  world_.cluster().set(kUnder, {"stock", "0"}, 0);
  (void)world_.poll();
  world_.cluster().remove(kUnder, {"orders", "0"});
  EXPECT_THAT(told(world_.poll_after(seconds(10))), ElementsAre("resolved Under: it is gone"));
}

TEST_F(EnginePer, NothingResolvesWhileNoRowOfTheSubjectIsKnown) {
  AlertRule rule = under_replicated_topic();
  rule.keep_firing_for = seconds(20);
  EngineWorld world({rule});
  world.cluster().set(kUnder, {"orders", "0"}, 1);
  (void)world.poll();
  world.cluster().set(kUnder, {"orders", "0"}, 0);
  (void)world.poll_after(seconds(1));
  world.cluster().set_unknown(kUnder, {"orders", "0"});
  EXPECT_THAT(told(world.poll_after(seconds(60))), IsEmpty());
}

TEST_F(EnginePer, TheClusterIsPartOfEverySubject) {
  AlertRule rule = under_replicated();
  rule.aggregated = true;
  EngineWorld world({rule});
  world.cluster().set(kUnder, {"orders", "0"}, 1);
  world.cluster().set(kUnder, {"stock", "0"}, 1);
  const Report report = world.poll();
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].entity, world.cluster().entity({}));
}

TEST_F(EnginePer, TheValueIsTheWorstRows) {
  AlertRule high = make_rule("Lag", kLag, Comparison::greater, 100);
  AlertRule low = make_rule("FewInSync", kInSync, Comparison::less, 3);
  for (AlertRule* rule : {&high, &low}) {
    rule->aggregated = true;
    rule->per = {1};
  }
  EngineWorld world({high, low});
  world.cluster().set(kLag, {"billing", "orders", "0"}, 200);
  world.cluster().set(kLag, {"billing", "orders", "1"}, 900);
  world.cluster().set(kLag, {"billing", "orders", "2"}, 300);
  world.cluster().set(kInSync, {"orders", "0"}, 2);
  world.cluster().set(kInSync, {"orders", "1"}, 1);
  const Report report = world.poll();
  EXPECT_EQ(alert_of(report, "Lag").value, 900);
  EXPECT_EQ(alert_of(report, "FewInSync").value, 1);
}

TEST_F(EnginePer, TheAlertHasTheRowsThatMetWhenItFired) {
  set("0", 1);
  set("1", 0);
  set("2", 1);
  const Report report = world_.poll();
  const auto row = [&](const char* partition) {
    return world_.cluster().entity({{"topic", "orders"}, {"partition", partition}});
  };
  EXPECT_THAT(alert_of(report, "Under").rows, ElementsAre(row("0"), row("2")));
  EXPECT_EQ(incident_of(report, "Under").cause.rows.size(), 2U);
}

TEST(EngineCondition, ADurationSaysWhenItsFaultBegan) {
  EngineWorld world({make_rule("Late", kLagSeconds, Comparison::greater, 3000)});
  world.cluster().set(kLagSeconds, {"billing"}, 3600);
  const Alert alert = alert_of(world.poll(), "Late");
  EXPECT_EQ(alert.active_since, world.now().wall);
  EXPECT_EQ(alert.onset, world.now().wall - seconds(2880)) << "four fifths of an hour ago";
}

class EngineTwoMeasures : public ::testing::Test {
 protected:
  static AlertRule at_min_isr() {
    AlertRule rule = make_rule("AtMinIsr", kInSync, Comparison::less_or_equal, 0);
    rule.when.right = &kMinIsr;
    return rule;
  }
  EngineWorld world_{{at_min_isr()}};
};

TEST_F(EngineTwoMeasures, RowsAreJoinedOnTheRightMeasuresDimensions) {
  world_.cluster().set(kInSync, {"orders", "0"}, 2);
  world_.cluster().set(kInSync, {"stock", "0"}, 2);
  world_.cluster().set(kMinIsr, {"orders"}, 2);
  world_.cluster().set(kMinIsr, {"stock"}, 1);
  const Report report = world_.poll();
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].entity.label("topic").text(), "orders");
  EXPECT_EQ(report.alerts[0].value, 2);
}

TEST_F(EngineTwoMeasures, AnUnknownRightSideFreezes) {
  world_.cluster().set(kInSync, {"orders", "0"}, 2);
  world_.cluster().set(kMinIsr, {"orders"}, 2);
  (void)world_.poll();
  world_.cluster().set_unknown(kMinIsr, {"orders"});
  const Report report = world_.poll_after(seconds(5));
  EXPECT_TRUE(alert_of(report, "AtMinIsr").unknown);
  EXPECT_THAT(told(report), IsEmpty());
}

TEST_F(EngineTwoMeasures, ARowWithoutARightSideIsNotJudged) {
  world_.cluster().set(kInSync, {"orders", "0"}, 0);
  world_.cluster().set(kMinIsr, {"stock"}, 2);
  EXPECT_THAT(world_.poll().alerts, IsEmpty());
}

TEST_F(EngineTwoMeasures, AStaleRightSideFreezes) {
  world_.cluster().put_in_part(kMinIsr, "topics");
  world_.cluster().set(kInSync, {"orders", "0"}, 2);
  world_.cluster().set(kMinIsr, {"orders"}, 2);
  (void)world_.poll();
  world_.cluster().set(kInSync, {"orders", "0"}, 3);
  world_.advance(minutes(5));
  const Report report = world_.poll("main");
  EXPECT_TRUE(alert_of(report, "AtMinIsr").unknown);
}

TEST_F(EngineTwoMeasures, ANewThresholdIsJudgedAgainstTheOldLeftSide) {
  world_.cluster().put_in_part(kMinIsr, "topics");
  world_.cluster().set(kInSync, {"orders", "0"}, 2);
  world_.cluster().set(kMinIsr, {"orders"}, 1);
  (void)world_.poll();
  world_.cluster().set(kMinIsr, {"orders"}, 2);
  world_.advance(seconds(5));
  EXPECT_THAT(told(world_.poll("topics")), ElementsAre("opened AtMinIsr"));
}

}  // namespace
}  // namespace highwater::rules
