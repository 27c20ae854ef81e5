#include "exporters/status/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "exporters/status/status_text.h"
#include "report_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Report two_brokers() {
  Observation brokers = make_observation(
      "prod", "brokers",
      {make_table(
           kBrokerUp,
           {{{"prod", "10"}, 1}, {{"prod", "9"}, 0}, {{"prod", "11"}, 0, Unknown::not_asked}}),
       make_table(kBrokerStatus, {{{"prod", "10", "up"}, 1}, {{"prod", "9", "crashed"}, 1}}),
       make_table(kBrokerStatusSince, {{{"prod", "9"}, 1700000000}})});
  brokers.notes = {{make_entity({{"cluster", "prod"}, {"broker", "9"}}), "refuses connections"},
                   {make_entity({{"cluster", "prod"}, {"broker", "9"}, {"topic", "t"}}), "other"}};
  brokers.problems = {{"broker 9 did not answer Metadata", {}}};
  std::vector<Row> rows;
  for (int i = 0; i < 30; ++i) rows.push_back({{"prod", "g" + std::to_string(i), "t"}, i * 1.0});
  rows.push_back({{"prod", "blind", "t"}, 1e9, Unknown::no_coordinator});
  Report report;
  report.at = test_now();
  report.snapshot =
      make_snapshot({brokers, make_observation("prod", "groups", {make_table(kLagSum, rows)})});
  return report;
}

json status_of(const Report* report, bool ready = true, Now now = test_now()) {
  StatusInput input;
  input.report = report;
  input.ready = ready;
  input.now = now;
  input.heartbeat_age = 2s;
  return json::parse(status_json(input));
}

TEST(Status, TellsEachBrokerWithItsStateAndNote) {
  const Report report = two_brokers();
  const json cluster = status_of(&report)["clusters"][0];
  EXPECT_EQ(cluster["name"], "prod");
  EXPECT_EQ(cluster["brokers_up"], 1);
  ASSERT_EQ(cluster["brokers"].size(), 3U);
  EXPECT_EQ(cluster["brokers"][0], json::parse(R"({"id": "9", "up": false, "status": "crashed",
                            "note": "refuses connections",
                            "since": "2023-11-14T22:13:20.000Z"})"));
  EXPECT_EQ(cluster["brokers"][1]["id"], "10");
  EXPECT_EQ(cluster["brokers"][2]["up"], nullptr);
}

TEST(Status, TellsTheGroupsThatLagMost) {
  const Report report = two_brokers();
  const json cluster = status_of(&report)["clusters"][0];
  ASSERT_EQ(cluster["groups"].size(), kStatusGroups);
  EXPECT_EQ(cluster["groups"][0]["group"], "g29");
  EXPECT_EQ(cluster["groups"][0]["lag_records"], 29);
  EXPECT_EQ(cluster["groups"][0]["lag_seconds"], nullptr) << "nobody told";
  EXPECT_EQ(cluster["group_count"], 31);
  EXPECT_EQ(cluster["unknown_group_count"], 1);
}

const Measure kActive{
    "group_active", "Help.", Unit::boolean, MeasureType::gauge, {"cluster", "group"}};
const Measure kMembers{
    "group_members", "Help.", Unit::count, MeasureType::gauge, {"cluster", "group"}};

TEST(Status, TellsGroupsWhoseLagIsUnknownAfterTheOthers) {
  Report report;
  report.snapshot = make_snapshot(
      {make_observation("prod", "groups",
                        {make_table(kActive, {{{"prod", "audit"}, 1},
                                              {{"prod", "connect"}, 1},
                                              {{"prod", "denied"}, 0, Unknown::denied},
                                              {{"prod", "orders"}, 1}}),
                         make_table(kLagSum, {{{"prod", "audit", "a"}, 0, Unknown::timed_out},
                                              {{"prod", "orders", "b"}, 0, Unknown::leaderless},
                                              {{"prod", "orders", "a"}, 0}})})});
  const json cluster = status_of(&report)["clusters"][0];
  EXPECT_EQ(cluster["group_count"], 4);
  EXPECT_EQ(cluster["unknown_group_count"], 2) << "of orders something is known, connect has none";
  ASSERT_EQ(cluster["groups"].size(), 4U);
  EXPECT_EQ(cluster["groups"][0]["group"], "orders");
  EXPECT_EQ(cluster["groups"][0]["lag_records"], 0);
  EXPECT_EQ(cluster["groups"][1]["group"], "audit");
  EXPECT_EQ(cluster["groups"][1]["lag_records"], nullptr);
  EXPECT_EQ(cluster["groups"][2]["group"], "denied");
  EXPECT_EQ(cluster["groups"][2]["topic"], "");
  EXPECT_EQ(cluster["groups"][3]["topic"], "b");
}

