#include "rules/slo_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kRecovered = "the budget burns slower than every tier";
constexpr std::string_view kGone = "it is gone";
// A clock that is being slewed stays below this; more is a step.
constexpr Duration kClockStep = seconds(2);
constexpr Duration kThinEvery = hours(1);
// How often budgets are judged while nothing is read.
constexpr Duration kJudgeEvery = seconds(5);

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

SteadyTime stale_from(const Observation& observation) {
  const Duration limit = std::max<Duration>(observation.cadence * kStaleCadences, kStaleFloor);
  return observation.at.steady + limit + Duration(1);
}

Duration longest_window(const SloRule& rule) {
  Duration longest{};
  for (const SloTier& tier : rule.tiers) longest = std::max(longest, tier.long_window);
  return longest;
}

std::string tier_text(const SloTier& tier) {
  return fmt::format("{:g}x over {} and {}", tier.factor, format_duration(tier.long_window),
                     format_duration(tier.short_window));
}

std::string percent(double ratio) {
  return fmt::format("{:.4g}%", ratio * 100);
}

}  // namespace

SloEntry::SloEntry(SloRule checked, size_t place)
    : RuleIdentity{Symbol(checked.name), place, false, checked.sli.first.measure},
      rule(std::move(checked)),
      summary(rule.summary),
      description(rule.description),
      longest_tier(longest_window(rule)),
      closing(closing_text(rule.during.get())) {}

SloWatch::SloWatch(const SloEntry& slo, Symbol cluster)
    : slo_(slo), cluster_(std::move(cluster)), reader_(slo.rule.sli) {}

void SloWatch::evaluate(ClusterView& view, Now now, AlertEvents& events) {
  keep_hours(now, events);
  const Sli& sli = slo_.rule.sli;
  const Source first = find_source(view.observations(), *sli.first.measure);
  const Source total =
      sli.is_events() ? find_source(view.observations(), *sli.total->measure) : Source{};
  const auto speaks = [&](const Source& source) {
    return source.table != nullptr && !is_stale(*source.observation, now.steady);
  };
  if (!speaks(first) || (sli.is_events() && !speaks(total))) {
    if (freeze(now)) judge(view, now, events);
    return;
  }
  if (first.observation == first_ && total.observation == total_) return;
  first_ = first.observation;
  total_ = total.observation;
  Now sampled = first_->at;
  if (total_ != nullptr && total_->at.steady > sampled.steady) sampled = total_->at;
  if (sampled.steady > now.steady) sampled = now;
  // By the wall clock as it is now, so that a step of it is met once.
  sampled.wall = now.wall - (now.steady - sampled.steady);
  const Duration passed = advance(sampled);
  if (reader_.read(first, total)) renumber(sampled.wall, events);
  take_samples(sampled.wall, passed);
  judge(view, sampled, events);
}

void SloWatch::keep_hours(Now now, AlertEvents& events) {
  if (!hours_.follow(slo_.rule.during.get(), now)) return;
  for (const auto& budget : budgets_) {
    const bool here = hours_.open() && budget->alert != nullptr &&
                      budget->alert->alert.active_since >= hours_.since();
    if (!here) end(*budget, slo_.closing, events);
  }
}

bool SloWatch::freeze(Now now) {
  if (!counted_until_) return false;
  if (first_ == nullptr && now.steady < counted_until_->steady + kJudgeEvery) return false;
  if (first_ != nullptr) {
    SteadyTime fresh_until = stale_from(*first_);
    if (total_ != nullptr) fresh_until = std::min(fresh_until, stale_from(*total_));
    const Duration ago = std::max(now.steady - fresh_until, Duration::zero());
    Now fresh = now;
    fresh.steady -= ago;
    fresh.wall -= ago;
    advance(fresh);
    for (Budget* budget : by_subject_) {
      if (budget != nullptr) budget->held = without_data();
    }
    first_ = nullptr;
    total_ = nullptr;
  }
  advance(now);
  return true;
}

