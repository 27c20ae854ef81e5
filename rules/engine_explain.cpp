// Why a rule fires or is quiet: read from the engine's state when somebody asks, changing nothing.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "agent/core/diagnostic.h"
#include "rules/engine_impl.h"
#include "rules/wording.h"

namespace highwater::rules {
namespace {

bool is_asked_for(const Entity& entity, const ExplainQuestion& question) {
  return question.entity.empty() || entity.text().find(question.entity) != std::string::npos;
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

// " It is closed now, until 2026-11-23T07:00:00.000Z."; empty for what always holds.
std::string hours_now(const OpenHours* hours, WallTime now) {
  if (hours == nullptr) return {};
  const OpenHours::Stretch stretch = hours->around(now);
  return fmt::format(" It is {} now, until {}.", stretch.open ? "open" : "closed",
                     format_time(stretch.end));
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
  if (!live.alert.unknown) item.sample = format_value(live.alert.value, rule.when.left->unit);
  item.sample_is_bad = !live.clear_since;
  const auto left = [&](SteadyTime since, Duration needed) {
    return std::max(since + needed - now.steady, Duration::zero());
  };
  if (live.alert.state == AlertState::pending)
    item.fires_in = left(live.active_since, rule.hold);
  else if (live.clear_since)
    item.ends_in = left(*live.clear_since, rule.keep_firing_for);
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
      item.ends_in = std::max(*budget.alert->clear_since + rule.keep_firing_for - now.steady,
                              Duration::zero());
  }
  const Unit unit = rule.sli.is_events() ? Unit::ratio : rule.sli.first.measure->unit;
  if (budget.held.known) item.sample = format_value(budget.held.value, unit);
  item.sample_is_bad = budget.held.known && budget.held.bad > 0;
  const BudgetStatus status = budget_status(rule, budget.curve, at);
  ExplainedBudget& explained = item.budget.emplace();
  explained.objective = rule.objective;
  explained.window = window_text(rule.window);
  explained.window_begin = status.window_begin;
  explained.events = rule.sli.is_events();
  explained.bad = status.sums.bad;
  explained.allowed = status.budget;
  explained.min_bad = rule.min_bad;
  explained.remaining = status.remaining;
  explained.coverage = status.coverage;
  explained.burn = status.burn;
  explained.exhausted = status.exhausted;
  explained.exhausted_in = status.exhausted_in;
  for (const SloTier& tier : rule.tiers)
    explained.tiers.push_back(explain_tier(rule, tier, budget.curve, at));
  return item;
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
  std::vector<const LiveAlert*> alerts;
  for (const auto& [cluster, watch] : watched.clusters) {
    watch.for_each_alert([&](const LiveAlert& alert) {
      if (is_asked_for(alert.alert.entity, question)) alerts.push_back(&alert);
    });
    const Survey survey = watch.survey();
    answer.rows.push_back({cluster, survey.selected, survey.met, survey.unknown,
                           survey.worst ? format_value(*survey.worst, rule.when.left->unit) : ""});
  }
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
  std::vector<Candidate> candidates;
  for (const auto& [cluster, watch] : watched.clusters) {
    // As judged last: what came after that was not counted yet, and would pass for unknown.
    const WallTime at = watch.counted_until() ? watch.counted_until()->wall : now.wall;
    const WallTime begin = window_begin(rule.window, at);
    watch.for_each_kept([&](const Budget& budget) {
      if (is_asked_for(budget.entity, question))
        candidates.push_back({&budget, at, budget.curve.between(begin, at).bad});
    });
  }
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
