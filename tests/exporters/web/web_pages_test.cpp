// The pages that people look at, made from reports by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/html/html.h"
#include "exporters/value_text.h"
#include "exporters/web/agent_page.h"
#include "exporters/web/changes_page.h"
#include "exporters/web/deliveries_page.h"
#include "exporters/web/entity_page.h"
#include "exporters/web/now_page.h"
#include "exporters/web/plot.h"
#include "exporters/web/search_page.h"
#include "exporters/web/series_json.h"
#include "exporters/web/slo_page.h"
#include "web_support.h"

namespace highwater::web {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string page_of(const Report& report, Kind kind, const std::string& name, size_t page = 0,
                    const history::History& history = {}) {
  EntityQuestion question;
  question.subject = {kind, "prod", name};
  question.page = page;
  return entity_page(report, test_now(), history, question).value_or("");
}

TEST(ValueText, IsWrittenAsPeopleReadIt) {
  EXPECT_EQ(value_text(1204, Unit::records), "1,204");
  EXPECT_EQ(value_text(-1234567, Unit::count), "-1,234,567");
  EXPECT_EQ(value_text(0.125, Unit::ratio), "12.5 %");
  EXPECT_EQ(value_text(423, Unit::seconds), "7 min 3 s");
  EXPECT_EQ(value_text(0.012, Unit::seconds), "12 ms");
  EXPECT_EQ(value_text(-60, Unit::seconds), "-1 min");
  EXPECT_EQ(value_text(3.3e9, Unit::bytes), "3.1 GiB");
  EXPECT_EQ(value_text(1, Unit::boolean), "yes");
  EXPECT_EQ(value_text(2.5, Unit::none), "2.50");
  EXPECT_EQ(value_text(std::nan(""), Unit::count), "no value");
  EXPECT_EQ(value_text(1e300, Unit::seconds).substr(0, 2), "1,");
}

TEST(NowPage, TheWorstGroupsHaveTheirRatesAndWhenTheyCatchUp) {
  const Measure consumed{"group_consumed_records_per_second",
                         "Help.",
                         Unit::records,
                         MeasureType::gauge,
                         {"cluster", "group", "topic"}};
  const Measure catch_up{"group_time_to_catch_up_seconds",
                         "Help.",
                         Unit::seconds,
                         MeasureType::gauge,
                         {"cluster", "group", "topic"}};
  Report report = one_group();
  std::vector<Observation> observations{*report.snapshot->observations.begin()->second};
  observations.push_back(
      make_observation("prod", "rates",
                       {make_table(consumed, {{{"prod", "billing", "orders"}, 12}}),
                        make_table(catch_up, {{{"prod", "billing", "orders"}, 90}})}));
  report.snapshot = make_snapshot(std::move(observations));
  const Runbooks runbooks = Runbooks::load().value();
  const history::History history;
  const changes::Ledger ledger;
  const notify::DeliveryLog deliveries;
  const std::string page =
      now_page(&report, test_now(), {runbooks, history, ledger, deliveries, {}});
  EXPECT_THAT(page, HasSubstr("unknown</span></td><td>12</td><td>1 min 30 s</td>"));
}

TEST(EntityPage, AGroupShowsItsTopicsAndPartitions) {
  const std::string page = page_of(one_group(), Kind::group, "billing");
  EXPECT_THAT(page, HasSubstr("<h1>Group billing</h1>"));
  EXPECT_THAT(page, HasSubstr("<dt>members</dt><dd>3</dd>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"./topic?cluster=prod&amp;name=orders\">orders</a>"));
  EXPECT_THAT(page, HasSubstr("<td>330</td><td>7 min</td>"));
  // 10 after 9.
  EXPECT_LT(page.find("<td>9</td><td>45</td>"), page.find("<td>10</td><td>50</td>"));
  EXPECT_THAT(page, HasSubstr("No open incident names it."));
}

TEST(EntityPage, WhatIsUnknownSaysWhy) {
  const std::string page = page_of(one_group("billing", Unknown::denied), Kind::group, "billing");
  EXPECT_THAT(page, HasSubstr("unknown: denied"));
  EXPECT_THAT(page, Not(HasSubstr("<td>330</td>")));
}

TEST(EntityPage, NamesTheIncidentsThatNameIt) {
  Report report = report_of({make_observation(
      "prod", "brokers", {make_table(kBrokerUp, {{{"prod", "3"}, 0}, {{"prod", "4"}, 1}})})});
  report.incidents = {broker_down_incident()};
  EXPECT_THAT(page_of(report, Kind::broker, "3"),
              HasSubstr("<a href=\"./incident?id=7\">broker 3 of prod is down: it crashed</a>"));
  EXPECT_THAT(page_of(report, Kind::broker, "4"), HasSubstr("No open incident names it."));
  EXPECT_EQ(page_of(report, Kind::broker, "5"), "");
  EXPECT_EQ(page_of(report, Kind::topic, "3"), "");
}

TEST(EntityPage, LongTablesHavePages) {
  std::vector<Row> rows;
  for (int i = 0; i < 250; ++i) rows.push_back({{"prod", "g", "t", std::to_string(i)}, 1.0});
  const Report report = report_of({make_observation("prod", "groups", {make_table(kLag, rows)})});
  const std::string first = page_of(report, Kind::group, "g");
  EXPECT_THAT(first, HasSubstr("250 rows"));
  EXPECT_THAT(first, HasSubstr("<td>99</td>"));
  EXPECT_THAT(first, Not(HasSubstr("<td>100</td>")));
  const std::string last = page_of(report, Kind::group, "g", 2);
  EXPECT_THAT(last, HasSubstr("<td>249</td>"));
  EXPECT_THAT(last, Not(HasSubstr("<td>199</td>")));
  EXPECT_THAT(page_of(report, Kind::group, "g", 999'999), HasSubstr("250 rows"));
}

TEST(EntityPage, AClusterListsItsTopicsAndGroups) {
  Report report = one_group();
  std::vector<Row> topics;
  for (int i = 0; i < 300; ++i) topics.push_back({{"prod", "t" + std::to_string(i)}, 1});
  report.snapshot = make_snapshot(
      {make_observation("prod", "topics", {make_table(kTopicPartitions, topics)}),
       make_observation("prod", "groups", {make_table(kMembers, {{{"prod", "billing"}, 3}})})});
  EntityQuestion question;
  question.subject = {Kind::cluster, "prod", "prod"};
  const std::string page = entity_page(report, test_now(), {}, question).value();
  EXPECT_THAT(page, HasSubstr("<h2>300 topics</h2>"));
  EXPECT_THAT(page, HasSubstr("and 100 more: search for them"));
  EXPECT_THAT(page, HasSubstr("<h2>1 group</h2>"));
}

// Whoever may create a topic or a group must not be able to put anything on a page.
TEST(EntityPage, HostileNamesAreShownAndNeverObeyed) {
  const std::string name = "<script>alert(1)</script>\"'&?#/%00";
  const Report report = one_group(name);
  const std::string group = page_of(report, Kind::group, name);
  const std::string found = search_page(report.snapshot.get(), "<SCRIPT>");
  const std::string now =
      now_page(&report, test_now(), {Runbooks::load().value(), {}, {}, notify::DeliveryLog()});
  for (const std::string& page : {group, found, now}) {
    EXPECT_THAT(page, Not(HasSubstr("<script>")));
    EXPECT_THAT(page, Not(HasSubstr("\"'&?#")));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)"));
  }
  EXPECT_THAT(found,
              HasSubstr("name=%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%26%3F%23%2F%2500"));
}

TEST(ChangesPage, ListsTheNewestFirstAndEscapesThem) {
  changes::Ledger ledger;
  const WallTime now = test_now().wall;
  ledger.note(now - std::chrono::minutes(2), {}, "rules <b>reloaded</b>");
  ledger.note(now - std::chrono::minutes(1), {}, "again");
  ledger.note(now - std::chrono::hours(5), {}, "too old");
  const std::string page = changes_page(ledger, now, std::chrono::hours(1));
  EXPECT_THAT(page, HasSubstr("rules &lt;b&gt;reloaded&lt;/b&gt;"));
  EXPECT_LT(page.find("again"), page.find("rules &lt;b"));
  EXPECT_THAT(page, Not(HasSubstr("too old")));
  EXPECT_THAT(changes_json(ledger, now - std::chrono::hours(1), now + std::chrono::seconds(1)),
              HasSubstr("\"text\":\"again\",\"mark\":false,\"tags\":\"seen\"},{"));
  EXPECT_THAT(changes_page({}, now, std::chrono::hours(1)), HasSubstr("None was seen."));
}

TEST(ChangesPage, ARestartIsNoChangeThatCausesAnything) {
  changes::Ledger ledger;
  const Incident incident = broker_down_incident();
  EXPECT_THAT(changes_before(ledger, incident, nullptr),
              HasSubstr("nothing that is known, in the 30 min"));
  ledger.begin(incident.cause.active_since - std::chrono::minutes(2));
  EXPECT_THAT(changes_before(ledger, incident, nullptr),
              HasSubstr("not known: the agent was started 2 min before"));
}

TEST(AgentPage, APartIsAsItShouldBeUnlessSomethingKeepsRowsFromBeingRead) {
  const auto page_with = [](Unknown reason) {
    const Report report = report_of({make_observation(
        "prod", "brokers",
        {make_table(kBrokerUp, {{{"prod", "1"}, 1}, {{"prod", "2"}, 0, reason}})})});
    AgentFacts facts;
    facts.report = &report;
    return agent_page(facts, test_now());
  };
  EXPECT_THAT(page_with(Unknown::not_asked),
              HasSubstr("<td>as it should be</td><td>1</td><td>1 not_asked</td>"));
  EXPECT_THAT(page_with(Unknown::timed_out),
              HasSubstr("<td>1 row cannot be read</td><td>1</td><td>1 timed_out</td>"));
}

TEST(SearchPage, FindsNamesOfEitherCaseAndCountsThem) {
  const Report report = one_group("Billing");
  EXPECT_THAT(search_page(report.snapshot.get(), "bill"),
              HasSubstr("1 has \"bill\" in the name or address."));
  EXPECT_THAT(search_page(report.snapshot.get(), "nothing"), HasSubstr("0 have"));
  EXPECT_THAT(search_page(report.snapshot.get(), ""), HasSubstr("0 have"));
  EXPECT_THAT(search_page(nullptr, "x"), HasSubstr("0 have"));
}

TEST(SearchPage, FindsBrokersByTheirKindNumberAndAddress) {
  const Measure info{"broker_info",
                     "Its address.",
                     Unit::info,
                     MeasureType::gauge,
                     {"cluster", "broker", "address", "rack"}};
  const Report report = report_of(
      {make_observation("prod", "brokers",
                        {make_table(kBrokerUp, {{{"prod", "2"}, 1}, {{"prod", "31"}, 1}}),
                         make_table(info, {{{"prod", "2", "kafka-a.example:9092", "r2"}, 1},
                                           {{"prod", "31", "kafka-b.example:9092", "r31"}, 1}})})});
  const auto found = [&](std::string_view text) {
    return search_page(report.snapshot.get(), text);
  };
  const auto is_two = AllOf(HasSubstr("1 has"), HasSubstr("name=2\">2</a>"));
  for (const char* text : {"broker 2", "Broker 2", "broker  2", "kafka-A", "broker kafka-a"})
    EXPECT_THAT(found(text), is_two) << text;
  EXPECT_THAT(found("31"), HasSubstr("name=31\">31</a>"));
  EXPECT_THAT(found("broker"), HasSubstr("2 have"));
  EXPECT_THAT(found("r31"), HasSubstr("0 have")) << "a rack is no address";
  EXPECT_THAT(found("brokers"), HasSubstr("0 have"));
}

class Curves : public testing::Test {
 protected:
  Curves() {
    for (int i = 0; i < 12; ++i) {
      Report report = one_group("billing", i >= 8 ? Unknown::denied : Unknown::known);
      report.at = {test_now().steady + std::chrono::seconds(10 * i),
                   test_now().wall + std::chrono::seconds(10 * i)};
      auto snapshot = std::make_shared<Snapshot>();
      for (const auto& [part, seen] : report.snapshot->observations) {
        auto observation = std::make_shared<Observation>(*seen);
        observation->at = report.at;
        snapshot->observations[part] = observation;
      }
      report.snapshot = snapshot;
      history_.add(report);
      last_ = report;
    }
  }
  history::History history_;
  Report last_;
};

TEST_F(Curves, APlotShowsAGapWithItsReason) {
  EntityQuestion question;
  question.subject = {Kind::group, "prod", "billing"};
  question.back = std::chrono::hours(1);
  const std::string page = entity_page(last_, last_.at, history_, question).value();
  EXPECT_THAT(page, HasSubstr("<svg class=\"plot\""));
  EXPECT_THAT(page, HasSubstr("topic lag records, topic orders"));
  EXPECT_THAT(page, HasSubstr("<title>unknown: " + std::string(unknown_sentence(Unknown::denied))));
  EXPECT_THAT(page, HasSubstr("<polyline"));
  EXPECT_THAT(page, HasSubstr("<strong>1 h</strong>"));
}

TEST_F(Curves, AreAlsoJson) {
  const auto json = series_json(*last_.snapshot, history_,
                                {{"measure", "group_topic_lag_records"},
                                 {"cluster", "prod"},
                                 {"group", "billing"},
                                 {"topic", "orders"}},
                                last_.at.wall - std::chrono::hours(1), last_.at.wall);
  ASSERT_TRUE(json);
  EXPECT_THAT(*json, HasSubstr("\"step_seconds\":10"));
  EXPECT_THAT(*json, HasSubstr("\"min\":330.0,\"max\":330.0,\"last\":330.0"));
  EXPECT_THAT(*json, HasSubstr("\"unknown\":\"denied\""));
  EXPECT_FALSE(series_json(*last_.snapshot, history_, {{"measure", "nothing"}}, {}, last_.at.wall));
}

const Measure kBudgetLeft{"slo_error_budget_remaining_ratio",
                          "What is left.",
                          Unit::ratio,
                          MeasureType::gauge,
                          {"cluster", "slo", "entity"}};

ExplainAnswer burning(const std::string& group) {
  ExplainAnswer answer;
  answer.kind = ExplainAnswer::Kind::slo;
  answer.meaning = "Bad time is when it lags.";
  Explanation& item = answer.items.emplace_back();
  item.entity.labels = {{Symbol("cluster"), Symbol("prod")}, {Symbol("group"), Symbol(group)}};
  ExplainedBudget& budget = item.budget.emplace();
  budget.objective = 0.999;
  budget.window = "28d";
  budget.bad = 600;
  budget.allowed = 2419;
  budget.remaining = 0.75;
  budget.coverage = 0.5;
  ExplainedTier& tier = budget.tiers.emplace_back();
  tier.factor = 14.4;
  tier.severity = Severity::page;
  tier.burning = true;
  return answer;
}

TEST(SloPage, SaysWhatIsLeftAndWhatEachTierSees) {
  const Report report = report_of({make_observation(
      "prod", "slos", {make_table(kBudgetLeft, {{{"prod", "lag", "group=billing"}, 0.75}})})});
  SloQuestion question{"prod", "lag", "group=billing", std::chrono::hours(24)};
  const std::string page =
      slo_page(report, test_now(), {}, question, burning("billing")).value_or("");
  for (const char* const part : {"SLO lag", "99.9 %", "75.0 %", "10 min of 40 min", "28d", "burns",
                                 "50.0 % of the window", "Bad time is when it lags."})
    EXPECT_THAT(page, HasSubstr(part));
  // The rules may be busy, and speak of others.
  EXPECT_THAT(slo_page(report, test_now(), {}, question, std::nullopt).value_or(""),
              HasSubstr("The rules are busy"));
  EXPECT_THAT(slo_page(report, test_now(), {}, question, burning("other")).value_or(""),
              HasSubstr("The rules are busy"));
  question.entity = "group=gone";
  EXPECT_FALSE(slo_page(report, test_now(), {}, question, burning("gone")));
  EXPECT_EQ(slo_url(".", question), "./slo?cluster=prod&name=lag&entity=group%3Dgone");
}

TEST(DeliveriesPage, SaysWhoWasToldAndWhoCouldNotBe) {
  Incident incident;
  incident.id = 7;
  incident.correlation.bytes[0] = 7;
  incident.title = "Broker <3> crashed";
  notify::DeliveryLog log;
  const WallTime now = test_now().wall;
  const auto tell = [&](const char* receiver, const notify::Answer& answer, TransitionKind kind) {
    notify::Notice notice{{1, kind, incident, {}, nullptr}, now - std::chrono::seconds(2)};
    notify::Delivery delivery;
    delivery.notice = std::make_shared<const notify::Notice>(std::move(notice));
    log.add(receiver, delivery, answer, now, now);
  };
  EXPECT_EQ(told_of(log, incident, now), "");
  tell("oncall", notify::delivered(202), TransitionKind::opened);
  tell("slack", notify::retry("HTTP 503: <busy>", 503), TransitionKind::opened);
  tell("slack", notify::retry("HTTP 503: <busy>", 503), TransitionKind::opened);
  tell("oncall", notify::delivered(202), TransitionKind::resolved);
  EXPECT_EQ(told_of(log, incident, now),
            "oncall: end sent " + since_text(now, now) +
                "<br>\nslack: <strong>not delivered</strong>, failed 2 times: HTTP 503: "
                "&lt;busy&gt;");
  const std::string page = deliveries_page(log, now);
  EXPECT_THAT(page, HasSubstr("Broker &lt;3&gt; crashed"));
  EXPECT_THAT(page, HasSubstr("delivered after 2 s"));
  EXPECT_THAT(page, HasSubstr("class=\"wide stack\"")) << "to be read on a narrow screen";
  EXPECT_THAT(deliveries_json(log, now, 7, 1), HasSubstr("\"status\":\"resolved\""));
  // The number of an incident of before the state was lost.
  incident.correlation.bytes[0] = 8;
  EXPECT_EQ(told_of(log, incident, now), "");
}

TEST(DeliveriesPage, ToldSaysTheFirstTimeAndTheLast) {
  Incident incident;
  incident.id = 7;
  notify::DeliveryLog log;
  const WallTime now = test_now().wall;
  const auto tell = [&](const notify::Answer& answer, Duration ago) {
    notify::Notice notice{{1, TransitionKind::opened, incident, {}, nullptr}, now - ago};
    notify::Delivery delivery;
    delivery.notice = std::make_shared<const notify::Notice>(std::move(notice));
    log.add("oncall", delivery, answer, now - ago, now - ago);
  };
  const auto at = [&](Duration ago) { return since_text(now - ago, now); };
  using std::chrono::minutes;
  tell(notify::delivered(202), minutes(30));
  EXPECT_EQ(told_of(log, incident, now), "oncall: sent " + at(minutes(30)));
  tell(notify::delivered(202), minutes(20));
  tell(notify::delivered(202), minutes(10));
  EXPECT_EQ(told_of(log, incident, now),
            "oncall: sent " + at(minutes(10)) + "; first sent " + at(minutes(30)));
  tell(notify::retry("HTTP 503", 503), minutes(1));
  EXPECT_EQ(
      told_of(log, incident, now),
      "oncall: <strong>not delivered</strong>, failed: HTTP 503; first sent " + at(minutes(30)));
}

}  // namespace
}  // namespace highwater::web
