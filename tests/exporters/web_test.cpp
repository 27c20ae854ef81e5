#include "exporters/web.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "exporters/http/client.h"
#include "report_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using http::Response;
using testing::HasSubstr;
using testing::Not;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override { return test_now(); }
};

class Web : public testing::Test {
 protected:
  void SetUp() override {
    server_ = http::Server::listen({"127.0.0.1", 0}).value();
    WebContext context{clock_, metrics_, self_, runbooks_, {}, {}, {}, 30s, {}};
    context.report = [this] {
      const std::lock_guard lock(mutex_);
      return report_;
    };
    context.heartbeat_age = [this] { return Duration(heartbeat_age_.load()); };
    context.first_round_done = [this] { return first_round_done_.load(); };
    context.bootstrap = {{"prod", "kafka-1:9092"}};
    context.explain = answer_to;
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
  Response get(const std::string& target, http::HeaderList headers = {}) {
    http::Request request;
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + target;
    request.headers = std::move(headers);
    request.deadline = 60s;
    auto response = http::Client().send(request);
    EXPECT_TRUE(response) << response.error().message;
    return response.value_or(Response());
  }

  FixedClock clock_;
  Catalogue catalogue_ = small_catalogue();
  MetricsPage metrics_{catalogue_, {}};
  SelfMetrics self_;
  Runbooks runbooks_ = Runbooks::load().value();
  std::mutex mutex_;
  ReportPtr report_;
  std::atomic<int64_t> heartbeat_age_{0};
  std::atomic<bool> first_round_done_{true};
  std::unique_ptr<http::Server> server_;
};

TEST_F(Web, ServesMetricsInTheFormatThatIsAskedFor) {
  publish(broker_down());
  const Response text = get("/metrics");
  EXPECT_EQ(text.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(text.body, HasSubstr("highwater_broker_up{cluster=\"prod\",broker=\"3\"} 0\n"));
  EXPECT_THAT(text.body, HasSubstr("process_cpu_seconds_total "));
  EXPECT_THAT(text.body, Not(HasSubstr("# EOF")));
  const Response open = get("/metrics", {{"Accept", "application/openmetrics-text"}});
  EXPECT_EQ(open.header("Content-Type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
}

TEST_F(Web, ServesMetricsBeforeTheFirstReport) {
  EXPECT_THAT(get("/metrics").body, HasSubstr("highwater_build_info"));
}

TEST_F(Web, CountsItsOwnRequests) {
  get("/nothing");
  get("/runbooks/broker-down");
  // The count follows the reply, so it may take another scrape to see it.
  for (int i = 0; i < 1000; ++i) {
    const std::string text = get("/metrics").body;
    if (text.find("{code=\"404\",route=\"none\"} 1\n") != std::string::npos &&
        text.find("{code=\"200\",route=\"/runbooks/{name}\"} 1\n") != std::string::npos)
      return;
  }
  FAIL() << "the requests were not counted";
}

TEST_F(Web, IsHealthyWhileThePipelineTurns) {
  heartbeat_age_ = Duration(30s).count();
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/healthz").body, "ok\n");
  heartbeat_age_ = Duration(90s).count();
  EXPECT_EQ(get("/healthz").status, 503);
  EXPECT_EQ(get("/healthz").body, "the pipeline has stood still for 1 min 30 s\n");
}

TEST_F(Web, IsReadyAfterTheFirstRound) {
  EXPECT_EQ(get("/readyz").status, 503);
  publish(broker_down());
  first_round_done_ = false;
  EXPECT_EQ(get("/readyz").status, 503);
  first_round_done_ = true;
  EXPECT_EQ(get("/readyz").status, 200);
}

TEST_F(Web, ListsTheRunbooks) {
  const Response page = get("/runbooks");
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<li><a href=\"runbooks/broker-down\">Broker down</a></li>"));
}

TEST_F(Web, ServesARunbookWithTheIncidentsValues) {
  publish(broker_down());
  for (const char* incident : {"7", "0af7651916cd43dd8448eb211c80319c"}) {
    const Response page = get(std::string("/runbooks/broker-down?incident=") + incident);
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr("broker 3 of prod is down: it crashed"));
    EXPECT_THAT(page.body, HasSubstr("Look at the host of broker 3."));
    EXPECT_THAT(page.body, HasSubstr("--bootstrap-server kafka-1:9092 "));
    EXPECT_THAT(std::string(page.header("Content-Security-Policy")),
                HasSubstr("default-src 'none'"));
  }
  EXPECT_THAT(get("/runbooks/broker-down").body, HasSubstr("broker {broker}"));
}

TEST_F(Web, SaysWhenTheIncidentOfARunbookIsOver) {
  publish(broker_down());
  const Response page = get("/runbooks/broker-down?incident=%3Cscript%3E");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("not open any more"));
  EXPECT_THAT(page.body, HasSubstr("Look at the host of broker BROKER."));
  EXPECT_THAT(page.body, Not(HasSubstr("<script>")));
}

