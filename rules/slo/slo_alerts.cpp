// The alerts of an SLO watch: when a budget's alert fires and ends, and what it says. See
// slo_watch.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "rules/alerts/validity.h"
#include "rules/slo/slo_text.h"
#include "rules/slo/slo_watch.h"
#include "rules/wording.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kRecovered = "the budget burns slower than every tier";
// What is not as foreseen, such as unknown time, moves a forecast.
constexpr Duration kForecastEvery = std::chrono::seconds(60);

}  // namespace

void SloWatch::judge(ClusterView& view, Now now, AlertEvents& events) {
  const bool within = hours_.open() && now.wall >= hours_.since();
  for (Budget* budget : by_subject_) {
    if (budget == nullptr || !within) continue;
    const bool ill = budget->last_bad + slo_.longest_tier >= now.wall;
    if (ill || budget->alert != nullptr) judge(*budget, view, now, events);
  }
  if (restored_until_ && now.steady > *restored_until_) end_unseen(view, events);
  thin(now.wall);
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
    const bool bad_now = budget.held.known && is_bad(slo_.rule.sli, budget.held);
    // A burn that had ended and begins again is as old as what begins now.
    if (alert.past && bad_now) note_onset(budget, now);
    if (budget.held.known) alert.past = !bad_now;
    if (!verdict.frozen || alert.alert.summary.empty()) word(budget, verdict, view, now);
    return;
  }
  if (budget.alert == nullptr) return;
  LiveAlert& alert = *budget.alert;
  alert.alert.unknown = false;
  // Where the rule says what time without data is, that is as good as a reading.
  if (slo_.rule.no_data != NoData::hold)
    alert.known_until = std::max(alert.known_until, now.steady);
  if (first_ != nullptr) alert.confirm(now.steady, holds_until(first_, total_));
  if (!alert.clear_since) alert.clear_since = now.steady;
  if (alert.cleared(now.steady) >= slo_.rule.keep_firing_for) end(budget, kRecovered, events);
}

// A lag that may be 5 min had been growing for most of them when it was too large.
WallTime SloWatch::began(const Budget& budget) const {
  const Sli& sli = slo_.rule.sli;
  constexpr double kLongest = 7.0 * 86'400;
  Duration allowed{};
  if (!sli.is_events() && sli.first.measure->unit == Unit::seconds && sli.good.high > 0 &&
      sli.good.high < kLongest)
    allowed = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(kUnusualShare * sli.good.high));
  return budget.bad_since - allowed;
}

void SloWatch::note_onset(Budget& budget, Now now) const {
  const Duration lasted = std::max<Duration>(now.wall - began(budget), Duration::zero());
  set_onset(*budget.alert, now.steady, first_ != nullptr ? first_->cadence : kSeenAtLeastEvery,
            lasted);
  budget.alert->alert.onset = now.wall - lasted;
}

void SloWatch::fire(Budget& budget, Now now, AlertEvents& events) {
  budget.alert = std::make_unique<LiveAlert>();
  LiveAlert& live = *budget.alert;
  live.rule = &slo_;
  live.cluster = cluster_;
  live.entity_text = budget.entity.text();
  live.active_since = now.steady;
  note_onset(budget, now);
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

// While everything is good the forecast comes true and stays as it is: the search is dear.
void SloWatch::forecast(Budget& budget, BudgetDetail& detail, WallTime now) const {
  const std::optional<BudgetDetail>& before = budget.alert->alert.budget;
  const bool holds = before && before->tier == detail.tier &&
                     budget.last_bad < budget.forecast_at &&
                     now < budget.forecast_at + kForecastEvery;
  if (holds) {
    detail.clears_at = before->clears_at;
    return;
  }
  detail.clears_at = all_clear_at(slo_.rule, budget.tier, budget.curve, now);
  budget.forecast_at = now;
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
  detail.excluded = status.excluded;
  detail.remaining_at_start = alert.budget ? alert.budget->remaining_at_start : status.remaining;
  detail.exhausted_in = status.exhausted ? Duration::zero() : status.exhausted_in;
  forecast(budget, detail, now.wall);
  alert.value = verdict.long_burn;
  alert.note = view.notes().about(budget.entity);
  if (const std::string finding = counters_text(rule, budget.curve, now.wall); !finding.empty())
    alert.note += (alert.note.empty() ? "" : "; ") + finding;
  SloFacts facts;
  facts.bad_now = budget.held.known && is_bad(rule.sli, budget.held);
  facts.bad_value = budget.bad_value;
  facts.bad_share = rule.sli.is_events() ? recent_bad_share(rule, budget.curve, now.wall) : 0;
  facts.bad_parts = rule.sli.is_composite() ? bad_parts(rule.sli, budget.held.value) : "";
  const std::vector<StandIn> values = slo_stand_ins(rule, detail, facts, alert.note);
  const bool blind = !rule.sli.is_events() && facts.bad_now && std::isnan(budget.held.value);
  alert.summary = (blind ? slo_.no_data_summary : slo_.summary).fill(budget.entity, values);
  alert.description = slo_.description.fill(budget.entity, values);
  alert.budget = std::move(detail);
}

void SloWatch::end(Budget& budget, std::string_view resolution, AlertEvents& events) {
  if (budget.alert == nullptr) return;
  events.relisted = true;
  budget.spell_over = true;
  events.ended.push_back({std::move(budget.alert), resolution});
}

}  // namespace highwater::rules
