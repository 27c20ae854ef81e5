// RuleSet: everything that is judged, as it was loaded. Made by the loader, used by the engine.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "rules/alert_rule.h"
#include "rules/slo_rule.h"

namespace highwater::rules {

struct RuleSet {
  RuleSet() = default;
  RuleSet(std::vector<AlertRule> all_alerts, std::vector<SloRule> all_slos = {})  // NOLINT
      : alerts(std::move(all_alerts)), slos(std::move(all_slos)) {}
  RuleSet(std::initializer_list<AlertRule> all_alerts) : alerts(all_alerts) {}

  std::vector<AlertRule> alerts;
  std::vector<SloRule> slos;
};

}  // namespace highwater::rules