void SloWatch::end_all(AlertEvents& events, std::string_view resolution) {
  for (const auto& budget : budgets_) end(*budget, resolution, events);
}

void SloWatch::restore(std::unique_ptr<Budget> budget) {
  if (!by_entity_.contains(budget->entity)) add(std::move(budget));
}

void SloWatch::restore(std::unique_ptr<LiveAlert> alert, size_t tier, Now now) {
  const auto known = by_entity_.find(alert->alert.entity);
  Budget* const budget = known != by_entity_.end()
                             ? known->second
                             : add(std::make_unique<Budget>(alert->alert.entity, now.wall));
  alert->alert.unknown = true;
  budget->alert = std::move(alert);
  budget->tier = std::min(tier, slo_.rule.tiers.size() - 1);
  restored_until_ = now.steady + kRestoreGrace;
}

void SloWatch::end_unseen(AlertEvents& events) {
  for (const auto& budget : budgets_) {
    if (!budget->present) end(*budget, kGone, events);
  }
}

void SloWatch::rule_changed(AlertEvents& events) {
  events.relisted = true;
  first_ = nullptr;
  total_ = nullptr;
  reader_.rule_changed();
  hours_.forget();
  for (const auto& budget : budgets_) {
    if (budget->alert == nullptr) continue;
    budget->tier = std::min(budget->tier, slo_.rule.tiers.size() - 1);
    budget->alert->alert.severity = slo_.rule.tiers[budget->tier].severity;
    budget->alert->alert.runbook = slo_.rule.runbook;
    budget->alert->alert.labels = slo_.rule.labels;
  }
}

std::optional<SteadyTime> SloWatch::next_deadline() const {
  std::optional<SteadyTime> earliest;
  const bool alerts =
      std::ranges::any_of(budgets_, [](const auto& budget) { return budget->alert != nullptr; });
  if (alerts) earliest = hours_.ends();
  if (first_ == nullptr) return earliest;
  SteadyTime fresh_until = stale_from(*first_);
  if (total_ != nullptr) fresh_until = std::min(fresh_until, stale_from(*total_));
  return std::min(fresh_until, earliest.value_or(fresh_until));
}

// Counts the time since the last call by what it was held to be. How much of it can be counted:
// nothing when the wall clock was stepped.
Duration SloWatch::advance(Now until) {
  if (!counted_until_) counted_until_ = until;
  const Duration steady = until.steady - counted_until_->steady;
  const Duration wall = until.wall - counted_until_->wall;
  if (steady <= Duration::zero()) return Duration::zero();
  counted_until_ = until;
  const bool stepped = wall < steady - kClockStep || wall > steady + kClockStep;
  const Duration passed = stepped ? Duration::zero() : wall;
  // Events are counted when they are read.
  if (!slo_.rule.sli.is_events()) count_time(until.wall - passed, until.wall);
  return passed;
}

// In pieces, where the SLO's hours begin or end in between. What lies before `from` is unknown.
void SloWatch::count_time(WallTime from, WallTime until) {
  const OpenHours* const hours = slo_.rule.during.get();
  while (true) {
    const auto stretch =
        hours == nullptr ? OpenHours::Stretch{true, from, until} : hours->around(from);
    const WallTime end = hours == nullptr ? until : std::min(stretch.end, until);
    const Duration passed = stretch.open ? end - from : Duration::zero();
    for (Budget* budget : by_subject_) {
      if (budget == nullptr) continue;
      Sums happened;
      if (budget->held.known)
        happened = {in_seconds(passed) * budget->held.bad, in_seconds(passed), passed};
      count(*budget, end, happened);
    }
    if (end >= until || end <= from) return;
    from = end;
  }
}

void SloWatch::count(Budget& budget, WallTime until, const Sums& happened) {
  budget.curve.extend(until, happened);
  budget.lifetime.bad += happened.bad;
  budget.lifetime.total += happened.total;
  budget.lifetime.known += happened.known;
  if (happened.bad > 0) budget.last_bad = until;
}

