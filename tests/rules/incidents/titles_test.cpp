// What the built-in rules and SLOs say, each judged on rows made up for it: who or what is wrong by
// how much, and where.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "rules/alerts/conditions.h"
#include "rules/language/load.h"
#include "tests/rules/engine/engine_world.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules {
namespace {

using namespace ::testing;
using namespace testing;
using std::chrono::hours;

constexpr size_t kLongestTitle = 90;
constexpr std::string_view kNote = "crashed: connection refused; Metadata still lists it";

// What rules of the agent itself are about stands in no cluster.
const std::set<std::string> kOfTheAgent{"NotificationFailing", "StateFailing", "ReloadFailing",
                                        "RuleJudgesNothing", "AgentCertificateExpiring"};

std::string sample_label(std::string_view dimension, int number) {
  static const std::map<std::string_view, std::string> kLabels{
      {"broker", "2"},
      {"topic", "orders"},
      {"partition", "4"},
      {"group", "payments"},
      {"log_dir", "/var/lib/kafka"},
      {"node", "worker-7"},
      {"finding", "min_isr_equals_replication_factor"},
      {"reason", "timed_out"},
      {"collector", "groups"},
      {"receiver", "on-call"},
      {"file", "/etc/highwater/highwater.yaml"},
      {"source", "payments-app"},
      {"metric", "app_records_total"},
      {"rule", "OrdersSilent"},
      {"right", "cluster_describe"},
      {"slo", "consumer-lag"},
      {"entity", "group=payments topic=orders"}};
  const std::string& label = kLabels.at(dimension);
  if (number == 0) return label;
  if (dimension == "broker" || dimension == "partition")
    return std::to_string(std::stoi(label) + number);
  return fmt::format("{}-{}", label, static_cast<char>('a' + number));
}

// The cells of a row that differs from the others in the given dimension.
Cells sample_row(const Measure& measure, std::optional<size_t> varying, int number) {
  Cells cells;
  for (size_t place = 1; place < measure.dimensions.size(); ++place)
    cells.push_back(sample_label(measure.dimensions[place], place == varying ? number : 0));
  return cells;
}

double meeting(const Condition& when, bool one) {
  const double number = when.left->unit == Unit::count || when.left->unit == Unit::records ? 1 : 0;
  switch (when.comparison) {
    case Comparison::equal:
      return when.threshold;
    case Comparison::less:
    case Comparison::less_or_equal:
      return when.threshold * 0.6;
    case Comparison::greater:
    case Comparison::greater_or_equal:
      if (number == 0) return when.threshold * 1.5 + 30;
      return one && when.threshold == 0 ? 1 : when.threshold + 3;
    case Comparison::not_equal:
      return when.threshold + 1;
  }
  return 0;
}

// Titles are compared as sentences: what ends in a full stop or a colon, without its case.
std::set<std::string> sentences(const std::string& text) {
  std::set<std::string> found;
  static const std::regex kEnd("[.:;] |[.]$");
  for (std::sregex_token_iterator piece(text.begin(), text.end(), kEnd, -1), end; piece != end;
       ++piece) {
    if (piece->length() > 0) found.insert(piece->str());
  }
  return found;
}

std::vector<std::string> said_twice(const Alert& alert) {
  std::vector<std::string> twice;
  const auto summary = sentences(alert.summary);
  for (const std::string& sentence : sentences(alert.description)) {
    if (summary.contains(sentence)) twice.push_back(sentence);
  }
  for (const std::string* text : {&alert.summary, &alert.description}) {
    if (text->find("connection refused") != std::string::npos) twice.emplace_back("the note");
  }
  return twice;
}

void expect_form(const Alert& alert) {
  const std::string& title = alert.summary;
  SCOPED_TRACE(alert.rule + ": " + title);
  EXPECT_LE(title.size(), kLongestTitle);
  EXPECT_THAT(title + alert.description, Not(HasSubstr("{")));
  EXPECT_THAT(title + alert.description, Not(HasSubstr("(s)")));
  static const std::regex kWrongNumber(
      "\\b0 [a-z]|\\b1 ([a-z]+ "
      ")?(partition|topic|record|group|member|value|time|budget|letter)s\\b|"
      "\\bunknown\\b|#");
  EXPECT_FALSE(std::regex_search(title, kWrongNumber));
  EXPECT_THAT(said_twice(alert), IsEmpty());
  for (const auto& [dimension, label] : alert.entity.labels) {
    std::string name = label.text();
    if (dimension.text() == "cluster") {
      if (kOfTheAgent.contains(alert.rule)) continue;
      // Behind what is wrong, or as the subject itself.
      const bool subject = std::regex_search(title, std::regex("\\bprod\\b"));
      EXPECT_TRUE(title.find("(prod)") != std::string::npos ||
                  (subject && alert.entity.labels.size() == 1));
      continue;
    }
    if (dimension.text() == "reason" || dimension.text() == "finding")
      std::ranges::replace(name, '_', ' ');
    EXPECT_THAT(title, HasSubstr(name)) << "names what is wrong";
  }
}

std::string title_of(const AlertRule& rule, int rows, bool one, std::string_view note = kNote) {
  const Measure& measure = *rule.when.left;
  EngineWorld world({rule});
  FakeCluster& cluster = world.cluster();
  const auto varying = varying_dimension(measure, rule);
  for (int number = 0; number < rows; ++number)
    cluster.set(measure, sample_row(measure, varying, number), meeting(rule.when, one));
  if (!note.empty()) cluster.note({}, std::string(note));
  if (!note.empty()) cluster.note({{"broker", "2"}}, std::string(note));
  (void)world.poll();
  Report report = world.poll_after(rule.hold + minutes(3));
  if (report.alerts.empty()) {
    ADD_FAILURE() << rule.name << " does not fire";
    return {};
  }
  expect_form(report.alerts[0]);
  return report.alerts[0].summary;
}

std::vector<AlertRule> builtin_rules() {
  Diagnostics diagnostics;
  return load_rules(RuleSettings{}, local_catalogue(), repository_has_runbook, diagnostics).alerts;
}

AlertRule builtin_rule(std::string_view name) {
  for (AlertRule& rule : builtin_rules()) {
    if (rule.name == name) return rule;
  }
  throw std::runtime_error("no such rule");
}

TEST(Titles, OfEveryBuiltinRuleSayWhoIsWrongByHowMuchAndWhere) {
  for (const AlertRule& rule : builtin_rules()) {
    if (rule.name == "ReadsDenied") continue;    // `select`: below
    if (rule.name == "ErrorRateHigh") continue;  // compares two counters: below
    (void)title_of(rule, 1, true);
    (void)title_of(rule, 1, false);
    (void)title_of(rule, 3, false);
  }
}

TEST(Titles, OfARatioOfCountersSayTheShare) {
  const AlertRule rule = builtin_rule("ErrorRateHigh");
  EngineWorld world({rule});
  const Measure& failed = *local_catalogue().find("records_failed_total");
  const Measure& all = *local_catalogue().find("records_total");
  Report report;
  for (int poll = 0; poll <= 24; ++poll) {
    world.cluster().set(failed, {"payments", "orders"}, 30.0 * poll);
    world.cluster().set(all, {"payments", "orders"}, 100.0 * poll);
    report = world.poll_after(seconds(15));
  }
  const Alert alert = alert_of(report, rule.name);
  expect_form(alert);
  EXPECT_EQ(alert.summary, "payments fails to process 30% of its records (prod)");
}

TEST(Titles, AreTheFact) {
  EXPECT_EQ(title_of(builtin_rule("BrokerDown"), 1, true), "Broker 2 (prod) crashed");
  EXPECT_EQ(title_of(builtin_rule("BrokerDown"), 1, true, ""), "Broker 2 (prod) is down");
  EXPECT_EQ(title_of(builtin_rule("LagTooOld"), 1, true),
            "payments is 1 h 30 min behind on orders (prod)");
  EXPECT_EQ(title_of(builtin_rule("GroupStalled"), 1, true),
            "payments stands still in 1 partition of orders (prod)");
  EXPECT_EQ(title_of(builtin_rule("GroupStalled"), 1, false),
            "payments stands still in 3 partitions of orders (prod)");
  EXPECT_EQ(title_of(builtin_rule("RecordsLost"), 3, false),
            "payments lost 9 unread records of orders (prod)");
  EXPECT_EQ(title_of(builtin_rule("LogDirFull"), 1, true),
            "/var/lib/kafka of broker 2 has 3 % of its space left (prod)");
  EXPECT_EQ(title_of(builtin_rule("FailoverSlow"), 1, true),
            "orders had no leader for up to 45 s in a fail-over (prod)");
}

TEST(Titles, OfATicketForTheClusterNameTheFirstFiveAndTheTrueCount) {
  EXPECT_EQ(title_of(builtin_rule("GroupNeverCommits"), 1, true),
            "payments never commits an offset (prod)");
  EXPECT_EQ(title_of(builtin_rule("GroupNeverCommits"), 2, true),
            "payments and payments-b never commit an offset (prod)");
  AlertRule rule = builtin_rule("LeaderImbalance");
  EXPECT_EQ(title_of(rule, 8, true),
            "Brokers 2, 3, 4, 5, 6 and 3 more do not lead their share of partitions (prod)");
  rule = builtin_rule("UncleanLeaderElection");
  EXPECT_THAT(title_of(rule, 3, true), HasSubstr("orders, orders-b and orders-c allow unclean"));
}

// A group that reads two topics is one group.
TEST(Titles, CountEachNameOnce) {
  const AlertRule rule = builtin_rule("GroupNeverCommits");
  EngineWorld world({rule});
  for (const char* topic : {"a", "b", "c"})
    world.cluster().set(*rule.when.left, {"billing", topic}, 1);
  (void)world.poll();
  EXPECT_EQ(alert_of(world.poll_after(hours(2)), rule.name).summary,
            "billing never commits an offset (prod)");
}

TEST(Titles, GoOnSayingWhatWasWrongWhenItIsOver) {
  AlertRule rule = builtin_rule("OffsetsRewound");
  EngineWorld world({rule});
  world.cluster().set(*rule.when.left, {"billing", "orders"}, 2);
  (void)world.poll();
  world.cluster().set(*rule.when.left, {"billing", "orders"}, 0);
  EXPECT_EQ(alert_of(world.poll_after(minutes(1)), rule.name).summary,
            "billing reads orders again from earlier offsets, in 2 partitions (prod)");
}

TEST(Titles, OfWhatEndsBecauseItsTopicWasDeletedSaySo) {
  const Measure& deleted = *local_catalogue().find("topic_deleted");
  AlertRule rule = make_rule("Late", kLeaderless, Comparison::equal, 1);
  EngineWorld world({rule});
  for (const char* topic : {"orders", "logs"}) world.cluster().set(kLeaderless, {topic, "0"}, 1);
  (void)world.poll();
  world.cluster().remove(kLeaderless, {"orders", "0"});
  world.cluster().set(deleted, {"orders"}, 1);
  EXPECT_THAT(told(world.poll_after(seconds(10))), Contains("resolved Late: the topic is gone"));
  world.cluster().remove(kLeaderless, {"logs", "0"});
  EXPECT_THAT(told(world.poll_after(seconds(10))), Contains("resolved Late: it is gone"));
}

TEST(Titles, MonitorBlind) {
  AlertRule rule = builtin_rule("MonitorBlind");
  EngineWorld world({rule});
  world.cluster().set(*rule.when.left, {"groups"}, 12);
  (void)world.poll();
  const Alert alert = alert_of(world.poll_after(minutes(5)), rule.name);
  EXPECT_EQ(alert.summary, "Highwater cannot read 12 values of groups (prod)");
}

std::vector<SloRule> slos(const std::string& text) {
  Diagnostics diagnostics;
  auto rules =
      parse_rules(text, "slos.yaml", local_catalogue(), repository_has_runbook, diagnostics);
  EXPECT_EQ(text_of(diagnostics), "");
  return rules.slos;
}

const char* const kAllSlos = R"(slos:
  - use: consumer-lag
  - use: partition-availability
  - use: write-availability
  - use: broker-availability
  - use: cluster-availability
  - use: controller-availability
  - {use: freshness, select: {topic: orders}}
  - use: leader-failover
  - use: canary-end-to-end
)";

