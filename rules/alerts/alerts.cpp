#include "rules/alerts/alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "rules/alerts/validity.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kConditionEnded = "the condition ended";
constexpr std::string_view kTopic = "topic";
constexpr std::string_view kTopicDeleted = "topic_deleted";  // a measure of cluster and topic
// A measure of cluster and dimension.
constexpr std::string_view kIncomplete = "listing_incomplete";
constexpr std::string_view kExcluded = "the rule does not cover it any more";

// "crashed: connection refused": what a note begins with, up to its first colon.
std::string kind_of(std::string_view note) {
  const size_t colon = note.find(": ");
  return std::string(note.substr(0, colon == std::string_view::npos ? 0 : colon));
}

// A gauge in seconds that is too high says for how long it has been so: a rebalance that has taken
// 35 s, a lag of an hour. A part of it may be what it always is.
Duration lasted_already(const Condition& when, double value) {
  const bool too_high =
      when.comparison == Comparison::greater || when.comparison == Comparison::greater_or_equal;
  if (!too_high || when.left->unit != Unit::seconds || when.left->type != MeasureType::gauge ||
      !(value > 0))
    return {};
  constexpr double kLongest = 30.0 * 86'400;
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(kUnusualShare * std::min(value, kLongest)));
}

bool asks_for(const Template& summary, const Template& description, std::string_view name) {
  return summary.asks_for(name) || description.asks_for(name);
}

}  // namespace

RuleEntry::RuleEntry(AlertRule checked, size_t place)
    : RuleIdentity{Symbol(checked.name),
                   place,
                   checked.aggregated,
                   checked.when.left,
                   checked.hold,
                   FaultTraits(checked.fault_keys,
                               subject_dimensions(*checked.when.left, checked))},
      rule(std::move(checked)),
      summary(rule.summary),
      description(rule.description),
      asks_for_rows(asks_for(summary, description, "names") ||
                    asks_for(summary, description, "sum")),
      closing(closing_text(rule.during.get())) {}

std::string closing_text(const OpenHours* hours) {
  if (hours == nullptr) return {};
  return fmt::format("its hours ended, and it may still be wrong: nobody looks outside of {}",
                     hours->text());
}

std::string_view gone_text(const ClusterView& view, const Entity& entity) {
  if (entity.label(kTopic).empty()) return "it is gone";
  for (const ObservationPtr& observation : view.observations()) {
    for (const Table& table : observation->tables) {
      if (table.measure == nullptr || table.measure->name != kTopicDeleted) continue;
      const std::array<Symbol, 2> key{view.cluster(), entity.label(kTopic)};
      const auto row = table.keys->find(key);
      if (row && table.known(*row) && table.values[*row] == 1) return "the topic is gone";
    }
  }
  return "it is gone";
}

bool may_be_unlisted(const ClusterView& view, const Entity& entity) {
  for (const ObservationPtr& observation : view.observations()) {
    for (const Table& table : observation->tables) {
      if (table.measure == nullptr || table.measure->name != kIncomplete) continue;
      for (const auto& [dimension, value] : entity.labels) {
        const auto row = table.keys->find(std::array<Symbol, 2>{view.cluster(), dimension});
        if (row && !(table.known(*row) && table.values[*row] == 0)) return true;
      }
    }
  }
  return false;
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
  if (!speaks(left) || (when.right != nullptr && !speaks(right))) {
    // Before the first failure there may be no counter of failures.
    if (when.kind == ConditionKind::ratio && left.table == nullptr && speaks(right))
      sampler_.read_total(right);
    return freeze();
  }
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
    if (sampler_.read(left, right)) renumber(before, view, events);
    if (!restored_.empty()) match_restored(now.steady, view, events);
    if (sampler_.awaits_rows() && now.steady > restored_until_)
      sampler_.forget_awaited([&](const Entity& row) { return !may_be_unlisted(view, row); });
    judged_ = hours_.open();
    if (judged_) judge(view, now, events);
  }
  advance(view, now, events);
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
  alert->known_until = now;
  alert->trusted_from = now + rule_.watch_first.length;
  restored_.push_back(std::move(alert));
  restored_until_ = now + kRestoreGrace;
}

