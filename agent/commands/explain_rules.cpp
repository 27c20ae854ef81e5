#include "agent/commands/explain_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <vector>

#include "agent/core/utf8.h"
#include "rules/slo/burn.h"
#include "rules/wording.h"

namespace highwater::agent {
namespace {

using rules::AlertRule;
using rules::SloRule;
using rules::SloTier;

constexpr size_t kColumns = 100;
constexpr double kTotal = 1;
constexpr double kTenth = 0.1;

// Broken between words; every line after the first is indented by two more.
std::string wrapped(std::string_view text, size_t indent) {
  std::string lines;
  std::string line(indent, ' ');
  bool empty = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!empty && utf8::count_characters(line) + 1 + utf8::count_characters(word) > kColumns) {
      lines += line + "\n";
      line.assign(indent + 2, ' ');
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  return lines + line + "\n";
}

using Row = std::array<std::string, 7>;

// Columns as wide as their widest cell, two spaces between them.
std::string aligned(const std::vector<Row>& rows) {
  std::array<size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], utf8::count_characters(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = "  ";
    for (size_t i = 0; i < row.size(); ++i) line += utf8::padded(row[i], widths[i] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string percent(double ratio) {
  return fmt::format("{:.4g}%", ratio * 100);
}

std::string window_name(const rules::SloWindow& window) {
  using Kind = rules::SloWindow::Kind;
  const std::string text = rules::window_text(window);
  return window.kind == Kind::rolling ? text : "a " + text;
}

std::string describe_hours(Duration duration) {
  return fmt::format("{:.4g} h", to_seconds(duration) / 3600);
}

// "432 min (7 h 12 min) of 30d may be bad"
std::string budget_text(const SloRule& rule) {
  if (rule.sli.is_events()) {
    const double one_of = 1 / rule.budget();
    return fmt::format("budget: {} of the events of {} may be bad, which is {} of {}",
                       percent(rule.budget()), window_name(rule.window),
                       one_of >= 2 ? "1" : fmt::format("{:.4g}", rule.budget() * 100),
                       one_of >= 2 ? fmt::format("{:.4g}", one_of) : "100");
  }
  const Duration counted = rule.most_inside(rule.window.length);
  const double seconds = rule.budget() * to_seconds(counted);
  const auto exact = std::chrono::milliseconds(std::llround(seconds * 1000));
  const bool calendar = rule.window.kind != rules::SloWindow::Kind::rolling;
  const std::string inside =
      rule.during == nullptr ? "" : fmt::format(", {} of which count,", describe_hours(counted));
  return fmt::format("budget: {:.4g} min ({}) of {}{} may be bad{}", seconds / 60,
                     describe_duration(exact), window_name(rule.window), inside,
                     calendar ? " (of one with " + format_duration(rule.window.length) + ")" : "");
}

struct Course {
  std::string fires;
  std::string clears;
};

Course course_of(const SloRule& rule, const SloTier& tier, double share) {
  const std::optional<Duration> lasts = rules::time_to_fire(rule, tier, share);
  if (!lasts) return {"never", "-"};
  // It fires right after that time; then the fault ends.
  const Duration clears =
      rules::time_to_clear(rule, tier, share, *lasts + std::chrono::seconds(1)) +
      rule.keep_firing_for;
  return {describe_duration(*lasts), describe_duration(clears)};
}

std::string tiers_table(const SloRule& rule) {
  std::vector<Row> rows{
      {"", "", "", "total fault:", "cleared", "10 % fault:", "cleared"},
      {"tier", "burn rate over", "spends", "fires after", "after end", "fires after", "after end"}};
  const double counted = to_seconds(rule.most_inside(rule.window.length));
  for (const SloTier& tier : rule.tiers) {
    const double spent = tier.factor * to_seconds(rule.most_inside(tier.long_window)) / counted;
    const Course total = course_of(rule, tier, kTotal);
    const Course tenth = course_of(rule, tier, kTenth);
    rows.push_back({std::string(severity_name(tier.severity)),
                    fmt::format("{:g}x {} and {}", tier.factor, format_duration(tier.long_window),
                                format_duration(tier.short_window)),
                    fmt::format("{:.3g}%", spent * 100), total.fires, total.clears, tenth.fires,
                    tenth.clears});
  }
  return aligned(rows);
}

std::string slo_text(const SloRule& rule) {
  const rules::SliSource& subjects = rule.sli.is_events() ? *rule.sli.total : rule.sli.first;
  std::string text = fmt::format("SLO {} ({})\n", rule.name, rule.where);
  std::string goal = fmt::format("{} for {}", rules::sli_text(rule.sli), percent(rule.objective));
  if (rule.sli.is_events())
    goal =
        fmt::format("{}; {} have to be good", rules::sli_text(rule.sli), percent(rule.objective));
  if (const std::string rows = rules::scope_text(*subjects.measure, subjects.scope); !rows.empty())
    goal += fmt::format(" ({})", rows);
  goal += fmt::format("; one budget for each {}", fmt::join(subject_dimensions(rule), ", "));
  text += wrapped(goal, 2);
  if (rule.during != nullptr)
    text += wrapped(fmt::format("time counts {}; the times below are within",
                                rules::hours_text(rule.during.get())),
                    2);
  text += wrapped(budget_text(rule), 2);
  if (rule.min_bad > 0)
    text +=
        wrapped(fmt::format("no tier fires with less than {} bad in its short window",
                            rule.sli.is_events() ? fmt::format("{:g} events", rule.min_bad)
                                                 : rules::number_text(rule.min_bad, Unit::seconds)),
                2);
  return text + tiers_table(rule);
}

std::string alert_text(const AlertRule& rule) {
  return fmt::format("alert {} ({})\n", rule.name, rule.where) +
         wrapped(rules::when_it_fires(rule), 2);
}

}  // namespace

std::string explain_rules(const rules::RuleSet& rules) {
  std::string text;
  for (const SloRule& slo : rules.slos) text += slo_text(slo) + "\n";
  for (const AlertRule& alert : rules.alerts) text += alert_text(alert);
  return text;
}

}  // namespace highwater::agent
