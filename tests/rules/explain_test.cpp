// What the engine says when somebody asks why a rule fires or is quiet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/entity_filter.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

constexpr Duration kPoll = seconds(15);

SloRule lag_slo() {
  SloRule rule = make_slo("payments-lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  return rule;
}

AlertRule slow_broker() {
  AlertRule rule = make_rule("SlowBroker", kSlow, Comparison::greater, 5);
  rule.hold = minutes(5);
  rule.keep_firing_for = minutes(2);
  return rule;
}

class ExplainWorld : public EngineWorld {
 public:
  ExplainWorld() : EngineWorld(RuleSet({slow_broker()}, {lag_slo()})) {}

  void polls(Duration duration) {
    const SteadyTime end = now().steady + duration;
    while (now().steady < end) poll_after(kPoll);
  }
  void lag_for(Duration duration, double lag) {
    cluster().set(kLagSeconds, {"payments"}, lag);
    polls(duration);
  }
  ExplainAnswer ask(std::string name, std::string entity = {}) {
    return engine().explain({std::move(name), std::move(entity)}, now());
  }
};

TEST(Explain, AFiringSloShowsTheSumsThatItsTiersSee) {
  ExplainWorld world;
  world.lag_for(hours(7), 10);
  world.lag_for(minutes(12), 400);
  const ExplainAnswer answer = world.ask("payments-lag");
  EXPECT_EQ(answer.kind, ExplainAnswer::Kind::slo);
  EXPECT_EQ(answer.judges, "group_lag_seconds <= 5m");
  ASSERT_EQ(answer.items.size(), 1U);
  const Explanation& item = answer.items[0];
  ASSERT_TRUE(item.alert);
  EXPECT_EQ(item.alert->severity, Severity::page);
  EXPECT_EQ(item.sample, "6 min 40 s");
  EXPECT_TRUE(item.sample_is_bad);
  const ExplainedTier& page = item.budget->tiers.at(0);
  EXPECT_TRUE(page.burning);
  // The first bad sample comes 15 s after the call, so 11 min 45 s of the hour are bad.
  EXPECT_NEAR(page.long_window.bad, 705, 1);
  EXPECT_NEAR(page.long_window.total, 3600, 1);
  EXPECT_EQ(page.long_window.known, hours(1));
  EXPECT_NEAR(page.long_window.burn, 705.0 / 3600 / 0.01, 0.05);
  EXPECT_NEAR(page.short_window.burn, 100, 0.05);
  // Less than 14.4 % of five minutes may be bad then: the first 256.8 s have to be good.
  ASSERT_TRUE(page.clears_at);
  EXPECT_NEAR(to_seconds(*page.clears_at - world.now().wall), 256.8, 0.1);
}

TEST(Explain, AQuietSloShowsHowFarItIsFromFiring) {
  ExplainWorld world;
  world.lag_for(hours(2), 10);
  const ExplainAnswer answer = world.ask("payments-lag");
  ASSERT_EQ(answer.items.size(), 1U);
  const Explanation& item = answer.items[0];
  EXPECT_FALSE(item.alert);
  EXPECT_FALSE(item.sample_is_bad);
  EXPECT_EQ(item.budget->tiers.size(), 4U);
  EXPECT_FALSE(item.budget->tiers[0].burning);
  EXPECT_EQ(item.budget->tiers[0].clears_at, std::nullopt);
  EXPECT_EQ(item.budget->remaining, 1);
  EXPECT_NEAR(item.budget->allowed, 0.01 * 30 * 24 * 3600, 1e-6);
}

TEST(Explain, ATierThatSeesTooLittleIsFrozen) {
  ExplainWorld world;
  world.lag_for(hours(2), 10);
  world.cluster().set_unknown(kLagSeconds, {"payments"});
  world.polls(minutes(10));
  const ExplainAnswer answer = world.ask("payments-lag");
  const Explanation& item = answer.items.at(0);
  EXPECT_TRUE(item.budget->tiers[0].frozen);
  EXPECT_EQ(item.sample, "");
}

TEST(Explain, OnlyEntitiesThatWereAskedForAreExplained) {
  ExplainWorld world;
  world.cluster().set(kLagSeconds, {"orders"}, 10);
  world.lag_for(minutes(5), 10);
  EXPECT_EQ(world.ask("payments-lag").count, 2U);
  const ExplainAnswer answer = world.ask("payments-lag", "group=orders");
  ASSERT_EQ(answer.items.size(), 1U);
  EXPECT_EQ(answer.items[0].entity.text(), "cluster=prod group=orders");
  EXPECT_EQ(answer.entity, "group=orders");
  EXPECT_EQ(answer.count, 1U);
  EXPECT_EQ(answer.total, 2U);
}

TEST(Explain, AnEntityThatNothingMatchesIsAnsweredWithANearOne) {
  ExplainWorld world;
  world.lag_for(minutes(1), 10);
  const ExplainAnswer slo = world.ask("payments-lag", "group=paymnets");
  EXPECT_EQ(slo.count, 0U);
  EXPECT_EQ(slo.total, 1U);
  EXPECT_EQ(slo.advice, "did you mean 'group=payments'?");
  world.cluster().set(kSlow, {"3"}, 1);
  world.polls(minutes(1));
  EXPECT_EQ(world.ask("SlowBroker", "broker=4").advice, "did you mean 'broker=3'?");
  EXPECT_THAT(world.ask("SlowBroker", "brokr=3").advice,
              HasSubstr("'brokr' is no dimension of it: did you mean 'broker'?"));
  EXPECT_EQ(world.ask("SlowBroker", "broker=3").advice, "");
}

TEST(Explain, AlertRulesCountTheRowsThatWereAskedFor) {
  ExplainWorld world;
  world.cluster().set(kSlow, {"1"}, 7);
  world.cluster().set(kSlow, {"2"}, 1);
  world.cluster().set_unknown(kSlow, {"3"}, Unknown::timed_out);
  world.polls(minutes(1));
  const ExplainAnswer one = world.ask("SlowBroker", "broker=2");
  ASSERT_EQ(one.rows.size(), 1U);
  EXPECT_EQ(one.rows[0].total, 3U);
  EXPECT_EQ(one.rows[0].selected, 1U);
  EXPECT_EQ(one.rows[0].met, 0U);
  EXPECT_EQ(one.rows[0].unknown, 0U);
  EXPECT_EQ(one.count, 0U);
  EXPECT_EQ(one.total, 1U);
  ASSERT_EQ(one.row_items.size(), 1U);
  EXPECT_EQ(one.row_items[0].entity.text(), "broker=2 cluster=prod");
  EXPECT_FALSE(one.row_items[0].met);
  const ExplainAnswer all = world.ask("SlowBroker");
  EXPECT_EQ(all.rows[0].selected, 3U);
  ASSERT_EQ(all.row_items.size(), 3U);
  EXPECT_TRUE(all.row_items[0].met);
  EXPECT_EQ(all.row_items[1].unknown, unknown_sentence(Unknown::timed_out));
  ASSERT_EQ(all.rows[0].reasons.size(), 1U);
  EXPECT_EQ(all.rows[0].reasons[0], (std::pair<std::string_view, size_t>("timed_out", 1)));
}

TEST(Explain, RowsOfARulePerDimensionAreFoundByAnyOfTheirDimensions) {
  AlertRule rule = make_rule("ManySlow", kSlow, Comparison::greater, 5);
  rule.aggregated = true;
  rule.per = {0};
  EngineWorld world{RuleSet({rule}, {})};
  world.cluster().set(kSlow, {"1"}, 7);
  world.cluster().set(kSlow, {"2"}, 1);
  world.poll_after(kPoll);
  const ExplainAnswer answer = world.engine().explain({"ManySlow", "broker=2"}, world.now());
  EXPECT_EQ(answer.rows.at(0).selected, 1U);
  EXPECT_EQ(answer.rows.at(0).met, 0U);
  EXPECT_EQ(answer.count, 0U);  // its alert is about the cluster
  EXPECT_EQ(answer.total, 1U);
  EXPECT_EQ(answer.advice, "");
}

TEST(EntityFilter, AllPiecesHaveToBeThere) {
  const EntityFilter filter("group=a partition=0");
  EXPECT_TRUE(filter.matches("cluster=prod group=a topic=t partition=0"));
  EXPECT_FALSE(filter.matches("cluster=prod group=a topic=t partition=1"));
  EXPECT_TRUE(EntityFilter("").matches("anything"));
}

TEST(Explain, OfManyBudgetsTheWorstComeFirstAndAllAreCounted) {
  ExplainWorld world;
  for (int i = 0; i < 30; ++i)
    world.cluster().set(kLagSeconds, {"group-" + std::to_string(i)}, i == 17 ? 400 : 10);
  world.lag_for(minutes(5), 10);
  const ExplainAnswer answer = world.ask("payments-lag");
  EXPECT_EQ(answer.count, 31U);
  ASSERT_EQ(answer.items.size(), kMostExplained);
  EXPECT_EQ(answer.items[0].entity.label("group").text(), "group-17");
}

TEST(Explain, APendingAlertSaysWhenItFires) {
  ExplainWorld world;
  world.cluster().set(kSlow, {"3"}, 7);
  world.polls(minutes(2));
  const ExplainAnswer answer = world.ask("SlowBroker");
  EXPECT_EQ(answer.kind, ExplainAnswer::Kind::alert);
  EXPECT_THAT(answer.meaning, HasSubstr("has held for 5m"));
  ASSERT_EQ(answer.items.size(), 1U);
  EXPECT_EQ(answer.items[0].alert->state, AlertState::pending);
  EXPECT_EQ(answer.items[0].fires_in, Duration(minutes(5) - minutes(2) + kPoll));
  EXPECT_TRUE(answer.items[0].sample_is_bad);
}

TEST(Explain, AFiringAlertThatIsClearSaysWhenItEnds) {
  ExplainWorld world;
  world.cluster().set(kSlow, {"3"}, 7);
  world.polls(minutes(6));
  world.cluster().set(kSlow, {"3"}, 1);
  world.polls(minutes(1));
  const ExplainAnswer answer = world.ask("SlowBroker");
  ASSERT_EQ(answer.items.size(), 1U);
  EXPECT_EQ(answer.items[0].alert->state, AlertState::firing);
  EXPECT_EQ(answer.items[0].ends_in, Duration(minutes(2) - minutes(1) + kPoll));
  EXPECT_FALSE(answer.items[0].sample_is_bad);
}

TEST(Explain, AQuietAlertRuleShowsTheRowNearestToItsThreshold) {
  ExplainWorld world;
  world.cluster().set(kSlow, {"1"}, 2);
  world.cluster().set(kSlow, {"2"}, 4);
  world.cluster().set_unknown(kSlow, {"3"});
  world.poll();
  const ExplainAnswer answer = world.ask("SlowBroker");
  EXPECT_TRUE(answer.items.empty());
  ASSERT_EQ(answer.rows.size(), 1U);
  EXPECT_EQ(answer.rows[0].selected, 3U);
  EXPECT_EQ(answer.rows[0].met, 0U);
  EXPECT_EQ(answer.rows[0].unknown, 1U);
  EXPECT_EQ(answer.rows[0].worst, format_value(4, kSlow.unit));
}

TEST(Explain, RowsThatAreNotReadAnyMoreAreUnknown) {
  ExplainWorld world;
  world.cluster().set(kSlow, {"1"}, 2);
  world.poll();
  world.tick_after(minutes(5));
  const ExplainAnswer answer = world.ask("SlowBroker");
  ASSERT_EQ(answer.rows.size(), 1U);
  EXPECT_EQ(answer.rows[0].unknown, 1U);
  EXPECT_EQ(answer.rows[0].worst, "");
}

TEST(Explain, AnUnknownNameIsAnsweredWithTheOneThatWasMeant) {
  ExplainWorld world;
  const ExplainAnswer answer = world.ask("payment-lag");
  EXPECT_EQ(answer.kind, ExplainAnswer::Kind::unknown);
  EXPECT_EQ(answer.advice, "did you mean 'payments-lag'?");
}

}  // namespace
}  // namespace highwater::rules::testing
