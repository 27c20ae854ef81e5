// The page as a whole: what stands on it, once each, and how it leaves.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "exporters/metrics/own_families.h"
#include "exporters/metrics/self_metrics.h"
#include "prometheus_support.h"
#include "self_support.h"

namespace highwater {
namespace {

TEST(Metrics, BeforeTheFirstReportAreTheBuildAlone) {
  const BuildInfo& build = build_info();
  EXPECT_EQ(page(nullptr),
            "# HELP highwater_build_info The agent's version, and the commit it was built from; "
            "always 1.\n"
            "# TYPE highwater_build_info gauge\n"
            "highwater_build_info{version=\"" HIGHWATER_VERSION "\",commit=\"" +
                build.commit + "\",date=\"" + build.date + "\"} 1\n");
}

TEST(Metrics, LeaveInPiecesAndStopWhenTheReaderIsGone) {
  std::vector<Row> rows;
  for (int i = 0; i < 20000; ++i) rows.push_back({{"prod", "g", "t", std::to_string(i)}, 1});
  const Report report = report_of({make_observation("prod", "groups", {make_table(kLag, rows)})});
  const Catalogue catalogue = small_catalogue();
  MetricsOptions options;
  options.detail = MetricsDetail::full;
  MetricsPage metrics(catalogue, options);
  int pieces = 0;
  size_t largest = 0;
  Exposition all(MetricsFormat::text, [&](std::string_view piece) {
    ++pieces;
    largest = std::max(largest, piece.size());
    return true;
  });
  metrics.write(&report, test_now(), all);
  EXPECT_GT(pieces, 10);
  EXPECT_LE(largest, 65536U);
  int taken = 0;
  Exposition cut(MetricsFormat::text, [&](std::string_view) { return ++taken < 3; });
  metrics.write(&report, test_now(), cut);
  cut.finish();
  EXPECT_EQ(taken, 3);
  EXPECT_TRUE(cut.reader_gone());
}

// Everything that can stand on the page.
Report full_report() {
  Report report =
      report_of({make_observation("prod", "brokers",
                                  {make_table(kBrokerUp, {{{"prod", "1"}, 1}, {{"prod", "2"}, 0}}),
                                   make_table(kBrokerResponse, {{{"prod", "1"}, 0.0125}}),
                                   make_table(kBrokerStatus, {{{"prod", "1", "up"}, 1}}),
                                   make_table(kBrokerInfo, {{{"prod", "1", "r"}, 1}}),
                                   make_table(kBrokerStatusSince, {{{"prod", "1"}, 1.7e9}}),
                                   make_table(kElections, {{{"prod", "1"}, 12}})}),
                 make_observation("prod", "groups",
                                  {make_table(kLag, {{{"prod", "g\"\\\n", "t", "0"}, 5}}),
                                   make_table(kLagSum, {{{"prod", "g", "t"}, kInfinity}})}),
                 observation_with_a_histogram()});
  report.alerts = {broker_down_alert()};
  report.incidents = {broker_down_incident()};
  return report;
}

std::string full_page(MetricsFormat format) {
  const Report report = full_report();
  SelfMetrics self;
  use_everything(self);
  const Catalogue catalogue = small_catalogue();
  MetricsOptions options;
  options.detail = MetricsDetail::full;
  MetricsPage metrics(catalogue, options);
  std::string text;
  Exposition out(format, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  metrics.write(&report, test_now(), out);
  self.write(out);
  out.finish();
  return text;
}

TEST(Metrics, PleasePromtool) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "promtool is not installed (Debian package prometheus)";
  const auto folder =
      std::filesystem::temp_directory_path() / ("highwater-promtool-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "metrics") << full_page(MetricsFormat::text);
  const std::string command = "promtool check metrics < '" + (folder / "metrics").string() +
                              "' > '" + (folder / "findings").string() + "' 2>&1";
  const int status = std::system(command.c_str());
  std::stringstream findings;
  findings << std::ifstream(folder / "findings").rdbuf();
  EXPECT_EQ(findings.str(), "");
  EXPECT_EQ(status, 0);
  std::filesystem::remove_all(folder);
}

TEST(Metrics, AreAllDeclared) {
  const Catalogue catalogue = small_catalogue();
  std::set<std::string_view> declared;
  for (const OwnFamily* own : own_families()) declared.insert(own->name);
  std::istringstream lines(full_page(MetricsFormat::text));
  size_t families = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    const std::string name = line.substr(7, line.find(' ', 7) - 7);
    const std::string_view measure =
        name.starts_with("highwater_") ? std::string_view(name).substr(10) : "";
    EXPECT_TRUE(declared.contains(name) || catalogue.has(measure)) << name;
    ++families;
  }
  // Nothing that is declared is missing where everything is there to be told.
  EXPECT_EQ(families, declared.size() + catalogue.measures().size() - 3 + 1);
}

TEST(Metrics, SayEachFamilyAndEachSeriesOnce) {
  for (const MetricsFormat format : {MetricsFormat::text, MetricsFormat::openmetrics}) {
    std::istringstream lines(full_page(format));
    std::set<std::string> seen;
    for (std::string line; std::getline(lines, line);) {
      const std::string key =
          line.substr(0, line.starts_with('#') ? line.find(' ', 7) : line.rfind(' '));
      EXPECT_TRUE(seen.insert(key).second) << line;
    }
  }
}

}  // namespace
}  // namespace highwater