// Bad for an hour, and then good at the moment.
struct Burn {
  Alert bad;
  Alert good;
};

Burn burn(const SloRule& slo, double bad, double good) {
  EngineWorld world(RuleSet(std::vector<AlertRule>{}, {slo}));
  const Measure& measure = *slo.sli.first.measure;
  Burn burn;
  world.cluster().set(measure, sample_row(measure, std::nullopt, 0), bad);
  for (int i = 0; i < 240; ++i) {
    const Report report = world.poll_after(seconds(15));
    if (!report.alerts.empty()) burn.bad = report.alerts[0];
  }
  world.cluster().set(measure, sample_row(measure, std::nullopt, 0), good);
  const Report report = world.poll_after(seconds(15));
  if (!report.alerts.empty()) burn.good = report.alerts[0];
  return burn;
}

Burn burn(const SloRule& slo) {
  const GoodRange& good = slo.sli.good;
  const bool exact = good.low == good.high;
  const bool flag = slo.sli.first.measure->unit == Unit::boolean;
  const double fine = exact ? good.low : 0;
  return burn(slo, !exact ? good.high * 1.5 : flag ? 1 - good.low : 2, fine);
}

TEST(Titles, OfEveryBuiltinSloSayTheFactAndThenTheBudget) {
  for (const SloRule& slo : slos(kAllSlos)) {
    const Burn told = burn(slo);
    for (const Alert& alert : {told.bad, told.good}) {
      expect_form(alert);
      EXPECT_THAT(alert.summary, ContainsRegex(", budget gone( in .* at this rate)?$"))
          << slo.name << ": " << alert.summary;
    }
  }
}