TEST(Status, TellsHowFreshEachPartIsAndWhatWentWrong) {
  const Report report = two_brokers();
  const json part = status_of(&report)["clusters"][0]["parts"][0];
  EXPECT_EQ(part["name"], "brokers");
  EXPECT_EQ(part["age_seconds"], 1);
  EXPECT_EQ(part["stale"], false);
  EXPECT_EQ(part["unknown_rows"], 1);
  EXPECT_EQ(part["problems"][0], "broker 9 did not answer Metadata");
  EXPECT_EQ(part["problem_count"], 1);
}

TEST(Status, TakesNothingThatIsTooOldForThePresent) {
  const Report report = two_brokers();
  Now later = test_now();
  later.steady += 1h;
  const json cluster = status_of(&report, true, later)["clusters"][0];
  EXPECT_EQ(cluster["brokers"][0]["up"], nullptr);
  EXPECT_EQ(cluster["groups"][0]["lag_records"], nullptr);
  EXPECT_EQ(cluster["unknown_group_count"], cluster["group_count"]);
  EXPECT_EQ(cluster["parts"][0]["stale"], true);
}

TEST(Status, TellsIncidentsWithTheirEvidence) {
  Report report = two_brokers();
  report.incidents = {broker_down_incident()};
  report.alerts = {broker_down_alert()};
  report.alerts[0].value = std::numeric_limits<double>::quiet_NaN();
  const json status = status_of(&report);
  const json& incident = status["incidents"][0];
  EXPECT_EQ(incident["id"], 7);
  EXPECT_EQ(incident["correlation_id"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(incident["severity"], "page");
  EXPECT_EQ(incident["cause"]["summary"], "broker 3 of prod is down: it crashed");
  EXPECT_EQ(incident["cause"]["entity"], json::parse(R"({"broker": "3", "cluster": "prod"})"));
  EXPECT_EQ(incident["evidence"][0]["summary"], "orders-0 has no leader");
  EXPECT_EQ(incident["evidence_count"], 412);
  EXPECT_EQ(incident["impact"][0]["count"], 412);
  EXPECT_EQ(status["alerts"][0]["alertname"], "BrokerDown");
  EXPECT_EQ(status["alerts"][0]["value"], nullptr);
  EXPECT_EQ(status["heartbeat_age_seconds"], 2);
}

TEST(Status, CapsItsListsAndCountsAll) {
  Report report;
  report.alerts.assign(kStatusAlerts + 3, broker_down_alert());
  report.incidents.assign(kStatusIncidents + 3, broker_down_incident());
  const json status = status_of(&report);
  EXPECT_EQ(status["alerts"].size(), kStatusAlerts);
  EXPECT_EQ(status["alert_count"], kStatusAlerts + 3);
  EXPECT_EQ(status["incidents"].size(), kStatusIncidents);
  EXPECT_EQ(status["incident_count"], kStatusIncidents + 3);
}

TEST(Status, IsReadableWhateverAGroupIsNamed) {
  Report report;
  report.snapshot = make_snapshot(
      {make_observation("p", "groups", {make_table(kLagSum, {{{"p", "\xff\xfe\"\\", "t"}, 1}})})});
  EXPECT_EQ(status_of(&report)["clusters"][0]["groups"][0]["group"],
            "\xef\xbf\xbd\xef\xbf\xbd\"\\");
}

StatusView shown(const Report* report, bool ready = true, bool colour = false,
                 Now now = test_now()) {
  StatusInput input;
  input.report = report;
  input.ready = ready;
  input.now = now;
  return render_status(status_json(input), {colour}).value();
}

TEST(StatusTable, OfANodesAgentDoesNotMissTheBrokersThatItDoesNotJudge) {
  const StatusView view = render_status(R"({"ready": true, "incidents": [], "clusters": [
      {"name": "prod", "brokers_up": 0, "parts": [{"name": "node"}]}]})",
                                        {})
                              .value();
  EXPECT_EQ(view.exit_code, 0);
  EXPECT_THAT(view.text, testing::HasSubstr("CLUSTER prod: what one node reaches of it"));
}

