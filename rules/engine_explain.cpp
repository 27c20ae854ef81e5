// Why a rule fires or is quiet: read from the engine's state when somebody asks, changing nothing.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "agent/core/diagnostic.h"
#include "rules/engine_impl.h"
#include "rules/entity_filter.h"
#include "rules/wording.h"

namespace highwater::rules {
namespace {

bool is_asked_for(const Entity& entity, const EntityFilter& filter) {
  return filter.empty() || filter.matches(entity.text());
}

std::string meaning_of(const SloRule& rule) {
  std::string tiers;
  for (const SloTier& tier : rule.tiers) {
    tiers += fmt::format("{}{} above {}", tiers.empty() ? "" : ", ", severity_name(tier.severity),
                         tier_text(tier));
  }
  std::string text = fmt::format("{:.6g}% of {}; fires as {}.", rule.objective * 100,
                                 window_text(rule.window), tiers);
  if (rule.keep_firing_for > Duration::zero())
    text += fmt::format(" Stays {} longer.", format_duration(rule.keep_firing_for));
  if (rule.during != nullptr)
    text += fmt::format(" Time counts {}.", hours_text(rule.during.get()));
  return text;
}

// " It is closed now, until 2026-11-23 07:00:00 UTC."; empty for what always holds.
std::string hours_now(const OpenHours* hours, WallTime now) {
  if (hours == nullptr) return {};
  const OpenHours::Interval interval = hours->around(now);
  return fmt::format(" It is {} now, until {}.", interval.open ? "open" : "closed",
                     describe_time(interval.end));
}

// Firing before pending, then by severity, then by the entity.
bool alert_before(const LiveAlert* a, const LiveAlert* b) {
  if (a->alert.state != b->alert.state) return a->alert.state == AlertState::firing;
  if (a->alert.severity != b->alert.severity) return a->alert.severity > b->alert.severity;
  return a->entity_text < b->entity_text;
}

Explanation explain_alert(const AlertRule& rule, const LiveAlert& live, Now now) {
  Explanation item;
  item.entity = live.alert.entity;
  item.alert = live.alert;
  if (!live.alert.unknown) item.sample = sample_text(rule.when, live.alert.value);
  item.sample_is_bad = !live.clear_since;
  if (live.alert.state == AlertState::pending)
    item.fires_in = std::max(rule.hold - live.held(now.steady), Duration::zero());
  else if (live.clear_since)
    item.ends_in = std::max(rule.keep_firing_for - live.cleared(now.steady), Duration::zero());
  return item;
}

ExplainedWindow explain_window(const BudgetCurve& curve, Duration length, double burn,
                               WallTime at) {
  const Sums sums = curve.between(at - length, at);
  return {length, burn, sums.bad, sums.total, sums.known};
}

ExplainedTier explain_tier(const SloRule& rule, const SloTier& tier, const BudgetCurve& curve,
                           WallTime at) {
  const TierVerdict verdict = judge_tier(rule, tier, curve, at);
  ExplainedTier explained;
  explained.factor = tier.factor;
  explained.severity = tier.severity;
  explained.long_window = explain_window(curve, tier.long_window, verdict.long_burn, at);
  explained.short_window = explain_window(curve, tier.short_window, verdict.short_burn, at);
  explained.coverage = verdict.coverage;
  explained.burning = verdict.burning;
  explained.frozen = verdict.frozen;
  explained.warming = verdict.warming;
  explained.clears_at = clears_at(rule, tier, curve, at);
  return explained;
}

Explanation explain_budget(const SloRule& rule, const Budget& budget, WallTime at, Now now) {
  Explanation item;
  item.entity = budget.entity;
  item.present = budget.present;
  if (budget.alert != nullptr) {
    item.alert = budget.alert->alert;
    if (budget.alert->clear_since)
      item.ends_in =
          std::max(rule.keep_firing_for - budget.alert->cleared(now.steady), Duration::zero());
  }
  if (budget.held.known && rule.sli.is_events()) {
    const double share = recent_bad_share(rule, budget.curve, at);
    item.sample = format_value(share, Unit::ratio);
    item.sample_is_bad = share > 0;
  } else if (budget.held.known && rule.sli.is_composite()) {
    item.sample = bad_parts(rule.sli, budget.held.value);
    item.sample_is_bad = !item.sample.empty();
    if (!item.sample_is_bad) item.sample = "nothing is bad";
  } else if (budget.held.known) {
    item.sample = format_value(budget.held.value, rule.sli.first.measure->unit);
    item.sample_is_bad = budget.held.first > 0;
  }
  const BudgetStatus status = budget_status(rule, budget.curve, at);
  ExplainedBudget& explained = item.budget.emplace();
  explained.objective = rule.objective;
  explained.window = window_text(rule.window);
  explained.window_begin = status.window_begin;
  explained.coverage_since = status.coverage_since;
  explained.events = rule.sli.is_events();
  explained.bad = status.sums.bad;
  explained.allowed = status.budget;
  explained.min_bad = rule.min_bad;
  explained.has_data = status.has_data();
  explained.finding = counters_text(rule, budget.curve, at);
  explained.clears_at = all_clear_at(
      rule, budget.alert == nullptr ? std::nullopt : std::optional(budget.tier), budget.curve, at);
  explained.remaining = status.remaining;
  explained.coverage = status.coverage;
  explained.excluded = status.excluded;
  explained.burn = status.burn;
  explained.exhausted = status.exhausted;
  explained.exhausted_in = status.exhausted_in;
  for (const SloTier& tier : rule.tiers)
    explained.tiers.push_back(explain_tier(rule, tier, budget.curve, at));
  return item;
}

// A row as it is sorted and shown.
struct SeenRow {
  Entity entity;
  RowReading reading;

