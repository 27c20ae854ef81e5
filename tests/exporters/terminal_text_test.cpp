// How answers of an agent fit a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "agent/core/utf8.h"
#include "exporters/status/ago_text.h"
#include "exporters/status/status.h"
#include "exporters/status/status_text.h"
#include "exporters/status/terminal.h"
#include "report_support.h"

namespace highwater {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Report wordy_report() {
  Report report;
  report.at = test_now();
  Observation brokers =
      make_observation("prod", "brokers",
                       {make_table(kBrokerUp, {{{"prod", "10"}, 1}, {{"prod", "9"}, 0}}),
                        make_table(kBrokerStatus, {{{"prod", "9", "crashed"}, 1}})});
  brokers.notes = {{make_entity({{"cluster", "prod"}, {"broker", "9"}}),
                    "refuses connections on every address that the cluster lists for it"}};
  brokers.problems = {
      {"broker 9 did not answer Metadata, and none of the others knows where its "
       "partitions have gone since then",
       {}}};
  const auto groups = make_observation(
      "prod", "groups",
      {make_table(kLagSum, {{{"prod", std::string(70, 'g'), std::string(50, 't')}, 1234567}})});
  report.snapshot = make_snapshot({brokers, groups});
  report.incidents = {broker_down_incident()};
  report.incidents[0].title =
      "Broker 9 (prod) crashed: group audit-archiver without a coordinator, 4 partitions offline";
  return report;
}

std::string status_of(const Report& report) {
  StatusInput input;
  input.report = &report;
  input.ready = true;
  input.now = test_now();
  return status_json(input);
}

TEST(StatusTable, FitsTheTerminalAndCutsNamesOnlyThere) {
  const Report report = wordy_report();
  const std::string status = status_of(report);
  for (const bool colour : {false, true}) {
    const std::string text = render_status(status, {colour, 80, true}).value().text;
    for (std::string line : lines_of(text)) {
      line = std::regex_replace(line, std::regex("\x1b\\[[0-9]*m"), "");
      EXPECT_LE(utf8::count_characters(line), 80U) << line;
    }
    EXPECT_THAT(text, HasSubstr("ggg\u2026"));
  }
  EXPECT_THAT(render_status(status, {}).value().text, HasSubstr(std::string(70, 'g')))
      << "a program reads whole names";
}

TEST(StatusTable, ShowsIncidentsBeforeClusters) {
  const Report report = wordy_report();
  const std::string text = render_status(status_of(report), {}).value().text;
  EXPECT_THAT(text, StartsWith("PAGE 7: Broker 9 (prod) crashed"));
  EXPECT_LT(text.find("PAGE 7"), text.find("CLUSTER prod"));
}

TEST(Table, LastColumnIsWrappedOrCut) {
  const std::vector<std::vector<TextCell>> rows{{{"a"}, {std::string(20, 'x') + " yyyyyyyyyy zzzzzzzz"}}};
  const auto table = [&](bool cut, TerminalText::Last last) {
    TerminalText out({.width = 30, .cut = cut});
    out.table(rows, last);
    return out.take();
  };
  EXPECT_EQ(table(true, TerminalText::Last::cut), "  a  " + std::string(20, 'x') + " yyy\u2026\n");
  EXPECT_EQ(table(true, TerminalText::Last::wrapped),
            "  a  " + std::string(20, 'x') + "\n     yyyyyyyyyy zzzzzzzz\n");
  EXPECT_THAT(table(false, TerminalText::Last::cut), HasSubstr("zzzzzzzz"))
      << "a program reads the whole";
}

TEST(AgoText, IsCoarseAndNeverNegative) {
  const std::string now = "2026-11-29T12:00:00.000Z";
  EXPECT_EQ(ago_text("2026-11-29T11:59:48.900Z", now), "12 s ago");
  EXPECT_EQ(ago_text("2026-11-29T11:56:40.000Z", now), "3 min ago");
  EXPECT_EQ(ago_text("2026-11-27T12:00:01.000Z", now), "47 h ago");
  EXPECT_EQ(ago_text("2026-11-26T11:00:00.000Z", now), "3 d ago");
  EXPECT_EQ(ago_text("2026-11-29T12:00:05.000Z", now), "0 s ago") << "a clock that is behind";
  EXPECT_EQ(ago_text("yesterday", now), "yesterday");
  EXPECT_EQ(ago_text("2026-13-29T12:00:05.000Z", now), "2026-13-29T12:00:05.000Z");
}

}  // namespace
}  // namespace highwater
