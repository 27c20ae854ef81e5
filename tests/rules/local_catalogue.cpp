#include "tests/rules/local_catalogue.h"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace highwater::rules {
namespace {

using Dimensions = std::vector<std::string_view>;

struct Measures {
  std::deque<Measure> all;

  void add(const Dimensions& dimensions, Unit unit, const std::vector<std::string_view>& names,
           MeasureType type = MeasureType::gauge) {
    for (const std::string_view name : names)
      all.push_back({name, "A measure for tests.", unit, type, dimensions});
  }
};

std::deque<Measure> make_measures() {
  Measures measures;
  const Dimensions broker{"cluster", "broker"};
  const Dimensions partition{"cluster", "topic", "partition"};
  const Dimensions group_topic{"cluster", "group", "topic"};
  const Dimensions group_partition{"cluster", "group", "topic", "partition"};
  measures.add(broker, Unit::boolean, {"broker_up", "broker_failed", "broker_stopped"});
  measures.add(broker, Unit::seconds, {"broker_contradiction_seconds", "broker_response_seconds"});
  measures.add(broker, Unit::ratio, {"broker_leader_imbalance_ratio"});
  const Dimensions log_dir{"cluster", "broker", "log_dir"};
  measures.add(log_dir, Unit::boolean, {"log_dir_offline"});
  measures.add(log_dir, Unit::ratio, {"log_dir_usable_ratio"});
  measures.add(log_dir, Unit::seconds, {"log_dir_seconds_until_full"});
  const Dimensions node_broker{"cluster", "node", "broker"};
  measures.add(node_broker, Unit::boolean, {"node_broker_cut_off"});
  measures.add({"cluster", "node"}, Unit::boolean, {"node_cluster_reachable"});
  const Dimensions node_log_dir{"cluster", "node", "log_dir"};
  measures.add(node_log_dir, Unit::ratio,
               {"node_log_dir_usable_ratio", "node_log_dir_free_inodes_ratio"});
  measures.add({"cluster"}, Unit::boolean,
               {"cluster_reachable", "quorum_lost", "cluster_suspiciously_empty",
                "cluster_credentials_refused", "cluster_credentials_stale"});
  measures.add(broker, Unit::seconds, {"broker_certificate_expiry_seconds"});
  measures.add({"cluster"}, Unit::seconds, {"client_certificate_expiry_seconds"});
  measures.add({"cluster", "right"}, Unit::boolean, {"cluster_right_missing"});
  measures.add(partition, Unit::boolean,
               {"partition_leaderless", "partition_under_replicated", "partition_under_min_isr",
                "partition_at_min_isr"});
  measures.add({"cluster", "topic", "finding"}, Unit::boolean, {"topic_audit_finding"});
  measures.add({"cluster", "topic"}, Unit::boolean, {"topic_unclean_leader_election"});
  measures.add({"cluster", "topic"}, Unit::count,
               {"topic_unwritable_partitions", "topic_leaderless_partitions"});
  measures.add(group_topic, Unit::records, {"group_lag_growth_records", "group_topic_lag_records"});
  measures.add(group_partition, Unit::records, {"group_records_lost", "group_lag_records"});
  measures.add({"cluster", "collector", "reason"}, Unit::count, {"collector_unknown_rows"});
  measures.add({"cluster", "collector"}, Unit::count, {"collector_unread_rows"});
  measures.add({"cluster", "broker"}, Unit::ratio, {"kafka_throttled_ratio"});
  measures.add(group_topic, Unit::count, {"group_beyond_end_partitions"});
  measures.add({"cluster", "receiver"}, Unit::boolean, {"notification_failing"});
  measures.add({"cluster"}, Unit::boolean, {"state_failing"});
  measures.add({"cluster", "file"}, Unit::boolean, {"reload_failing"});
  measures.add({"cluster"}, Unit::seconds, {"agent_certificate_expiry_seconds"});
  measures.add({"cluster", "topic"}, Unit::records, {"dead_letters_since_silence_records"});
  measures.add({"cluster", "source"}, Unit::boolean, {"source_up"});
  measures.add({"cluster", "source", "metric"}, Unit::boolean, {"source_metric_missing"});
  measures.add({"cluster", "rule"}, Unit::boolean, {"rule_judges_nothing"});
  measures.add({"cluster"}, Unit::boolean, {"canary_up"});
  measures.add({"cluster"}, Unit::seconds,
               {"canary_end_to_end_p95_seconds", "controller_clock_difference_seconds"});
  measures.add(partition, Unit::boolean, {"canary_partition_writable"});
  measures.add(partition, Unit::records, {"canary_lost_records"});
  measures.add({"cluster", "topic"}, Unit::seconds,
               {"topic_newest_record_age_seconds", "topic_failover_seconds",
                "topic_last_failover_seconds", "topic_open_transaction_seconds"});
  measures.add({"cluster", "topic"}, Unit::boolean, {"topic_deleted"});
  measures.add({"cluster", "slo", "entity"}, Unit::ratio, {"slo_coverage_ratio"});
  measures.add({"cluster", "slo"}, Unit::count, {"slo_entities_left_out"});

  measures.add({"cluster", "group"}, Unit::seconds, {"group_rebalance_seconds"});
  measures.add({"cluster", "group"}, Unit::count,
               {"group_rebalances_recent", "group_idle_members"});
  measures.add({"cluster", "group"}, Unit::boolean, {"group_few_partitions"});
  measures.add(
      group_topic, Unit::count,
      {"group_stalled_partitions", "group_stopped_partitions", "group_uncommitted_partitions",
       "group_rewound_partitions", "group_skewed_partitions"});
  measures.add(group_topic, Unit::ratio, {"group_retention_left_ratio"});
  measures.add({"cluster", "topic"}, Unit::count, {"topic_skewed_partitions"});

  measures.add({"cluster", "cluster_id"}, Unit::info, {"cluster_info"});
  measures.add(group_topic, Unit::seconds,
               {"group_lag_seconds", "group_lag_seconds_max", "group_in_use_lag_seconds"});
  measures.add({"cluster", "topic"}, Unit::seconds, {"topic_retention_seconds"});
  measures.add({"cluster", "topic"}, Unit::count, {"topic_min_insync_replicas"});
  measures.add({"cluster", "topic"}, Unit::ratio, {"topic_skew_ratio"});
  measures.add({"cluster", "topic"}, Unit::bytes, {"topic_size_bytes"});
  measures.add(partition, Unit::count, {"partition_in_sync_replicas"});
  measures.add({"cluster", "group"}, Unit::records, {"group_lag_records_max"});
  measures.add({"cluster", "topic"}, Unit::records,
               {"topic_records_failed_total", "topic_records_total"}, MeasureType::counter);
  measures.add(group_topic, Unit::records, {"group_records_read_total"}, MeasureType::counter);
  measures.add(group_topic, Unit::records, {"records_failed_total", "records_total"},
               MeasureType::counter);
  measures.add({"cluster", "topic"}, Unit::bytes, {"topic_bytes_total"}, MeasureType::counter);
  return std::move(measures.all);
}

}  // namespace

const Catalogue& local_catalogue() {
  static const std::deque<Measure> measures = make_measures();
  static const Catalogue catalogue = [] {
    std::vector<const Measure*> pointers;
    for (const Measure& measure : measures) pointers.push_back(&measure);
    return Catalogue(pointers);
  }();
  return catalogue;
}

bool repository_has_runbook(std::string_view name) {
  return std::filesystem::exists(std::filesystem::path(HIGHWATER_SOURCE_DIR) / "runbooks" /
                                 (std::string(name) + ".md"));
}

std::string text_of(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) text += diagnostic.text() + "\n";
  return text;
}

std::string read_repository_file(const std::string& path) {
  const std::ifstream stream(std::filesystem::path(HIGHWATER_SOURCE_DIR) / path);
  EXPECT_TRUE(stream) << path;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace highwater::rules
