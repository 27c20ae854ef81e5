#include "agent/core/report_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace highwater {
namespace {

WallTime at(int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

Transition sample() {
  Transition transition;
  transition.sequence = 17;
  transition.kind = TransitionKind::updated;
  transition.resolution = "";
  Incident& incident = transition.incident;
  incident.id = 4;
  incident.correlation = TraceId::random();
  incident.severity = Severity::page;
  incident.opened = at(1'000'000);
  incident.updated = at(1'000'060);
  incident.impact = {{"partitions", "offline", 412, {"orders-0"}, true}};
  incident.evidence_count = 30;
  incident.former = 3;
  incident.former_correlation = TraceId::random();
  incident.revealed_by = {TraceId::random(), SpanId::random()};
  Alert& cause = incident.cause;
  cause.rule = "payments-lag";
  cause.entity.labels = {{Symbol("cluster"), Symbol("prod")},
                         {Symbol("group"), Symbol("pay\"ments")}};
  cause.severity = Severity::ticket;
  cause.state = AlertState::firing;
  cause.value = 17.25;
  cause.summary = "a summary with \n, \xFF and ü";
  cause.labels = {{"team", "data"}, {"a", "b"}};
  cause.active_since = at(999'000);
  cause.firing_since = at(1'000'000);
  cause.incident = 4;
  cause.onset = at(998'000);
  cause.rows = {cause.entity};
  cause.budget = BudgetDetail{0.995,
                              std::chrono::hours(24 * 28),
                              "14.4x over 1h and 5m",
                              17.25,
                              -0.5,
                              0.25,
                              std::chrono::hours(2),
                              Duration::zero(),
                              at(1'000'500)};
  incident.evidence.push_back(
      {"UnderReplicated", cause.entity, Severity::ticket, "less copies", at(999'500), true});
  return transition;
}

TEST(ReportJson, ATransitionComesBackAsItWas) {
  const Transition before = sample();
  const std::string json = encode_transition(before);
  const auto after = decode_transition(json);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(encode_transition(*after), json);
  EXPECT_EQ(after->sequence, 17U);
  EXPECT_EQ(after->kind, TransitionKind::updated);
  EXPECT_EQ(after->incident.correlation, before.incident.correlation);
  EXPECT_EQ(after->incident.cause.entity, before.incident.cause.entity);
  EXPECT_EQ(after->incident.cause.labels, before.incident.cause.labels);
  EXPECT_EQ(after->incident.cause.active_since, before.incident.cause.active_since);
  EXPECT_EQ(after->incident.cause.onset, before.incident.cause.onset);
  EXPECT_EQ(after->incident.cause.rows, before.incident.cause.rows);
  EXPECT_EQ(after->incident.evidence.front().severity, Severity::ticket);
  EXPECT_EQ(after->incident.evidence_count, 30U);
  ASSERT_TRUE(after->incident.cause.budget);
  EXPECT_EQ(after->incident.cause.budget->clears_at, before.incident.cause.budget->clears_at);
  EXPECT_EQ(after->incident.cause.budget->excluded, before.incident.cause.budget->excluded);
  EXPECT_EQ(after->incident.cause.budget->exhausted_in, Duration::zero());
  EXPECT_EQ(after->incident.cause.budget->remaining_at_start, 0.25);
}

TEST(ReportJson, WhatIsNoNumberIsNotWritten) {
  Alert alert;
  alert.value = std::nan("");
  EXPECT_EQ(durable_alert(durable_json(alert)).value, 0);
}

TEST(ReportJson, RefusesWhatCannotBe) {
  for (const char* json :
       {"", "{", "[]", "7", R"({"sequence": 1})", R"({"sequence": 1, "kind": "opened"})",
        R"({"sequence": -1, "kind": "opened", "incident": {"id": "x"}})",
        R"({"sequence": 1, "kind": "opened", "incident": {"id": 1, "correlation": "zz"}})"}) {
    EXPECT_FALSE(decode_transition(json)) << json;
  }
  for (const char* json :
       {R"({"severity": "loud"})", R"({"entity": ["a"]})", R"({"labels": {"a": 7}})"})
    EXPECT_ANY_THROW((void)durable_alert(nlohmann::json::parse(json))) << json;
}

TEST(ReportJson, SurvivesDamage) {
  const std::string good = encode_transition(sample());
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    std::string bad = good;
    for (int flips = 0; flips < 3; ++flips)
      bad[random() % bad.size()] = static_cast<char>(random() % 256);
    if (random() % 2 == 0) bad.resize(random() % bad.size());
    (void)decode_transition(bad);  // either way, without harm
  }
}

}  // namespace
}  // namespace highwater
