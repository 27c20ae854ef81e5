// The cluster as a whole: reachable, listed brokers, missing rights, a listing that looks empty.
// Tables of part "brokers"; used by its interpreter.
#pragma once

#include <span>

#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

class ClusterTables {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  void add_to(Observation& observation, const kafka::ClusterView& view);

 private:
  void add_info(Observation& observation, const kafka::ClusterView& view);
  void add_rights(Observation& observation, const kafka::ClusterView& view);
  void add_listings(Observation& observation, const kafka::ClusterView& view);

  KeyTracker keys_{{"cluster"}};
  KeyTracker info_keys_{{"cluster", "cluster_id"}};
  KeyTracker right_keys_{{"cluster", "right"}};
  KeyTracker listing_keys_{{"cluster", "dimension"}};
  Symbol cluster_id_;
  std::vector<Symbol> rights_;
  bool seen_topics_ = false;  // by this process, at least one
  bool seen_groups_ = false;
};

// Why Metadata's list of brokers is not fresh; `known` when it is.
[[nodiscard]] Unknown metadata_reason(const kafka::ClusterView& view);

}  // namespace highwater::collectors