  [[nodiscard]] int rank() const {
    return reading.verdict == Verdict::met ? 0 : reading.verdict == Verdict::unknown ? 1 : 2;
  }
};

bool worse(Comparison comparison, double a, double b) {
  const bool small_is_bad =
      comparison == Comparison::less || comparison == Comparison::less_or_equal;
  return small_is_bad ? a < b : a > b;
}

// Met, unknown, clear; of each the worst first.
void sort_rows(std::vector<SeenRow>& rows, Comparison comparison) {
  std::ranges::stable_sort(rows, [&](const SeenRow& a, const SeenRow& b) {
    if (a.rank() != b.rank()) return a.rank() < b.rank();
    return a.reading.verdict != Verdict::unknown &&
           worse(comparison, a.reading.value, b.reading.value);
  });
}

// Counts the rows that are asked for, and keeps the worst of them.
void explain_rows(const AlertRule& rule, const RowReadings& readings, const EntityFilter& filter,
                  ExplainedRows& counts, std::vector<SeenRow>& kept, EntityNames& names) {
  counts.total = readings.rows.size();
  std::map<Unknown, size_t> reasons;
  std::optional<double> worst;
  if (!filter.empty()) counts.selected = counts.met = counts.unknown = 0;
  for (const RowReading& row : readings.rows) {
    Entity entity(readings.keys->dimensions(), row.cells);
    if (!filter.empty()) {
      names.add(entity);
      if (!filter.matches(entity.text())) continue;
      ++counts.selected;
      counts.met += row.verdict == Verdict::met ? 1 : 0;
      counts.unknown += row.verdict == Verdict::unknown ? 1 : 0;
    }
    if (row.verdict == Verdict::unknown)
      ++reasons[row.reason];
    else if (!worst || worse(rule.when.comparison, row.value, *worst))
      worst = row.value;
    kept.push_back({std::move(entity), row});
    if (kept.size() < 20 * kMostExplained) continue;
    sort_rows(kept, rule.when.comparison);
    kept.resize(kMostExplained);
  }
  if (!filter.empty()) counts.worst = worst ? format_value(*worst, rule.when.left->unit) : "";
  for (const auto& [reason, count] : reasons)
    counts.reasons.emplace_back(unknown_name(reason), count);
}

// A budget that is asked for, with what tells the worst from the others at little cost.
struct Candidate {
  const Budget* budget = nullptr;
  WallTime at;
  double bad = 0;