TEST(StatusTable, ShowsTheClusterAndItsWorstGroups) {
  Report report = two_brokers();
  auto few = make_observation(
      "prod", "groups",
      {make_table(kLagSum, {{{"prod", "g", "t"}, 5}, {{"prod", "long", "topic"}, 1234567}}),
       make_table(kLagSeconds, {{{"prod", "g", "t"}, 0, Unknown::not_asked},
                                {{"prod", "long", "topic"}, 7500.4}})});
  report.snapshot = make_snapshot({*report.snapshot->observations.begin()->second, few});
  EXPECT_EQ(shown(&report).text,
            "healthy: no incident is open\n"
            "\n"
            "CLUSTER prod: 1 of 3 brokers up, 2 groups, 2 values unknown\n"
            "  BROKER  STATE    SINCE       NOTE\n"
            "  9       crashed  10 min ago  refuses connections\n"
            "  10      up\n"
            "  11      unknown\n"
            "  brokers: broker 9 did not answer Metadata\n"
            "  GROUP  TOPIC  LAG (RECORDS)  LAG (TIME)\n"
            "  long   topic  1234567        2 h 5 min\n"
            "  g      t      5              unknown\n");
}

TEST(StatusTable, ShowsIncidents) {
  Report report = two_brokers();
  report.incidents = {broker_down_incident()};
  const StatusView view = shown(&report);
  EXPECT_EQ(view.exit_code, 1);
  EXPECT_THAT(
      view.text,
      HasSubstr("PAGE 7: broker 3 of prod is down: it crashed\n"
                "  since        1 min ago (2023-11-14T22:21:50.000Z)\n"
                "  seen         refuses connections since 12:03:10\n"
                "  impact       412 partitions offline; 37 groups moved: billing and 36 more\n"
                "  evidence     412\n"
                "               orders-0 has no leader\n"
                "  runbook      broker-down\n"
                "  correlation  0af7651916cd43dd8448eb211c80319c\n"));
}

TEST(StatusTable, SaysWhichEvidenceHasEnded) {
  Report report = two_brokers();
  report.incidents = {broker_down_incident()};
  report.incidents[0].evidence[0].ended = true;
  EXPECT_THAT(shown(&report).text, HasSubstr("               ended: orders-0 has no leader\n"));
}

TEST(StatusTable, ShowsGroupsWhoseLagIsUnknown) {
  Report report = two_brokers();
  const auto groups = make_observation(
      "prod", "groups",
      {make_table(kLagSum,
                  {{{"prod", "audit", "a"}, 0, Unknown::denied}, {{"prod", "b", "t"}, 5}})});
  report.snapshot = make_snapshot({*report.snapshot->observations.begin()->second, groups});
  const std::string text = shown(&report).text;
  EXPECT_THAT(text, HasSubstr("up, 2 groups, 1 of them unknown, 2 values unknown\n"));
  EXPECT_THAT(text, HasSubstr("  b      t      5              unknown\n"
                              "  audit  a      unknown        unknown\n"));
}

TEST(StatusTable, CountsOneAsOne) {
  Report report;
  Observation brokers =
      make_observation("prod", "brokers", {make_table(kBrokerUp, {{{"prod", "1"}, 1}})});
  brokers.problems.assign(kStatusProblems + 1, {"it is slow", {}});
  report.snapshot = make_snapshot(
      {brokers,
       make_observation("prod", "groups",
                        {make_table(kLagSum, {{{"prod", "g", "t"}, 1},
                                              {{"prod", "g", "u"}, 0, Unknown::denied}})})});
  report.incidents.assign(kStatusIncidents + 1, broker_down_incident());
  const std::string text = shown(&report).text;
  EXPECT_THAT(text, HasSubstr("prod: 1 of 1 broker up, 1 group, 1 value unknown\n"));
  EXPECT_THAT(text, HasSubstr("brokers: and 1 more problem\n"));
  EXPECT_THAT(text, HasSubstr("\nand 1 more incident\n"));
}

