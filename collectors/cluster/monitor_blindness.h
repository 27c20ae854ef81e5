// MonitorBlindness: how many rows of a collector are unknown for reasons that no other alert
// explains, and the likely cause. Reasons alternate while a cluster is ill, so they are counted
// together. Part of "monitor"; pure.
//
// Not counted: rows that depend on a broker that is down or on a partition without leader, missing
// rights, groups that never committed, and what the versions of broker and agent do not support.
#pragma once

#include <string>
#include <vector>

#include "agent/core/observation.h"

namespace highwater::collectors {

class MonitorBlindness {
 public:
  // Of the observations of `cluster` in the snapshot, which must outlive this.
  MonitorBlindness(const Snapshot& snapshot, const Symbol& cluster, Now now);

  struct Unread {
    size_t rows = 0;
    std::string why;  // reasons, an example, Kafka's errors, the likely cause
  };
  [[nodiscard]] Unread judge(const Observation& seen) const;

 private:
  [[nodiscard]] bool counts(const Table& table, Unknown reason) const;
  [[nodiscard]] std::string likely_cause(const Observation& seen, Unknown most) const;

  Now now_;
  bool broker_down_ = false;            // some broker is, or no broker answers
  bool offsets_leaderless_ = false;     // a partition of __consumer_offsets is
  std::vector<std::string> throttled_;  // "broker 1 (97%)": by quotas
};

}  // namespace highwater::collectors
