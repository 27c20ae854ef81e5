#include "agent/pipeline.h"

#include <gtest/gtest.h>

#include <future>

#include "agent/agent.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

// Collects reports and lets a test wait for one that satisfies it; the wait is bounded, and only a
// failure is slow.
class Reports {
 public:
  void add(const ReportPtr& report) {
    const std::lock_guard lock(mutex_);
    reports_.push_back(report);
    changed_.notify_all();
  }
  template <class Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, 20s, [&] { return std::any_of(reports_.begin(), reports_.end(), condition); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ReportPtr> reports_;
};

ObservationPtr broker_failed(double value, Now now) {
  const Measure* measure = catalogue().find("broker_failed");
  Observation observation;
  observation.cluster = Symbol("prod");
  observation.part = "brokers";
  observation.at = now;
  observation.cadence = 1s;
  TableBuilder table(
      *measure, std::make_shared<const KeySet>(measure->dimensions,
                                               std::vector<Symbol>{Symbol("prod"), Symbol("3")}));
  table.set(0, value);
  observation.tables.push_back(std::move(table).build());
  return std::make_shared<const Observation>(std::move(observation));
}

std::vector<rules::AlertRule> broker_down() {
  Diagnostics diagnostics;
  auto rules = rules::parse_rules(
      "alerts: [{name: Down, when: broker_failed == 1, severity: page, runbook: \"http://x/y\", "
      "summary: s}]",
      "r.yaml", catalogue(), [](std::string_view) { return true; }, diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.front().text();
  return rules.alerts;
}

TEST(Pipeline, AnObservationIsJudgedAtOnceAndOpensAnIncident) {
  const SystemClock clock;
  Reports reports;
  Pipeline pipeline(broker_down(), {Symbol("prod")}, {}, clock,
                    [&](const ReportPtr& report) { reports.add(report); });
  pipeline.start();
  pipeline.publish(broker_failed(1, clock.now()));
  EXPECT_TRUE(reports.wait_for([](const ReportPtr& report) {
    return !report->transitions.empty() &&
           report->transitions.front().kind == TransitionKind::opened;
  }));
  pipeline.publish(broker_failed(0, clock.now()));
  EXPECT_TRUE(reports.wait_for([](const ReportPtr& report) {
    return !report->transitions.empty() &&
           report->transitions.front().kind == TransitionKind::resolved;
  }));
  pipeline.stop();
}

TEST(Pipeline, WhatWasPublishedBeforeStopIsStillJudged) {
  const SystemClock clock;
  Reports reports;
  Pipeline pipeline(broker_down(), {Symbol("prod")}, {}, clock,
                    [&](const ReportPtr& report) { reports.add(report); });
  pipeline.publish(broker_failed(1, clock.now()));
  pipeline.start();
  pipeline.stop();
  EXPECT_TRUE(
      reports.wait_for([](const ReportPtr& report) { return !report->transitions.empty(); }));
}

TEST(Pipeline, PartsNotYetObservedAreNamed) {
  const SystemClock clock;
  Reports reports;
  Pipeline pipeline({}, {Symbol("prod")}, {}, clock,
                    [&](const ReportPtr& report) { reports.add(report); });
  EXPECT_EQ(pipeline.missing().size(), 4U);
  pipeline.start();
  pipeline.publish(broker_failed(0, clock.now()));
  ASSERT_TRUE(reports.wait_for([](const ReportPtr& report) {
    return report->snapshot->observations.contains({Symbol("prod"), "brokers"});
  }));
  pipeline.stop();
  EXPECT_EQ(pipeline.missing(),
            (std::vector<std::string>{"prod/partitions", "prod/topics", "prod/groups"}));
}

TEST(Pipeline, ExplainsWhatWasPublishedBefore) {
  const SystemClock clock;
  Pipeline pipeline(broker_down(), {Symbol("prod")}, {}, clock, [](const ReportPtr&) {});
  pipeline.start();
  pipeline.publish(broker_failed(1, clock.now()));
  const auto answer = pipeline.explain({"Down", ""}, 20s);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->items.size(), 1U);
  EXPECT_EQ(answer->items[0].alert->state, AlertState::firing);
  pipeline.stop();
}

TEST(Pipeline, ExplainsNothingWhenItDoesNotRun) {
  const SystemClock clock;
  Pipeline pipeline(broker_down(), {Symbol("prod")}, {}, clock, [](const ReportPtr&) {});
  EXPECT_FALSE(pipeline.explain({"Down", ""}, 1ms));
  pipeline.stop();
  EXPECT_FALSE(pipeline.explain({"Down", ""}, 20s));
}

}  // namespace
}  // namespace highwater::agent
