#include "exporters/remedies/registry.h"

#include <algorithm>

namespace highwater::remedies {
namespace {

constexpr std::string_view kCredentials =
    "what was changed, a login, a certificate or an authority, is not known here: the note names "
    "the step that fails";
constexpr std::string_view kCertificate =
    "what renews the certificate is not known to Kafka or to Highwater";
constexpr std::string_view kSkew = "which keys its records have, nobody but its producers knows";
constexpr std::string_view kRebalance =
    "why members come late, or come and go, their logs say, and Kafka does not";
constexpr std::string_view kSource =
    "what serves the page is not known here: the note says what came of asking it";
constexpr std::string_view kCanary = "the note says what its records met: the fault is elsewhere";

constexpr std::string_view kNodeLogDir =
    "a node's agent reads no topics: which of them are large there, the cluster's own agent says";

constexpr RuleRemedy kRules[] = {
    {"BrokerDown", start_failed_brokers},
    {"BrokerStopped", start_stopped_broker},
    {"LeaderlessPartitions", bring_leader_back},
    {"UnderMinIsr", bring_replicas_back},
    {"FailoverSlow", nullptr, "it is over: the partitions have leaders again"},
    {"UnderReplicated", bring_replicas_back},
    {"AtMinIsr", bring_replicas_back},
    {"LogDirOffline", repair_log_dir},
    {"LogDirFull", name_largest_topics},
    {"LogDirFullSoon", name_largest_topics},
    {"LogDirFilling", name_largest_topics},
    {"NodeLogDirFull", nullptr, kNodeLogDir},
    {"NodeLogDirInodes", nullptr, kNodeLogDir},
    {"LeaderImbalance", elect_preferred_leaders},
    {"QuorumLost", start_controllers},
    {"ClusterUnreachable", nullptr,
     "whether its brokers are down or only the way to them is not known from here"},
    {"CredentialsRefused", nullptr, kCredentials},
    {"CredentialsStale", nullptr, kCredentials},
    {"BrokerCertificateExpiresSoon", nullptr, kCertificate},
    {"BrokerCertificateExpiring", nullptr, kCertificate},
    {"ClientCertificateExpiresSoon", nullptr, kCertificate},
    {"ClientCertificateExpiring", nullptr, kCertificate},
    {"MetadataContradiction", start_failed_brokers},
    {"NodeCannotReachBroker", nullptr,
     "what stands between the node and the broker (a policy, a firewall, a route) is not known to "
     "Kafka"},
    {"NodeReachesNoBroker", nullptr,
     "whether its brokers are down or only the way to them is not known from here"},
    {"ClockDifference", nullptr, "which of the two clocks is wrong is not known"},
    {"LagTooOld", catch_up},
    {"LagGrowing", catch_up},
    {"RebalanceSlow", nullptr, kRebalance},
    {"RebalanceStorm", nullptr, kRebalance},
    {"GroupStalled", restart_stalled_member},
    {"GroupStopped", start_group},
    {"GroupNeverCommits", nullptr,
     "where these applications keep their offsets is not known to Kafka"},
    {"OffsetsRewound", nullptr,
     "whether it was done on purpose is not known, and reading goes on: the note says from where"},
    {"RetentionNear", lengthen_retention},
    {"RetentionWillDeleteUnread", lengthen_retention},
    {"PartitionLagsBehind", nullptr, kSkew},
    {"HotPartition", nullptr, kSkew},
    {"TransactionOpen", abort_hanging_transaction},
    {"CommitBeyondEnd", reset_offsets_beyond_end},
    {"IdleMembers", nullptr, "nothing is broken, and whether they are meant as spare is not known"},
    {"FewPartitions", nullptr,
     "more partitions send the records of a key elsewhere: whether that may be, the owners of the "
     "topic know"},
    {"RecordsLost", reset_lost_offsets},
    {"DeadLetters", nullptr, "why records could not be processed, their application's log says"},
    {"TopicDeleted", nullptr, "what was deleted is gone"},
    {"ReplicationAudit", nullptr,
     "which brokers are to hold more replicas is a plan to make, and nothing is broken now"},
    {"UncleanLeaderElection", nullptr,
     "whether an outage is worse than a loss, the owners of the topics know"},
    {"MonitorBlind", nullptr, "why an answer is missing, the problems on the page say"},
    {"MonitorThrottled", nullptr, "which quota is meant for the agent's user is not known"},
    {"MonitorDenied", grant_rights},
    {"ReadsDenied", grant_rights},
    {"SourceFailing", nullptr, kSource},
    {"CanaryFailing", nullptr, kCanary},
    {"CanaryBlocked", nullptr, kCanary},
    {"CanaryRecordsLost", nullptr, "lost records do not come back"},
    {"ClusterLooksEmpty", nullptr,
     "whether all was deleted or only cannot be seen is not known: do nothing before an "
     "administrator has looked"},
    {"NotificationFailing", nullptr,
     "what the receiver answers is in the note, and deliveries are tried again by themselves"},
    {"StateFailing", nullptr, "what is wrong with the disk, the note says as far as it is known"},
    {"ReloadFailing", check_file},
    {"AgentCertificateExpiring", nullptr, kCertificate},
    {"BudgetsUnwatched", nullptr, "what cannot be read has reasons of several kinds"},
    {"BudgetsLeftOut", nullptr, "which of them are meant to be judged is not known"},
    {"ErrorRateHigh", nullptr, "why records fail, their application's log says"},
    {"SourceLacksMetric", nullptr, kSource},
    {"RuleJudgesNothing", explain_rule},
};

}  // namespace

std::span<const RuleRemedy> all_rules() {
  return kRules;
}

const RuleRemedy* find_rule(std::string_view name) {
  const auto* const found = std::ranges::find(kRules, name, &RuleRemedy::rule);
  return found == std::end(kRules) ? nullptr : found;
}

}  // namespace highwater::remedies
