#include "collectors/scope_tables.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace highwater::collectors {
namespace {

// Of measures without a topic or group: the brokers that its partitions and groups depend on, and
// whether the agent reaches Kafka.
constexpr std::array<std::string_view, 18> kKept{"broker_failed",
                                                 "broker_info",
                                                 "broker_listed",
                                                 "broker_response_seconds",
                                                 "broker_status",
                                                 "broker_status_timestamp_seconds",
                                                 "broker_stopped",
                                                 "broker_up",
                                                 "client_certificate_expiry_seconds",
                                                 "cluster_credentials_refused",
                                                 "cluster_credentials_stale",
                                                 "cluster_info",
                                                 "cluster_reachable",
                                                 "kafka_request_errors_total",
                                                 "kafka_requests_total",
                                                 "kafka_throttle_seconds_total",
                                                 "kafka_throttled_ratio",
                                                 "listing_incomplete"};

// Of topics and groups: what is about replicas, or rests on a configuration that is not read.
constexpr std::array<std::string_view, 29> kLeftOut{"group_retention_left_ratio",
                                                    "group_retention_margin_records",
                                                    "group_retention_margin_seconds",
                                                    "open_transaction_seconds",
                                                    "partition_at_min_isr",
                                                    "partition_in_sync_replicas",
                                                    "partition_log_bytes",
                                                    "partition_preferred_broker",
                                                    "partition_preferred_leader",
                                                    "partition_reassigning",
                                                    "partition_replica_in_sync",
                                                    "partition_replicas",
                                                    "partition_under_min_isr",
                                                    "partition_under_replicated",
                                                    "topic_at_min_isr_partitions",
                                                    "topic_audit_finding",
                                                    "topic_compacted",
                                                    "topic_displaced_leader_partitions",
                                                    "topic_isr_shrinks_total",
                                                    "topic_log_bytes",
                                                    "topic_min_insync_replicas",
                                                    "topic_reassigning_partitions",
                                                    "topic_replication_factor",
                                                    "topic_retention_bytes",
                                                    "topic_retention_seconds",
                                                    "topic_unclean_leader_election",
                                                    "topic_under_min_isr_partitions",
                                                    "topic_under_replicated_partitions",
                                                    "topic_unwritable_partitions"};
static_assert(std::ranges::is_sorted(kKept) && std::ranges::is_sorted(kLeftOut));

bool is_about(const Measure& measure, std::string_view dimension) {
  return std::ranges::find(measure.dimensions, dimension) != measure.dimensions.end();
}

}  // namespace

bool is_in_scope(const Measure& measure) {
  if (is_about(measure, "group") || is_about(measure, "topic"))
    return !std::ranges::binary_search(kLeftOut, std::string_view(measure.name));
  return std::ranges::binary_search(kKept, std::string_view(measure.name));
}

void keep_scope(Observation& observation) {
  std::erase_if(observation.tables,
                [](const Table& table) { return !is_in_scope(*table.measure); });
}

}  // namespace highwater::collectors
