// SLOs as the engine judges them: hours and days in milliseconds, by a clock moved by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "rules/slo/slo_tables.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Duration kPoll = seconds(15);

const Measure kErrors{
    "errors_total", "Help.", Unit::count, MeasureType::counter, {"cluster", "topic"}};
const Measure kRecords{
    "records_total", "Help.", Unit::count, MeasureType::counter, {"cluster", "topic"}};

SloRule lag_slo() {
  SloRule rule = make_slo("payments-lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  return rule;
}

SloRule error_slo() {
  SloRule rule = make_slo("errors", kErrors, 0.99);
  rule.sli.total = SliSource{&kRecords, rule.sli.first.scope};
  return rule;
}

class SloWorld : public EngineWorld {
 public:
  explicit SloWorld(SloRule rule, std::vector<AlertRule> alerts = {})
      : EngineWorld(RuleSet(std::move(alerts), {std::move(rule)})) {}

  // Polls for so long; what people were told, with the minute since the call.
  std::vector<std::string> polls(Duration duration, const std::function<void()>& before = {}) {
    std::vector<std::string> heard;
    const SteadyTime start = now().steady;
    while (now().steady < start + duration) {
      advance(kPoll);
      if (before) before();
      last = poll();
      const auto minute = std::chrono::duration_cast<minutes>(now().steady - start).count();
      for (const std::string& text : told(last))
        heard.push_back(std::to_string(minute) + " " + text);
    }
    return heard;
  }
  std::vector<std::string> lag_for(Duration duration, double lag) {
    cluster().set(kLagSeconds, {"payments"}, lag);
    return polls(duration);
  }
  // A value of what the SLOs say of themselves; NaN when there is none.
  [[nodiscard]] double said(std::string_view measure, std::vector<std::string> cells) const {
    std::vector<Symbol> row{Symbol("prod")};
    for (const std::string& cell : cells) row.emplace_back(cell);
    const auto part = last.snapshot->observations.find({Symbol("prod"), kSloPart});
    if (part == last.snapshot->observations.end()) return std::nan("");
    for (const Table& table : part->second->tables) {
      if (table.measure->name != measure) continue;
      const auto found = table.keys->find(row);
      if (found && table.known(*found)) return table.values[*found];
    }
    return std::nan("");
  }

  Report last;
};

TEST(SloEngine, PagesWhenAThirtiethOfTheBudgetIsGoneAndResolvesWhenTheShortWindowIsGood) {
  SloWorld world(lag_slo());
  EXPECT_THAT(world.lag_for(hours(7), 10), IsEmpty());
  // 14.4 x 1 % of an hour is 8.64 minutes, from the first bad sample on, which comes after 15 s.
  EXPECT_THAT(world.lag_for(minutes(10), 400), ElementsAre("9 opened payments-lag"));
  const Alert& alert = alert_of(world.last, "payments-lag");
  EXPECT_EQ(alert.severity, Severity::page);
  ASSERT_TRUE(alert.budget);
  EXPECT_NEAR(alert.budget->remaining, 1 - 10.0 / (0.01 * 30 * 24 * 60), 1e-3);
  EXPECT_NE(alert.budget->clears_at, std::nullopt);
  EXPECT_LT(alert.onset, alert.active_since - minutes(8)) << "what it burns for began before it";
  EXPECT_GT(alert.onset, alert.active_since - minutes(15));
  // The page ends when less than 14.4 % of the last 5 minutes was bad; the tier below holds on
  // until its 30 minutes are good enough.
  const auto heard = world.lag_for(hours(3), 10);
  ASSERT_FALSE(heard.empty());
  EXPECT_THAT(heard.back(), ::testing::HasSubstr("resolved payments-lag"));
}

TEST(SloEngine, ABlipAfterAColdStartNeverPages) {
  SloWorld world(lag_slo());
  EXPECT_THAT(world.lag_for(minutes(3), 400), IsEmpty());
  EXPECT_THAT(world.lag_for(hours(2), 10), IsEmpty());
}

TEST(SloEngine, AnOutageWhoseSourceFallsSilentIsNotResolved) {
  SloWorld world(lag_slo());
  world.lag_for(hours(2), 10);
  world.lag_for(minutes(20), 400);
  ASSERT_EQ(count_alerts(world.last, "payments-lag"), 1U);
  world.cluster().set_unknown(kLagSeconds, {"payments"});
  EXPECT_THAT(world.polls(hours(12)), IsEmpty());
  EXPECT_TRUE(alert_of(world.last, "payments-lag").unknown);
}

TEST(SloEngine, ASourceThatIsNotReadAnyMoreFreezesWhatBurns) {
  SloWorld world(lag_slo());
  world.lag_for(hours(2), 10);
  world.lag_for(minutes(20), 400);
  for (int i = 0; i < 1000; ++i) {
    const Report report = world.tick_after(kPoll);
    EXPECT_THAT(told(report), IsEmpty());
    EXPECT_EQ(count_alerts(report, "payments-lag"), 1U);
  }
}

TEST(SloEngine, TimeWithoutDataCountsAsBadWhereTheRuleSaysSo) {
  SloRule rule = lag_slo();
  rule.no_data = NoData::bad;
  SloWorld world(rule);
  world.lag_for(hours(2), 10);
  world.cluster().set_unknown(kLagSeconds, {"payments"});
  EXPECT_THAT(world.polls(minutes(10)), ElementsAre("9 opened payments-lag"));
}

TEST(SloEngine, AChangeOfTierUpdatesTheSameIncident) {
  SloRule rule = lag_slo();
  rule.tiers = {{10, hours(1), minutes(5), Severity::page},
                {2, hours(1), minutes(5), Severity::ticket}};
  SloWorld world(rule);
  world.lag_for(hours(2), 10);
  EXPECT_THAT(world.lag_for(minutes(7), 400),
              ElementsAre("1 opened payments-lag", "6 updated payments-lag"));
  EXPECT_EQ(incident_of(world.last, "payments-lag").severity, Severity::page);
}

TEST(SloEngine, AnEntityThatIsGoneEndsItsAlertAndKeepsItsBudget) {
  SloWorld world(lag_slo());
  world.lag_for(hours(2), 10);
  world.lag_for(minutes(20), 400);
  world.cluster().set(kLagSeconds, {"other"}, 1);
  world.cluster().remove(kLagSeconds, {"payments"});
  EXPECT_THAT(world.polls(minutes(1)), ElementsAre("0 resolved payments-lag: it is gone"));
  world.polls(hours(1));
  world.lag_for(minutes(2), 10);
  EXPECT_NEAR(world.said("slo_bad_seconds_total", {"payments-lag", "group=payments"}), 1200, 16);
}

TEST(SloEngine, ABurnThatABrokerExplainsIsEvidenceOfItsIncident) {
  SloWorld world(lag_slo(), {ground_rule("BrokerDown", kFailed, Fault::broker, {})});
  world.cluster().set(kFailed, {"2"}, 0);
  world.cluster().relate("coordinates", {"group"}, {"broker"}, {{{"payments"}, {"2"}}});
  world.lag_for(hours(2), 10);
  world.cluster().set(kFailed, {"2"}, 1);
  EXPECT_THAT(world.lag_for(minutes(5), 200), ElementsAre("0 opened BrokerDown"));
  EXPECT_THAT(world.lag_for(minutes(20), 400), ElementsAre("9 updated BrokerDown"));
}

// The first burn was told and resolved: what is bad soon after that is not as old as it.
TEST(SloEngine, ABurnThatFollowsAResolvedOneAtOnceIsAsOldAsWhatIsBadNow) {
  SloRule rule = lag_slo();
  rule.sli.good.high = 10;
  rule.tiers = {{14.4, hours(1), minutes(5), Severity::page}};
  SloWorld world(rule, {ground_rule("BrokerDown", kFailed, Fault::broker, {})});
  world.cluster().set(kFailed, {"2"}, 0);
  world.cluster().relate("coordinates", {"group"}, {"broker"}, {{{"payments"}, {"2"}}});
  world.lag_for(hours(2), 5);
  ASSERT_THAT(world.lag_for(minutes(20), 400), ElementsAre("9 opened payments-lag"));
  Duration good{};
  while (world.lag_for(kPoll, 5).empty()) good += kPoll;
  ASSERT_LT(good, minutes(5)) << "longer than the short window";
  world.cluster().set(kFailed, {"2"}, 1);
  EXPECT_THAT(world.lag_for(kPoll, 5), ElementsAre("0 opened BrokerDown"));
  EXPECT_THAT(world.lag_for(minutes(10), 400), ElementsAre("1 updated BrokerDown"));
}

// A group that burns already, on a broker that can die.
struct BurningWorld : SloWorld {
  explicit BurningWorld(SloRule rule)
      : SloWorld(std::move(rule), {ground_rule("BrokerDown", kFailed, Fault::broker, {})}) {
    cluster().set(kFailed, {"2"}, 0);
    cluster().set(kFailed, {"3"}, 0);
    cluster().relate("coordinates", {"group"}, {"broker"}, {{{"payments"}, {"2"}}});
    lag_for(hours(2), 10);
    before = lag_for(minutes(20), 400);
  }
  void broker(const std::string& id, bool down) { cluster().set(kFailed, {id}, down ? 1 : 0); }
  std::vector<std::string> before;
};

// Whoever is awake for the burn sees the link; the broker pages in its own name.
TEST(SloEngine, ABrokerThatDiesDuringABurnPagesAndTheTwoAreLinked) {
  BurningWorld world(lag_slo());
  ASSERT_THAT(world.before, ElementsAre("9 opened payments-lag"));
  world.broker("2", true);
  EXPECT_THAT(world.lag_for(minutes(5), 400), ElementsAre("0 opened BrokerDown"));
  const Incident& burn = incident_of(world.last, "payments-lag");
  const Incident& broker = incident_of(world.last, "BrokerDown");
  EXPECT_TRUE(burn.evidence.empty());
  ASSERT_EQ(burn.links.size(), 1U);
  EXPECT_EQ(burn.links[0].id, broker.id);
  EXPECT_FALSE(burn.links[0].affected);
  ASSERT_EQ(broker.links.size(), 1U);
  EXPECT_EQ(broker.links[0].id, burn.id);
  EXPECT_TRUE(broker.links[0].affected);
}

TEST(SloEngine, AnAlertThatOnlyInformsTakesNoPageIn) {
  AlertRule rewound = make_rule("OffsetsRewound", kLagSeconds, Comparison::greater, 300);
  rewound.severity = Severity::info;
  SloWorld world(lag_slo(), {rewound});
  world.lag_for(hours(2), 10);
  EXPECT_THAT(world.lag_for(minutes(20), 400),
              ElementsAre("0 opened OffsetsRewound", "9 opened payments-lag"));
}

// What began later makes nothing worse that was there before, unless it is a fault of the ground.
TEST(SloEngine, ALinkPointsFromTheEarlierToTheLater) {
  AlertRule rewound = make_rule("OffsetsRewound", kLagSeconds, Comparison::greater, 200);
  rewound.severity = Severity::info;
  SloWorld world(lag_slo(), {rewound});
  world.lag_for(hours(2), 10);
  world.lag_for(minutes(10), 250);
  world.lag_for(minutes(20), 400);
  const Incident& burn = incident_of(world.last, "payments-lag");
  const Incident& before = incident_of(world.last, "OffsetsRewound");
  ASSERT_EQ(burn.links.size(), 1U);
  EXPECT_FALSE(burn.links[0].affected);
  ASSERT_EQ(before.links.size(), 1U);
  EXPECT_TRUE(before.links[0].affected);
}

TEST(SloEngine, ABrokerThatDiesElsewhereDuringABurnPages) {
  BurningWorld world(lag_slo());
  world.broker("3", true);
  EXPECT_THAT(world.lag_for(minutes(1), 400), ElementsAre("0 opened BrokerDown"));
}

TEST(SloEngine, ABrokerThatDiesDuringABurnThatWokeNobodyPages) {
  SloRule rule = lag_slo();
  rule.tiers = {{2, hours(1), minutes(5), Severity::ticket}};
  BurningWorld world(std::move(rule));
  ASSERT_EQ(world.before.size(), 1U);
  world.broker("2", true);
  EXPECT_THAT(world.lag_for(minutes(1), 400), ElementsAre("0 opened BrokerDown"));
}

TEST(SloEngine, AStepOfTheWallClockIsUnknownAndNotBad) {
  SloWorld world(lag_slo());
  world.lag_for(hours(2), 400);
  const double before = world.said("slo_bad_seconds_total", {"payments-lag", "group=payments"});
  world.jump_wall(hours(5));
  world.lag_for(minutes(1), 400);
  const double after = world.said("slo_bad_seconds_total", {"payments-lag", "group=payments"});
  EXPECT_LE(after - before, 61);
}

TEST(SloEngine, EntitiesBeyondTheLimitAreCountedAndTheFirstGoOn) {
  SloRule rule = lag_slo();
  rule.max_entities = 2;
  SloWorld world(rule);
  for (const char* group : {"a", "b", "c", "d", "e"}) world.cluster().set(kLagSeconds, {group}, 1);
  world.polls(minutes(1));
  EXPECT_EQ(world.said("slo_entities_left_out", {"payments-lag"}), 3);
  EXPECT_EQ(world.said("slo_error_budget_remaining_ratio", {"payments-lag", "group=a"}), 1);
}

TEST(SloEngine, TheSubjectThatWasAwayForLongestMakesRoom) {
  SloRule rule = lag_slo();
  rule.max_entities = 20;
  SloWorld world(rule);
  world.lag_for(minutes(30), 400);
  for (int i = 0; i < 30; ++i) {
    const std::string group = "job-" + std::to_string(i);
    world.cluster().set(kLagSeconds, {group}, 1);
    world.polls(minutes(2));
    world.cluster().remove(kLagSeconds, {group});
    world.polls(minutes(1));
  }
  world.cluster().set(kLagSeconds, {"important"}, 1);
  world.polls(minutes(1));
  EXPECT_TRUE(std::isnan(world.said("slo_entities_left_out", {"payments-lag"})) ||
              world.said("slo_entities_left_out", {"payments-lag"}) == 0);
  EXPECT_EQ(world.said("slo_error_budget_remaining_ratio", {"payments-lag", "group=important"}), 1);
  EXPECT_LT(world.said("slo_error_budget_remaining_ratio", {"payments-lag", "group=payments"}), 1)
      << "it was there all the time";
}

TEST(SloEngine, AnAlertKnowsWhatWasLeftWhenItBeganToFire) {
  SloWorld world(lag_slo());
  world.lag_for(hours(7), 10);
  world.lag_for(minutes(10), 400);
  const BudgetDetail first = *alert_of(world.last, "payments-lag").budget;
  world.lag_for(minutes(20), 400);
  const BudgetDetail later = *alert_of(world.last, "payments-lag").budget;
  EXPECT_EQ(later.remaining_at_start, first.remaining_at_start);
  EXPECT_GE(later.remaining_at_start, first.remaining);
  EXPECT_NEAR(later.remaining_at_start - later.remaining, 21.5 / (0.01 * 30 * 24 * 60), 2e-3);
}

TEST(SloEngine, ABudgetOfWhichNothingWasSeenIsUnknown) {
  SloWorld world(lag_slo());
  world.cluster().set_unknown(kLagSeconds, {"payments"});
  world.polls(minutes(1));
  EXPECT_TRUE(std::isnan(
      world.said("slo_error_budget_remaining_ratio", {"payments-lag", "group=payments"})));
  EXPECT_EQ(world.said("slo_coverage_ratio", {"payments-lag", "group=payments"}), 0);
  EXPECT_FALSE(world.engine().explain({"payments-lag", ""}, world.now()).items[0].budget->has_data);
  world.lag_for(minutes(1), 10);
  EXPECT_EQ(world.said("slo_error_budget_remaining_ratio", {"payments-lag", "group=payments"}), 1);
}

TEST(SloEngine, ABudgetThatIsAMinuteOldAndWasSeenWholeIsCovered) {
  SloWorld world(lag_slo());
  world.lag_for(minutes(1), 10);
  world.last = world.tick_after(seconds(11));
  EXPECT_EQ(world.said("slo_coverage_ratio", {"payments-lag", "group=payments"}), 1);
}

TEST(SloEngine, EventsBurnByTheShareOfBadOnes) {
  SloWorld world(error_slo());
  double records = 0;
  double errors = 0;
  const auto traffic = [&](double bad_share) {
    return [&, bad_share] {
      records += 1000;
      errors += 1000 * bad_share;
      world.cluster().set(kRecords, {"orders"}, records);
      if (errors > 0)
        world.cluster().set(kErrors, {"orders"}, errors);
      else
        world.cluster().set(kErrors, {"elsewhere"}, 1);
    };
  };
  EXPECT_THAT(world.polls(hours(2), traffic(0.005)), IsEmpty());
  // Half of all fail: 14.4 x 1 % of an hour's events are reached after x minutes with
  // 0.5 x + 0.005 (60 - x) = 8.64.
  const auto heard = world.polls(minutes(30), traffic(0.5));
  EXPECT_THAT(heard, ElementsAre("17 opened errors"));
  EXPECT_NEAR(world.said("slo_events_total", {"errors", "topic=orders"}), records, 1001);
}

TEST(SloEngine, ACounterThatBeginsAgainLosesNothing) {
  SloWorld world(error_slo());
  double records = 1e6;
  world.cluster().set(kErrors, {"orders"}, 0);
  world.polls(minutes(10), [&] { world.cluster().set(kRecords, {"orders"}, records += 100); });
  const double before = world.said("slo_events_total", {"errors", "topic=orders"});
  records = 0;
  world.polls(minutes(10), [&] { world.cluster().set(kRecords, {"orders"}, records += 100); });
  EXPECT_NEAR(world.said("slo_events_total", {"errors", "topic=orders"}) - before, 4000, 100);
}

TEST(SloEngine, AChangedRuleKeepsTheBudgetAndARemovedOneEndsItsAlerts) {
  SloWorld world(lag_slo());
  world.lag_for(hours(2), 10);
  world.lag_for(minutes(20), 400);
  SloRule stricter = lag_slo();
  stricter.objective = 0.995;
  world.engine().replace_rules(RuleSet({}, {stricter}));
  world.lag_for(minutes(1), 400);
  EXPECT_EQ(count_alerts(world.last, "payments-lag"), 1U);
  EXPECT_NEAR(world.said("slo_bad_seconds_total", {"payments-lag", "group=payments"}), 1260, 20);
  world.engine().replace_rules(RuleSet());
  EXPECT_THAT(told(world.tick_after(kPoll)),
              ElementsAre("resolved payments-lag: the rule was removed"));
}

}  // namespace
}  // namespace highwater::rules::testing