TEST(StatusTable, ExitsWithWhatItFound) {
  const Report report = two_brokers();
  EXPECT_EQ(shown(&report).exit_code, 0);
  EXPECT_EQ(shown(nullptr).exit_code, 2);
  EXPECT_EQ(shown(&report, false).exit_code, 2);
  EXPECT_THAT(shown(nullptr).text, HasSubstr("cannot say"));
  Now later = test_now();
  later.steady += 1h;
  const StatusView stale = shown(&report, true, false, later);
  EXPECT_EQ(stale.exit_code, 2);
  EXPECT_THAT(stale.text, HasSubstr("brokers: nothing new for 1 h"));
}

TEST(StatusTable, CannotSayThatAClusterIsHealthyOfWhichNoBrokerAnswers) {
  Report report = two_brokers();
  for (const Row& row : {Row{{"prod", "10"}, 0}, Row{{"prod", "10"}, 0, Unknown::timed_out}}) {
    report.snapshot =
        make_snapshot({make_observation("prod", "brokers", {make_table(kBrokerUp, {row})})});
    EXPECT_EQ(shown(&report).exit_code, 2);
    EXPECT_THAT(shown(&report).text, StartsWith("cannot say: no broker of prod answers\n\n"));
  }
  report.incidents = {broker_down_incident()};
  EXPECT_EQ(shown(&report).exit_code, 1);
}

// A cluster with one broker that answers.
Report report_of_groups(std::vector<Table> tables, std::vector<Problem> problems = {}) {
  Observation groups = make_observation("prod", "groups", std::move(tables));
  groups.problems = std::move(problems);
  Report report;
  report.snapshot = make_snapshot(
      {make_observation("prod", "brokers", {make_table(kBrokerUp, {{{"prod", "1"}, 1}})}), groups});
  return report;
}

Report with_groups(const std::vector<Row>& lags, const std::vector<Row>& active,
                   std::vector<Problem> problems = {}) {
  return report_of_groups({make_table(kLagSum, lags), make_table(kActive, active)},
                          std::move(problems));
}

TEST(StatusTable, CannotSayThatAClusterIsHealthyOfWhichAPartIsUnreadable) {
  const Row denied{{"prod", "a", "t"}, 0, Unknown::denied};
  const Row silent{{"prod", "a"}, 0, Unknown::timed_out};
  for (Report report :
       {with_groups({denied}, {silent}), with_groups({denied}, {{{"prod", "a"}, 1}})}) {
    const StatusView view = shown(&report);
    EXPECT_EQ(view.exit_code, 2);
    EXPECT_THAT(view.text,
                StartsWith("cannot say: groups of prod cannot be read: Kafka denied access\n\n"));
    report.incidents = {broker_down_incident()};
    EXPECT_EQ(shown(&report).exit_code, 1);
  }
  const Report nothing = with_groups({}, {}, {{"broker 1: ListGroups: no answer", {}}});
  EXPECT_THAT(shown(&nothing).text, HasSubstr("cannot be read: broker 1: ListGroups: no answer\n"));
}

TEST(StatusTable, CannotSayThatAClusterIsHealthyOfWhichOnlyTheGroupsNamesCanBeRead) {
  const Report report =
      report_of_groups({make_table(kActive, {{{"prod", "a"}, 1}, {{"prod", "b"}, 1}}),
                        make_table(kMembers, {{{"prod", "a"}, 0, Unknown::denied},
                                              {{"prod", "b"}, 0, Unknown::denied}})});
  const StatusView view = shown(&report);
  EXPECT_EQ(view.exit_code, 2);
  EXPECT_THAT(view.text, HasSubstr(" 2 groups, 2 of them unknown, "));
  EXPECT_THAT(view.text, HasSubstr("  a             unknown        unknown\n"));
  EXPECT_THAT(view.text, HasSubstr("groups of prod cannot be read: Kafka denied access\n"));
}