void SloWatch::take_samples(WallTime at, Duration passed) {
  const bool events = slo_.rule.sli.is_events();
  const auto samples = reader_.samples();
  for (size_t subject = 0; subject < samples.size(); ++subject) {
    Budget* budget = by_subject_[subject];
    if (budget == nullptr) continue;
    const SliSample& sample = samples[subject];
    if (!events) {
      budget->held = sample.known ? sample : without_data();
      continue;
    }
    budget->held = sample;
    count(*budget, at, sample.known ? Sums{sample.bad, sample.total, passed} : Sums{});
  }
}

SliSample SloWatch::without_data() const {
  SliSample sample;
  sample.present = true;
  switch (slo_.rule.no_data) {
    case NoData::hold:
      return sample;
    case NoData::bad:
      sample.known = true;
      sample.bad = 1;
      return sample;
    case NoData::good:
      sample.known = true;
      return sample;
  }
  return sample;
}

void SloWatch::renumber(WallTime at, AlertEvents& events) {
  const KeySet& subjects = *reader_.subjects();
  const auto samples = reader_.samples();
  std::vector<Budget*> before = std::move(by_subject_);
  for (Budget* budget : before) {
    if (budget != nullptr) budget->present = false;
  }
  ++numbering_;
  by_subject_.assign(subjects.rows(), nullptr);
  left_out_ = 0;
  for (size_t subject = 0; subject < samples.size(); ++subject) {
    if (!samples[subject].present) continue;
    by_subject_[subject] = budget_of(Entity(subjects.dimensions(), subjects.row(subject)), at);
    if (by_subject_[subject] != nullptr)
      by_subject_[subject]->present = true;
    else
      ++left_out_;
  }
  for (Budget* budget : before) {
    if (budget == nullptr || budget->present) continue;
    end(*budget, kGone, events);
    budget->held = {};
  }
}

Budget* SloWatch::budget_of(Entity entity, WallTime at) {
  if (const auto known = by_entity_.find(entity); known != by_entity_.end()) {
    // What was while it was away is unknown.
    known->second->curve.extend(at, {});
    return known->second;
  }
  if (budgets_.size() >= slo_.rule.max_entities) return nullptr;
  return add(std::make_unique<Budget>(std::move(entity), at));
}

Budget* SloWatch::add(std::unique_ptr<Budget> budget) {
  budgets_.push_back(std::move(budget));
  Budget* const added = budgets_.back().get();
  by_entity_.emplace(added->entity, added);
  return added;
}

void SloWatch::judge(ClusterView& view, Now now, AlertEvents& events) {
  const bool within = hours_.open() && now.wall >= hours_.since();
  for (Budget* budget : by_subject_) {
    if (budget == nullptr || !within) continue;
    const bool ill = budget->last_bad + slo_.longest_tier >= now.wall;
    if (ill || budget->alert != nullptr) judge(*budget, view, now, events);
  }
  if (restored_until_ && now.steady > *restored_until_) {
    restored_until_.reset();
    end_unseen(events);
  }
  if (thinned_ && now.wall < *thinned_ + kThinEvery && now.wall >= *thinned_) return;
  thinned_ = now.wall;
  forget_old(now.wall);
}

