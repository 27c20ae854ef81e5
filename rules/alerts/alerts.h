// Alerts: the life of one rule's alerts on one cluster, from the first sample that meets the
// condition to the end. Owned by the engine, on the pipeline's thread; no clock is read.
//
//   pending --(`for` has passed, confirmed by a known sample)--> firing --(clear for
//   `keep_firing_for`)--> ended.  An unknown row freezes its alert in whatever state it is.
// Both clocks count only time in which the condition was known: a reading counts for as long as it
// holds (validity.h), however late the next one is.
// Outside of the rule's hours there are no alerts: with the end of its hours each of them ends.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"
#include "rules/alerts/conditions.h"
#include "rules/alerts/live_alert.h"
#include "rules/incidents/notes.h"
#include "rules/open_hours.h"
#include "rules/text.h"

namespace highwater::rules {

// A rule with what is made of it once. Its address is its identity while the engine keeps it.
struct RuleEntry : RuleIdentity {
  RuleEntry(AlertRule checked, size_t place);

  AlertRule rule;
  Template summary;
  Template description;
  bool asks_for_rows = false;  // a text says which rows meet
  std::string closing;         // what ends its alerts when its hours do
};

// What ends the alerts of a rule at the end of its hours; empty when it has none.
[[nodiscard]] std::string closing_text(const OpenHours* hours);

// How long after a restart a row may take to be seen before its alert is taken for gone: everything
// is asked within a poll, but a group whose coordinator is away is listed by nobody.
constexpr Duration kRestoreGrace = std::chrono::minutes(10);

// The newest observations of one cluster, in the order of their parts.
class ClusterView {
 public:
  ClusterView(Symbol cluster, std::vector<ObservationPtr> observations)
      : cluster_(std::move(cluster)), observations_(std::move(observations)) {}

  [[nodiscard]] const Symbol& cluster() const { return cluster_; }
  // What was concluded on the way, so that rules can look at it.
  void add(ObservationPtr observation) { observations_.push_back(std::move(observation)); }
  [[nodiscard]] std::span<const ObservationPtr> observations() const { return observations_; }
  [[nodiscard]] const NoteIndex& notes() {
    if (!notes_) notes_.emplace(observations_);
    return *notes_;
  }

 private:
  Symbol cluster_;
  std::vector<ObservationPtr> observations_;
  std::optional<NoteIndex> notes_;
};

// What ends the alerts of an entity that is not there any more: "it is gone", or of topics that
// were deleted "the topic is gone".
[[nodiscard]] std::string_view gone_text(const ClusterView& view, const Entity& entity);
// Whether the entity may be there though no table has it: not everybody who could list it has
// answered.
[[nodiscard]] bool may_be_unlisted(const ClusterView& view, const Entity& entity);

// One rule on one cluster.
class RuleWatch {
 public:
  RuleWatch(const RuleEntry& rule, Symbol cluster);

  void evaluate(ClusterView& view, Now now, AlertEvents& events);
  // Nothing is known of the cluster, but the rule's hours may end.
  void freeze(Now now, AlertEvents& events);
  // An alert from before a restart: unknown until its row is seen, and gone when that does not
  // happen soon. Its rule, cluster and moments are set.
  void restore(std::unique_ptr<LiveAlert> alert, SteadyTime now);
  // The rule was removed.
  void end_all(AlertEvents& events, std::string_view resolution);
  // The rule was changed in place; what its alerts are about is still the same.
  void rule_changed(AlertEvents& events);

  // When time alone changes something here.
  [[nodiscard]] std::optional<SteadyTime> next_deadline() const;

  // When nothing new can be read, all rows are unknown.
  [[nodiscard]] RowCounts row_counts() const;
  [[nodiscard]] RowReadings readings() const;  // row_readings.cpp

  template <class Visit>
  void for_each_alert(Visit visit) const {
    for (const auto& [subject, alert] : alerts_) visit(*alert);
    for (const auto& alert : restored_) visit(*alert);
  }
  // With the rows that hold it.
  template <class Visit>
  void for_each_kept(Visit visit) const {
    for (const auto& [subject, alert] : alerts_) visit(*alert, sampler_.held_rows(subject));
    for (const auto& alert : restored_) visit(*alert, alert->held_rows);
  }

 private:
  void keep_hours(Now now, AlertEvents& events);
  void freeze();
  void judge(ClusterView& view, Now now, AlertEvents& events);
  void renumber(const std::shared_ptr<const KeySet>& before, const ClusterView& view,
                AlertEvents& events);
  void start_alerts(Now now, AlertEvents& events);
  void match_restored(SteadyTime now, const ClusterView& view, AlertEvents& events);
  void apply_sample(LiveAlert& alert, uint32_t subject, const Sample& sample, ClusterView& view,
                    Now now);
  void advance(ClusterView& view, Now now, AlertEvents& events);
  void word(LiveAlert& alert, uint32_t subject, const Sample& sample, ClusterView& view, Now now);
  [[nodiscard]] std::vector<Entity> rows_of(uint32_t subject) const;
  void end(std::unique_ptr<LiveAlert> alert, std::string_view resolution, AlertEvents& events);
  void end_gone(std::unique_ptr<LiveAlert> alert, const ClusterView& view, AlertEvents& events);

  const RuleEntry& rule_;
  Symbol cluster_;
  Sampler sampler_;
  ObservationPtr left_;   // of the last read; null: none yet
  ObservationPtr right_;  // the same for the right measure
  Now sampled_{};         // when what was read last was true
  OpenNow hours_;
  bool judged_ = false;  // what was read last, within the hours that last
  std::map<uint32_t, std::unique_ptr<LiveAlert>> alerts_;  // by subject
  std::vector<std::unique_ptr<LiveAlert>> restored_;       // whose row was not seen yet
  SteadyTime restored_until_{};
};

}  // namespace highwater::rules
