#include "exporters/web/web.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "exporters/http/client.h"
#include "exporters/status/incident_list_text.h"
#include "tests/exporters/report_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using http::Response;
using testing::HasSubstr;
using testing::Not;

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
  history::History history_;
  changes::Ledger changes_;
  notify::DeliveryLog deliveries_;
  std::mutex mutex_;
  ReportPtr report_;
  std::atomic<int64_t> heartbeat_age_{0};
  std::atomic<bool> first_round_done_{true};
  std::unique_ptr<http::Server> server_;
};

TEST_F(Web, ShowsWhatHelpsWhereverAnOpenIncidentIs) {
  publish(broker_down());
  for (const char* page : {"/", "/?incident=7", "/runbooks/broker-down?incident=7"})
    EXPECT_THAT(get(page).body,
                HasSubstr("start &lt;it&gt;<pre tabindex=\"0\"><code>run &#39;BrokerDown&#39; &gt; "
                          "x\n</code></pre>safe &amp; sound"))
        << page;
  for (const char* page : {"/api/v1/status", "/api/v1/incidents"})
    EXPECT_THAT(get(page).body, HasSubstr("\"run 'BrokerDown' > x\"")) << page;
}

TEST_F(Web, ShowsNothingToDoAboutAnIncidentThatEnded) {
  Report report = broker_down();
  auto over = std::make_shared<Incident>(report.incidents[0]);
  over->ended = test_now().wall;
  report.incidents.clear();
  report.history = std::make_shared<const IncidentHistory>(IncidentHistory{over});
  publish(std::move(report));
  for (const char* page : {"/?incident=7", "/runbooks/broker-down?incident=7"})
    EXPECT_THAT(get(page).body, Not(HasSubstr("start &lt;it&gt;"))) << page;
  EXPECT_THAT(get("/api/v1/incidents").body, HasSubstr("\"remedy\": null"));
}

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

TEST_F(Web, WhoeverAsksAgainAndAgainGetsTheSamePage) {
  get("/metrics");
  publish(broker_down());
  const std::string second = get("/metrics").body;
  EXPECT_THAT(second, HasSubstr("highwater_broker_up{")) << "the page of one scrape is not kept";
  publish(Report());
  EXPECT_EQ(get("/metrics").body, second);
  EXPECT_TRUE(
      get("/metrics", {{"Accept", "application/openmetrics-text"}}).body.ends_with("# EOF\n"))
      << "another form is another page";
  clock_.advance(1s);
  EXPECT_THAT(get("/metrics").body, Not(HasSubstr("highwater_broker_up{")));
}

