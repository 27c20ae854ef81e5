#include "tests/rules/incidents/causality_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace highwater::rules::testing {
namespace {

const Measure& measure(const std::string& name) {
  const Measure* const found = local_catalogue().find(name);
  if (found == nullptr) throw std::runtime_error("no measure " + name);
  return *found;
}

// The built-in rules, which fire at once here: how long each waits is another matter.
RuleSet rules() {
  Diagnostics diagnostics;
  RuleSet set = load_rules(RuleSettings{}, local_catalogue(), repository_has_runbook, diagnostics);
  constexpr std::string_view kSlos =
      "slos:\n"
      "  - use: write-availability\n"
      "    window: 1d\n"
      "    min_bad: 30s\n"
      "    tiers: [{burn: 100, long: 2m, short: 1m, severity: page}]\n";
  set.slos =
      parse_rules(kSlos, "slos.yaml", local_catalogue(), repository_has_runbook, diagnostics).slos;
  EXPECT_EQ(text_of(diagnostics), "");
  for (AlertRule& rule : set.alerts) rule.hold = rule.keep_firing_for = Duration::zero();
  return set;
}

}  // namespace

CausalityWorld::CausalityWorld() : world_(rules()) {
  FakeCluster& cluster = world_.cluster();
  for (const char* broker : {"1", "2", "3"}) cluster.set(measure("broker_failed"), {broker}, 0);
  cluster.set(measure("topic_unwritable_partitions"), {"orders"}, 0);
  cluster.set(measure("topic_unwritable_partitions"), {"stock"}, 0);
  cluster.set(measure("cluster_reachable"), {}, 1);
  cluster.set(measure("quorum_lost"), {}, 0);
  relate("1", "3");
  (void)pass(minutes(5));
}

void CausalityWorld::set(const Trouble& trouble, bool wrong) {
  // Only a directory that is offline is known to keep what is missing.
  if (trouble.rule == "LogDirOffline") {
    std::vector<FakeCluster::Ends> kept;
    if (wrong) kept = {{{"orders", "0"}, {"1", "/data"}}, {{"orders", "1"}, {"1", "/data"}}};
    world_.cluster().relate("keeps replicas of partitions", {"topic", "partition"},
                            {"broker", "log_dir"}, kept);
  }
  world_.cluster().set(measure(trouble.measure), trouble.cells, wrong ? trouble.bad : trouble.good);
}

void CausalityWorld::move_away() {
  relate("2", "2");
}

void CausalityWorld::relate(const std::string& leader, const std::string& coordinator) {
  FakeCluster& cluster = world_.cluster();
  cluster.relate(
      "leads partitions", {"topic", "partition"}, {"broker"},
      {{{"orders", "0"}, {leader}}, {{"orders", "1"}, {leader}}, {{"stock", "0"}, {"2"}}});
  cluster.relate("coordinates groups", {"group"}, {"broker"},
                 {{{"billing"}, {coordinator}}, {{"audit"}, {"2"}}});
  cluster.relate("is read by groups", {"group"}, {"topic", "partition"},
                 {{{"billing"}, {"orders", "0"}},
                  {{"billing"}, {"orders", "1"}},
                  {{"audit"}, {"stock", "0"}}});
}

Report CausalityWorld::pass(Duration duration) {
  heard_.clear();
  Report report;
  for (Duration passed{}; passed < duration; passed += seconds(10)) {
    report = world_.poll_after(seconds(10));
    for (const std::string& line : told(report)) heard_.push_back(line);
  }
  return report;
}

std::vector<Trouble> ground_faults() {
  return {{"BrokerDown", "broker_failed", {"1"}},
          {"BrokerDown", "broker_failed", {"3"}},
          {"LogDirOffline", "log_dir_offline", {"1", "/data"}},
          {"LeaderlessPartitions", "partition_leaderless", {"orders", "0"}},
          {"UnderMinIsr", "partition_under_min_isr", {"orders", "0"}},
          {"QuorumLost", "quorum_lost", {}},
          {"ClusterUnreachable", "cluster_reachable", {}, 1, 0}};
}

}  // namespace highwater::rules::testing
