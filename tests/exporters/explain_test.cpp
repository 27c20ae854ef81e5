// What an agent answers when it is asked why, and what people see of that.
#include "exporters/status/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporters/status/explain_text.h"
#include "report_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

ExplainedTier page_tier(bool burning) {
  ExplainedTier tier;
  tier.factor = 14.4;
  tier.severity = Severity::page;
  tier.long_window = {1h, burning ? 20.0 : 0.3, burning ? 720.0 : 10.8, 3600, 1h};
  tier.short_window = {5min, burning ? 100.0 : 0.0, burning ? 300.0 : 0.0, 300, 5min};
  tier.coverage = 1;
  tier.burning = burning;
  if (burning) tier.clears_at = test_now().wall + 4min;
  return tier;
}

Explanation explanation(bool burning) {
  Explanation item;
  item.entity = make_entity({{"cluster", "prod"}, {"group", "payments"}});
  item.sample = burning ? "6 min 40 s" : "10 s";
  item.sample_is_bad = burning;
  ExplainedBudget& budget = item.budget.emplace();
  budget.objective = 0.99;
  budget.window = "30d";
  budget.bad = burning ? 720 : 10.8;
  budget.allowed = 25920;
  budget.remaining = 1 - budget.bad / budget.allowed;
  budget.coverage = 1;
  budget.burn = burning ? 20 : 0.3;
  if (burning) budget.exhausted_in = 35h;
  budget.tiers = {page_tier(burning)};
  if (!burning) return item;
  budget.clears_at = budget.tiers[0].clears_at;
  Alert alert = broker_down_alert();
  alert.rule = "payments-lag";
  alert.summary = "payments-lag burns 20 times too fast";
  item.alert = alert;
  return item;
}

ExplainAnswer answer_of(std::vector<Explanation> items) {
  ExplainAnswer answer;
  answer.kind = ExplainAnswer::Kind::slo;
  answer.at = test_now().wall;
  answer.rule = "payments-lag";
  answer.judges = "group_lag_seconds <= 5m";
  answer.meaning = "99% of 30d; fires as page above 14.4x over 1h and 5m.";
  answer.count = items.size();
  answer.items = std::move(items);
  return answer;
}

Report with_incident() {
  Report report;
  report.incidents = {broker_down_incident()};
  return report;
}

ExplainView shown(const ExplainAnswer& answer, const Report* report = nullptr) {
  const auto view = render_explanation(explain_json(answer, report), {.width = 200});
  EXPECT_TRUE(view);
  return view.value_or(ExplainView());
}

TEST(ExplainJson, TellsTheWindowsOfEachTierAndWhenItClears) {
  const json body = json::parse(explain_json(answer_of({explanation(true)}), nullptr));
  const json& item = body["items"][0];
  EXPECT_EQ(item["state"], "firing");
  const json& tier = item["budget"]["tiers"][0];
  EXPECT_EQ(tier["fires_above"], 14.4);
  EXPECT_EQ(tier["burning"], true);
  EXPECT_EQ(tier["long"]["window"], "1h");
  EXPECT_EQ(tier["long"]["burn_rate"], 20);
  EXPECT_EQ(tier["long"]["bad"], 720);
  EXPECT_EQ(tier["long"]["total"], 3600);
  EXPECT_EQ(tier["short"]["known_seconds"], 300);
  EXPECT_EQ(item["budget"]["exhausted_in_seconds"], 35 * 3600);
  EXPECT_EQ(item["budget"]["clears_at"], format_time(test_now().wall + 4min));
}

TEST(ExplainJson, TellsTheIncidentThatTheAlertIsPartOf) {
  const Report report = with_incident();
  const json body = json::parse(explain_json(answer_of({explanation(true)}), &report));
  const json& incident = body["items"][0]["incident"];
  EXPECT_EQ(incident["id"], 7);
  EXPECT_EQ(incident["cause"]["summary"], "broker 3 of prod is down: it crashed");
  EXPECT_EQ(incident["evidence_count"], 412);
}

