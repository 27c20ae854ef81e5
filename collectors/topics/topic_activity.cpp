#include "collectors/topics/topic_activity.h"

#include <algorithm>
#include <array>

#include "collectors/topics/partition_columns.h"

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kTopic{"cluster", "topic"};
const Measure kAge{
    "topic_newest_record_age_seconds",
    "How long ago the topic's newest record was written, understated by one poll at most; before a "
    "record was seen to come it rests on the record's timestamp, or counts from the agent's first "
    "look; unknown while some partition cannot be read and the others were not written to.",
    Unit::seconds, MeasureType::gauge, kTopic};
const Measure kRecords{
    "topic_records_total",
    "Sum of the offsets at which the topic's logs end: how many records were ever written, markers "
    "of transactions included; unknown while one of the ends is.",
    Unit::records, MeasureType::counter, kTopic};
const Measure kLeaderChanges{"topic_leader_changes_total",
                             "How often partitions of the topic had another leader than before, "
                             "elections of the same broker "
                             "included, since the agent began to watch.",
                             Unit::count, MeasureType::counter, kTopic};
const Measure kIsrShrinks{"topic_isr_shrinks_total",
                          "How often replicas of the topic's partitions fell out of sync, as seen "
                          "from poll to poll, since "
                          "the agent began to watch.",
                          Unit::count, MeasureType::counter, kTopic};
const Measure kFailover{"topic_failover_seconds",
                        "For how long a partition of the topic has been without a leader that can "
                        "be reached, or was at "
                        "the longest within the last ten minutes, by the polls that saw it so: "
                        "understated by a poll at "
                        "either end; 0 when all have one.",
                        Unit::seconds, MeasureType::gauge, kTopic};
const Measure kLastFailover{
    "topic_last_failover_seconds",
    "How long at least it took until another broker led the partitions of the topic whose leader "
    "had "
    "failed, the longest within the last ten minutes, by the polls that saw them without a leader: "
    "understated by a poll at either end; 0 when none did.",
    Unit::seconds, MeasureType::gauge, kTopic};
const Measure kLeaderless{
    "topic_leaderless_seconds",
    "For how long a partition of the topic has had no leader by Metadata, exact to a poll; 0 when "
    "all have one, also one that cannot be reached.",
    Unit::seconds, MeasureType::gauge, kTopic};

const Measure kUnwritable{
    "topic_unwritable_partitions",
    "How many partitions of the topic nobody can write to with acks=all: they have no leader, or "
    "fewer replicas in sync than min.insync.replicas asks for.",
    Unit::count, MeasureType::gauge, kTopic};

constexpr std::array<const Measure*, 8> kMeasures{&kAge,        &kRecords,   &kLeaderChanges,
                                                  &kIsrShrinks, &kFailover,  &kLastFailover,
                                                  &kLeaderless, &kUnwritable};

// A fail-over that is over is still told for so long.
constexpr Duration kFailoverTold = std::chrono::minutes(10);

// Whether nobody can write to the partition with acks=all; a reason when that is unknown.
struct Writing {
  bool refused = false;
  Unknown reason = Unknown::known;
};

Writing writing_of(const kafka::TopicView& topic, const kafka::PartitionView& partition,
                   const BrokerRows& brokers) {
  if (partition.leader < 0) return {true, Unknown::known};
  if (brokers.failed(partition.leader)) return {false, Unknown::contradicted};
  if (!topic.config) return {false, first_unknown(topic.config_reason, Unknown::not_asked)};
  const int minimum = std::min(topic.config->min_insync_replicas, assigned_replicas(partition));
  if (static_cast<int>(partition.isr.size()) < minimum) return {true, Unknown::known};
  return {false, isr_contradicted(partition, brokers) ? Unknown::contradicted : Unknown::known};
}

}  // namespace

std::span<const Measure* const> TopicActivity::measures() {
  return kMeasures;
}

std::span<const WatchFirst> TopicActivity::watch_first() {
  static const WatchFirst kWatch[] = {{&kFailover, kFailoverTold},
                                      {&kLastFailover, kFailoverTold},
                                      {&kLeaderless, std::chrono::hours(1), true}};
  return kWatch;
}

void TopicActivity::add_to(Observation& observation, const kafka::ClusterView& view,
                           const BrokerRows& brokers, Now now) {
  std::vector<Topic>& topics = align(view);
  Column age(kAge, topics.size());
  Column records(kRecords, topics.size());
  Column leader_changes(kLeaderChanges, topics.size());
  Column isr_shrinks(kIsrShrinks, topics.size());
  Column failover(kFailover, topics.size());
  Column last_failover(kLastFailover, topics.size());
  Column leaderless(kLeaderless, topics.size());
  Column unwritable(kUnwritable, topics.size());
  for (size_t row = 0; row < topics.size(); ++row) {
    const kafka::TopicView& topic_view = view.topics[row];
    Topic& topic = topics[row];
    const Unknown listed = listing_reason(view, topic_view);
    if (!topic.seen || topic.id != topic_view.id) start_anew(topic_view, now, topic);
    topic.partitions.resize(topic_view.partitions.size());
    double sum = 0;
    Unknown reason = listed;
    uint32_t refused = 0;
    Unknown writing = Unknown::known;
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      const kafka::PartitionView& partition = topic_view.partitions[i];
      if (listed == Unknown::known) {
        const bool has_leader = partition.leader >= 0 && !brokers.failed(partition.leader);
        watch(partition, has_leader, now, topic, topic.partitions[i]);
      }
      sum += static_cast<double>(partition.high_watermark.offset);
      reason = first_unknown(reason, partition.high_watermark.reason);
      const Writing one = writing_of(topic_view, partition, brokers);
      refused += one.refused ? 1 : 0;
      writing = first_unknown(writing, one.reason);
    }
    const Age aged = age_of(topic, now);
    age.add(aged.seconds, first_unknown(listed, aged.reason));
    records.add(sum, reason);
    leader_changes.add(static_cast<double>(topic.leader_changes));
    isr_shrinks.add(static_cast<double>(topic.isr_shrinks));
    failover.add(unreachable_of(topic, now.steady), listed);
    last_failover.add(to_seconds(topic.failover.lately(now.steady)), listed);
    leaderless.add(leaderless_of(topic, now.steady), listed);
    // One that refuses is enough to know.
    unwritable.add(refused, first_unknown(listed, refused > 0 ? Unknown::known : writing));
  }
  for (Column* column : {&age, &records, &leader_changes, &isr_shrinks, &failover, &last_failover,
                         &leaderless, &unwritable})
    observation.tables.push_back(std::move(*column).build(rows_));
}

