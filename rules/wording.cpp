#include "rules/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <vector>

#include "rules/alerts/conditions.h"
#include "rules/open_hours.h"

namespace highwater::rules {
namespace {

// Beyond this a Duration in nanoseconds would overflow.
constexpr double kLongestSeconds = 9e9;
constexpr size_t kPatternsShown = 8;

std::string filter_text(const Measure& measure, const DimensionFilter& filter) {
  std::string text(measure.dimensions[static_cast<size_t>(filter.dimension)]);
  size_t shown = 0;
  for (const Pattern& pattern : filter.patterns) {
    if (shown == kPatternsShown) {
      text += fmt::format(" or {} more", filter.patterns.size() - shown);
      break;
    }
    text += (shown++ == 0 ? " " : " or ") + pattern.text();
  }
  return text;
}

std::string filters_text(const Measure& measure, const std::vector<DimensionFilter>& filters) {
  std::vector<std::string> texts;
  for (const DimensionFilter& filter : filters) texts.push_back(filter_text(measure, filter));
  return fmt::format("{}", fmt::join(texts, ", "));
}

// " (of at least 200 events)"; empty when there is no such bound.
std::string least_text(const Condition& condition) {
  if (condition.least <= 0) return {};
  if (condition.kind == ConditionKind::ratio)
    return fmt::format(" (of at least {} events)", condition.least);
  const bool less =
      condition.comparison == Comparison::less || condition.comparison == Comparison::less_or_equal;
  return fmt::format(" ({} at least {})", less ? "where it was" : "and is",
                     number_text(condition.least, condition.left->unit));
}

std::string threshold_text(const Condition& condition) {
  switch (condition.kind) {
    case ConditionKind::value:
      break;
    case ConditionKind::rate:
      return fmt::format("{}/s", condition.threshold);
    case ConditionKind::ratio:
      return fmt::format("{:.10g}%", condition.threshold * 100);
    case ConditionKind::past:
      return fmt::format("{}x {} ago", condition.threshold, format_duration(condition.window));
  }
  return condition.right != nullptr ? std::string(condition.right->name)
                                    : number_text(condition.threshold, condition.left->unit);
}

}  // namespace

std::string number_text(double value, Unit unit) {
  if (unit == Unit::seconds && std::abs(value) < kLongestSeconds) {
    const auto milliseconds = std::chrono::milliseconds(std::llround(value * 1000));
    return format_duration(milliseconds);
  }
  return fmt::format("{}", value);
}

std::string good_text(const GoodRange& good, Unit unit) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::string low = number_text(good.low, unit);
  const std::string high = number_text(good.high, unit);
  if (good.outside) return "!= " + low;
  if (good.low == good.high) return "== " + low;
  if (good.low == -kInfinity) return (good.high_is_good ? "<= " : "< ") + high;
  if (good.high == kInfinity) return (good.low_is_good ? ">= " : "> ") + low;
  return fmt::format("between {} and {}", low, high);
}

std::string condition_text(const Condition& condition) {
  std::string left(condition.left->name);
  if (condition.kind == ConditionKind::rate)
    left = fmt::format("rate({}, {})", left, format_duration(condition.window));
  if (condition.kind == ConditionKind::ratio)
    left = fmt::format("ratio({}, {}, {})", left, condition.right->name,
                       format_duration(condition.window));
  return fmt::format("{} {} {}", left, comparison_text(condition.comparison),
                     threshold_text(condition));
}

std::string counters_text(const SloRule& rule, const BudgetCurve& curve, WallTime now) {
  const std::optional<Counted> counted = counters_disagree(rule, curve, now);
  if (!counted) return {};
  const auto window = std::ranges::min(rule.tiers, {}, &SloTier::long_window).long_window;
  return fmt::format("{} grew by {:.6g} within {}, {} by {:.6g}: they do not count the same events",
                     rule.sli.first.measure->name, counted->first, format_duration(window),
                     rule.sli.total->measure->name, counted->total);
}

std::string sli_text(const Sli& sli) {
  if (sli.is_composite()) return fmt::format("all of {}", fmt::join(sli.all_of, ", "));
  if (sli.is_events())
    return fmt::format("{} of {} are {}", sli.first.measure->name, sli.total->measure->name,
                       sli.first_is_good ? "good" : "bad");
  return fmt::format("{} {}", sli.first.measure->name,
                     good_text(sli.good, sli.first.measure->unit));
}

std::string scope_text(const Measure& measure, const RowScope& scope) {
  std::string text = filters_text(measure, scope.select);
  if (!scope.exclude.empty()) {
    text += text.empty() ? "all but " : ", but not ";
    text += filters_text(measure, scope.exclude);
  }
  return text;
}

std::string tier_text(const SloTier& tier) {
  return fmt::format("{:g}x over {} and {}", tier.factor, format_duration(tier.long_window),
                     format_duration(tier.short_window));
}

std::string window_text(const SloWindow& window) {
  switch (window.kind) {
    case SloWindow::Kind::rolling:
      return format_duration(window.length);
    case SloWindow::Kind::week:
      return "week in " + window.time_zone;
    case SloWindow::Kind::month:
      return "month in " + window.time_zone;
    case SloWindow::Kind::quarter:
      return "quarter in " + window.time_zone;
  }
  return {};
}

std::string hours_text(const OpenHours* hours) {
  if (hours == nullptr) return {};
  return fmt::format("only {}{}", hours->text(),
                     hours->during().zone_named ? "" : " (no 'time_zone' is named)");
}

std::string when_it_fires(const AlertRule& rule) {
  std::string text = fmt::format("fires as {} ", severity_name(rule.severity));
  const std::string condition = condition_text(rule.when) + least_text(rule.when);
  text += rule.hold > Duration::zero()
              ? fmt::format("when {} has held for {}", condition, format_duration(rule.hold))
              : fmt::format("as soon as {}", condition);
  if (const std::string rows = scope_text(*rule.when.left, rule); !rows.empty())
    text += fmt::format(" ({})", rows);
  if (rule.keep_firing_for > Duration::zero())
    text +=
        fmt::format(", and stays {} longer than that holds", format_duration(rule.keep_firing_for));
  text += fmt::format("; one alert for each {}",
                      fmt::join(subject_dimensions(*rule.when.left, rule), ", "));
  if (rule.during != nullptr) text += "; " + hours_text(rule.during.get());
  return text + ".";
}

}  // namespace highwater::rules