void RuleWatch::match_restored(SteadyTime now, const ClusterView& view, AlertEvents& events) {
  const KeySet& subjects = *sampler_.subjects();
  std::vector<Symbol> cells;
  std::erase_if(restored_, [&](std::unique_ptr<LiveAlert>& alert) {
    cells.clear();
    for (const std::string_view dimension : subjects.dimensions())
      cells.push_back(alert->alert.entity.label(dimension));
    const auto subject = subjects.find(cells);
    if (subject) {
      sampler_.take_over(std::move(alert->held_rows));
      alerts_[*subject] = std::move(alert);
    } else if (now > restored_until_ && !may_be_unlisted(view, alert->alert.entity)) {
      end_gone(std::move(alert), view, events);
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

RowCounts RuleWatch::row_counts() const {
  const RowCounts counts = sampler_.row_counts();
  if (left_ != nullptr) return counts;
  return {.selected = counts.selected,
          .met = 0,
          .unknown = counts.selected,
          .worst = {},
          .because = {}};
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
    consider(holds_until(left_, right_) + Duration(1));
    if (alert->alert.state == AlertState::pending)
      consider(alert->counts_from + rule_.rule.hold);
    else if (alert->clear_since)
      consider(*alert->clear_since + rule_.rule.keep_firing_for);
  }
  return earliest;
}

void RuleWatch::renumber(const std::shared_ptr<const KeySet>& before, const ClusterView& view,
                         AlertEvents& events) {
  if (before == nullptr || before == sampler_.subjects()) return;
  std::map<uint32_t, std::unique_ptr<LiveAlert>> renumbered;
  for (auto& [subject, alert] : alerts_) {
    if (const auto now = sampler_.subjects()->find(before->row(subject)))
      renumbered.emplace(*now, std::move(alert));
    else
      end_gone(std::move(alert), view, events);
  }
  alerts_ = std::move(renumbered);
}

void RuleWatch::judge(ClusterView& view, Now now, AlertEvents& events) {
  start_alerts(now, events);
  for (auto it = alerts_.begin(); it != alerts_.end();) {
    LiveAlert& alert = *it->second;
    Sample sample = sampler_.sample(it->first);
    const bool sure = rule_.watch_first.zero_is_sure && sample.value == 0;
    if (sample.verdict == Verdict::clear && !sure && sampled_.steady < alert.trusted_from)
      sample.verdict = Verdict::unknown;
    const bool pending = alert.alert.state == AlertState::pending;
    if (sample.verdict == Verdict::excluded || (sample.verdict == Verdict::clear && pending)) {
      end(std::move(it->second), kExcluded, events);
      it = alerts_.erase(it);
      continue;
    }
    apply_sample(alert, it->first, sample, view, now);
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
    slot->active_since = slot->counts_from = slot->known_until = sampled_.steady;
    set_onset(*slot, sampled_.steady, left_->cadence,
              lasted_already(rule_.rule.when, sampler_.sample(subject).value));
    slot->past = rule_.rule.fault_keys.past;
    Alert& alert = slot->alert;
    alert.rule = rule_.rule.name;
    alert.entity = Entity(dimensions, sampler_.subjects()->row(subject));
    slot->entity_text = alert.entity.text();
    alert.severity = rule_.rule.severity;
    alert.runbook = rule_.rule.runbook;
    alert.labels = rule_.rule.labels;
    alert.active_since = now.wall - (now.steady - sampled_.steady);
    alert.onset = now.wall - (now.steady - slot->onset);
  }
}

void RuleWatch::apply_sample(LiveAlert& alert, uint32_t subject, const Sample& sample,
                             ClusterView& view, Now now) {
  switch (sample.verdict) {
    case Verdict::met:
      alert.alert.unknown = false;
      alert.confirm(sampled_.steady, holds_until(left_, right_));
      alert.clear_since.reset();
      word(alert, subject, sample, view, now);
      return;
    case Verdict::clear:
      alert.alert.unknown = false;
      alert.confirm(sampled_.steady, holds_until(left_, right_));
      if (!alert.clear_since) alert.clear_since = sampled_.steady;
      // Its texts go on saying what was wrong, also when it resolves.
      if (alert.cleared(now.steady) < rule_.rule.keep_firing_for) alert.alert.value = sample.value;
      return;
    case Verdict::unknown:
      alert.alert.unknown = true;
      return;
    case Verdict::gone:
    case Verdict::excluded:
      return;
  }
}

void RuleWatch::advance(ClusterView& view, Now now, AlertEvents& events) {
  for (auto it = alerts_.begin(); it != alerts_.end();) {
    LiveAlert& alert = *it->second;
    if (alert.alert.unknown) {
      ++it;
      continue;
    }
    if (alert.alert.state == AlertState::pending && alert.held(now.steady) >= rule_.rule.hold) {
      alert.alert.state = AlertState::firing;
      // Its text says for how long, and may be from the sample before.
      word(alert, it->first, sampler_.sample(it->first), view, now);
      alert.alert.firing_since = now.wall;
      alert.alert.rows = rows_of(it->first);
      if (!left_->spans.empty())
        alert.revealed_by = {left_->spans.front().trace, left_->spans.front().id};
      events.fired.push_back({&alert, left_});
      events.relisted = true;
    }
    if (alert.clear_since && alert.cleared(now.steady) >= rule_.rule.keep_firing_for) {
      end(std::move(it->second), kConditionEnded, events);
      it = alerts_.erase(it);
    } else {
      ++it;
    }
  }
}

void RuleWatch::word(LiveAlert& alert, uint32_t subject, const Sample& sample, ClusterView& view,
                     Now now) {
  const Unit unit = rule_.rule.when.left->unit;
  alert.alert.value = sample.value;
  alert.alert.note = view.notes().about(alert.alert.entity);
  const MetRows rows = rule_.asks_for_rows ? sampler_.met_rows(subject) : MetRows{};
  const StandIn values[] = {
      {"value",
       rule_.rule.when.kind == ConditionKind::value ? spoken_value(sample.value, unit)
                                                    : sample_text(rule_.rule.when, sample.value),
       sample.value},
      {"count", std::to_string(sample.count), static_cast<double>(sample.count)},
      {"names", name_list(rows.names, rows.count), static_cast<double>(rows.count)},
      {"sum", spoken_value(rows.sum, unit), rows.sum},
      {"kind", kind_of(alert.alert.note)},
      {"note", alert.alert.note},
      {"for", describe_duration(rule_.rule.hold)},
      {"since", spoken_duration(now.steady - alert.active_since)}};
  alert.alert.summary = rule_.summary.fill(alert.alert.entity, values);
  alert.alert.description = rule_.description.fill(alert.alert.entity, values);
}

std::vector<Entity> RuleWatch::rows_of(uint32_t subject) const {
  std::vector<Entity> rows;
  for (const std::vector<Symbol>& cells : sampler_.held_rows(subject)) {
    if (rows.size() == kMaxAlertRows) break;
    rows.emplace_back(rule_.rule.when.left->dimensions, cells);
  }
  return rows;
}

void RuleWatch::end_gone(std::unique_ptr<LiveAlert> alert, const ClusterView& view,
                         AlertEvents& events) {
  const std::string_view resolution = gone_text(view, alert->alert.entity);
  end(std::move(alert), resolution, events);
}

// Only what fired is ever heard of again.
void RuleWatch::end(std::unique_ptr<LiveAlert> alert, std::string_view resolution,
                    AlertEvents& events) {
  events.relisted = true;
  if (alert->alert.state == AlertState::firing)
    events.ended.push_back({std::move(alert), resolution});
}

}  // namespace highwater::rules
