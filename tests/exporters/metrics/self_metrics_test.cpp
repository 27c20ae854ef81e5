#include "exporters/metrics/self_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "exporters/metrics/exposition.h"
#include "self_support.h"

namespace highwater {
namespace {

using testing::HasSubstr;

TEST(MetricsFormat, IsNegotiated) {
  const std::string prometheus =
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  EXPECT_EQ(negotiate_format(prometheus), MetricsFormat::openmetrics);
  for (const char* accept :
       {"", "*/*", "text/plain", "text/html,application/xml;q=0.9,*/*;q=0.8",
        "application/openmetrics-text;q=0", "application/openmetrics-text; q=0.4, text/plain",
        "application/openmetrics-text;q=nonsense", "application/openmetrics-text;q=7", ";;,,"})
    EXPECT_EQ(negotiate_format(accept), MetricsFormat::text) << accept;
  EXPECT_EQ(negotiate_format("application/openmetrics-text, text/plain"),
            MetricsFormat::openmetrics);
  EXPECT_EQ(content_type(MetricsFormat::openmetrics),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(content_type(MetricsFormat::text), "text/plain; version=0.0.4; charset=utf-8");
}

std::string self_text(const SelfMetrics& self, MetricsFormat format) {
  std::string text;
  Exposition out(format, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  self.write(out);
  out.finish();
  return text;
}

TEST(SelfMetrics, CountWhatTheAgentDoes) {
  SelfMetrics self;
  use_everything(self);
  const std::string text = self_text(self, MetricsFormat::text);
  for (const char* line :
       {"highwater_agent_polls_total{cluster=\"prod\",collector=\"brokers\",outcome=\"ok\"} 2\n",
        "highwater_agent_evaluation_duration_seconds_bucket{le=\"0.0025\"} 0\n",
        "highwater_agent_evaluation_duration_seconds_bucket{le=\"0.005\"} 1\n",
        "highwater_agent_evaluation_duration_seconds_bucket{le=\"1.0\"} 1\n",
        "highwater_agent_evaluation_duration_seconds_bucket{le=\"+Inf\"} 1\n",
        "highwater_agent_evaluation_duration_seconds_sum 0.003\n",
        "highwater_agent_evaluation_duration_seconds_count 1\n",
        "highwater_agent_notifications_total{outcome=\"delivered\",receiver=\"oncall\"} 6\n",
        "highwater_agent_notifications_total{outcome=\"failed\",receiver=\"oncall\"} 1\n",
        "highwater_agent_notifications_total{outcome=\"rejected\",receiver=\"oncall\"} 0\n",
        "highwater_agent_notifications_total{outcome=\"given_up\",receiver=\"oncall\"} 1\n",
        "highwater_agent_notifications_queued{receiver=\"oncall\"} 4\n",
        "highwater_agent_http_requests_total{code=\"404\",route=\"none\"} 1\n",
        "highwater_agent_spans_exported_total 15\n",
        "highwater_agent_spans_dropped_total 2\n",
        "highwater_agent_log_lines_lost_total 1\n",
        "process_cpu_seconds_total ",
        "process_resident_memory_bytes ",
        "process_start_time_seconds ",
        "process_open_fds "})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(SelfMetrics, ReadPlausibleFactsAboutTheProcess) {
  SelfMetrics self;
  std::istringstream lines(self_text(self, MetricsFormat::text));
  std::map<std::string, double> values;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("process_"))
      values[line.substr(0, line.find(' '))] = std::stod(line.substr(line.find(' ')));
  }
  EXPECT_GT(values["process_resident_memory_bytes"], 1e6);
  EXPECT_GT(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"]);
  EXPECT_GE(values["process_open_fds"], 3);
  EXPECT_GE(values["process_threads"], 1);
  const double now = to_unix_seconds(SystemClock().now().wall);
  EXPECT_NEAR(values["process_start_time_seconds"], now, 3600);
}

}  // namespace
}  // namespace highwater
