// The pages that people look at, and what stands on them as time goes on, from the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "web_fixture.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using http::Response;
using testing::HasSubstr;
using testing::Not;

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

TEST_F(Web, ARunbooksCommandsHaveTheBrokersAddressWhereItIsKnown) {
  publish(broker_down());
  EXPECT_THAT(get("/runbooks/broker-down?incident=7").body,
              AllOf(HasSubstr("nc -vz HOST PORT"), HasSubstr("-connect HOST:PORT")));
  Report report = broker_down();
  const Measure info{"broker_info",
                     "Its address.",
                     Unit::info,
                     MeasureType::gauge,
                     {"cluster", "broker", "address", "rack"}};
  report.snapshot = make_snapshot(
      {make_observation("prod", "brokers",
                        {make_table(kBrokerUp, {{{"prod", "3"}, 0}}),
                         make_table(info, {{{"prod", "3", "kafka-3.example:9093", ""}, 1}})})});
  publish(report);
  EXPECT_THAT(
      get("/runbooks/broker-down?incident=7").body,
      AllOf(HasSubstr("nc -vz kafka-3.example 9093"), HasSubstr("-connect kafka-3.example:9093")));
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

TEST_F(Web, LinksARunbookElsewhereButNoScript) {
  Report report = broker_down();
  report.incidents[0].headline.runbook = "https://wiki.example.com/?a=\"b\"";
  publish(report);
  EXPECT_THAT(get("/").body, HasSubstr("href=\"https://wiki.example.com/?a=&quot;b&quot;\""));
  report.incidents[0].headline.runbook = "javascript:alert(1)";
  publish(report);
  EXPECT_THAT(get("/").body, Not(HasSubstr("javascript")));
}

}  // namespace
}  // namespace highwater
