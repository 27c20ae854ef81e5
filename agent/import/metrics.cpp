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
    {"kafka_consumergroup_lag_sum", "group_topic_lag_records"},
    {"kafka_consumergroup_members", "group_members"},

    {"kminion_kafka_consumer_group_topic_lag", "group_topic_lag_records"},
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
    {"kafka_consumergroup_group_topic_sum_lag", "group_topic_lag_records"},
    {"kafka_partition_latest_offset", "partition_high_watermark"},
    {"kafka_partition_earliest_offset", "partition_log_start_offset"},
}};

// Metrics that are the largest value over a dimension of ours.
constexpr std::array<NamePair, 1> kLargestOver{
    {{"kafka_consumergroup_group_max_lag_seconds", "topic"}}};

struct RollUp {
  std::string_view measure;
  std::string_view aggregation;
  std::string_view over;
  std::string_view result;
};
constexpr std::array<RollUp, 2> kRollUps{
    {{"group_lag_records", "sum", "partition", "group_topic_lag_records"},
     {"group_lag_seconds", "max", "partition", "group_lag_seconds_max"}}};

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

Result<KnownMetric> KnownMetric::find(std::string_view metric, const MetricNames& names) {
  if (metric.empty()) return fail("a query names no metric");
  const auto mapped = std::ranges::find(names.mapped, metric, &MappedMetric::metric);
  if (mapped != names.mapped.end()) {
    KnownMetric known(*mapped->measure);
    known.mapped_ = &*mapped;
    return known;
  }
  std::string_view name = metric;
  if (name.starts_with(kOwnPrefix)) {
    name.remove_prefix(kOwnPrefix.size());
  } else {
    const auto* const known = std::ranges::find(kMetrics, metric, &NamePair::first);
    if (known != kMetrics.end()) name = known->second;
  }
  const Measure* const measure = names.catalogue.find(name);
  if (measure == nullptr || (!metric.starts_with(kOwnPrefix) && name == metric))
    return fail(fmt::format("no measure of Highwater means the same as '{}'", metric));
  KnownMetric known(*measure);
  const auto* const largest = std::ranges::find(kLargestOver, metric, &NamePair::first);
  if (largest != kLargestOver.end()) known.largest_over_ = largest->second;
  return known;
}

std::string_view KnownMetric::dimension(std::string_view label) const {
  std::string_view name = label;
  if (mapped_ != nullptr) {
    const auto found =
        std::ranges::find(mapped_->labels, label, &std::pair<std::string, std::string>::first);
    // What a page does not have but Prometheus adds: the cluster that the source belongs to.
    if (found == mapped_->labels.end() && label != "cluster") return {};
    if (found != mapped_->labels.end()) name = found->second;
  } else if (const auto* const known = std::ranges::find(kLabels, label, &NamePair::first);
             known != kLabels.end()) {
    name = known->second;
  }
  const int place = dimension_index(*measure_, name);
  if (place < 0 || name == largest_over_) return {};
  return measure_->dimensions[static_cast<size_t>(place)];
}

std::vector<std::string> KnownMetric::dimensions() const {
  std::vector<std::string> names;
  for (const std::string_view dimension : measure_->dimensions) {
    if (dimension != "cluster" && dimension != largest_over_) names.emplace_back(dimension);
  }
  return names;
}

const Measure* rolled_up(const Measure& measure, std::string_view aggregation,
                         const std::vector<std::string>& over, const Catalogue& catalogue) {
  for (const RollUp& known : kRollUps) {
    if (known.measure == measure.name && known.aggregation == aggregation &&
        over == std::vector<std::string>{std::string(known.over)})
      return catalogue.find(known.result);
  }
  return nullptr;
}

bool is_target_label(std::string_view label) {
  return std::ranges::find(kTargetLabels, label) != kTargetLabels.end();
}

}  // namespace highwater::agent
