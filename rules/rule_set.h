// RuleSet: everything that is judged, as it was loaded. Made by the loader, used by the engine.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "agent/core/watch_first.h"
#include "rules/alerts/alert_rule.h"
#include "rules/routing/owners.h"
#include "rules/slo/exclusions.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

struct RuleSet {
  RuleSet() = default;
  RuleSet(std::vector<AlertRule> all_alerts, std::vector<SloRule> all_slos = {})  // NOLINT
      : alerts(std::move(all_alerts)), slos(std::move(all_slos)) {}
  RuleSet(std::initializer_list<AlertRule> all_alerts) : alerts(all_alerts) {}

  std::vector<AlertRule> alerts;
  std::vector<SloRule> slos;
  std::vector<WatchFirst> watch_first;  // of the measures that the rules may be about
  Owners owners;                        // whose the incidents are
  ExclusionsPtr exclusions;             // what counts for no budget
};

}  // namespace highwater::rules