std::vector<TopicActivity::Topic>& TopicActivity::align(const kafka::ClusterView& view) {
  for (const kafka::TopicView& topic : view.topics) keys_.add(view.cluster, topic.name);
  rows_ = keys_.finish();
  return history_.align(rows_);
}

void TopicActivity::start_anew(const kafka::TopicView& view, Now now, Topic& topic) {
  const uint64_t leader_changes = topic.leader_changes;
  const uint64_t isr_shrinks = topic.isr_shrinks;
  topic = {};
  topic.seen = true;
  topic.id = view.id;
  topic.first_seen = now.steady;
  // Counters of one row never go back.
  topic.leader_changes = leader_changes;
  topic.isr_shrinks = isr_shrinks;
}

void TopicActivity::watch(const kafka::PartitionView& view, bool has_leader, Now now, Topic& topic,
                          Partition& partition) {
  partition.reason = view.high_watermark.reason;
  partition.stamp = view.newest_stamp;
  if (view.high_watermark.known()) {
    if (partition.end >= 0 && view.high_watermark.offset > partition.end) topic.grew = now.steady;
    partition.end = view.high_watermark.offset;
  }
  if (partition.epoch >= 0 && view.leader_epoch > partition.epoch)
    topic.leader_changes += static_cast<uint64_t>(view.leader_epoch - partition.epoch);
  partition.epoch = std::max(partition.epoch, view.leader_epoch);
  const auto in_sync = static_cast<int32_t>(view.isr.size());
  if (partition.in_sync > in_sync)
    topic.isr_shrinks += static_cast<uint64_t>(partition.in_sync - in_sync);
  partition.in_sync = in_sync;
  if (view.leader < 0 || !topic.leaderless.empty()) [[unlikely]]
    watch_leader(view, now.steady, topic);
  watch_reach(view, has_leader, now.steady, topic, partition);
}

void TopicActivity::watch_reach(const kafka::PartitionView& view, bool has_leader, SteadyTime now,
                                Topic& topic, Partition& partition) {
  if (!has_leader) {
    if (!partition.without_leader) partition.without_leader = now;
    partition.last_without = now;
    return;
  }
  if (partition.without_leader) {
    // Until the last poll that saw it: what it took for certain.
    const Duration took = partition.last_without - *partition.without_leader;
    topic.unreachable.add(took, now);
    if (partition.leader >= 0 && partition.leader != view.leader) topic.failover.add(took, now);
    partition.without_leader.reset();
  }
  partition.leader = view.leader;
}

void TopicActivity::Longest::add(Duration one, SteadyTime now) {
  if (one > took || now - ended > kFailoverTold) took = one;
  ended = now;
}

Duration TopicActivity::Longest::lately(SteadyTime now) const {
  return now - ended <= kFailoverTold ? took : Duration::zero();
}

void TopicActivity::watch_leader(const kafka::PartitionView& view, SteadyTime now, Topic& topic) {
  const auto known =
      std::ranges::find(topic.leaderless, view.index, &std::pair<int32_t, SteadyTime>::first);
  if (view.leader >= 0) {
    if (known != topic.leaderless.end()) topic.leaderless.erase(known);
  } else if (known == topic.leaderless.end()) {
    topic.leaderless.emplace_back(view.index, now);
  }
}

TopicActivity::Age TopicActivity::age_of(const Topic& topic, Now now) {
  const SteadyTime since = topic.grew.value_or(topic.first_seen);
  double seconds = to_seconds(now.steady - since);
  if (topic.grew == now.steady) return {seconds, Unknown::known};
  int64_t newest = kafka::kStampUnknown;
  Unknown reason = Unknown::known;
  for (const Partition& partition : topic.partitions) {
    reason = first_unknown(reason, partition.reason);
    if (partition.stamp == kafka::kStampNotAsked && !topic.grew)
      reason = first_unknown(reason, Unknown::not_asked);
    newest = std::max(newest, partition.stamp);
  }
  // Nothing came while we watched, whatever a clock that is ahead may say.
  if (!topic.grew && newest != kafka::kStampUnknown) {
    const auto wall =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.wall.time_since_epoch());
    seconds = std::max(seconds, static_cast<double>(wall.count() - newest) / 1000);
  }
  return {seconds, reason};
}

double TopicActivity::leaderless_of(const Topic& topic, SteadyTime now) {
  if (topic.leaderless.empty()) return 0;
  Duration longest{};
  for (const auto& [partition, since] : topic.leaderless) longest = std::max(longest, now - since);
  return seconds_so_far(longest);
}

double TopicActivity::unreachable_of(const Topic& topic, SteadyTime now) {
  Duration longest = topic.unreachable.lately(now);
  for (const Partition& partition : topic.partitions) {
    if (partition.without_leader) longest = std::max(longest, now - *partition.without_leader);
  }
  return to_seconds(longest);
}

}  // namespace highwater::collectors
