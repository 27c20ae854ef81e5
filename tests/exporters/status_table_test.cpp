#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/status/status.h"
#include "exporters/status/status_text.h"
#include "status_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Measure kMembers{
    "group_members", "Help.", Unit::count, MeasureType::gauge, {"cluster", "group"}};

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
            "CLUSTER prod: 1 of 3 brokers up, 2 groups\n"
            "  BROKER  STATE    SINCE       NOTE\n"
            "  9       crashed  10 min ago  refuses connections\n"
            "  10      up\n"
            "  11      unknown\n"
            "  brokers: broker 9 did not answer Metadata\n"
            "  GROUP  TOPIC  LAG (RECORDS)  LAG (TIME)\n"
            "  long   topic  1234567        2 h 5 min\n"
            "  g      t      5              unknown\n");
}

TEST(StatusTable, CountsAsUnknownOnlyWhatSomethingKeepsFromBeingRead) {
  std::vector<Row> rows;
  for (int i = 0; i < kUnknownReasons; ++i)
    rows.push_back({{"prod", std::to_string(i), "t"}, 1, static_cast<Unknown>(i)});
  Report report;
  report.snapshot = make_snapshot(
      {make_observation("prod", "brokers", {make_table(kBrokerUp, {{{"prod", "1"}, 1}})}),
       make_observation("prod", "partitions", {make_table(kLagSeconds, rows)})});
  EXPECT_THAT(shown(&report).text, HasSubstr("up, 0 groups, 8 values unknown\n"));
}

TEST(StatusTable, ShowsIncidents) {
  Report report = two_brokers();
  report.incidents = {broker_down_incident()};
  const StatusView view = shown(&report);
  EXPECT_EQ(view.exit_code, 1);
  EXPECT_THAT(view.text, HasSubstr("PAGE 7: broker 3 of prod is down: it crashed\n"
                                   "  since        1 min ago (2023-11-14 22:21:50 UTC)\n"
                                   "  seen         refuses connections since 12:03:10\n"
                                   "  impact       412 partitions offline; 37 groups got another "
                                   "coordinator:\n"
                                   "               billing and 36 more\n"
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
  EXPECT_THAT(text, HasSubstr("up, 2 groups, 1 of them unknown, 1 value unknown\n"));
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

}  // namespace
}  // namespace highwater
