// Readers of the keys that rules and tunings share. Each says what is wrong in the map's
// diagnostics and then returns nothing, or what could be read. Used by the rule loader; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/yaml.h"
#include "rules/alert_rule.h"
#include "rules/condition_parser.h"

namespace highwater::rules {

using RunbookExists = std::function<bool(std::string_view)>;
using Labels = std::vector<std::pair<std::string, std::string>>;

// The scalar of a key, or null after an error or when it is missing and need not be there.
[[nodiscard]] const YamlNode* read_scalar(YamlMap& map, const std::string& key, bool required);
[[nodiscard]] std::optional<Duration> read_hold(YamlMap& map, const std::string& key);
[[nodiscard]] std::optional<Severity> read_severity(YamlMap& map, bool required);
[[nodiscard]] std::optional<std::string> read_runbook(YamlMap& map, const RunbookExists& exists,
                                                      bool required);
// `measure` may be null when it is not known: then dimensions go unchecked and none are returned.
[[nodiscard]] std::vector<DimensionFilter> read_filters(YamlMap& map, const std::string& key,
                                                        const Measure* measure);
[[nodiscard]] Labels read_labels(YamlMap& map, const Measure* measure);

// Reports an error at its place within the scalar.
void report(YamlMap& map, const YamlNode& scalar, const TextError& error);
[[nodiscard]] std::vector<std::string> dimension_names(const Measure& measure);

}  // namespace highwater::rules
