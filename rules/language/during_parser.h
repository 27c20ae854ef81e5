// Reads `during:` of an alert rule, an SLO or a tuning, of a route or of maintenance: when it is
// meant. Used by the rule loader and the configuration; any thread.
//
//   during: {days: mon-fri, hours: "08:00-18:00", time_zone: Europe/Berlin, except: [2026-12-25]}
//
// Each of the keys may be missing, and each but the zone may be a list: days: [sat, sun], hours:
// ["08:00-12:00", "13:00-18:00"].
#pragma once

#include <memory>
#include <string>

#include "agent/core/yaml.h"
#include "rules/alerts/alert_rule.h"
#include "rules/language/rule_parser.h"
#include "rules/open_hours.h"

namespace highwater::rules {

// Null without the key, and after a mistake; then the diagnostics say which.
[[nodiscard]] std::shared_ptr<const OpenHours> read_during(YamlMap& map, const std::string& file,
                                                           Diagnostics& diagnostics);
[[nodiscard]] inline std::shared_ptr<const OpenHours> read_during(YamlMap& map,
                                                                  const RuleSource& source) {
  return read_during(map, source.file, source.diagnostics);
}

// Says so when the rule's `for` is longer than it is ever open.
void check_hold_fits(YamlMap& map, const AlertRule& rule);

}  // namespace highwater::rules
