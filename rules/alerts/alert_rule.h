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
#include "rules/alerts/row_scope.h"
#include "rules/incidents/fault.h"

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

//   value  MEASURE COMPARISON NUMBER, or MEASURE COMPARISON MEASURE. With two measures the rows are
//          joined on the right one's dimensions, which are all dimensions of the left one.
//   rate   rate(COUNTER, WINDOW) COMPARISON NUMBER/s
//   ratio  ratio(COUNTER, TOTAL, WINDOW) COMPARISON NUMBER%: what the one counted of the other
//   past   MEASURE COMPARISON NUMBERx AGO ago: a multiple of what it was then
// Of a rate or ratio a subject is the sum of its rows.
enum class ConditionKind : uint8_t { value, rate, ratio, past };

struct Condition {
  const Measure* left = nullptr;
  Comparison comparison = Comparison::equal;
  // Of a value without `right` in the left measure's base unit; else per second, a share (0.01), or
  // a factor.
  double threshold = 0;
  const Measure* right = nullptr;  // what a value is compared with; the total of a ratio
  ConditionKind kind = ConditionKind::value;
  Duration window{};  // of a rate or ratio; of the past: how long ago
  // Below it the condition is not met. Ratio: events of the total within the window. Past: the
  // greater one of now and then, in the measure's unit.
  double least = 0;

  [[nodiscard]] bool adds_up_rows() const {
    return kind == ConditionKind::rate || kind == ConditionKind::ratio;
  }
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
  FaultKeys fault_keys;
  std::string where;          // "rules.yaml:12", for people
  bool may_be_empty = false;  // `expect: none`: that no row is there for it is no mistake
};

// Placeholders besides the measure's dimensions (with `per`: the dimensions in it).
//   {value} the last known sample, rounded, {count} how many rows meet the condition, {names} what
//   they have in the first dimension that is not in `per`, {sum} of their values, {kind} what the
//   note begins with, up to its first colon, {note} what the collector says, {for} the duration,
//   {since} how long the condition has held
// A placeholder with forms (rules/text.h) says a number with its noun or verb.
inline constexpr std::string_view kPlaceholders[] = {"value", "count", "kind",
                                                     "note",  "for",   "since"};
inline constexpr std::string_view kPlaceholdersWithPer[] = {"names", "sum"};
// Those that two forms can be written for.
inline constexpr std::string_view kNumberPlaceholders[] = {"value", "count", "names", "sum", "now"};

}  // namespace highwater::rules