TEST_F(Web, KnowsNoOtherRunbooks) {
  EXPECT_EQ(get("/runbooks/nothing").status, 404);
  EXPECT_EQ(get("/runbooks/%2e%2e%2f%2e%2e%2fetc%2fpasswd").status, 404);
  EXPECT_EQ(get("/runbooks/%3Cscript%3Ealert(1)%3C%2Fscript%3E").status, 404);
}

TEST_F(Web, ShowsAnOverview) {
  EXPECT_THAT(get("/").body, HasSubstr("Nothing was judged yet"));
  publish(broker_down());
  const std::string page = get("/").body;
  EXPECT_THAT(page, HasSubstr("broker 3 of prod is down: it crashed"));
  EXPECT_THAT(page,
              HasSubstr("<a href=\"runbooks/broker-down?incident=7\">Runbook: Broker down</a>"));
  EXPECT_THAT(page, HasSubstr("<td>prod</td><td>1 of 2</td>"));
  Report quiet = broker_down();
  quiet.snapshot = make_snapshot({make_observation(
      "prod", "groups", {make_table(kLagSum, {{{"prod", "audit", "a"}, 0, Unknown::denied}})})});
  quiet.incidents.clear();
  publish(quiet);
  EXPECT_THAT(get("/").body, HasSubstr("No incident is open."));
  EXPECT_THAT(get("/").body, HasSubstr("<td>1, 1 of them unknown</td>"));
}

TEST_F(Web, LinksARunbookElsewhereButNoScript) {
  Report report = broker_down();
  report.incidents[0].cause.runbook = "https://wiki.example.com/?a=\"b\"";
  publish(report);
  EXPECT_THAT(get("/").body, HasSubstr("href=\"https://wiki.example.com/?a=&quot;b&quot;\""));
  report.incidents[0].cause.runbook = "javascript:alert(1)";
  publish(report);
  EXPECT_THAT(get("/").body, Not(HasSubstr("javascript")));
}

TEST_F(Web, AnswersTheStatusAsJson) {
  publish(broker_down());
  const Response status = get("/api/v1/status");
  EXPECT_EQ(status.header("Content-Type"), "application/json; charset=utf-8");
  EXPECT_THAT(status.body, HasSubstr("\"ready\": true"));
  EXPECT_THAT(status.body, HasSubstr("\"correlation_id\": \"0af7651916cd43dd8448eb211c80319c\""));
}

TEST_F(Web, AnswersEverythingElsePlainly) {
  for (const char* target : {"/nothing", "/metrics/", "/api/v1", "/runbooks/broker-down/x"}) {
    const Response reply = get(target);
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_EQ(reply.body, "there is nothing here\n");
    EXPECT_EQ(reply.header("Content-Type"), "text/plain; charset=utf-8");
  }
  http::Request post;
  post.method = "POST";
  post.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/metrics";
  EXPECT_EQ(http::Client().send(post).value().status, 405);
}

TEST_F(Web, ServesWhileReportsChange) {
  std::atomic<bool> stop{false};
  std::thread pipeline([&] {
    while (!stop) publish(broker_down());
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(get("/metrics").status, 200);
    EXPECT_EQ(get("/").status, 200);
    EXPECT_EQ(get("/api/v1/status").status, 200);
  }
  stop = true;
  pipeline.join();
}

TEST_F(Web, ExplainsARuleThatIsAskedFor) {
  const Response found = get("/api/v1/explain?name=BrokerDown&entity=broker%3D3");
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.header("Content-Type"), "application/json; charset=utf-8");
  EXPECT_THAT(found.body, HasSubstr("\"kind\": \"alert\""));
  EXPECT_THAT(found.body, HasSubstr("\"judges\": \"broker=3\""));
}

TEST_F(Web, ExplainsNothingThatDoesNotExistOrHasNoName) {
  EXPECT_EQ(get("/api/v1/explain?name=Nobody").status, 404);
  EXPECT_EQ(get("/api/v1/explain").status, 400);
  EXPECT_EQ(get("/api/v1/explain?name=" + std::string(301, 'x')).status, 400);
}

TEST_F(Web, SaysSoWhenTheRulesCannotAnswer) {
  EXPECT_EQ(get("/api/v1/explain?name=Busy").status, 503);
}

}  // namespace
}  // namespace highwater
