#include "rules/slo/slo_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "rules/alerts/validity.h"
#include "rules/slo/slo_text.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// A clock that is being slewed stays below this; more is a step.
constexpr Duration kClockStep = seconds(2);
constexpr Duration kThinEvery = hours(1);
constexpr Duration kUsualCadence = seconds(15);
// How often budgets are judged while nothing is read.
constexpr Duration kJudgeEvery = seconds(5);

Duration longest_window(const SloRule& rule) {
  Duration longest{};
  for (const SloTier& tier : rule.tiers) longest = std::max(longest, tier.long_window);
  return longest;
}

BudgetCurve::First counted_first(const Sli& sli) {
  return sli.first_is_good ? BudgetCurve::First::good : BudgetCurve::First::bad;
}

EventCounts& events_of(Budget& budget) {
  if (budget.events == nullptr) budget.events = std::make_unique<EventCounts>();
  return *budget.events;
}

}  // namespace

SloEntry::SloEntry(SloRule checked, size_t place)
    : RuleIdentity{Symbol(checked.name),
                   place,
                   false,
                   checked.sli.first.measure,
                   Duration{},
                   FaultTraits(checked.fault_keys, subject_dimensions(checked))},
      rule(std::move(checked)),
      summary(rule.summary),
      description(rule.description),
      no_data_summary(rules::no_data_summary(rule)),
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
  if (!reread_ && first.observation == first_ && total.observation == total_) return;
  reread_ = false;
  const bool first_anew = first.observation != first_;
  Now sampled = first.observation->at;
  if (total.observation != nullptr && total.observation->at.steady > sampled.steady)
    sampled = total.observation->at;
  if (sampled.steady > now.steady) sampled = now;
  // By the wall clock as it is now, so that a step of it is met once.
  sampled.wall = now.wall - (now.steady - sampled.steady);
  if (first_ != nullptr && sampled.steady > holds_until(first_, total_)) expire(sampled);
  const bool held = first_ != nullptr;
  Duration passed = advance(sampled);
  // Events that came while nothing was known are counted, the time is not.
  if (!held) passed = Duration::zero();
  first_ = first.observation;
  total_ = total.observation;
  const bool anew = reader_.read(first, total);
  if (!watched_from_) watched_from_ = sampled.steady;
  if (anew || room_for_left_out(sampled.steady)) renumber(sampled, view, events);
  const bool complete = sampled.steady >= *watched_from_ + slo_.watch_first.length;
  take_samples(sampled.wall, passed, {first_anew, complete});
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
  if (first_ != nullptr) expire(now);
  advance(now);
  return true;
}

// What was read last counts as far as it holds, and not up to `now`.
void SloWatch::expire(Now now) {
  const Duration ago = std::max(now.steady - holds_until(first_, total_), Duration::zero());
  now.steady -= ago;
  now.wall -= ago;
  advance(now);
  for (Budget* budget : by_subject_) {
    if (budget != nullptr) budget->held = without_data();
  }
  first_ = nullptr;
  total_ = nullptr;
}

void SloWatch::end_all(AlertEvents& events, std::string_view resolution) {
  for (const auto& budget : budgets_) end(*budget, resolution, events);
}

void SloWatch::restore(std::unique_ptr<Budget> budget) {
  if (by_entity_.contains(budget->entity)) return;
  const BudgetCurve::First first = counted_first(slo_.rule.sli);
  if (budget->curve.first() != first) {
    budget->curve = budget->curve.counting(first);
    Counted& counted = events_of(*budget).lifetime;
    counted.first = std::max(0.0, counted.total - counted.first);
  }
  budget->restored = true;
  add(std::move(budget));
}

void SloWatch::restore(std::unique_ptr<LiveAlert> alert, size_t tier, Now now) {
  const auto known = by_entity_.find(alert->alert.entity);
  Budget* const budget =
      known != by_entity_.end() ? known->second : add(make_budget(alert->alert.entity, now.wall));
  alert->alert.unknown = true;
  alert->known_until = now.steady;
  budget->alert = std::move(alert);
  budget->restored = true;
  budget->tier = std::min(tier, slo_.rule.tiers.size() - 1);
  restored_until_ = now.steady + kRestoreGrace;
}

