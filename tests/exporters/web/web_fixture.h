// A server with the pages and the API, of reports that a test publishes.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "exporters/http/client.h"
#include "exporters/web/web.h"
#include "tests/exporters/report_support.h"

namespace highwater {

using namespace std::chrono_literals;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    const Now now = test_now();
    const Duration later(later_.load());
    return {now.steady + later, now.wall + later};
  }
  void advance(Duration duration) { later_ += duration.count(); }

 private:
  std::atomic<Duration::rep> later_ = 0;
};

class Web : public testing::Test {
 protected:
  void SetUp() override {
    server_ = http::Server::listen({"127.0.0.1", 0}).value();
    WebContext context{clock_,      metrics_, self_, runbooks_, history_, changes_,
                       deliveries_, {},       {},    {},        30s,      {}};
    context.report = [this] {
      const std::lock_guard lock(mutex_);
      return report_;
    };
    context.heartbeat_age = [this] { return Duration(heartbeat_age_.load()); };
    context.first_round_done = [this] { return first_round_done_.load(); };
    context.bootstrap = [](const std::string& cluster) {
      return cluster == "prod" ? "kafka-1:9092" : "";
    };
    context.explain = answer_to;
    context.remedies = [](const Report& report, const Incident& incident) {
      return Remedy{"start <it>",
                    {"run '" + incident.headline.rule + "' > x"},
                    report.snapshot == nullptr ? "" : "safe & sound"};
    };
    add_pages(*server_, context);
    server_->start();
  }

  void publish(Report report) {
    const std::lock_guard lock(mutex_);
    report_ = std::make_shared<const Report>(std::move(report));
  }
  [[nodiscard]] static std::optional<ExplainAnswer> answer_to(const ExplainQuestion& question) {
    if (question.name == "Busy") return std::nullopt;
    ExplainAnswer answer;
    answer.rule = question.name;
    if (question.name == "BrokerDown") answer.kind = ExplainAnswer::Kind::alert;
    answer.judges = question.entity;
    return answer;
  }
  static Report broker_down() {
    Report report;
    report.at = test_now();
    report.snapshot = make_snapshot({make_observation(
        "prod", "brokers", {make_table(kBrokerUp, {{{"prod", "1"}, 1}, {{"prod", "3"}, 0}})})});
    report.incidents = {broker_down_incident()};
    report.alerts = {broker_down_alert()};
    return report;
  }
  http::Response get(const std::string& target, http::HeaderList headers = {}) {
    http::Request request;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + target;
    request.headers = std::move(headers);
    request.deadline = 60s;
    auto response = http::Client().send(request);
    EXPECT_TRUE(response) << response.error().message;
    return response.value_or(http::Response());
  }

  FixedClock clock_;
  Catalogue catalogue_ = small_catalogue();
  MetricsPage metrics_{catalogue_, {}};
  SelfMetrics self_;
  Runbooks runbooks_ = Runbooks::load().value();
  history::History history_;
  changes::Ledger changes_;
  notify::DeliveryLog deliveries_;
  std::mutex mutex_;
  ReportPtr report_;
  std::atomic<int64_t> heartbeat_age_{0};
  std::atomic<bool> first_round_done_{true};
  std::unique_ptr<http::Server> server_;
};

// The broker's incident, ended half an hour ago, beside an open one that links to it.
inline Report with_history() {
  Report report;
  report.at = test_now();
  Incident open = broker_down_incident("4");
  open.id = 9;
  open.correlation.bytes[0] = 1;
  open.links = {{7, {}, "broker 3 <b>was</b> down", open.opened, false}};
  report.incidents = {open};
  auto history = std::make_shared<IncidentHistory>();
  for (const uint64_t id : {7U, 6U}) {
    Incident ended = broker_down_incident();
    ended.id = id;
    ended.ended = before(id == 7 ? 30min : 24h * 9).wall;
    ended.opened = *ended.ended - 5min;
    ended.resolution = "the condition ended";
    history->push_back(std::make_shared<const Incident>(ended));
  }
  report.history = history;
  return report;
}

}  // namespace highwater