  [[nodiscard]] auto rank() const {
    const bool alerts = budget->alert != nullptr;
    return std::tuple(!alerts, alerts ? -static_cast<int>(budget->alert->alert.severity) : 0,
                      !budget->present, -bad);
  }
};

}  // namespace

ExplainAnswer Engine::Impl::explain(const ExplainQuestion& question, Now now) const {
  for (const auto& watched : rules_) {
    if (watched->entry.rule.name == question.name) return explain_alerts(*watched, question, now);
  }
  for (const auto& watched : slos_) {
    if (watched->entry.rule.name == question.name) return explain_slo(*watched, question, now);
  }
  ExplainAnswer answer;
  answer.at = now.wall;
  answer.rule = question.name;
  answer.advice = did_you_mean(question.name, names());
  return answer;
}

ExplainAnswer Engine::Impl::explain_alerts(const Watched& watched, const ExplainQuestion& question,
                                           Now now) {
  const AlertRule& rule = watched.entry.rule;
  ExplainAnswer answer;
  answer.kind = ExplainAnswer::Kind::alert;
  answer.at = now.wall;
  answer.rule = rule.name;
  answer.where = rule.where;
  answer.judges = condition_text(rule.when);
  answer.meaning = when_it_fires(rule) + hours_now(rule.during.get(), now.wall);
  answer.runbook = rule.runbook;
  answer.entity = question.entity;
  const EntityFilter filter(question.entity);
  EntityNames names;
  std::vector<SeenRow> rows;
  std::vector<const LiveAlert*> alerts;
  for (const auto& [cluster, watch] : watched.clusters) {
    watch.for_each_alert([&](const LiveAlert& alert) {
      ++answer.total;
      if (!filter.empty()) names.add(alert.alert.entity);
      if (is_asked_for(alert.alert.entity, filter)) alerts.push_back(&alert);
    });
    const RowCounts counted = watch.row_counts();
    ExplainedRows& counts = answer.rows.emplace_back();
    counts.cluster = cluster;
    counts.selected = counted.selected;
    counts.met = counted.met;
    counts.unknown = counted.unknown;
    counts.worst = counted.worst ? sample_text(rule.when, *counted.worst) : "";
    counts.because = counted.because;
    explain_rows(rule, watch.readings(), filter, counts, rows, names);
  }
  sort_rows(rows, rule.when.comparison);
  if (rows.size() > kMostExplained) rows.resize(kMostExplained);
  for (const SeenRow& row : rows) {
    const bool known = row.reading.verdict != Verdict::unknown;
    answer.row_items.push_back({row.entity, known ? sample_text(rule.when, row.reading.value) : "",
                                row.reading.verdict == Verdict::met,
                                known ? std::string_view() : unknown_sentence(row.reading.reason)});
  }
  if (!filter.empty() && alerts.empty() && rows.empty()) answer.advice = names.advice(filter);
  answer.count = alerts.size();
  const size_t shown = std::min(alerts.size(), kMostExplained);
  std::ranges::partial_sort(alerts, alerts.begin() + static_cast<ptrdiff_t>(shown), alert_before);
  for (size_t i = 0; i < shown; ++i) answer.items.push_back(explain_alert(rule, *alerts[i], now));
  return answer;
}

ExplainAnswer Engine::Impl::explain_slo(const WatchedSlo& watched, const ExplainQuestion& question,
                                        Now now) {
  const SloRule& rule = watched.entry.rule;
  ExplainAnswer answer;
  answer.kind = ExplainAnswer::Kind::slo;
  answer.at = now.wall;
  answer.rule = rule.name;
  answer.where = rule.where;
  answer.judges = sli_text(rule.sli);
  answer.meaning = meaning_of(rule) + hours_now(rule.during.get(), now.wall);
  answer.runbook = rule.runbook;
  answer.entity = question.entity;
  const EntityFilter filter(question.entity);
  EntityNames names;
  std::vector<Candidate> candidates;
  for (const auto& [cluster, watch] : watched.clusters) {
    // As judged last: what came after that was not counted yet, and would pass for unknown.
    const WallTime at = watch.counted_until() ? watch.counted_until()->wall : now.wall;
    const WallTime begin = window_begin(rule.window, at);
    watch.for_each_kept([&](const Budget& budget) {
      ++answer.total;
      if (!filter.empty()) names.add(budget.entity);
      if (is_asked_for(budget.entity, filter))
        candidates.push_back({&budget, at, budget.curve.between(begin, at).bad});
    });
  }
  if (!filter.empty() && candidates.empty()) answer.advice = names.advice(filter);
  answer.count = candidates.size();
  const size_t shown = std::min(candidates.size(), kMostExplained);
  std::ranges::partial_sort(
      candidates, candidates.begin() + static_cast<ptrdiff_t>(shown),
      [](const Candidate& a, const Candidate& b) { return a.rank() < b.rank(); });
  for (size_t i = 0; i < shown; ++i)
    answer.items.push_back(explain_budget(rule, *candidates[i].budget, candidates[i].at, now));
  return answer;
}

std::vector<std::string> Engine::Impl::names() const {
  std::vector<std::string> names;
  for (const auto& watched : rules_) names.push_back(watched->entry.rule.name);
  for (const auto& watched : slos_) names.push_back(watched->entry.rule.name);
  return names;
}

}  // namespace highwater::rules
