// One cluster as people look at it: its brokers, what is read of it and how fresh that is, the
// groups that lag most and the budgets with the least left. Taken from a snapshot by the names of
// measures, so that it needs no collector. Used by the status and the overview; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/observation.h"

namespace highwater {

struct BrokerView {
  std::string id;
  std::optional<bool> up;  // none: unknown
  std::string status;      // "crashed"; may be empty
  std::string note;        // may be empty
  std::optional<double> since_unix_seconds;
};

struct PartView {
  std::string_view name;
  Duration age{};
  bool stale = false;
  size_t unknown_rows = 0;
  size_t unread_rows = 0;  // of these, what something keeps from being read: is_fault()
  // Why nothing of it can be read, or of the groups' lag: "Kafka denied access". Empty: something
  // can, or there is nothing that should be.
  std::string unreadable;
  std::vector<std::string> problems;
};

struct GroupView {
  std::string group;
  std::string topic;                  // empty: what it reads is unknown too
  std::optional<double> lag_records;  // none: unknown
  std::optional<double> lag_seconds;  // of its worst partition
};

struct BudgetView {
  std::string slo;
  std::string entity;               // "group=payments topic=orders"; empty: the cluster
  std::optional<double> remaining;  // share of the error budget, below 0 when overspent; none:
                                    // nothing was seen yet
  std::optional<double> coverage;   // share of the time that could be judged
  double excluded = 0;              // seconds of its window that count for nothing
};

struct ClusterView {
  std::string name;
  std::vector<BrokerView> brokers;  // by id
  std::vector<PartView> parts;
  std::vector<GroupView> groups;    // the ones that lag most, worst first, then the unknown ones
  size_t group_count = 0;           // all groups, whatever is known of them
  size_t unknown_group_count = 0;   // groups that lag nobody knows how far, in any topic
  std::vector<BudgetView> budgets;  // the ones with the least left, worst first
  size_t budget_count = 0;
  size_t unknown_rows = 0;
  size_t unread_rows = 0;

  [[nodiscard]] size_t brokers_up() const;
};

// In the order of their names.
[[nodiscard]] std::vector<ClusterView> view_clusters(const Snapshot& snapshot, SteadyTime now,
                                                     size_t max_groups, size_t max_budgets);

}  // namespace highwater
