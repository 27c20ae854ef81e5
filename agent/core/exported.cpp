#include "agent/core/exported.h"

#include <algorithm>
#include <array>

namespace highwater {
namespace {

using enum Exported;

// `always`: what is plotted over time or summed, and counters, whose first increase would be lost
// if the series began with it. `nonzero`: states and verdicts, of which most rows are 0. `full`:
// what is summed or judged into a measure above, and what only explains another one.
constexpr std::pair<std::string_view, Exported> kList[] = {
    // Per topic.
    {"topic_partitions", always},
    {"topic_replication_factor", always},
    {"topic_min_insync_replicas", always},
    {"topic_retention_seconds", always},
    {"topic_retention_bytes", full},
    {"topic_compacted", nonzero},
    {"topic_unclean_leader_election", nonzero},
    {"topic_audit_finding", nonzero},
    {"topic_newest_record_age_seconds", always},
    {"topic_records_total", always},
    {"topic_retained_records", always},
    {"topic_log_bytes", always},
    {"topic_leader_changes_total", always},
    {"topic_isr_shrinks_total", always},
    {"topic_failover_seconds", always},
    {"topic_last_failover_seconds", nonzero},
    {"topic_deleted", nonzero},
    {"topic_leaderless_seconds", nonzero},
    {"topic_open_transaction_seconds", nonzero},
    {"open_transaction_seconds", full},
    {"topic_open_transaction_records", nonzero},
    {"topic_skewed_partitions", nonzero},
    {"topic_leaderless_partitions", always},
    {"topic_under_replicated_partitions", always},
    {"topic_under_min_isr_partitions", always},
    {"topic_at_min_isr_partitions", always},
    {"topic_reassigning_partitions", always},
    {"topic_displaced_leader_partitions", always},
    {"topic_unwritable_partitions", always},
    {"dead_letters_since_silence_records", always},
    {"dead_letter_records_per_second", always},
    {"dead_letter_share_ratio", always},

    // Per partition: a row where a state holds, which the counts per topic stand for otherwise.
    {"partition_leaderless", nonzero},
    {"partition_under_replicated", nonzero},
    {"partition_under_min_isr", nonzero},
    {"partition_at_min_isr", nonzero},
    {"partition_reassigning", nonzero},
    {"partition_leader", full},
    {"partition_leader_epoch", full},
    {"partition_preferred_leader", full},
    {"partition_preferred_broker", full},
    {"partition_replica_in_sync", full},
    {"partition_replicas", full},
    {"partition_in_sync_replicas", full},
    {"partition_log_start_offset", full},
    {"partition_high_watermark", full},
    {"partition_last_stable_offset", full},
    {"partition_log_bytes", full},

    // Per group.
    {"group_info", always},
    {"group_members", always},
    {"group_active", always},
    {"group_lag_records_max", always},
    {"group_rebalances_total", always},
    {"group_idle_members", nonzero},
    {"group_static_members_away", nonzero},
    {"group_rebalance_seconds", nonzero},
    {"group_rebalances_recent", nonzero},
    {"group_few_partitions", nonzero},
    {"group_assigned_members", full},
    {"group_coordinator", full},
    {"group_rebalance_last_seconds", full},
    {"group_members_joined_total", full},
    {"group_members_left_total", full},
    {"group_members_replaced_total", full},
    {"group_member_rank", full},

    // Per group and topic.
    {"group_topic_lag_records", always},
    {"group_lag_seconds_max", always},
    {"group_in_use_lag_seconds", always},
    {"group_produced_records_per_second", always},
    {"group_consumed_records_per_second", always},
    {"group_commit_age_seconds", always},
    {"group_time_to_catch_up_seconds", always},
    {"group_retention_left_ratio", always},
    {"group_offsets_rewound_total", always},
    {"group_offsets_skipped_total", always},
    {"group_lag_growth_records", nonzero},
    {"group_stalled_partitions", nonzero},
    {"group_beyond_end_partitions", nonzero},
    {"group_stalled_member_info", full},
    {"group_stopped_partitions", nonzero},
    {"group_slow_partitions", nonzero},
    {"group_rewound_partitions", nonzero},
    {"group_uncommitted_partitions", nonzero},
    {"group_skewed_partitions", nonzero},
    {"group_retention_margin_seconds", full},
    {"group_retention_margin_records", full},
    // Of sources: as many as applications count.
    {"records_total", always},
    {"records_failed_total", always},

    // Per group and partition. Lost records are a page: a rule of Prometheus must find them.
    {"group_records_lost", nonzero},
    {"group_lag_records", full},
    {"group_lag_seconds", full},
    {"group_lag_seconds_error", full},
    {"group_committed_offset", full},

    // Per partition of the canary's topic, which has as many as there are brokers.
    {"canary_partition_writable", always},
    {"canary_produce_seconds", always},
    {"canary_end_to_end_seconds", always},
    {"canary_records_sent_total", always},
    {"canary_records_received_total", always},
    {"canary_records_refused_total", always},
    {"canary_records_lost_total", always},
    {"canary_lost_records", always},
    {"canary_records_duplicated_total", always},
};

constexpr std::array<std::string_view, 3> kGrowing{"topic", "group", "partition"};

}  // namespace

Exported exported(const Measure& measure) {
  const auto* const found =
      std::ranges::find(kList, measure.name, &std::pair<std::string_view, Exported>::first);
  return found == std::end(kList) ? always : found->second;
}

Exported exported(const Measure& measure, MetricsDetail detail) {
  return detail == MetricsDetail::full ? always : exported(measure);
}

bool grows_with_cluster(const Measure& measure) {
  return std::ranges::any_of(kGrowing, [&](std::string_view dimension) {
    return dimension_index(measure, dimension) >= 0;
  });
}

std::span<const std::pair<std::string_view, Exported>> listed_exports() {
  return kList;
}

}  // namespace highwater
