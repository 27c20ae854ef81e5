// AlertRule: one alert as its author meant it, checked against the catalogue; a value of this type
// is always valid. Made by the loader (load.h) from YAML, judged by the engine (engine.h).
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/report.h"
#include "agent/core/time.h"
#include "rules/row_scope.h"

namespace highwater::rules {

class OpenHours;

enum class Comparison : uint8_t {
  equal,
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal
};

[[nodiscard]] bool holds(double left, Comparison comparison, double right);
[[nodiscard]] std::string_view comparison_text(Comparison comparison);  // ">="

// MEASURE COMPARISON NUMBER, or MEASURE COMPARISON MEASURE. With two measures the rows are joined
// on the right one's dimensions, which are all dimensions of the left one.
struct Condition {
  const Measure* left = nullptr;
  Comparison comparison = Comparison::equal;
  double threshold = 0;  // when right is null; in the left measure's base unit
  const Measure* right = nullptr;
};

// The scope is that of the left measure: an alert per row, or with `per` per distinct value of
// those dimensions.
struct AlertRule : RowScope {
  std::string name;  // PascalCase: the alertname
  Condition when;
  Duration hold{};  // `for`
  Duration keep_firing_for{};
  // When it is meant; null: always. Outside of it the condition counts as not met: what waits
  // begins anew with the next hours, and what fires ends with them.
  std::shared_ptr<const OpenHours> during;
  Severity severity = Severity::ticket;
  std::string runbook;  // a name of runbooks/, or an http(s) URL
  std::string summary;  // with {placeholders}
  std::string description;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string where;  // "rules.yaml:12", for people
};

// Placeholders besides the measure's dimensions (with `per`: the dimensions in it).
//   {value} the last known sample, {count} how many rows meet the condition, {note} what the
//   collector says, {for} the duration, {since} how long the condition has held
inline constexpr std::string_view kPlaceholders[] = {"value", "count", "note", "for", "since"};

}  // namespace highwater::rules
