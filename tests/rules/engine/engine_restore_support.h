// A world whose engine can be killed, and what it judges.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rules/state.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {

inline AlertRule down_rule() {
  AlertRule rule = make_rule("BrokerDown", kFailed, Comparison::equal, 1);
  rule.severity = Severity::page;
  rule.summary = "Broker {broker} is down";
  return rule;
}

inline SloRule lag_slo() {
  SloRule rule = make_slo("payments-lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  return rule;
}

// A world whose engine can be killed: what it saved last is all that is left.
class Mortal {
 public:
  explicit Mortal(RuleSet rules) : rules_(std::move(rules)) { start(); }

  Report poll_after(Duration duration) {
    now.steady += duration;
    now.wall += duration;
    cluster.publish(snapshot_, now);
    return engine->evaluate(std::make_shared<const Snapshot>(snapshot_), now);
  }
  void save() { records = engine->state(now, true); }
  // The steady clock of a new process begins anywhere.
  std::vector<std::string> restart(Duration away = Duration::zero()) {
    now.wall += away;
    now.steady = SteadyTime(std::chrono::hours(1) + away * 3);
    snapshot_ = {};
    start();
    return engine->restore(records, now);
  }

  FakeCluster cluster;
  Now now{SteadyTime(std::chrono::hours(100)), WallTime(std::chrono::hours(490'000))};
  std::unique_ptr<Engine> engine;
  std::vector<StateRecord> records;

 private:
  void start() { engine = std::make_unique<Engine>(rules_); }

  RuleSet rules_;
  Snapshot snapshot_;
};

}  // namespace highwater::rules::testing
