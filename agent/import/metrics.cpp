#include "agent/import/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace highwater::agent {
namespace {

using NamePair = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kOwnPrefix = "highwater_";

// Of kafka_exporter, then kminion, then kafka-lag-exporter: only those that mean the same.
constexpr std::array<NamePair, 27> kMetrics{{
    {"kafka_brokers", "cluster_brokers"},
    {"kafka_topic_partitions", "topic_partitions"},
    {"kafka_topic_partition_current_offset", "partition_high_watermark"},
    {"kafka_topic_partition_oldest_offset", "partition_log_start_offset"},
    {"kafka_topic_partition_in_sync_replica", "partition_in_sync_replicas"},
    {"kafka_topic_partition_leader", "partition_leader"},
    {"kafka_topic_partition_leader_is_preferred", "partition_preferred_leader"},
    {"kafka_topic_partition_replicas", "partition_replicas"},
    {"kafka_topic_partition_under_replicated_partition", "partition_under_replicated"},
    {"kafka_consumergroup_current_offset", "group_committed_offset"},
    {"kafka_consumergroup_lag", "group_lag_records"},
    {"kafka_consumergroup_lag_sum", "group_lag_records_sum"},
    {"kafka_consumergroup_members", "group_members"},

    {"kminion_kafka_consumer_group_topic_lag", "group_lag_records_sum"},
    {"kminion_kafka_consumer_group_topic_partition_lag", "group_lag_records"},
    {"kminion_kafka_consumer_group_members", "group_members"},
    {"kminion_kafka_consumer_group_empty_members", "group_idle_members"},
    {"kminion_kafka_topic_partition_high_water_mark", "partition_high_watermark"},
    {"kminion_kafka_topic_partition_low_water_mark", "partition_log_start_offset"},

    {"kafka_consumergroup_group_offset", "group_committed_offset"},
    {"kafka_consumergroup_group_lag", "group_lag_records"},
    {"kafka_consumergroup_group_lag_seconds", "group_lag_seconds"},
    {"kafka_consumergroup_group_max_lag", "group_lag_records_max"},
    {"kafka_consumergroup_group_max_lag_seconds", "group_lag_seconds_max"},
    {"kafka_consumergroup_group_topic_sum_lag", "group_lag_records_sum"},
    {"kafka_partition_latest_offset", "partition_high_watermark"},
    {"kafka_partition_earliest_offset", "partition_log_start_offset"},
}};

constexpr std::array<NamePair, 6> kLabels{{{"consumergroup", "group"},
                                           {"group_id", "group"},
                                           {"topic_name", "topic"},
                                           {"partition_id", "partition"},
                                           {"cluster_name", "cluster"},
                                           {"broker_id", "broker"}}};

constexpr std::array<std::string_view, 16> kTargetLabels{
    "job",     "instance", "namespace",   "pod",        "container", "endpoint",
    "service", "env",      "environment", "prometheus", "region",    "datacenter",
    "node",    "app",      "release",     "stage"};

}  // namespace

Result<KnownMetric> KnownMetric::find(std::string_view metric, const Catalogue& catalogue) {
  if (metric.empty()) return fail("a query names no metric");
  std::string_view name = metric;
  if (name.starts_with(kOwnPrefix)) {
    name.remove_prefix(kOwnPrefix.size());
  } else {
    const auto* const known = std::ranges::find(kMetrics, metric, &NamePair::first);
    if (known != kMetrics.end()) name = known->second;
  }
  const Measure* const measure = catalogue.find(name);
  if (measure != nullptr && (metric.starts_with(kOwnPrefix) || name != metric))
    return KnownMetric(*measure);
  return fail(fmt::format("no measure of Highwater means the same as '{}'", metric));
}

std::string_view KnownMetric::dimension(std::string_view label) const {
  const auto* const known = std::ranges::find(kLabels, label, &NamePair::first);
  const std::string_view name = known != kLabels.end() ? known->second : label;
  const int place = dimension_index(*measure_, name);
  return place < 0 ? std::string_view() : measure_->dimensions[static_cast<size_t>(place)];
}

bool is_target_label(std::string_view label) {
  return std::ranges::find(kTargetLabels, label) != kTargetLabels.end();
}

}  // namespace highwater::agent
