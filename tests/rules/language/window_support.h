// Rules over windows, and counters that grow from poll to poll, for the engine's tests.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {

inline constexpr Duration kPoll = seconds(10);

inline const std::vector<std::string_view> kGroupTopic{"cluster", "group", "topic"};
inline const Measure kBad{"records_failed_total", "", Unit::records, MeasureType::counter,
                          kGroupTopic};
// The dimensions in another order.
inline const Measure kAll{
    "records_total", "", Unit::records, MeasureType::counter, {"cluster", "topic", "group"}};

inline AlertRule rate_rule(double per_second) {
  AlertRule rule = make_rule("Rate", kBad, Comparison::greater, per_second);
  rule.when.kind = ConditionKind::rate;
  rule.when.window = minutes(5);
  return rule;
}

inline AlertRule ratio_rule(double share, double min_events = 0) {
  AlertRule rule = make_rule("Ratio", kBad, Comparison::greater, share);
  rule.when.right = &kAll;
  rule.when.kind = ConditionKind::ratio;
  rule.when.window = minutes(5);
  rule.when.least = min_events;
  return rule;
}

inline AlertRule past_rule(double factor, double min_value = 0) {
  AlertRule rule = make_rule("Past", kLagSeconds, Comparison::greater, factor);
  rule.when.kind = ConditionKind::past;
  rule.when.window = std::chrono::hours(1);
  rule.when.least = min_value;
  return rule;
}

// Counters that grow from poll to poll.
class Flow {
 public:
  explicit Flow(AlertRule rule) : world_(RuleSet({std::move(rule)})) {}

  Report polls(Duration duration) {
    Report report;
    for (Duration done{}; done < duration; done += kPoll) {
      failed_ += failing_;
      all_ += passing_;
      if (reads_failures_) {
        if (failures_known_)
          world_.cluster().set(kBad, {"pay", "orders"}, failed_);
        else
          world_.cluster().set_unknown(kBad, {"pay", "orders"});
      }
      world_.cluster().set(kAll, {"orders", "pay"}, all_);
      report = world_.poll_after(kPoll);
    }
    return report;
  }
  // By poll.
  void grow(double failing, double passing) {
    failing_ = failing;
    passing_ = passing;
  }
  void restart_application() { failed_ = all_ = 0; }
  void hide_failures() { reads_failures_ = false; }
  void show_failures() { reads_failures_ = true; }
  void set_failures_known(bool known) { failures_known_ = known; }
  EngineWorld& world() { return world_; }

  ExplainedRows rows() {
    return world_.engine().explain({world_.engine_rule(), {}}, world_.now()).rows.at(0);
  }

 private:
  struct World : EngineWorld {
    explicit World(RuleSet rules) : EngineWorld(rules), name(rules.alerts[0].name) {}
    [[nodiscard]] std::string engine_rule() const { return name; }
    std::string name;
  };
  World world_;
  double failed_ = 1000;
  double all_ = 50'000;
  double failing_ = 0;
  double passing_ = 0;
  bool reads_failures_ = true;
  bool failures_known_ = true;
};

}  // namespace highwater::rules::testing
