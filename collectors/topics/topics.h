// Part "topics": how every topic is configured, and what of that is unwise. Used by the poll of one
// cluster, on that cluster's thread.
//
// A small or a single-broker cluster cannot replicate better than it does: findings are raised only
// where at least three brokers are registered. Kafka's own topics are audited like all others: when
// the only copy of __consumer_offsets is gone, groups can no longer commit.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "collectors/interpreter.h"
#include "collectors/tables/column.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

class TopicsInterpreter {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  [[nodiscard]] Observation interpret(const kafka::ClusterView& view, PollInfo poll, Now now);

 private:
  void add_configs(Observation& observation, const kafka::ClusterView& view);
  void add_findings(Observation& observation, const kafka::ClusterView& view);
  void add_findings_of(const kafka::ClusterView& view, const kafka::TopicView& topic,
                       std::optional<int> factor, bool audited, Column& findings);

  // Of each finding, in the order in which findings are rows.
  const std::array<Symbol, 3> findings_{Symbol("replication_factor_below_3"),
                                        Symbol("min_isr_below_2"),
                                        Symbol("min_isr_equals_replication_factor")};
  std::vector<std::optional<int>> factors_;  // of the poll in hand: replication, by topic
  KeyTracker keys_{{"cluster", "topic"}};
  KeyTracker finding_keys_{{"cluster", "topic", "finding"}};
};

}  // namespace highwater::collectors
