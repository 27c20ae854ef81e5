#include "rules/prometheus/slo_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/prometheus/detail.h"
#include "rules/prometheus/promql.h"
#include "rules/prometheus/texts.h"

namespace highwater::rules {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kBudgetEvery = minutes(5);
// For so long after it was last seen something is known to be missing.
constexpr std::string_view kMemory = "1h";

// Whole intervals in a window, at least one.
int64_t intervals_in(Duration window, Duration interval) {
  return std::max<int64_t>(1, (window + interval / 2) / interval);
}

// The rules of one SLO.
class SloWriter {
 public:
  SloWriter(const SloRule& rule, const PrometheusOptions& options, PrometheusFile& file);

  void write();

 private:
  void record_time();
  void record_parts();
  void record_bad(std::string bad, const std::string& rows);
  void record_events();
  void record_settled_events();
  void record_windows();
  void record_tier();
  void write_alert(size_t tier);
  void record_budget();

  // A recorded series of this SLO.
  [[nodiscard]] std::string series(std::string_view name, bool of_this_alert = false) const;
  [[nodiscard]] std::string ratio(Duration window, bool of_this_alert = false) const;
  // The samples that a window holds, as a range that ends now.
  [[nodiscard]] std::string range(const std::string& name, Duration window) const;
  [[nodiscard]] std::string bad_share(Duration window) const;
  [[nodiscard]] std::string enough_bad(Duration window) const;
  [[nodiscard]] std::string condition(const SloTier& tier, size_t number) const;
  [[nodiscard]] std::string budget() const;
  [[nodiscard]] Duration fastest_window() const;
  [[nodiscard]] SloSeries asked_for() const;
  [[nodiscard]] PrometheusFile::Labels own_labels() const;

