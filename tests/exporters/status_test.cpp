#include "exporters/status/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "exporters/status/status_text.h"
#include "status_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

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
  EXPECT_EQ(part["unread_rows"], 0) << "broker 11 was not asked yet: nothing is wrong with that";
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
  EXPECT_EQ(cluster["parts"][1]["unread_rows"], 31) << "whatever was known, nothing new is";
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
