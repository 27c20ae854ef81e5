#include "collectors/registry.h"

#include <gtest/gtest.h>

#include <set>

#include "collectors/cluster/brokers.h"
#include "collectors/cluster/monitor.h"
#include "collectors/cluster/node.h"
#include "collectors/cluster/node_log_dirs.h"
#include "collectors/groups/groups.h"
#include "collectors/groups/member_ranks.h"
#include "collectors/groups/rebalances.h"
#include "collectors/topics/partitions.h"
#include "collectors/topics/topics.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

TEST(Registry, NamesAreValidAndUnique) {
  EXPECT_NO_THROW((void)make_catalogue());
}

TEST(Registry, HasTheNamesThatRulesAndDashboardsUse) {
  const Catalogue catalogue = make_catalogue();
  for (const char* const name : {"broker_up",
                                 "broker_failed",
                                 "broker_stopped",
                                 "broker_contradiction_seconds",
                                 "cluster_reachable",
                                 "cluster_suspiciously_empty",
                                 "cluster_right_missing",
                                 "quorum_lost",
                                 "partition_under_replicated",
                                 "partition_under_min_isr",
                                 "partition_at_min_isr",
                                 "partition_leaderless",
                                 "topic_audit_finding",
                                 "topic_unclean_leader_election",
                                 "group_lag_records",
                                 "group_topic_lag_records",
                                 "group_lag_growth_records",
                                 "group_records_lost",
                                 "collector_unknown_rows",
                                 "collector_unread_rows",
                                 "collector_stale"})
    EXPECT_NE(catalogue.find(name), nullptr) << name;
}

TEST(Registry, EveryHelpTextIsOneSentence) {
  const Catalogue catalogue = make_catalogue();
  for (const Measure* measure : catalogue.measures()) {
    EXPECT_TRUE(measure->help.ends_with('.')) << measure->name;
    EXPECT_EQ(measure->help.find(". "), std::string_view::npos) << measure->name;
  }
}

TEST(Registry, ListsEveryTableThatAnInterpreterMakesAndNoOther) {
  kafka::ClusterView view = healthy_cluster();
  view.has_quorum = true;
  Snapshot snapshot;
  std::set<const Measure*> made;
  const auto collect = [&](Observation observation) {
    for (const Table& table : observation.tables) {
      EXPECT_TRUE(made.insert(table.measure).second) << table.measure->name << " is made twice";
      EXPECT_EQ(std::vector(table.keys->dimensions().begin(), table.keys->dimensions().end()),
                table.measure->dimensions)
          << table.measure->name;
    }
  };
  collect(BrokersInterpreter().interpret(view, {}, at(0)));
  collect(PartitionsInterpreter().interpret(view, {}, at(0)));
  collect(TopicsInterpreter().interpret(view, {}, at(0)));
  collect(GroupsInterpreter().interpret(view, {}, at(0)));
  collect(RebalancesInterpreter().interpret(view, {}, at(0)));
  collect(MonitorInterpreter().interpret(snapshot, Symbol("prod"), at(0)));
  kafka::NodeView node;
  node.brokers[1];
  collect(NodeInterpreter(Symbol("prod"), Symbol("b"), false).interpret(node, at(0), {}));
  collect(NodeLogDirsInterpreter(Symbol("prod"), Symbol("b")).interpret({{}}, at(0), {}));
  Observation ranks;
  MemberRanks({}, {}).add_to(ranks, view);
  collect(std::move(ranks));
  const Catalogue catalogue = make_catalogue();
  EXPECT_EQ(made,
            std::set<const Measure*>(catalogue.measures().begin(), catalogue.measures().end()));
}

}  // namespace
}  // namespace highwater::collectors
