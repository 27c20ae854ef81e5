// Watcher: the agent of the week's world, as one process of it: the product's own interpreters and
// rules, and what they remember. A restart takes a new one, which gets what the former one had
// written. What the network half remembers is lost with it as well: see show().
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/judged_rows.h"
#include "agent/self_observation.h"
#include "collectors/canary/interpreter.h"
#include "collectors/cluster/brokers.h"
#include "collectors/cluster/monitor.h"
#include "collectors/cluster/node.h"
#include "collectors/cluster/node_log_dirs.h"
#include "collectors/groups/groups.h"
#include "collectors/groups/rebalances.h"
#include "collectors/kafka/lag/held_back.h"
#include "collectors/sources/interpreter.h"
#include "collectors/topics/partitions.h"
#include "collectors/topics/topics.h"
#include "rules/engine.h"
#include "rules/state.h"

namespace highwater::testing {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr Duration kStep = seconds(15);

// The rules every agent has, and these SLOs, if any.
[[nodiscard]] rules::RuleSet builtin_rules_with(const std::string& slos);
// Of the SLOs that can be used by name.
[[nodiscard]] std::vector<std::string> builtin_slo_names();

// What there is beside Kafka.
struct Surroundings {
  agent::SelfStatus self{};
  bool has_source = false;
  std::optional<std::string> page{};  // of the source `app`; nothing: it cannot be read
  std::optional<canary::ProbeReport> probe{};
  std::string probe_fails{};  // why there is no report
  // What the agent of a node sees beside; nothing: it is none.
  std::optional<kafka::NodeView> node{};
  std::vector<collectors::DiskSpace> node_disks{};
};

// The source `app` counts what groups process.
[[nodiscard]] const sources::SourcePlan& source_plan();

using Kept = std::map<std::pair<std::string, std::string>, std::string>;  // the state's records

class Watcher {
 public:
  Watcher(const rules::RuleSet& rules, Now now, const Kept& kept);

  [[nodiscard]] Report look(const kafka::ClusterView& truth, const Surroundings& around, Now now);

  // What is on the disk when the process is killed: written with each transition, and each minute.
  [[nodiscard]] const Kept& kept() const { return kept_; }
  // ... and when it is told to stop.
  [[nodiscard]] Kept stop(Now now) const;

 private:
  // The cluster as the network half sees it that began with this process.
  [[nodiscard]] kafka::ClusterView show(const kafka::ClusterView& truth, Now now);
  void show_brokers(kafka::ClusterView& view, Now now);
  void show_topics(kafka::ClusterView& view);
  void show_groups(kafka::ClusterView& view, const kafka::ClusterView& truth);
  void look_beside(const Surroundings& around, Now now);
  void keep(const Report& report);
  template <class Interpreter>
  void see(Interpreter& interpreter, const kafka::ClusterView& view, Now now);
  void take(Observation observation);

  const Now began_;
  bool reached_ = false;
  bool seen_topics_ = false;
  std::map<int32_t, std::pair<kafka::BrokerStatus, Now>> statuses_;
  std::map<int32_t, SteadyTime> contradicted_;
  std::set<int32_t> seen_up_;
  std::map<std::pair<std::string, int32_t>, int32_t> leaders_;
  std::set<Symbol> seen_groups_;
  std::map<Symbol, std::pair<std::vector<kafka::CommittedTopic>, std::optional<SteadyTime>>>
      commits_;
  kafka::HeldBack held_back_;
  std::vector<kafka::HeldBackPartition> held_;

  collectors::BrokersInterpreter brokers_;
  collectors::PartitionsInterpreter partitions_;
  collectors::TopicsInterpreter topics_;
  collectors::GroupsInterpreter groups_;
  collectors::RebalancesInterpreter rebalances_;
  collectors::MonitorInterpreter monitor_;
  canary::CanaryInterpreter canary_;
  collectors::NodeInterpreter node_;
  collectors::NodeLogDirsInterpreter node_log_dirs_;
  sources::SourcesInterpreter sources_;
  agent::SelfObserver self_;
  agent::JudgedRows judged_;
  Snapshot snapshot_;
  rules::Engine engine_;
  Kept kept_;
  std::optional<SteadyTime> budgets_at_;
};

}  // namespace highwater::testing