TEST_F(Web, CountsItsOwnRequests) {
  get("/nothing");
  get("/runbooks/broker-down");
  // The count follows the reply, so it may take another scrape to see it.
  for (int i = 0; i < 1000; ++i) {
    clock_.advance(1s);
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
  EXPECT_THAT(page.body, HasSubstr("no such incident any more"));
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
  EXPECT_THAT(page, HasSubstr("Open: 1 page"));
  EXPECT_THAT(page, HasSubstr("1 of 2 brokers up"));
  EXPECT_THAT(
      page,
      HasSubstr("<li class=\"down\"><a href=\"./broker?cluster=prod&amp;name=3\">3: down</a>"));
  Report quiet = broker_down();
  quiet.snapshot = make_snapshot({make_observation(
      "prod", "groups", {make_table(kLagSum, {{{"prod", "audit", "a"}, 0, Unknown::denied}})})});
  quiet.incidents.clear();
  publish(quiet);
  EXPECT_THAT(get("/").body, HasSubstr("All quiet"));
  EXPECT_THAT(get("/").body, HasSubstr("the lag of 1 group is unknown"));
}

// The broker's incident, ended half an hour ago, beside an open one that links to it.
Report with_history() {
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

TEST_F(Web, TheOverviewListsWhatEndedAndLinksOneIncidentToAnother) {
  publish(with_history());
  const std::string page = get("/").body;
  EXPECT_THAT(page, HasSubstr("<a href=\"./incident?id=7\">incident 7</a>"));
  EXPECT_THAT(page, HasSubstr("Ended last"));
  EXPECT_THAT(page, HasSubstr("<a href=\"incident?id=6\">"));
  EXPECT_THAT(page, Not(HasSubstr("<b>was")));
  const std::string list = get("/incidents").body;
  for (const char* id : {"9", "7", "6"})
    EXPECT_THAT(list, HasSubstr("<a href=\"incident?id=" + std::string(id) + "\">"));
}

TEST_F(Web, AnIncidentHasAPageAlsoAfterItsEnd) {
  publish(with_history());
  // The address that notifications carry, and the page's own.
  for (const std::string address : {"/?incident=", "/incident?id="}) {
    const std::string over = get(address + "7").body;
    EXPECT_THAT(over, HasSubstr("<section class=\"card over\">"));
    EXPECT_THAT(over, HasSubstr("the condition ended"));
    EXPECT_THAT(get(address + "9").body, HasSubstr("<section class=\"card page\">"));
    EXPECT_EQ(get(address + "8").status, 404);
    EXPECT_THAT(get(address + "8").body, HasSubstr("There is no such incident any more"));
  }
}

TEST_F(Web, WhatWasNotReadYetIsNotSaidToBeMissing) {
  first_round_done_ = false;
  for (const std::string address :
       {"/incident?id=7", "/broker?cluster=prod&name=3", "/slo?cluster=prod&name=a&entity=b"}) {
    const Response early = get(address);
    EXPECT_EQ(early.status, 503) << address;
    EXPECT_THAT(early.body, HasSubstr("data-live")) << address;
  }
  publish(broker_down());
  EXPECT_EQ(get("/group?cluster=prod&name=billing").status, 503);
  first_round_done_ = true;
  EXPECT_EQ(get("/group?cluster=prod&name=billing").status, 404);
  EXPECT_EQ(get("/broker?cluster=prod&name=3").status, 200);
}

TEST_F(Web, TheAgentHasAPageOfItsOwn) {
  EXPECT_THAT(get("/agent").body, HasSubstr("the first round is under way"));
  Report report = broker_down();
  report.snapshot = make_snapshot({make_observation(
      "prod", "brokers",
      {make_table(kBrokerUp, {{{"prod", "1"}, 1}, {{"prod", "3"}, 0, Unknown::denied}})})});
  publish(std::move(report));
  const std::string page = get("/agent").body;
  EXPECT_THAT(page, HasSubstr("<td>1</td><td>1 denied</td>"));
  EXPECT_THAT(page, HasSubstr("resident memory"));
  EXPECT_THAT(page, HasSubstr("nobody is notified"));
}

TEST_F(Web, ChangesCanBeAskedForAsGrafanaDoes) {
  constexpr std::array<std::string_view, 1> kCluster{"cluster"};
  changes_.mark(test_now().wall, Entity(kCluster, std::array{Symbol("prod")}), "deploy");
  const auto at =
      std::chrono::duration_cast<std::chrono::milliseconds>(test_now().wall.time_since_epoch())
          .count();
  const auto between = [&](long from, long until) {
    return get(fmt::format("/api/v1/changes?since={}&until={}", at + from, at + until)).body;
  };
  EXPECT_THAT(between(-1000, 1000), HasSubstr("\"tags\":\"mark,cluster=prod\""));
  EXPECT_THAT(between(1000, 2000), HasSubstr("\"change_count\":0"));
  EXPECT_THAT(between(-2000, -1000), HasSubstr("\"change_count\":0"));
}

TEST_F(Web, PagesSaySinceWhenTheAgentRuns) {
  EXPECT_EQ(get("/").header("Highwater-Started"), format_time(test_now().wall));
}

TEST_F(Web, AnOldReportIsSaidToBeOld) {
  publish(broker_down());
  const std::vector<std::string> pages{"/", "/incident?id=7", "/broker?cluster=prod&name=3"};
  for (const std::string& page : pages)
    EXPECT_THAT(get(page).body, Not(HasSubstr("class=\"old\""))) << page;
  clock_.advance(60s);
  for (const std::string& page : pages)
    EXPECT_THAT(get(page).body, HasSubstr("1 min ago: the agent has judged nothing since")) << page;
}

TEST_F(Web, ARunbookOfAnEndedIncidentHasItsFacts) {
  publish(with_history());
  const std::string page = get("/runbooks/broker-down?incident=7").body;
  EXPECT_THAT(page, HasSubstr("<section class=\"card over\">"));
  EXPECT_THAT(page, HasSubstr("Look at the host of broker 3."));
  EXPECT_THAT(page, HasSubstr("30 min ago: the condition ended"));
}

TEST_F(Web, ListsIncidentsOpenAndEnded) {
  publish(with_history());
  const std::string week = get("/api/v1/incidents").body;
  EXPECT_THAT(week, HasSubstr("\"incident_count\": 2"));
  EXPECT_LT(week.find("\"id\": 9"), week.find("\"id\": 7"));
  EXPECT_THAT(week, HasSubstr("\"lasted_seconds\": 300.0"));
  EXPECT_THAT(get("/api/v1/incidents?last=30d").body, HasSubstr("\"incident_count\": 3"));
  EXPECT_THAT(get("/api/v1/incidents?last=10m").body, HasSubstr("\"incident_count\": 1"));
  const Response wrong = get("/api/v1/incidents?last=soon");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("/api/v1/incidents?last=7d"));
}

TEST_F(Web, TheListOfIncidentsIsATableInTheTerminal) {
  publish(with_history());
  const std::string table = render_incident_list(get("/api/v1/incidents").body, {}).value();
  EXPECT_THAT(table, HasSubstr("open, 1 min 30 s"));
  EXPECT_THAT(table, HasSubstr("broker 4 of prod is down"));
  EXPECT_THAT(table, HasSubstr("5 min"));
  EXPECT_EQ(render_incident_list(R"({"incidents": [], "last_seconds": 604800})", {}).value(),
            "no incident in the last 7 d\n");
  EXPECT_FALSE(render_incident_list("<html>", {}));
}

TEST_F(Web, LinksARunbookElsewhereButNoScript) {
  Report report = broker_down();
  report.incidents[0].headline.runbook = "https://wiki.example.com/?a=\"b\"";
  publish(report);
  EXPECT_THAT(get("/").body, HasSubstr("href=\"https://wiki.example.com/?a=&quot;b&quot;\""));
  report.incidents[0].headline.runbook = "javascript:alert(1)";
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

TEST_F(Web, ListsAsManyGroupsAsItIsAskedFor) {
  std::vector<Row> rows;
  for (int i = 0; i < 30; ++i) rows.push_back({{"prod", "g" + std::to_string(i), "t"}, 1.0 * i});
  Report report;
  report.snapshot =
      make_snapshot({make_observation("prod", "groups", {make_table(kLagSum, rows)})});
  publish(report);
  const auto listed = [&](const std::string& query) {
    const auto status = nlohmann::json::parse(get("/api/v1/status" + query).body);
    return status["clusters"][0]["groups"].size();
  };
  EXPECT_EQ(listed(""), 10U);
  EXPECT_EQ(listed("?groups=25"), 25U);
  EXPECT_EQ(listed("?groups=99999999"), 30U);
  EXPECT_EQ(listed("?groups=many"), 10U);
}

TEST_F(Web, SaysSinceWhenAllIsQuiet) {
  const auto quiet_since = [&](Report report) {
    publish(std::move(report));
    return nlohmann::json::parse(get("/api/v1/status").body)["quiet_since"];
  };
  Report report = with_history();
  const WallTime ended = *report.history->front()->ended;
  report.incidents = {broker_down_incident()};
  EXPECT_EQ(quiet_since(report), nullptr) << "one is open";
  report.incidents.clear();
  EXPECT_EQ(quiet_since(report), format_time(ended));
  report.history = nullptr;
  EXPECT_EQ(quiet_since(report), nullptr) << "none is known";
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
