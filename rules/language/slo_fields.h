// Readers of the keys that only SLOs have. Each says what is wrong in the map's diagnostics and
// then returns nothing. What keys must have in common is checked afterwards (slo_checks.h). Used by
// the SLO parser; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/yaml.h"
#include "rules/language/rule_parser.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// A share: "99.5%" or 0.995 is 0.995, exactly the nearest double. Nothing without the key too.
[[nodiscard]] std::optional<double> read_objective(YamlMap& map);
[[nodiscard]] std::optional<double> read_min_coverage(YamlMap& map);

[[nodiscard]] std::optional<SloWindow> read_window(YamlMap& map);

// In seconds, or a number of events.
[[nodiscard]] std::optional<double> read_min_bad(YamlMap& map, bool events);
[[nodiscard]] std::optional<NoData> read_no_data(YamlMap& map);
[[nodiscard]] std::string read_owner(YamlMap& map);

// A tier, and where in the file it stands. Those by default stand nowhere.
struct PlacedTier {
  SloTier tier;
  const YamlNode* burn = nullptr;
  const YamlNode* long_window = nullptr;
  const YamlNode* short_window = nullptr;  // of `long` when there is none
};
// Nothing after an error; empty without the key. In the order of the file.
[[nodiscard]] std::optional<std::vector<PlacedTier>> read_tiers(YamlMap& map,
                                                                const RuleSource& source);

}  // namespace highwater::rules
