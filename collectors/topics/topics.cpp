#include "collectors/topics/topics.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

using kafka::TopicConfig;
using kafka::TopicView;

const std::vector<std::string_view> kTopic{"cluster", "topic"};

const Measure kPartitions{"topic_partitions", "How many partitions the topic has.", Unit::count,
                          MeasureType::gauge, kTopic};
const Measure kReplicationFactor{"topic_replication_factor",
                                 "The smallest number of replicas that is assigned to one of the "
                                 "topic's partitions.",
                                 Unit::count, MeasureType::gauge, kTopic};
const Measure kMinIsr{
    "topic_min_insync_replicas",
    "The min.insync.replicas in force for the topic, whether its own or inherited "
    "from the brokers.",
    Unit::count, MeasureType::gauge, kTopic};
const Measure kRetentionSeconds{
    "topic_retention_seconds", "How long the topic keeps records; +Inf when without limit of time.",
    Unit::seconds, MeasureType::gauge, kTopic};
const Measure kRetentionBytes{"topic_retention_bytes",
                              "How many bytes the topic keeps per partition; +Inf when without "
                              "limit of size.",
                              Unit::bytes, MeasureType::gauge, kTopic};
const Measure kCompacted{
    "topic_compacted",
    "Whether the topic's cleanup policy compacts it: of each key only the last "
    "record stays.",
    Unit::boolean, MeasureType::gauge, kTopic};
const Measure kUncleanElection{"topic_unclean_leader_election",
                               "Whether a replica that is not in sync may become leader, which "
                               "loses records.",
                               Unit::boolean, MeasureType::gauge, kTopic};
const Measure kFinding{
    "topic_audit_finding",
    "Whether the topic's replication is unwise, by kind of finding, also of Kafka's own topics; "
    "always 0 in clusters of fewer than three brokers.",
    Unit::boolean,
    MeasureType::gauge,
    {"cluster", "topic", "finding"}};

constexpr std::array<const Measure*, 8> kMeasures{
    &kPartitions,     &kReplicationFactor, &kMinIsr,          &kRetentionSeconds,
    &kRetentionBytes, &kCompacted,         &kUncleanElection, &kFinding};

constexpr size_t kBrokersWorthAudit = 3;
constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// Nothing when the topic has no partitions.
std::optional<int> replication_factor(const TopicView& topic) {
  std::optional<int> smallest;
  for (const kafka::PartitionView& partition : topic.partitions) {
    const int assigned = assigned_replicas(partition);
    if (!smallest || assigned < *smallest) smallest = assigned;
  }
  return smallest;
}

// Retention deletes nothing where the cleanup policy is compaction alone.
double retention_seconds(const TopicConfig& config) {
  if (!config.remove || config.retention_ms < 0) return kUnlimited;
  return static_cast<double>(config.retention_ms) / 1000;
}

double retention_bytes(const TopicConfig& config) {
  if (!config.remove || config.retention_bytes < 0) return kUnlimited;
  return static_cast<double>(config.retention_bytes);
}

Unknown config_reason(const TopicView& topic) {
  if (!topic.config) return first_unknown(topic.config_reason, Unknown::not_asked);
  return topic.config_reason;
}

void add_flag(Column& column, bool value, Unknown reason) {
  column.add(value ? 1 : 0, reason);
}

}  // namespace

std::span<const Measure* const> TopicsInterpreter::measures() {
  return kMeasures;
}

Observation TopicsInterpreter::interpret(const kafka::ClusterView& view, PollInfo poll, Now now) {
  Observation observation = start_observation(view, "topics", std::move(poll), now);
  factors_.clear();
  for (const TopicView& topic : view.topics) factors_.push_back(replication_factor(topic));
  add_configs(observation, view);
  add_findings(observation, view);
  return observation;
}

void TopicsInterpreter::add_configs(Observation& observation, const kafka::ClusterView& view) {
  const size_t rows = view.topics.size();
  Column partitions(kPartitions, rows), factor(kReplicationFactor, rows), min_isr(kMinIsr, rows),
      seconds(kRetentionSeconds, rows), bytes(kRetentionBytes, rows), compacted(kCompacted, rows),
      unclean(kUncleanElection, rows);
  for (size_t i = 0; i < rows; ++i) {
    const TopicView& topic = view.topics[i];
    keys_.add(view.cluster, topic.name);
    const Unknown listed = listing_reason(view, topic);
    partitions.add(static_cast<double>(topic.partitions.size()), listed);
    if (factors_[i])
      factor.add(*factors_[i], listed);
    else
      factor.add(kNoValue, first_unknown(listed, Unknown::not_asked));
    const Unknown reason = config_reason(topic);
    const TopicConfig config = topic.config.value_or(TopicConfig{});
    min_isr.add(topic.config ? config.min_insync_replicas : kNoValue, reason);
    seconds.add(topic.config ? retention_seconds(config) : kNoValue, reason);
    bytes.add(topic.config ? retention_bytes(config) : kNoValue, reason);
    compacted.add(topic.config ? (config.compact ? 1 : 0) : kNoValue, reason);
    unclean.add(topic.config ? (config.unclean_leader_election ? 1 : 0) : kNoValue, reason);
  }
  const auto keys = keys_.finish();
  for (Column* column : {&partitions, &factor, &min_isr, &seconds, &bytes, &compacted, &unclean})
    observation.tables.push_back(std::move(*column).build(keys));
}

void TopicsInterpreter::add_findings(Observation& observation, const kafka::ClusterView& view) {
  const bool audited_cluster = view.brokers.size() >= kBrokersWorthAudit;
  Column findings(kFinding, finding_keys_.expected_rows());
  for (size_t row = 0; row < view.topics.size(); ++row)
    add_findings_of(view, view.topics[row], factors_[row], audited_cluster, findings);
  for (const TopicView& topic : view.internal_topics) {
    if (!topic.excluded)
      add_findings_of(view, topic, replication_factor(topic), audited_cluster, findings);
  }
  observation.tables.push_back(std::move(findings).build(finding_keys_.finish()));
}

void TopicsInterpreter::add_findings_of(const kafka::ClusterView& view, const TopicView& topic,
                                        std::optional<int> factor, bool audited, Column& findings) {
  for (const Symbol& finding : findings_) finding_keys_.add(view.cluster, topic.name, finding);
  if (!audited) {
    for (size_t i = 0; i < findings_.size(); ++i) findings.add(0);
    return;
  }
  const Unknown listed =
      first_unknown(listing_reason(view, topic), factor ? Unknown::known : Unknown::not_asked);
  // One replica is one finding, not three.
  const bool replicated = factor.value_or(0) >= 2;
  const Unknown both = replicated ? first_unknown(listed, config_reason(topic)) : listed;
  const int min_isr = topic.config ? topic.config->min_insync_replicas : 0;
  add_flag(findings, factor.value_or(0) < 3, listed);
  if (replicated && !topic.config) {
    findings.add(kNoValue, both);
    findings.add(kNoValue, both);
    return;
  }
  add_flag(findings, replicated && min_isr < 2, both);
  add_flag(findings, replicated && min_isr >= *factor, both);
}

}  // namespace highwater::collectors
