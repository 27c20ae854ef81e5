#include "rules/alerts.h"

#include <fmt/format.h>

#include <algorithm>

namespace highwater::rules {
namespace {

constexpr std::string_view kConditionEnded = "the condition ended";
constexpr std::string_view kGone = "it is gone";
constexpr std::string_view kExcluded = "the rule does not cover it any more";

SteadyTime stale_from(const Observation& observation) {
  const Duration limit = std::max<Duration>(observation.cadence * kStaleCadences, kStaleFloor);
  return observation.at.steady + limit + Duration(1);
}

}  // namespace

RuleEntry::RuleEntry(AlertRule checked, size_t place)
    : RuleIdentity{Symbol(checked.name), place, checked.aggregated, checked.when.left,
                   checked.hold},
      rule(std::move(checked)),
      summary(rule.summary),
      description(rule.description),
      closing(closing_text(rule.during.get())) {}

std::string closing_text(const OpenHours* hours) {
  if (hours == nullptr) return {};
  return fmt::format("its hours ended, and it may still be wrong: nobody looks outside of {}",
                     hours->text());
}

RuleWatch::RuleWatch(const RuleEntry& rule, Symbol cluster)
    : rule_(rule), cluster_(std::move(cluster)), sampler_(rule.rule) {}

void RuleWatch::evaluate(ClusterView& view, Now now, AlertEvents& events) {
  keep_hours(now, events);
  const Condition& when = rule_.rule.when;
  const Source left = find_source(view.observations(), *when.left);
  const Source right =
      when.right == nullptr ? Source{} : find_source(view.observations(), *when.right);
  const auto speaks = [&](const Source& source) {
    return source.table != nullptr && !is_stale(*source.observation, now.steady);
  };
  if (!speaks(left) || (when.right != nullptr && !speaks(right))) return freeze();
  const bool news = left.observation != left_ || right.observation != right_;
  if (news || (hours_.open() && !judged_)) {
    left_ = left.observation;
    right_ = right.observation;
    sampled_ = left_->at;
    if (right_ != nullptr && right_->at.steady > sampled_.steady) sampled_ = right_->at;
    if (sampled_.steady > now.steady) sampled_ = now;
    // What was so before the hours began counts from their begin.
    if (rule_.rule.during != nullptr)
      sampled_.steady = std::max(sampled_.steady, now.steady - (now.wall - hours_.since()));
    const auto before = sampler_.subjects();
    if (sampler_.read(left, right)) renumber(before, events);
    if (!restored_.empty()) take_up_restored(now.steady, events);
    judged_ = hours_.open();
    if (judged_) judge(view, now, events);
  }
  let_time_pass(now, events);
}

// Ends what began before the hours that last, or at their end. A closing that nobody saw, because
// the agent was down, ends it as well.
void RuleWatch::keep_hours(Now now, AlertEvents& events) {
  if (!hours_.follow(rule_.rule.during.get(), now)) return;
  judged_ = false;
  const auto is_over = [&](const LiveAlert& alert) {
    return !hours_.open() || alert.alert.active_since < hours_.since();
  };
  std::erase_if(restored_, [&](std::unique_ptr<LiveAlert>& alert) {
    if (!is_over(*alert)) return false;
    end(std::move(alert), rule_.closing, events);
    return true;
  });
  for (auto it = alerts_.begin(); it != alerts_.end();) {
    if (!is_over(*it->second)) {
      ++it;
      continue;
    }
    end(std::move(it->second), rule_.closing, events);
    it = alerts_.erase(it);
  }
}

void RuleWatch::freeze(Now now, AlertEvents& events) {
  keep_hours(now, events);
  freeze();
}

void RuleWatch::freeze() {
  left_ = nullptr;
  right_ = nullptr;
  for (auto& [subject, alert] : alerts_) alert->alert.unknown = true;
}

void RuleWatch::restore(std::unique_ptr<LiveAlert> alert, SteadyTime now) {
  alert->alert.unknown = true;
  restored_.push_back(std::move(alert));
  restored_until_ = now + kRestoreGrace;
}

void RuleWatch::take_up_restored(SteadyTime now, AlertEvents& events) {
  const KeySet& subjects = *sampler_.subjects();
  std::vector<Symbol> cells;
  std::erase_if(restored_, [&](std::unique_ptr<LiveAlert>& alert) {
    cells.clear();
    for (const std::string_view dimension : subjects.dimensions())
      cells.push_back(alert->alert.entity.label(dimension));
    const auto subject = subjects.find(cells);
    if (subject) {
      alerts_[*subject] = std::move(alert);
    } else if (now > restored_until_) {
      end(std::move(alert), kGone, events);
    } else {
      return false;
    }
    return true;
  });
}

void RuleWatch::end_all(AlertEvents& events, std::string_view resolution) {
  for (auto& alert : restored_) end(std::move(alert), resolution, events);
  restored_.clear();
  for (auto& [subject, alert] : alerts_) end(std::move(alert), resolution, events);
  alerts_.clear();
}

Survey RuleWatch::survey() const {
  const Survey survey = sampler_.survey();
  if (left_ != nullptr) return survey;
  return {.selected = survey.selected, .met = 0, .unknown = survey.selected, .worst = {}};
}

void RuleWatch::rule_changed(AlertEvents& events) {
  events.relisted = true;
  left_ = nullptr;
  right_ = nullptr;
  sampler_.rule_changed();
  hours_.forget();
  const auto take_over = [this](Alert& alert) {
    alert.severity = rule_.rule.severity;
    alert.runbook = rule_.rule.runbook;
    alert.labels = rule_.rule.labels;
  };
  for (const auto& alert : restored_) take_over(alert->alert);
  for (auto& [subject, alert] : alerts_) take_over(alert->alert);
}

std::optional<SteadyTime> RuleWatch::next_deadline() const {
  std::optional<SteadyTime> earliest;
  const auto consider = [&](SteadyTime time) {
    if (!earliest || time < *earliest) earliest = time;
  };
  const bool standing = !alerts_.empty() || !restored_.empty();
  if (hours_.ends() && (standing || !hours_.open())) consider(*hours_.ends());
  for (const auto& [subject, alert] : alerts_) {
    if (alert->alert.unknown || left_ == nullptr) continue;
    consider(stale_from(*left_));
    if (right_ != nullptr) consider(stale_from(*right_));
    if (alert->alert.state == AlertState::pending)
      consider(alert->active_since + rule_.rule.hold);
    else if (alert->clear_since)
      consider(*alert->clear_since + rule_.rule.keep_firing_for);
  }
  return earliest;
}

void RuleWatch::renumber(const std::shared_ptr<const KeySet>& before, AlertEvents& events) {
  if (before == nullptr || before == sampler_.subjects()) return;
  std::map<uint32_t, std::unique_ptr<LiveAlert>> renumbered;
  for (auto& [subject, alert] : alerts_) {
    if (const auto now = sampler_.subjects()->find(before->row(subject)))
      renumbered.emplace(*now, std::move(alert));
    else
      end(std::move(alert), kGone, events);
  }
  alerts_ = std::move(renumbered);
}

void RuleWatch::judge(ClusterView& view, Now now, AlertEvents& events) {
  start_alerts(now, events);
  for (auto it = alerts_.begin(); it != alerts_.end();) {
    LiveAlert& alert = *it->second;
    const Sample sample = sampler_.sample(it->first);
    const bool pending = alert.alert.state == AlertState::pending;
    if (sample.verdict == Verdict::excluded || (sample.verdict == Verdict::clear && pending)) {
      end(std::move(it->second), kExcluded, events);
      it = alerts_.erase(it);
      continue;
    }
    apply_sample(alert, sample, view, now);
    ++it;
  }
}

void RuleWatch::start_alerts(Now now, AlertEvents& events) {
  const std::vector<std::string_view> dimensions =
      sampler_.met_subjects().empty() ? std::vector<std::string_view>{}
                                      : subject_dimensions(*rule_.rule.when.left, rule_.rule);
  for (const uint32_t subject : sampler_.met_subjects()) {
    auto& slot = alerts_[subject];
    if (slot != nullptr) continue;
    events.relisted = true;
    slot = std::make_unique<LiveAlert>();
    slot->rule = &rule_;
    slot->cluster = cluster_;
    slot->active_since = sampled_.steady;
    Alert& alert = slot->alert;
    alert.rule = rule_.rule.name;
    alert.entity = Entity(dimensions, sampler_.subjects()->row(subject));
    slot->entity_text = alert.entity.text();
    alert.severity = rule_.rule.severity;
    alert.runbook = rule_.rule.runbook;
    alert.labels = rule_.rule.labels;
    alert.active_since = now.wall - (now.steady - sampled_.steady);
  }
}

void RuleWatch::apply_sample(LiveAlert& alert, const Sample& sample, ClusterView& view, Now now) {
  switch (sample.verdict) {
    case Verdict::met:
      alert.alert.unknown = false;
      alert.clear_since.reset();
      word(alert, sample, view, now);
      return;
    case Verdict::clear:
      alert.alert.unknown = false;
      if (!alert.clear_since) alert.clear_since = sampled_.steady;
      // What is sent when it resolves still says what was wrong.
      if (now.steady - *alert.clear_since < rule_.rule.keep_firing_for)
        word(alert, sample, view, now);
      return;
    case Verdict::unknown:
      alert.alert.unknown = true;
      return;
    case Verdict::gone:
    case Verdict::excluded:
      return;
  }
}

void RuleWatch::let_time_pass(Now now, AlertEvents& events) {
  for (auto it = alerts_.begin(); it != alerts_.end();) {
    LiveAlert& alert = *it->second;
    if (alert.alert.unknown) {
      ++it;
      continue;
    }
    if (alert.alert.state == AlertState::pending &&
        now.steady - alert.active_since >= rule_.rule.hold) {
      alert.alert.state = AlertState::firing;
      alert.alert.firing_since = now.wall;
      if (!left_->spans.empty())
        alert.revealed_by = {left_->spans.front().trace, left_->spans.front().id};
      events.fired.push_back({&alert, left_});
      events.relisted = true;
    }
    if (alert.clear_since && now.steady - *alert.clear_since >= rule_.rule.keep_firing_for) {
      end(std::move(it->second), kConditionEnded, events);
      it = alerts_.erase(it);
    } else {
      ++it;
    }
  }
}

void RuleWatch::word(LiveAlert& alert, const Sample& sample, ClusterView& view, Now now) const {
  alert.alert.value = sample.value;
  alert.alert.note = view.notes().about(alert.alert.entity);
  const StandIn values[] = {{"value", format_value(sample.value, rule_.rule.when.left->unit)},
                            {"count", std::to_string(sample.count)},
                            {"note", alert.alert.note},
                            {"for", describe_duration(rule_.rule.hold)},
                            {"since", describe_duration(now.steady - alert.active_since)}};
  alert.alert.summary = rule_.summary.fill(alert.alert.entity, values);
  alert.alert.description = rule_.description.fill(alert.alert.entity, values);
}

// Only what fired is ever heard of again.
void RuleWatch::end(std::unique_ptr<LiveAlert> alert, std::string_view resolution,
                    AlertEvents& events) {
  events.relisted = true;
  if (alert->alert.state == AlertState::firing)
    events.ended.push_back({std::move(alert), resolution});
}

}  // namespace highwater::rules
