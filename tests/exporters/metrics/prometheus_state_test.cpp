#include "exporters/metrics/prometheus_state.h"

#include <gtest/gtest.h>

#include "exporters/metrics/label_cache.h"
#include "tests/exporters/report_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;

TEST(LabelCache, KeepsWhatStaysAndForgetsWhatWent) {
  LabelCache cache;
  auto keys = keys_of(kBrokerUp, {{{"prod", "1"}}});
  const auto first = cache.labels(keys);
  EXPECT_EQ(first->row(0), "{cluster=\"prod\",broker=\"1\"} ");
  EXPECT_EQ(cache.labels(keys), first);
  keys.reset();
  cache.sweep();
  EXPECT_EQ(cache.size(), 0U);
}

TEST(Collector, IsUpWhileItSeesWhatItIsThereFor) {
  const auto up = [](std::vector<Row> rows, Duration age = 1s) {
    return collector_up(make_observation("p", "brokers", {make_table(kBrokerUp, rows)}, age),
                        test_now().steady);
  };
  EXPECT_TRUE(up({{{"p", "1"}, 1}, {{"p", "2"}, 0, Unknown::timed_out}}));
  EXPECT_TRUE(up({}));
  EXPECT_TRUE(up({{{"p", "1"}, 0, Unknown::unsupported}}));
  EXPECT_FALSE(up({{{"p", "1"}, 0, Unknown::denied}, {{"p", "2"}, 0, Unknown::timed_out}}));
  EXPECT_FALSE(up({{{"p", "1"}, 1}}, 1h));
}

TEST(Incidents, AreCountedThoseThatAreSilencedOnceMore) {
  Report report;
  report.silences = 3;
  Direction hidden;
  hidden.silenced_by = {"silence 1 by ann until what it hides has ended: known"};
  for (const bool silenced : {true, false, true}) {
    Incident& incident = report.incidents.emplace_back();
    incident.severity = Severity::page;
    if (silenced) incident.direction = std::make_shared<const Direction>(hidden);
  }
  report.incidents[1].direction = std::make_shared<const Direction>();
  std::string text;
  Exposition out(MetricsFormat::text, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  write_alerts(report, out);
  out.finish();
  EXPECT_NE(text.find("\nhighwater_incidents{severity=\"page\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nhighwater_incidents_silenced{severity=\"page\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("\nhighwater_incidents_silenced{severity=\"ticket\"} 0\n"),
            std::string::npos);
  EXPECT_NE(text.find("\nhighwater_silences 3\n"), std::string::npos);
}

}  // namespace
}  // namespace highwater
