#include "collectors/registry.h"

#include "collectors/cluster/brokers.h"
#include "collectors/cluster/cluster.h"
#include "collectors/cluster/credentials.h"
#include "collectors/cluster/log_dirs.h"
#include "collectors/cluster/monitor.h"
#include "collectors/cluster/node.h"
#include "collectors/cluster/node_log_dirs.h"
#include "collectors/cluster/quorum.h"
#include "collectors/cluster/requests.h"
#include "collectors/groups/group_capacity.h"
#include "collectors/groups/group_offsets.h"
#include "collectors/groups/group_rates.h"
#include "collectors/groups/group_verdicts.h"
#include "collectors/groups/groups.h"
#include "collectors/groups/member_ranks.h"
#include "collectors/groups/offset_resets.h"
#include "collectors/groups/rebalances.h"
#include "collectors/groups/retention_margin.h"
#include "collectors/groups/time_lag_columns.h"
#include "collectors/topics/dead_letters.h"
#include "collectors/topics/deleted_topics.h"
#include "collectors/topics/open_transactions.h"
#include "collectors/topics/partition_columns.h"
#include "collectors/topics/partition_skew.h"
#include "collectors/topics/partitions.h"
#include "collectors/topics/topic_activity.h"
#include "collectors/topics/topic_totals.h"
#include "collectors/topics/topics.h"

namespace highwater::collectors {

Catalogue make_catalogue() {
  std::vector<const Measure*> all;
  for (const auto measures : {ClusterTables::measures(),     BrokersInterpreter::measures(),
                              QuorumTables::measures(),      RequestTables::measures(),
                              PartitionColumns::measures(),  PartitionsInterpreter::measures(),
                              TopicActivity::measures(),     TopicTotals::measures(),
                              DeadLetters::measures(),       DeletedTopics::measures(),
                              TopicsInterpreter::measures(), GroupsInterpreter::measures(),
                              GroupOffsets::measures(),      TimeLagColumns::measures(),
                              GroupRates::measures(),        RebalancesInterpreter::measures(),
                              GroupVerdicts::measures(),     OffsetResets::measures(),
                              RetentionMargin::measures(),   PartitionSkew::measures(),
                              GroupCapacity::measures(),     OpenTransactions::measures(),
                              LogDirTables::measures(),      MonitorInterpreter::measures(),
                              CredentialTables::measures(),  MemberRanks::measures(),
                              NodeInterpreter::measures(),   NodeLogDirsInterpreter::measures()})
    all.insert(all.end(), measures.begin(), measures.end());
  return Catalogue(std::move(all));
}

std::vector<WatchFirst> watch_first() {
  std::vector<WatchFirst> all;
  for (const auto some : {BrokersInterpreter::watch_first(), TopicActivity::watch_first(),
                          DeadLetters::watch_first(), GroupOffsets::watch_first(),
                          RebalancesInterpreter::watch_first(), RequestTables::watch_first(),
                          GroupVerdicts::watch_first(), OpenTransactions::watch_first()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace highwater::collectors