void SloWatch::judge(Budget& budget, ClusterView& view, Now now, AlertEvents& events) {
  const std::vector<SloTier>& tiers = slo_.rule.tiers;
  for (size_t tier = 0; tier < tiers.size(); ++tier) {
    const TierVerdict verdict = judge_tier(slo_.rule, tiers[tier], budget.curve, now.wall);
    const bool stays = verdict.frozen && budget.alert != nullptr && budget.tier == tier;
    if (!stays && (verdict.frozen || !verdict.burning)) continue;
    if (budget.alert == nullptr) fire(budget, now, events);
    LiveAlert& alert = *budget.alert;
    if (budget.tier != tier || alert.alert.severity != tiers[tier].severity) events.relisted = true;
    budget.tier = tier;
    alert.alert.severity = tiers[tier].severity;
    alert.alert.unknown = verdict.frozen;
    alert.clear_since.reset();
    if (!verdict.frozen || alert.alert.summary.empty()) word(budget, verdict, view, now);
    return;
  }
  if (budget.alert == nullptr) return;
  budget.alert->alert.unknown = false;
  if (!budget.alert->clear_since) budget.alert->clear_since = now.steady;
  if (now.steady - *budget.alert->clear_since >= slo_.rule.keep_firing_for)
    end(budget, kRecovered, events);
}

void SloWatch::fire(Budget& budget, Now now, AlertEvents& events) {
  budget.alert = std::make_unique<LiveAlert>();
  LiveAlert& live = *budget.alert;
  live.rule = &slo_;
  live.cluster = cluster_;
  live.entity_text = budget.entity.text();
  live.active_since = now.steady;
  live.alert.rule = slo_.rule.name;
  live.alert.entity = budget.entity;
  live.alert.state = AlertState::firing;
  live.alert.runbook = slo_.rule.runbook;
  live.alert.labels = slo_.rule.labels;
  live.alert.active_since = now.wall;
  live.alert.firing_since = now.wall;
  if (first_ != nullptr && !first_->spans.empty())
    live.revealed_by = {first_->spans.front().trace, first_->spans.front().id};
  events.fired.push_back({&live, first_});
  events.relisted = true;
}

void SloWatch::word(Budget& budget, const TierVerdict& verdict, ClusterView& view, Now now) const {
  const SloRule& rule = slo_.rule;
  const SloTier& tier = rule.tiers[budget.tier];
  const BudgetStatus status = budget_status(rule, budget.curve, now.wall);
  Alert& alert = budget.alert->alert;
  BudgetDetail detail;
  detail.objective = rule.objective;
  detail.window = rule.window.length;
  detail.tier = tier_text(tier);
  detail.burn = verdict.long_burn;
  detail.remaining = status.remaining;
  detail.exhausted_in = status.exhausted ? Duration::zero() : status.exhausted_in;
  detail.clears_at = clears_at(rule, tier, budget.curve, now.wall);
  alert.value = verdict.long_burn;
  alert.note = view.notes().about(budget.entity);
  const std::string exhausted_in = status.exhausted      ? "exhausted"
                                   : detail.exhausted_in ? describe_duration(*detail.exhausted_in)
                                                         : "never at this rate";
  const StandIn values[] = {
      {"slo", rule.name},
      {"objective", percent(rule.objective)},
      {"window", describe_duration(rule.window.length)},
      {"burn", fmt::format("{:.3g}", verdict.long_burn)},
      {"left", percent(std::max(status.remaining, 0.0))},
      {"exhausted_in", exhausted_in},
      {"tier", detail.tier},
      {"value", rule.sli.is_events()
                    ? percent(budget.held.value)
                    : format_value(budget.held.value, rule.sli.first.measure->unit)},
      {"note", alert.note}};
  alert.summary = slo_.summary.fill(budget.entity, values);
  alert.description = slo_.description.fill(budget.entity, values);
  alert.budget = std::move(detail);
}

void SloWatch::end(Budget& budget, std::string_view resolution, AlertEvents& events) {
  if (budget.alert == nullptr) return;
  events.relisted = true;
  events.ended.push_back({std::move(budget.alert), resolution});
}

void SloWatch::forget_old(WallTime now) {
  const Duration keep = history_needed(slo_.rule);
  std::erase_if(budgets_, [&](const std::unique_ptr<Budget>& budget) {
    if (budget->present || budget->curve.end() + keep >= now) return false;
    by_entity_.erase(budget->entity);
    return true;
  });
  for (const auto& budget : budgets_) budget->curve.thin(now, keep);
}

}  // namespace highwater::rules