  const SloRule& rule_;
  const PrometheusOptions& options_;
  PrometheusFile& file_;
  const std::vector<std::string_view> dimensions_;
  const std::string by_;       // "(cluster, topic)"
  const std::string slo_;      // the label that names the SLO
  const std::string seen_;     // the series that has a sample where something is known
  const std::string all_;      // events: those that are judged
  const std::string counted_;  // events: what the first counter counts of them
  Duration interval_{};
};

Duration interval_for(const SloRule& rule) {
  Duration shortest = Duration::max();
  for (const SloTier& tier : rule.tiers) shortest = std::min(shortest, tier.short_window);
  constexpr int kSamplesAtLeast = 4;
  for (const Duration interval : {Duration(minutes(1)), Duration(seconds(30))}) {
    if (shortest >= interval * kSamplesAtLeast) return interval;
  }
  return seconds(15);
}

// A measure may have a dimension of that name.
std::string slo_label(const std::vector<std::string_view>& dimensions) {
  return std::ranges::find(dimensions, "slo") == dimensions.end() ? "slo" : "highwater_slo";
}

SloWriter::SloWriter(const SloRule& rule, const PrometheusOptions& options, PrometheusFile& file)
    : rule_(rule),
      options_(options),
      file_(file),
      dimensions_(subject_dimensions(rule)),
      by_("(" + promql::list(dimensions_) + ")"),
      slo_(slo_label(dimensions_)),
      seen_(rule.sli.is_events() ? "highwater_slo:total:increase" : "highwater_slo:bad:now"),
      all_(rule.sli.first_is_good ? "highwater_slo:judged:increase" : seen_),
      counted_(rule.sli.first_is_good ? "highwater_slo:good:increase"
                                      : "highwater_slo:bad:increase"),
      interval_(options.interval.value_or(interval_for(rule))) {}

void SloWriter::write() {
  if (options_.detail == MetricsDetail::standard && needs_full_detail(rule_))
    file_.comment(std::string(kNeedsFullDetailText));
  file_.group("highwater slo " + rule_.name, interval_);
  if (rule_.sli.is_events())
    record_events();
  else if (rule_.sli.is_composite())
    record_parts();
  else
    record_time();
  record_windows();
  record_tier();
  for (size_t tier = 0; tier < rule_.tiers.size(); ++tier) write_alert(tier);
  record_budget();
}

std::string SloWriter::series(std::string_view name, bool of_this_alert) const {
  std::vector<std::string> matchers{fmt::format("{}={}", slo_, promql::quoted(rule_.name))};
  if (of_this_alert) matchers.emplace_back(kOfThisAlert);
  return promql::selector(name, matchers);
}

std::string SloWriter::ratio(Duration window, bool of_this_alert) const {
  return series("highwater_slo:bad_ratio:" + format_duration(window), of_this_alert);
}

std::string SloWriter::budget() const {
  return fmt::format("(1 - {})", promql::number(rule_.objective));
}

void SloWriter::record_time() {
  const SliSource& source = rule_.sli.first;
  const auto matchers = promql::matchers(*source.measure, source.scope);
  const std::string rows = promql::selector(promql::metric(*source.measure), matchers);
  record_bad(fmt::format("max by {} ({})", by_, promql::is_bad(rows, rule_.sli.good)), rows);
}

// Bad while a part is; good while all parts are known that were within the last hour.
void SloWriter::record_parts() {
  const std::string rows = promql::selector(
      "highwater_slo:bad:now",
      std::vector<std::string>{fmt::format("{}=~\"{}\"", slo_, fmt::join(rule_.sli.all_of, "|"))});
  const std::string worst = fmt::format("max by {} ({})", by_, rows);
  record_bad(fmt::format("{} == 1\nor ({}\n  and count by {} ({})\n  >= count by {} "
                         "(last_over_time({}[{}])))",
                         worst, worst, by_, rows, by_, rows, kMemory),
             rows);
}

void SloWriter::record_bad(std::string bad, const std::string& rows) {
  if (rule_.no_data != NoData::hold) {
    bad += fmt::format("\nor on {}\ngroup by {} (last_over_time({}[{}]))", by_, by_, rows, kMemory);
    if (rule_.no_data == NoData::good) bad += " * 0";
  }
  file_.comment("Bad (1) or good (0), now.");
  file_.record(seen_, bad, {{slo_, rule_.name}});
}

void SloWriter::record_events() {
  const SliSource& all = *rule_.sli.total;
  const SliSource& some = rule_.sli.first;
  const auto rows = [](const SliSource& source) {
    return promql::selector(promql::metric(*source.measure),
                            promql::matchers(*source.measure, source.scope));
  };
  const auto before = [&](const std::string& counter) {
    return fmt::format("last_over_time({}[{}] offset {})", counter, kMemory,
                       format_duration(interval_));
  };
  const auto growth = [&](const std::string& counter) {
    return fmt::format("({} - {} >= 0)", counter, before(counter));
  };
  const std::string total = rows(all);
  file_.comment("Events since the last evaluation; a counter that went down counts from zero.");
  file_.record(seen_,
               fmt::format("sum by {} (\n  {}\n  or ({} and {})\n)", by_, growth(total), total,
                           before(total)),
               {{slo_, rule_.name}});
  const std::string part = rows(some);
  const std::string counted = fmt::format("sum by {} (\n  {}\n  or {}\n)", by_, growth(part), part);
  const std::string events = fmt::format("sum by {} ({})", by_, series(seen_));
  file_.comment(
      fmt::format("The {} ones, compared with all over windows alone: one of the two counters may "
                  "be read later. "
                  "A counter that is not there yet counts from zero.",
                  rule_.sli.first_is_good ? "good" : "bad"));
  file_.record(counted_, fmt::format("{} and {}\nor {} * 0", counted, events, events),
               {{slo_, rule_.name}});
  if (rule_.sli.first_is_good) record_settled_events();
}

// What no counter of good events could have yet is held back for one evaluation.
void SloWriter::record_settled_events() {
  constexpr std::string_view kLate = "highwater_slo:late:increase";
  file_.comment("Events whose success may be counted with the next evaluation.");
  file_.record(std::string(kLate),
               fmt::format("clamp_min({} - {}, 0)", series(seen_), series(counted_)), {});
  file_.comment("The events that are judged.");
  file_.record(
      all_,
      fmt::format("{} - {}\n+ (last_over_time({}[{}] offset {}) or {} * 0)", series(seen_),
                  series(kLate), series(kLate), kMemory, format_duration(interval_), series(seen_)),
      {});
}

std::string SloWriter::range(const std::string& name, Duration window) const {
  const Duration length = intervals_in(window, interval_) * interval_ - interval_ / 2;
  const std::string text = fmt::format("{}[{}]", series(name), format_duration(length));
  return rule_.sli.is_events() ? text : text + " offset " + format_duration(interval_);
}

std::string SloWriter::bad_share(Duration window) const {
  if (!rule_.sli.is_events()) return fmt::format("avg_over_time({})", range(seen_, window));
  // Nothing of nothing is no share.
  const std::string share = fmt::format("sum_over_time({})\n/ (sum_over_time({}) > 0)",
                                        range(counted_, window), range(all_, window));
  return fmt::format("{}clamp_max({}, 1)", rule_.sli.first_is_good ? "1 - " : "", share);
}

// The bad ones in a window, as far as there were so many.
std::string SloWriter::enough_bad(Duration window) const {
  const auto is_enough = [&](const std::string& bad) {
    return fmt::format("{} >= {} * 0.999999999", bad, promql::number(rule_.min_bad));
  };
  const auto sum = [&](const std::string& name) {
    return fmt::format("sum_over_time({})", range(name, window));
  };
  if (!rule_.sli.is_events())
    return is_enough(fmt::format("{} * {}", sum(seen_), promql::number(to_seconds(interval_))));
  if (rule_.sli.first_is_good) return is_enough(fmt::format("{} - {}", sum(all_), sum(counted_)));
  return fmt::format("{}\n  and {}", is_enough(sum(counted_)), is_enough(sum(all_)));
}

void SloWriter::record_windows() {
  std::vector<Duration> windows;
  std::vector<Duration> long_windows;
  for (const SloTier& tier : rule_.tiers) {
    windows.insert(windows.end(), {tier.long_window, tier.short_window});
    long_windows.push_back(tier.long_window);
  }
  for (auto* list : {&windows, &long_windows}) {
    std::ranges::sort(*list);
    list->erase(std::ranges::unique(*list).begin(), list->end());
  }
  for (const Duration window : windows) {
    if (window == windows.front()) file_.comment("The bad share of each window.");
    file_.record("highwater_slo:bad_ratio:" + format_duration(window), bad_share(window),
                 {{slo_, rule_.name}});
  }
  for (const Duration window : long_windows) {
    if (window == long_windows.front())
      file_.comment("1 where the window is filled; before that the share of it that is known.");
    const int64_t whole = intervals_in(window, interval_);
    const std::string count = fmt::format("count_over_time({})", range(seen_, window));
    const std::string before = fmt::format("last_over_time({}[{}] offset {})", series(seen_),
                                           kMemory, format_duration(whole * interval_));
    file_.record("highwater_slo:filled:" + format_duration(window),
                 fmt::format("({} >= {}\n  and {}) * 0 + 1\nor {} / {}", count,
                             promql::number(rule_.min_coverage * static_cast<double>(whole)),
                             before, count, whole),
                 {{slo_, rule_.name}});
  }
}

// "Exceeds" as in burn.cpp: rounding must not decide. Where a long window has gaps, a tier that
// burned goes on burning by what is known of it.
std::string SloWriter::condition(const SloTier& tier, size_t number) const {
  const auto exceeds = [&](const std::string& share) {
    return fmt::format("{} / {} > {} * 1.000000001", share, budget(), promql::number(tier.factor));
  };
  const std::string filled = series("highwater_slo:filled:" + format_duration(tier.long_window));
  const std::string burned =
      fmt::format("last_over_time({}[{}]) == {}", series("highwater_slo:tier"),
                  format_duration(rule_.keep_firing_for + interval_ + interval_ / 2), number);
  std::string text =
      fmt::format("({} * {}\n  or {} and {})\n  and {}", ratio(tier.long_window), exceeds(filled),
                  exceeds(ratio(tier.long_window)), burned, exceeds(ratio(tier.short_window)));
  if (rule_.min_bad <= 0) return text;
  return text + "\n  and " + enough_bad(tier.short_window);
}

void SloWriter::record_tier() {
  std::string expression;
  for (size_t tier = 0; tier < rule_.tiers.size(); ++tier) {
    expression += fmt::format("{}({}) * 0 + {}", tier == 0 ? "" : "\nor ",
                              condition(rule_.tiers[tier], tier + 1), tier + 1);
  }
  file_.comment("Which tier burns: 1 is the highest, and wins.");
  file_.record("highwater_slo:tier", expression, {{slo_, rule_.name}});
}

PrometheusFile::Labels SloWriter::own_labels() const {
  PrometheusFile::Labels labels{{"objective", percent(rule_.objective)}};
  if (!rule_.owner.empty()) labels.emplace_back("owner", literal(rule_.owner));
  for (const auto& [name, value] : rule_.labels) labels.emplace_back(name, literal(value));
  return labels;
}

void SloWriter::write_alert(size_t tier) {
  const SloTier& of = rule_.tiers[tier];
  std::string burning = series("highwater_slo:tier");
  // Half an interval more, so that no version of Prometheus sees one sample less. keep_firing_for
  // of Prometheus would keep a tier beside the one that replaces it.
  if (rule_.keep_firing_for > Duration::zero()) {
    burning = fmt::format("last_over_time({}[{}])", burning,
                          format_duration(rule_.keep_firing_for + interval_ / 2));
  }
  PrometheusFile::Labels labels{{"severity", std::string(severity_name(of.severity))},
                                {"tier", tier_name(of)}};
  for (auto& label : own_labels()) labels.push_back(std::move(label));
  file_.alert(
      rule_.name,
      fmt::format("{} / {}\nand {} == {}", ratio(of.long_window), budget(), burning, tier + 1), {},
      {}, labels, annotations_of(rule_, of, options_.external_url, asked_for()));
}

Duration SloWriter::fastest_window() const {
  return std::ranges::min(rule_.tiers, {}, &SloTier::long_window).long_window;
}

SloSeries SloWriter::asked_for() const {
  SloSeries asked;
  asked.left = series("highwater_slo:budget_left:ratio", true);
  asked.exhausted = fmt::format("{} * {} / ({} / {}) > 0", asked.left,
                                promql::number(to_seconds(rule_.window.length)),
                                ratio(fastest_window(), true), budget());
  if (rule_.sli.is_events()) {
    const SloTier& fastest = std::ranges::min(rule_.tiers, {}, &SloTier::long_window);
    asked.value = ratio(fastest.short_window, true);
    return asked;
  }
  if (rule_.sli.is_composite()) {
    asked.value = series(seen_, true);
    return asked;
  }
  const SliSource& source = rule_.sli.first;
  auto matchers = promql::matchers(*source.measure, source.scope);
  matchers.emplace_back(kOfThisAlert);
  const bool least = !rule_.sli.good.outside && std::isinf(rule_.sli.good.high);
  asked.value = fmt::format("{}({})", least ? "min" : "max",
                            promql::selector(promql::metric(*source.measure), matchers));
  return asked;
}

void SloWriter::record_budget() {
  const Duration window = rule_.window.length;
  const int64_t whole = intervals_in(window, interval_);
  const std::string count = fmt::format("count_over_time({})", range(seen_, window));
  const std::string bad = rule_.sli.is_events()
                              ? fmt::format("({})\n  * {} / {}", bad_share(window), count, whole)
                              : fmt::format("sum_over_time({}) / {}", range(seen_, window), whole);
  file_.comment(
      fmt::format("Of the last {}; Prometheus has to keep that long.", describe_duration(window)));
  file_.group(fmt::format("highwater budget {}", rule_.name), kBudgetEvery);
  file_.record("highwater_slo:budget_left:ratio", fmt::format("1 - {} / {}", bad, budget()),
               {{slo_, rule_.name}});
}

}  // namespace

void write_slo(const SloRule& rule, const PrometheusOptions& options, PrometheusFile& file) {
  SloWriter(rule, options, file).write();
}

}  // namespace highwater::rules