void SloWatch::adopt(std::unique_ptr<Budget> before) {
  const auto known = by_entity_.find(before->entity);
  if (known == by_entity_.end()) {
    add(std::move(before));
    return;
  }
  Budget& budget = *known->second;
  BudgetCurve whole = std::move(before->curve);
  WallTime from = std::max(whole.end(), budget.curve.begin());
  whole.extend(from, {});
  while (from < budget.curve.end()) {
    const WallTime until = budget.curve.next_point(from);
    if (until <= from) break;
    whole.extend(until, budget.curve.counted(from, until));
    from = until;
  }
  budget.curve.for_each_excluded(budget.curve.begin(), budget.curve.end(),
                                 [&](WallTime begin, WallTime end) { whole.exclude(begin, end); });
  budget.curve = std::move(whole);
  budget.lifetime.bad += before->lifetime.bad;
  budget.lifetime.total += before->lifetime.total;
  budget.lifetime.known += before->lifetime.known;
  if (before->events != nullptr) {
    Counted& counted = events_of(budget).lifetime;
    counted.first += before->events->lifetime.first;
    counted.total += before->events->lifetime.total;
    counted.known += before->events->lifetime.known;
  }
  if (budget.last_bad == WallTime()) {
    budget.bad_since = before->bad_since;
    budget.spell_over = before->spell_over;
  } else if (same_spell(*before, budget.bad_since)) {
    budget.bad_since = std::min(budget.bad_since, before->bad_since);
  }
  budget.last_bad = std::max(budget.last_bad, before->last_bad);
}

void SloWatch::end_unseen(const ClusterView& view, AlertEvents& events) {
  bool waits = false;
  for (const auto& budget : budgets_) {
    if (budget->present || budget->alert == nullptr) continue;
    if (may_be_unlisted(view, budget->entity))
      waits = true;
    else
      end(*budget, gone_text(view, budget->entity), events);
  }
  if (!waits) restored_until_.reset();
}

void SloWatch::rule_changed(AlertEvents& events) {
  events.relisted = true;
  reread_ = true;
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
  const SteadyTime stale_from = holds_until(first_, total_) + Duration(1);
  return std::min(stale_from, earliest.value_or(stale_from));
}

Duration SloWatch::cadence() const {
  return first_ == nullptr ? kUsualCadence : first_->cadence;
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
    const auto interval =
        hours == nullptr ? OpenHours::Interval{true, from, until} : hours->around(from);
    const WallTime end = hours == nullptr ? until : std::min(interval.end, until);
    for (Budget* budget : by_subject_) {
      if (budget != nullptr) count_interval(*budget, from, end, interval.open);
    }
    if (end >= until || end <= from) return;
    from = end;
  }
}

void SloWatch::count_interval(Budget& budget, WallTime from, WallTime until, bool open) const {
  const bool known = open && budget.held.known;
  if (may_exclude(budget)) return count_around_exclusions(budget, from, until, known);
  Counted happened;
  const Duration passed = until - from;
  if (known) happened = {to_seconds(passed) * budget.held.first, to_seconds(passed), passed};
  count(budget, until, happened);
}

void SloWatch::count(Budget& budget, WallTime until, const Counted& happened) const {
  const WallTime from = budget.curve.end();
  budget.curve.extend(until, happened);
  budget.lifetime.bad += happened.first;
  budget.lifetime.total += happened.total;
  budget.lifetime.known += happened.known;
  if (happened.first > 0) note_bad(budget, from, until);
}

// What is bad is one spell as long as the fastest tier takes it to go on, but for what begins after
// people heard of its end.
bool SloWatch::same_spell(const Budget& budget, WallTime from) const {
  return !budget.spell_over && budget.last_bad + slo_.rule.tiers.front().short_window >= from;
}