TEST(StatusTable, SaysThatAClusterIsHealthyOfWhichSomethingIsUnknown) {
  const Row known{{"prod", "a", "t"}, 5};
  const Row denied{{"prod", "b", "t"}, 0, Unknown::denied};
  const Row never{{"prod", "c", "t"}, 0, Unknown::no_commit};
  for (const auto& lags : {std::vector<Row>{known, denied}, {never}, {}}) {
    const Report report = with_groups(lags, {});
    EXPECT_EQ(shown(&report).exit_code, 0);
  }
}

TEST(StatusTable, IsColouredOnlyWhenAsked) {
  const Report report = two_brokers();
  EXPECT_THAT(shown(&report, true, true).text, HasSubstr("\x1b[31mcrashed\x1b[0m"));
  EXPECT_THAT(shown(&report).text, Not(HasSubstr("\x1b")));
}

TEST(StatusTable, LetsNoNamePlayTricksWithTheTerminal) {
  Report report;
  report.snapshot = make_snapshot({make_observation(
      "p", "groups",
      {make_table(kLagSum, {{{"p", "a\x1b[2J\nb\xc2\x9b\xc3\xa4\x9b\u202ec\u2066", "t"}, 1}})})});
  EXPECT_THAT(shown(&report).text, HasSubstr("  a?[2J?b?\xc3\xa4\xef\xbf\xbd?c?  t      1  "));
}

TEST(StatusTable, RefusesWhatIsNoStatus) {
  for (const char* text : {"", "nonsense", "[]", "{}", "<html>", R"({"ready": true})"})
    EXPECT_FALSE(render_status(text, {})) << text;
  EXPECT_EQ(render_status(R"({"ready": 1, "clusters": [7, {"name": [], "parts": 3, "brokers":
      [{"id": {}, "up": "x"}]}], "incidents": {"a": 1}})",
                          {})
                .value()
                .exit_code,
            2);
}

const Measure kRemaining{"slo_error_budget_remaining_ratio",
                         "Help.",
                         Unit::ratio,
                         MeasureType::gauge,
                         {"cluster", "slo", "entity"}};

TEST(Status, TellsTheBudgetsWithTheLeastLeft) {
  std::vector<Row> left;
  std::vector<Row> covered;
  for (int i = 0; i < 30; ++i) {
    left.push_back({{"prod", "lag", "group=g" + std::to_string(i)}, 1 - i * 0.04});
    covered.push_back({{"prod", "lag", "group=g" + std::to_string(i)}, 0.5});
  }
  Report report;
  report.at = test_now();
  report.snapshot = make_snapshot({make_observation(
      "prod", "slos", {make_table(kRemaining, left), make_table(kCoverage, covered)})});
  const json cluster = status_of(&report)["clusters"][0];
  EXPECT_EQ(cluster["budget_count"], 30);
  ASSERT_EQ(cluster["budgets"].size(), kStatusBudgets);
  EXPECT_EQ(cluster["budgets"][0]["entity"], "group=g29");
  EXPECT_NEAR(cluster["budgets"][0]["remaining"].get<double>(), -0.16, 1e-9);
  EXPECT_EQ(cluster["budgets"][0]["coverage"], 0.5);
  StatusInput input;
  input.report = &report;
  input.now = test_now();
  const std::string text = render_status(status_json(input), {}).value().text;
  EXPECT_THAT(text, HasSubstr("group=g29"));
  EXPECT_THAT(text, HasSubstr("-16.0%"));
}

const Measure kObjective{
    "slo_objective_ratio", "Help.", Unit::ratio, MeasureType::gauge, {"cluster", "slo"}};

TEST(Status, ABudgetOfWhichNothingWasSeenHasNoShareLeft) {
  Report report;
  report.at = test_now();
  report.snapshot = make_snapshot({make_observation(
      "prod", "slos",
      {make_table(kObjective, {{{"prod", "lag"}, 0.99}}), make_table(kRemaining, {})})});
  StatusInput input;
  input.report = &report;
  input.now = test_now();
  const json cluster = status_of(&report)["clusters"][0];
  ASSERT_EQ(cluster["budgets"].size(), 1U);
  EXPECT_EQ(cluster["budgets"][0]["remaining"], nullptr);
  EXPECT_THAT(render_status(status_json(input), {}).value().text, HasSubstr("no data yet"));
}

}  // namespace
}  // namespace highwater