TEST(ExplainJson, TellsWhatChangedBeforeTheIncidentAsItsNotificationDoes) {
  Report report = with_incident();
  const WallTime began{500'000h};
  report.incidents[0].changes = {{2min, began - 2min, "topic=orders: partitions 6 -> 12"},
                                 {0s, began, "new disks"}};
  const json body = json::parse(explain_json(answer_of({explanation(true)}), &report));
  EXPECT_EQ(body["items"][0]["incident"]["changes"][0]["seconds_before"], 120);
  EXPECT_EQ(body["items"][0]["incident"]["changes"][0]["at"], format_time(began - 2min));
  EXPECT_THAT(
      shown(answer_of({explanation(true)}), &report).text,
      HasSubstr("changed      07:58:00 UTC, 2 min before it began: topic=orders: partitions "
                "6 -> 12; 08:00:00 UTC, as it began: new disks\n"));
}

TEST(ExplainJson, AQuietBudgetHasNeitherAlertNorIncident) {
  const Report report = with_incident();
  const json body = json::parse(explain_json(answer_of({explanation(false)}), &report));
  EXPECT_EQ(body["items"][0]["state"], "quiet");
  EXPECT_EQ(body["items"][0]["alert"], nullptr);
  EXPECT_EQ(body["items"][0]["incident"], nullptr);
  EXPECT_EQ(body["items"][0]["budget"]["clears_at"], nullptr);
}

TEST(ExplainText, SaysWhatTheCoverageIsOf) {
  const Report report = with_incident();
  ExplainAnswer answer = answer_of({explanation(false)});
  ExplainedBudget& budget = *answer.items.front().budget;
  budget.coverage = 0.9;
  budget.coverage_since = budget.window_begin;
  EXPECT_THAT(shown(answer, &report).text, HasSubstr("; only 90% of it was seen\n"));
  budget.coverage_since = test_now().wall - 5min;
  EXPECT_THAT(shown(answer, &report).text,
              HasSubstr("; only 90% of the time since 2023-11-14 22:18:20 UTC was seen\n"));
}

TEST(ExplainText, ShowsWhyAnSloFiresAndWhatWouldClearIt) {
  const Report report = with_incident();
  const ExplainView view = shown(answer_of({explanation(true)}), &report);
  EXPECT_EQ(view.exit_code, 1);
  EXPECT_THAT(view.text, HasSubstr("cluster=prod group=payments: firing (page)\n"));
  EXPECT_THAT(view.text, HasSubstr("last sample  6 min 40 s, which is bad\n"));
  EXPECT_THAT(view.text, HasSubstr("budget       97.22% left: 12 min of 7 h 12 min are gone in "
                                   "30d\n"));
  EXPECT_THAT(view.text, HasSubstr("exhausted    in 1 d 11 h at this rate (20)\n"));
  EXPECT_THAT(view.text, HasSubstr("clears       2023-11-14 22:27:20 UTC, if all is good"));
  EXPECT_THAT(view.text, HasSubstr("page  14.4         1h      20    12 min  1 h    100%   "
                                   "burning\n"));
  EXPECT_THAT(view.text, HasSubstr("cause        broker 3 of prod is down: it crashed\n"
                                   "  impact       412 partitions offline; 37 groups got another "
                                   "coordinator: billing and 36 more\n"));
  EXPECT_THAT(view.text, HasSubstr("and 411 more\n"));
}

TEST(ExplainText, SaysInALineWhyABudgetIsQuiet) {
  const ExplainView view = shown(answer_of({explanation(false), explanation(false)}));
  EXPECT_EQ(view.exit_code, 0);
  EXPECT_THAT(view.text,
              HasSubstr("cluster=prod group=payments: quiet: burn 0.3 over 1h, fires above 14.4; "
                        "99.96% of the budget left\n"));
  EXPECT_THAT(view.text, Not(HasSubstr("TIER")));
}

TEST(ExplainText, SaysThatATierIsFrozen) {
  Explanation item = explanation(false);
  item.sample.clear();
  item.budget->tiers[0].frozen = true;
  const ExplainView view = shown(answer_of({item}));
  EXPECT_THAT(view.text, HasSubstr("frozen: burn 0.3"));
  EXPECT_THAT(view.text, HasSubstr("last sample  unknown\n"));
  EXPECT_EQ(view.exit_code, 2) << "nobody can say whether it should fire";
  EXPECT_EQ(shown(answer_of({item, explanation(false)})).exit_code, 0);
  EXPECT_EQ(shown(answer_of({item, explanation(true)})).exit_code, 1);
}

TEST(ExplainText, ShowsWhatAnAlertRuleSeesWhenItIsQuiet) {
  ExplainAnswer answer;
  answer.kind = ExplainAnswer::Kind::alert;
  answer.rule = "SlowBroker";
  answer.judges = "broker_response_seconds > 500ms";
  answer.rows = {{Symbol("prod"), 3, 0, 1, "200 ms"}};
  const ExplainView view = shown(answer);
  EXPECT_EQ(view.exit_code, 0);
  EXPECT_THAT(view.text, HasSubstr("prod         0 of 3 rows meet it, the worst is 200 ms, 1 is "
                                   "unknown\nquiet, as far as is known\n"));
}

TEST(ExplainText, ARuleWhoseRowsCannotBeReadIsNotQuiet) {
  ExplainAnswer answer;
  answer.kind = ExplainAnswer::Kind::alert;
  answer.rows = {{Symbol("prod"), 3, 0, 3, ""}};
  const ExplainView view = shown(answer);
  EXPECT_EQ(view.exit_code, 2);
  EXPECT_THAT(view.text, HasSubstr("whether it should fire is unknown\n"));
}

TEST(ExplainText, ARuleWithoutRowsIsNotQuiet) {
  ExplainAnswer answer;
  answer.kind = ExplainAnswer::Kind::alert;
  answer.judges = "broker_response_seconds > 500ms";
  for (const auto& rows : {std::vector<ExplainedRows>{}, {{Symbol("prod"), 0, 0, 0, ""}}}) {
    answer.rows = rows;
    const ExplainView view = shown(answer);
    EXPECT_EQ(view.exit_code, 2);
    EXPECT_THAT(view.text, HasSubstr("no row of broker_response_seconds that it judges has been "
                                     "read yet\n"));
  }
  answer.items = {explanation(true)};
  EXPECT_EQ(shown(answer).exit_code, 1) << "an alert of it fires";
}

TEST(ExplainText, APendingAlertThatCannotBeReadNowIsNotQuiet) {
  Explanation item = explanation(true);
  item.budget.reset();
  item.alert->state = AlertState::pending;
  ExplainAnswer answer = answer_of({item});
  answer.kind = ExplainAnswer::Kind::alert;
  EXPECT_EQ(shown(answer).exit_code, 0);
  answer.items[0].alert->unknown = true;
  EXPECT_EQ(shown(answer).exit_code, 2);
}

TEST(ExplainText, CountsOneRowAsOne) {
  ExplainAnswer answer;
  answer.kind = ExplainAnswer::Kind::alert;
  answer.rows = {{Symbol("prod"), 1, 1, 0, "600 ms"}};
  EXPECT_THAT(shown(answer).text, HasSubstr("prod         1 of 1 row meets it, the worst is"));
}

TEST(ExplainText, SaysWhichEvidenceHasEnded) {
  Report report = with_incident();
  report.incidents[0].evidence[0].ended = true;
  EXPECT_THAT(shown(answer_of({explanation(true)}), &report).text,
              HasSubstr("evidence     ended: orders-0 has no leader\n"));
}

TEST(ExplainText, AnSloWithoutABudgetThatFitsCannotSay) {
  const ExplainView view = shown(answer_of({}));
  EXPECT_EQ(view.exit_code, 2);
  EXPECT_THAT(view.text, HasSubstr("it has no budget yet: no row that it judges has been read\n"));
}

TEST(ExplainText, AnUnknownRuleIsAnsweredWithAdvice) {
  ExplainAnswer answer;
  answer.rule = "payment-lag";
  answer.advice = "did you mean 'payments-lag'?";
  const ExplainView view = shown(answer);
  EXPECT_EQ(view.exit_code, 2);
  EXPECT_EQ(view.text, "there is no rule 'payment-lag': did you mean 'payments-lag'?\n");
}

TEST(ExplainText, RefusesWhatIsNoExplanation) {
  EXPECT_FALSE(render_explanation("{}", {}));
  EXPECT_FALSE(render_explanation("<html>", {}));
  EXPECT_TRUE(render_explanation(R"({"kind": 7, "items": [{"budget": [], "entity": 3}]})", {}));
}

TEST(ExplainText, AnEntityThatNoBudgetMatchesIsSaid) {
  ExplainAnswer answer = answer_of({});
  answer.entity = "group=paymnets";
  answer.total = 12;
  answer.advice = "did you mean 'group=payments'?";
  const ExplainView view = shown(answer);
  EXPECT_EQ(view.exit_code, 2);
  EXPECT_THAT(view.text, HasSubstr("asked for    group=paymnets: 0 of 12 budgets\n"));
  EXPECT_THAT(view.text, HasSubstr("none of its 12 budgets matches 'group=paymnets': did you mean "
                                   "'group=payments'?\n"));
}

TEST(ExplainText, RowsThatWereAskedForAreShownBesideTheTotal) {
  ExplainAnswer answer = answer_of({});
  answer.kind = ExplainAnswer::Kind::alert;
  answer.entity = "group=payments";
  ExplainedRows& rows = answer.rows.emplace_back();
  rows.cluster = Symbol("prod");
  rows.total = 400;
  rows.selected = 2;
  rows.unknown = 1;
  rows.worst = "10 s";
  rows.reasons = {{"timed_out", 1}};
  const Entity entity = make_entity({{"cluster", "prod"}, {"group", "payments"}});
  answer.row_items = {{entity, "", false, unknown_sentence(Unknown::timed_out)},
                      {entity, "10 s", false, ""}};
  const ExplainView view = shown(answer);
  EXPECT_THAT(view.text, HasSubstr("0 of 2 rows meet it (of 400 that the rule looks at), the worst "
                                   "is 10 s, 1 is unknown (timed_out 1)\n"));
  EXPECT_THAT(view.text, HasSubstr("cluster=prod group=payments: 10 s, which does not meet it\n"));
  EXPECT_THAT(view.text, HasSubstr("cluster=prod group=payments: unknown: "));
  const json body = json::parse(explain_json(answer, nullptr));
  EXPECT_EQ(body["entity"], "group=payments");
  EXPECT_EQ(body["rows"][0]["unknown_reasons"]["timed_out"], 1);
  EXPECT_EQ(body["row_items"][0]["state"], "unknown");
  EXPECT_EQ(body["row_items"][1]["value"], "10 s");
}

TEST(ExplainText, AnEntityThatNoRowMatchesIsSaid) {
  ExplainAnswer answer = answer_of({});
  answer.kind = ExplainAnswer::Kind::alert;
  answer.entity = "group=paymnets";
  answer.advice = "did you mean 'group=payments'?";
  answer.rows.emplace_back().total = 400;
  const ExplainView view = shown(answer);
  EXPECT_EQ(view.exit_code, 2);
  EXPECT_THAT(view.text, HasSubstr("none of its 400 rows matches 'group=paymnets': did you mean"));
}

}  // namespace
}  // namespace highwater