TEST(Titles, OfABudgetSayWhetherTheFaultGoesOn) {
  const std::vector<SloRule> all = slos(kAllSlos);
  const Burn lag = burn(all[0]);
  EXPECT_THAT(lag.bad.summary,
              StartsWith("payments is 7 min behind on orders (prod), budget gone"));
  EXPECT_THAT(lag.good.summary,
              StartsWith("payments was 7 min behind on orders (prod), budget gone"));
  const Burn writes = burn(all[2]);
  EXPECT_THAT(writes.bad.summary, StartsWith("orders refuses writes in 2 partitions (prod)"));
  EXPECT_THAT(writes.good.summary, StartsWith("orders refused writes in 2 partitions (prod)"));
}

TEST(Titles, AndTextsOfBuiltinSlosFollowTheGoodThatWasSet) {
  const auto set = slos("slos:\n  - {use: consumer-lag, good: \"<= 10m\"}\n");
  const Burn told = burn(set[0]);
  EXPECT_THAT(told.bad.description, HasSubstr("was older than 10 min for longer"));
  EXPECT_THAT(told.bad.summary, StartsWith("payments is 15 min behind"));
}

TEST(Titles, OfAnSloWithAnotherMeasureOrOtherBudgetsAreItsOwn) {
  const auto set = slos(
      "slos:\n  - {use: consumer-lag, per: [group]}\n"
      "  - {use: consumer-lag, name: lag, sli: group_topic_lag_records, per: [group],"
      " good: \"<= 50\"}\n");
  EXPECT_THAT(burn(set[0]).bad.summary,
              StartsWith("consumer-lag: group_lag_seconds_max of payments is 7 min, good is <= 5m "
                         "(prod), budget gone"));
  const Alert other = burn(set[1]).bad;
  EXPECT_THAT(other.summary, StartsWith("lag: group_topic_lag_records of payments is 75, good is "
                                        "<= 50 (prod), budget gone"));
  EXPECT_EQ(other.description, "");
}

TEST(Titles, SayWhenNothingIsKnownAndCountsAsBad) {
  const auto set = slos("slos:\n  - {use: consumer-lag, no_data: bad}\n");
  EngineWorld world(RuleSet(std::vector<AlertRule>{}, {set[0]}));
  const Measure& measure = *set[0].sli.first.measure;
  world.cluster().set(measure, {"payments", "orders"}, 0);
  (void)world.poll();
  world.cluster().set_unknown(measure, {"payments", "orders"});
  Report report;
  for (int i = 0; i < 240; ++i) report = world.poll_after(seconds(15));
  EXPECT_THAT(report.alerts.at(0).summary,
              StartsWith("consumer-lag: nothing is known of payments, orders, which counts as bad "
                         "(prod), budget gone"));
}

}  // namespace
}  // namespace highwater::rules
