#include "exporters/web/web.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "exporters/http/client.h"
#include "exporters/status/incident_list_text.h"
#include "web_fixture.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using http::Response;
using testing::HasSubstr;
using testing::Not;

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
