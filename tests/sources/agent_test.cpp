// The whole agent with a local page as its source: a measure of the configuration reaches rules and
// metrics, is unknown while the page is broken, and comes back.
#include "agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "exporters/http/client.h"
#include "exporters/http/server.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

class AgentWithASource : public testing::Test {
 protected:
  AgentWithASource() {
    std::string pattern = (std::filesystem::temp_directory_path() / "agent-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    server_->add("GET", "/metrics", [this](const http::ServerRequest&) {
      const std::lock_guard lock(mutex_);
      http::Reply reply;
      reply.body = page_;
      reply.content_type = "text/plain; version=0.0.4";
      return reply;
    });
    server_->start();
    std::ofstream(folder_ / "rules.yaml") << R"(slos:
  - use: error-rate
alerts:
  - name: QueueDeep
    when: app_queue_records > 100
    severity: ticket
    runbook: lag-growing
    summary: "{queue} of {cluster} holds {value}"
)";
    std::ofstream(folder_ / "highwater.yaml")
        << "clusters: [{name: prod, bootstrap: \"127.0.0.1:1\"}]\n"
           "listen: 127.0.0.1:0\n"
           "state: {path: \":memory:\"}\n"
           "rules: {files: [rules.yaml]}\n"
           "sources: [{name: app, every: 1s, url: \"http://127.0.0.1:"
        << server_->port() << R"(/metrics"}]
measures:
  - {name: app_queue_records, source: app, metric: queue, unit: records, dimensions: [queue]}
  - {name: records_total, source: app, metric: records_total, dimensions: [group]}
  - {name: records_failed_total, source: app, metric: failed_total, dimensions: [group]}
)";
  }
  ~AgentWithASource() override {
    if (agent_) agent_->stop();
    server_->stop();
    std::filesystem::remove_all(folder_);
  }

  void show(std::string text) {
    const std::lock_guard lock(mutex_);
    page_ = std::move(text);
  }

  void start() {
    Diagnostics diagnostics;
    auto config = read_config((folder_ / "highwater.yaml").string(), diagnostics);
    ASSERT_TRUE(config) << diagnostics.front().text();
    auto agent = Agent::create(std::move(*config), clock_, log_);
    ASSERT_TRUE(agent) << agent.error().message;
    agent_ = std::move(*agent);
    agent_->start();
  }

  // Looks until the page of metrics has the line.
  bool sees(const std::string& line) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < end) {
      http::Request request;
      request.url = "http://127.0.0.1:" + std::to_string(agent_->port()) + "/metrics";
      const auto response = client_.send(request);
      if (response && response->body.find(line) != std::string::npos) return true;
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }

  std::filesystem::path folder_;
  std::unique_ptr<http::Server> server_ = std::move(*http::Server::listen({"127.0.0.1", 0}));
  std::mutex mutex_;
  std::string page_;
  SystemClock clock_;
  Log log_{clock_, LogLevel::error, LogForm::json, null_sink()};
  http::Client client_;
  std::unique_ptr<Agent> agent_;
};

TEST_F(AgentWithASource, ItsMeasuresReachRulesAndMetrics) {
  show(
      "queue{queue=\"in\"} 500\nrecords_total{group=\"pay\"} 1000\nfailed_total{group=\"pay\"} "
      "3\n");
  start();
  EXPECT_TRUE(sees("highwater_app_queue_records{cluster=\"prod\",queue=\"in\"} 500\n"));
  EXPECT_TRUE(sees("highwater_records_failed_total{cluster=\"prod\",group=\"pay\""));
  EXPECT_TRUE(sees("highwater_alert{alertname=\"QueueDeep\",severity=\"ticket\",state=\"firing\""));
  show(
      "queue{queue=\"in\"} 500\nrecords_total{group=\"pay\"} 2000\nfailed_total{group=\"pay\"} "
      "103\n");
  EXPECT_TRUE(
      sees("highwater_slo_bad_events_total{cluster=\"prod\",slo=\"error-rate\","
           "group=\"pay\"} 100\n"));
  EXPECT_TRUE(sees("highwater_source_up{cluster=\"prod\",source=\"app\"} 1\n"));
}

TEST_F(AgentWithASource, ABrokenPageMakesItsRowsUnknownAndComesBack) {
  show("queue{queue=\"in\"} 500\n");
  start();
  EXPECT_TRUE(sees("highwater_alert{alertname=\"QueueDeep\""));
  show("queue{queue=\"in\"} 5");
  EXPECT_TRUE(sees("highwater_source_up{cluster=\"prod\",source=\"app\"} 0\n"));
  EXPECT_TRUE(
      sees("highwater_collector_unknown_rows{cluster=\"prod\",collector=\"sources\",reason="
           "\"failed\"} 4\n"));
  EXPECT_TRUE(sees("highwater_alert{alertname=\"QueueDeep\"")) << "frozen, not ended";
  show("queue{queue=\"in\"} 5\n");
  EXPECT_TRUE(sees("highwater_app_queue_records{cluster=\"prod\",queue=\"in\"} 5\n"));
}

}  // namespace
}  // namespace highwater::agent
