#include "agent/judged_rows.h"

#include <gtest/gtest.h>

#include "agent/catalogue.h"
#include "agent/self_observation.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

const Measure& lag() {
  return *catalogue().find("group_topic_lag_records");
}

const Now kNow{SteadyTime(1h), WallTime(1'700'000'000s)};

// Observations of one cluster or several, as the pipeline has them.
class Seen {
 public:
  // Every part that Kafka is read in, without tables.
  Seen& kafka(const std::string& cluster = "prod") {
    for (const std::string_view part : {"brokers", "partitions", "topics", "groups"})
      add(cluster, part, {});
    return *this;
  }
  // The groups that have a lag.
  Seen& groups(const std::vector<std::string>& names, const std::string& cluster = "prod",
               std::string problem = {}) {
    std::vector<Symbol> cells;
    for (const std::string& name : names)
      cells.insert(cells.end(), {Symbol(cluster), Symbol(name), Symbol("orders")});
    TableBuilder table(lag(), std::make_shared<const KeySet>(lag().dimensions, std::move(cells)));
    for (size_t row = 0; row < names.size(); ++row) table.set(row, 1);
    Observation& observation = add(cluster, "groups", std::move(problem));
    observation.tables.push_back(std::move(table).build());
    return *this;
  }
  [[nodiscard]] Snapshot snapshot() const {
    Snapshot snapshot;
    for (const auto& [key, observation] : seen_) snapshot.observations[key] = observation;
    return snapshot;
  }

 private:
  Observation& add(const std::string& cluster, std::string_view part, std::string problem) {
    auto observation = std::make_shared<Observation>();
    observation->cluster = Symbol(cluster);
    observation->part = part;
    observation->at = kNow;
    observation->cadence = 10s;
    if (!problem.empty()) observation->problems.push_back({std::move(problem), {}});
    seen_[{observation->cluster, part}] = observation;
    return *observation;
  }

  std::map<std::pair<Symbol, std::string_view>, std::shared_ptr<Observation>> seen_;
};

rules::AlertRule on_groups(const std::string& pattern) {
  rules::AlertRule rule;
  rule.name = "PaymentsLag";
  rule.where = "rules.yaml:3";
  rule.when.left = &lag();
  if (!pattern.empty())
    rule.select.push_back({dimension_index(lag(), "group"), {Pattern::parse(pattern).value()}});
  return rule;
}

// "nothing: why", "something", "unknown".
std::string look(const rules::AlertRule& rule, const Seen& seen, Duration later = {}) {
  const sources::SourcePlan plan;
  JudgedRows rows(plan, {Symbol("prod")});
  rows.replace_rules(rules_of_user({rule}, catalogue()));
  const auto all = rows.look(seen.snapshot(), kNow.steady + later);
  if (all.size() != 1) return "no rule";
  if (!all[0].nothing) return "unknown";
  return *all[0].nothing ? "nothing: " + all[0].why : "something";
}

TEST(JudgedRows, ASelectThatMatchesNothingIsSaidWithTheNameThatWasMeant) {
  const Seen seen = Seen().kafka().groups({"billing", "payments-eu"});
  EXPECT_EQ(look(on_groups("payments-*"), seen), "something");
  EXPECT_EQ(look(on_groups("paymnets-*"), seen),
            "nothing: no group is like 'paymnets-*': did you mean 'payments-eu'?");
  EXPECT_EQ(look(on_groups("biling"), seen),
            "nothing: no group is like 'biling': did you mean 'billing'?");
  EXPECT_EQ(look(on_groups("*-west"), seen), "nothing: no group is like '*-west'");
}

TEST(JudgedRows, AMeasureWithoutRowsIsNothing) {
  EXPECT_EQ(look(on_groups(""), Seen().kafka().groups({})),
            "nothing: 'group_topic_lag_records' has no rows");
  EXPECT_EQ(look(on_groups(""), Seen().kafka()),
            "nothing: nothing measures 'group_topic_lag_records' here");
}

TEST(JudgedRows, OneOfSeveralClustersIsEnough) {
  const Seen seen = Seen().groups({"billing"}, "test").groups({"payments-eu"}, "prod");
  EXPECT_EQ(look(on_groups("payments-*"), seen), "something");
}

TEST(JudgedRows, WhatCannotBeReadIsUnknown) {
  EXPECT_EQ(look(on_groups(""), Seen()), "unknown") << "nothing was read yet";
  EXPECT_EQ(look(on_groups(""), Seen().groups({}, "prod", "Kafka denied access")), "unknown");
  EXPECT_EQ(look(on_groups("paymnets"), Seen().kafka().groups({"payments"}), 10min), "unknown");
}

TEST(JudgedRows, BuiltInRulesAndThoseThatExpectNoneAreNotLookedAt) {
  rules::AlertRule rule = on_groups("paymnets");
  rule.may_be_empty = true;
  EXPECT_EQ(look(rule, Seen().kafka().groups({"payments"})), "no rule");
  rule = on_groups("paymnets");
  rule.where = "<built-in>:7";
  EXPECT_EQ(look(rule, Seen().kafka().groups({"payments"})), "no rule");
}

TEST(JudgedRows, WhatNoSourceFillsIsNothingAndWhatASourceFailsToIsUnknown) {
  const Measure& records = *catalogue().find("records_total");
  rules::SloRule slo;
  slo.name = "errors";
  slo.where = "rules.yaml:9";
  slo.sli.first.measure = catalogue().find("records_failed_total");
  slo.sli.total = rules::SliSource{&records, {}};
  sources::SourcePlan plan;
  rules::RuleSet set;
  set.slos = {slo};
  const auto rules = rules_of_user(set, catalogue());
  JudgedRows unfilled(plan, {Symbol("prod")});
  unfilled.replace_rules(rules);
  const Snapshot snapshot = Seen().kafka().snapshot();
  EXPECT_EQ(unfilled.look(snapshot, kNow.steady).at(0).why,
            "no entry of 'measures' fills 'records_total'");
  plan.mappings.resize(1);
  plan.mappings[0].measure = &records;
  JudgedRows filled(plan, {Symbol("prod")});
  filled.replace_rules(rules);
  EXPECT_FALSE(filled.look(snapshot, kNow.steady).at(0).nothing);
}

TEST(JudgedRows, AreMeasuredByTheAgentOfItself) {
  SelfObserver observer;
  SelfStatus status;
  status.rules = {{"A", false, ""}, {"B", true, "no group is like 'x'"}, {"C", std::nullopt, ""}};
  const ObservationPtr observation = observer.observe(status, kNow);
  const Table* const table = observation->find(*catalogue().find("rule_judges_nothing"));
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->values[0], 0);
  EXPECT_EQ(table->values[1], 1);
  EXPECT_FALSE(table->known(2));
  ASSERT_EQ(observation->problems.size(), 1U);
  EXPECT_EQ(observation->problems[0].what, "B judges nothing: no group is like 'x'");
}

}  // namespace
}  // namespace highwater::agent