void SloWatch::note_bad(Budget& budget, WallTime from, WallTime until) const {
  if (!same_spell(budget, from)) budget.bad_since = from;
  budget.spell_over = false;
  budget.last_bad = until;
}

void SloWatch::count_events(Budget& budget, WallTime until, const Counted& happened) const {
  const WallTime from = budget.curve.end();
  budget.curve.extend(until, happened);
  Counted& counted = events_of(budget).lifetime;
  counted.first += happened.first;
  counted.total += happened.total;
  counted.known += happened.known;
  const BudgetCurve::First first = budget.curve.first();
  const double bad = budget.lifetime.bad;
  budget.lifetime = sums_of(counted, first);
  budget.lifetime.bad = std::max(budget.lifetime.bad, bad);
  const bool is_bad =
      first == BudgetCurve::First::bad ? happened.first > 0 : happened.total > happened.first;
  if (is_bad) note_bad(budget, from, until);
}

void SloWatch::take_samples(WallTime at, Duration passed, Reading reading) {
  const bool events = slo_.rule.sli.is_events();
  const auto samples = reader_.samples();
  for (size_t subject = 0; subject < samples.size(); ++subject) {
    Budget* budget = by_subject_[subject];
    if (budget == nullptr) continue;
    const SliSample& sample = samples[subject];
    if (!events) {
      const bool bad = sample.known && is_bad(slo_.rule.sli, sample);
      if (bad) budget->bad_value = sample.value;
      // What looks good may lack what a restart forgot.
      const bool sure =
          reading.complete || bad || (slo_.watch_first.zero_is_sure && sample.value == 0);
      budget->held = sample.known && sure ? sample : without_data();
      continue;
    }
    budget->held = sample;
    take_events(*budget, at, passed, reading.first_anew);
  }
}

void SloWatch::take_events(Budget& budget, WallTime at, Duration passed, bool first_anew) const {
  EventCounts& events = events_of(budget);
  if (may_exclude(budget) && exclude_events(budget, at)) {
    events.unread = {};
    events.late = 0;
    return;
  }
  events.unread.first += budget.held.first;
  events.unread.total += budget.held.total;
  if (!budget.held.known) return count_events(budget, at, {});
  Counted happened = std::exchange(events.unread, {});
  happened.known = passed;
  if (slo_.rule.sli.first_is_good) {
    const double late = std::max(0.0, happened.total - happened.first);
    happened.total -= late;
    if (first_anew) happened.total += std::exchange(events.late, 0);
    events.late += late;
  }
  count_events(budget, at, happened);
}

SliSample SloWatch::without_data() const {
  SliSample sample;
  sample.present = true;
  switch (slo_.rule.no_data) {
    case NoData::hold:
      return sample;
    case NoData::bad:
      sample.known = true;
      sample.first = 1;
      sample.value = std::nan("");
      return sample;
    case NoData::good:
      sample.known = true;
      return sample;
  }
  return sample;
}

std::unique_ptr<Budget> SloWatch::make_budget(Entity entity, WallTime at) const {
  return std::make_unique<Budget>(std::move(entity), at, counted_first(slo_.rule.sli));
}

Budget* SloWatch::add(std::unique_ptr<Budget> budget) {
  budgets_.push_back(std::move(budget));
  Budget* const added = budgets_.back().get();
  by_entity_.emplace(added->entity, added);
  return added;
}

void SloWatch::thin(WallTime now) {
  if (thinned_ && now < *thinned_ + kThinEvery && now >= *thinned_) return;
  thinned_ = now;
  const Duration keep = history_needed(slo_.rule);
  std::erase_if(budgets_, [&](const std::unique_ptr<Budget>& budget) {
    if (budget->present || budget->curve.end() + keep >= now) return false;
    by_entity_.erase(budget->entity);
    return true;
  });
  for (const auto& budget : budgets_) budget->curve.thin(now, keep);
}

}  // namespace highwater::rules
