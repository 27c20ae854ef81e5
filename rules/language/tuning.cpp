#include "rules/language/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rules/language/during_parser.h"
#include "rules/language/window_parser.h"

namespace highwater::rules {
namespace {

void replace(std::vector<DimensionFilter>& filters, std::vector<DimensionFilter> changes) {
  for (DimensionFilter& change : changes) {
    const auto old = std::ranges::find(filters, change.dimension, &DimensionFilter::dimension);
    if (old == filters.end()) {
      filters.push_back(std::move(change));
    } else {
      *old = std::move(change);
    }
  }
}

void replace(RuleLabels& labels, RuleLabels changes) {
  for (auto& [name, value] : changes) {
    const auto old = std::ranges::find(labels, name, &RuleLabels::value_type::first);
    if (old == labels.end()) {
      labels.emplace_back(std::move(name), std::move(value));
    } else {
      old->second = std::move(value);
    }
  }
}

void tune_threshold(YamlMap& map, Condition& when) {
  const YamlNode* const node = read_scalar(map, "threshold", false);
  if (node == nullptr) return;
  const bool of_value = when.kind == ConditionKind::value;
  if (of_value && (when.right != nullptr || when.left->unit == Unit::boolean)) {
    map.error(*node,
              fmt::format("'{}' is compared with {}: there is no threshold to tune",
                          when.left->name, when.right != nullptr ? "another measure" : "yes or no"),
              "tune 'for' or 'select', or switch the rule off and write one of your own");
    return;
  }
  const ParsedNumber number = parse_threshold(node->scalar, when);
  if (number.error) return report(map, *node, *number.error);
  when.threshold = number.value;
  if (of_value) return;
  if (const std::optional<TextError> wrong = check_window_threshold(when))
    report(map, *node, *wrong);
}

}  // namespace

void tune_rule(ParsedRule& parsed, const YamlNode& changes, const RuleSource& source) {
  AlertRule& rule = parsed.rule;
  YamlMap map(changes, fmt::format("the tuning of {}", rule.name), source.file, source.diagnostics);
  if (!map.valid()) return;
  const Measure* const measure = rule.when.left;
  parsed.enabled = map.boolean("enabled").value_or(parsed.enabled);
  rule.hold = read_hold(map, "for").value_or(rule.hold);
  rule.keep_firing_for = read_hold(map, "keep_firing_for").value_or(rule.keep_firing_for);
  if (auto during = read_during(map, source)) rule.during = std::move(during);
  check_hold_fits(map, rule);
  rule.severity = read_severity(map, false).value_or(rule.severity);
  tune_threshold(map, rule.when);
  read_least(map, rule.when);
  replace(rule.select, read_filters(map, "select", measure));
  replace(rule.exclude, read_filters(map, "exclude", measure));
  replace(rule.labels, read_labels(map, measure));
  rule.runbook = read_runbook(map, source.runbook_exists, false).value_or(rule.runbook);
  map.finish();
}

}  // namespace highwater::rules
