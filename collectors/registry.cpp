#include "collectors/registry.h"

#include "collectors/brokers.h"
#include "collectors/cluster.h"
#include "collectors/credentials.h"
#include "collectors/dead_letters.h"
#include "collectors/deleted_topics.h"
#include "collectors/group_capacity.h"
#include "collectors/group_offsets.h"
#include "collectors/group_rates.h"
#include "collectors/group_verdicts.h"
#include "collectors/groups.h"
#include "collectors/log_dirs.h"
#include "collectors/member_ranks.h"
#include "collectors/monitor.h"
#include "collectors/node.h"
#include "collectors/node_log_dirs.h"
#include "collectors/offset_resets.h"
#include "collectors/open_transactions.h"
#include "collectors/partition_columns.h"
#include "collectors/partition_skew.h"
#include "collectors/partitions.h"
#include "collectors/quorum.h"
#include "collectors/rebalances.h"
#include "collectors/requests.h"
#include "collectors/retention_margin.h"
#include "collectors/time_lag_columns.h"
#include "collectors/topic_activity.h"
#include "collectors/topic_totals.h"
#include "collectors/topics.h"

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
