// Readers of the keys that rules and tunings share. Each says what is wrong in the map's
// diagnostics and then returns nothing, or what could be read. Used by the rule loader; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/yaml.h"
#include "rules/alerts/alert_rule.h"
#include "rules/language/condition_parser.h"
#include "rules/language/placeholders.h"

namespace highwater::rules {

using RunbookExists = std::function<bool(std::string_view)>;
using RuleLabels = std::vector<std::pair<std::string, std::string>>;

// The scalar of a key, or null after an error or when it is missing and need not be there.
[[nodiscard]] const YamlNode* read_scalar(YamlMap& map, const std::string& key, bool required);
[[nodiscard]] std::optional<Duration> read_hold(YamlMap& map, const std::string& key);
[[nodiscard]] std::optional<Severity> read_severity(YamlMap& map, bool required);
[[nodiscard]] std::optional<std::string> read_runbook(YamlMap& map, const RunbookExists& exists,
                                                      bool required);
// `measure` may be null when it is not known: then dimensions go unchecked and none are returned.
[[nodiscard]] std::vector<DimensionFilter> read_filters(YamlMap& map, const std::string& key,
                                                        const Measure* measure);
// The places of `per` in the measure, rising, `cluster` among them; only that without the key.
// `without` says what a rule without the key means.
[[nodiscard]] std::vector<int> read_per(YamlMap& map, const Measure* measure,
                                        std::string_view without);
// A text of the rule, without the line breaks at its end; empty after an error, or when it is
// missing and need not be there.
struct TextLimits {
  bool required = false;
  bool one_line = false;
  size_t longest = 0;
};
constexpr TextLimits kSummaryLimits{true, true, 500};
constexpr TextLimits kDescriptionLimits{false, false, 4000};
[[nodiscard]] std::string read_text(YamlMap& map, const std::string& key, const TextLimits& limits,
                                    const PlaceholderNames* names);
// Whether a rule says `expect: none`: that it has no rows is no mistake then.
[[nodiscard]] bool read_may_be_empty(YamlMap& map);
[[nodiscard]] RuleLabels read_labels(YamlMap& map, const Measure* measure);

// `min_events` of a ratio, `min_value` of a condition on the past.
void read_least(YamlMap& map, Condition& when);

// Reports an error at its place within the scalar.
void report(YamlMap& map, const YamlNode& scalar, const TextError& error);
[[nodiscard]] std::vector<std::string> dimension_names(const Measure& measure);

// Another tool's key for what a rule says with one of its own.
using ForeignKey = std::pair<std::string_view, std::string_view>;  // the key, and the advice
// Reports those, and dimensions that stand where only keys may; `what` is "a rule" or the like.
void report_foreign_keys(YamlMap& map, std::string_view what, std::span<const ForeignKey> foreign,
                         const Measure* measure);

}  // namespace highwater::rules
