#include "collectors/topics/topic_totals.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>
#include <vector>

#include "collectors/interpreter.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kTopic{"cluster", "topic"};

// One partition that is in the state is enough to know; without one, all have to be known.
const Measure kLeaderless{"topic_leaderless_partitions",
                          "How many partitions of the topic have no leader; unknown while none is "
                          "known to and one cannot be judged.",
                          Unit::count, MeasureType::gauge, kTopic};
const Measure kUnderReplicated{
    "topic_under_replicated_partitions",
    "How many partitions of the topic have fewer replicas in sync than are assigned; unknown while "
    "none is known to and one cannot be judged.",
    Unit::count, MeasureType::gauge, kTopic};
const Measure kUnderMinIsr{"topic_under_min_isr_partitions",
                           "How many partitions of the topic have fewer replicas in sync than "
                           "min.insync.replicas; unknown "
                           "while none is known to and one cannot be judged.",
                           Unit::count, MeasureType::gauge, kTopic};
const Measure kAtMinIsr{
    "topic_at_min_isr_partitions",
    "How many partitions of the topic have just min.insync.replicas in sync although more are "
    "assigned; unknown while none is known to and one cannot be judged.",
    Unit::count, MeasureType::gauge, kTopic};
const Measure kReassigning{"topic_reassigning_partitions",
                           "How many partitions of the topic are being moved to other brokers.",
                           Unit::count, MeasureType::gauge, kTopic};
const Measure kDisplaced{
    "topic_displaced_leader_partitions",
    "How many partitions of the topic another replica leads than the first, preferred one; unknown "
    "while none is known to and one cannot be judged.",
    Unit::count, MeasureType::gauge, kTopic};
const Measure kRetained{
    "topic_retained_records",
    "How many offsets lie between the start and the end of the topic's logs, which is how many "
    "records they hold at most; unknown while that of a partition is.",
    Unit::records, MeasureType::gauge, kTopic};
const Measure kHeldBack{
    "topic_open_transaction_records",
    "How many records of the topic open transactions keep from readers of committed records; "
    "unknown while that of a partition is.",
    Unit::records, MeasureType::gauge, kTopic};
const Measure kLogBytes{
    "topic_log_bytes",
    "Bytes of the topic's logs, all replicas together; unknown while a broker that holds one does "
    "not report them.",
    Unit::bytes, MeasureType::gauge, kTopic};

constexpr std::array<const Measure*, 9> kMeasures{&kLeaderless, &kUnderReplicated, &kUnderMinIsr,
                                                  &kAtMinIsr,   &kReassigning,     &kDisplaced,
                                                  &kRetained,   &kHeldBack,        &kLogBytes};

struct Counted {
  const Measure* measure;
  std::string_view rows;  // the measure of partitions that is counted
  double value;           // what a row has that counts
};
constexpr std::array<Counted, 6> kCounted{{{&kLeaderless, "partition_leaderless", 1},
                                           {&kUnderReplicated, "partition_under_replicated", 1},
                                           {&kUnderMinIsr, "partition_under_min_isr", 1},
                                           {&kAtMinIsr, "partition_at_min_isr", 1},
                                           {&kReassigning, "partition_reassigning", 1},
                                           {&kDisplaced, "partition_preferred_leader", 0}}};

// The rows of one topic in a table of partitions or replicas.
struct Range {
  size_t begin = 0;
  size_t end = 0;
  Unknown listed = Unknown::known;
};

const Table& table_of(const Observation& observation, std::string_view measure) {
  const auto found = std::ranges::find(observation.tables, measure,
                                       [](const Table& table) { return table.measure->name; });
  assert(found != observation.tables.end());
  return *found;
}

Unknown first_reason(const Table& table, const Range& range) {
  if (table.unknown.empty()) return Unknown::known;
  for (size_t row = range.begin; row < range.end; ++row) {
    if (!table.known(row)) return table.unknown[row];
  }
  return Unknown::known;
}

Table count_rows(const Counted& counted, const Table& rows, std::span<const Range> topics,
                 const std::shared_ptr<const KeySet>& keys) {
  Column column(*counted.measure, topics.size());
  for (const Range& topic : topics) {
    size_t count = 0;
    for (size_t row = topic.begin; row < topic.end; ++row)
      count += rows.values[row] == counted.value && rows.known(row) ? 1 : 0;
    const Unknown reason = count > 0 ? Unknown::known : first_reason(rows, topic);
    column.add(static_cast<double>(count), first_unknown(topic.listed, reason));
  }
  return std::move(column).build(keys);
}

// The sum of `more`, or with `less` of how much it exceeds that.
Table sum_rows(const Measure& measure, const Table& more, const Table* less,
               std::span<const Range> topics, const std::shared_ptr<const KeySet>& keys) {
  Column column(measure, topics.size());
  for (const Range& topic : topics) {
    double sum = 0;
    Unknown reason = first_unknown(topic.listed, first_reason(more, topic));
    if (less != nullptr) reason = first_unknown(reason, first_reason(*less, topic));
    for (size_t row = topic.begin; row < topic.end; ++row)
      sum +=
          less == nullptr ? more.values[row] : std::max(0.0, more.values[row] - less->values[row]);
    column.add(sum, reason);
  }
  return std::move(column).build(keys);
}

}  // namespace

std::span<const Measure* const> TopicTotals::measures() {
  return kMeasures;
}

void TopicTotals::add_to(Observation& observation, const kafka::ClusterView& view,
                         const std::shared_ptr<const KeySet>& topics) {
  std::vector<Range> partitions;
  std::vector<Range> replicas;
  partitions.reserve(view.topics.size());
  replicas.reserve(view.topics.size());
  size_t partition = 0;
  size_t replica = 0;
  for (const kafka::TopicView& topic : view.topics) {
    const Unknown listed = listing_reason(view, topic);
    const size_t first_replica = replica;
    for (const kafka::PartitionView& one : topic.partitions) replica += one.replicas.size();
    partitions.push_back({partition, partition + topic.partitions.size(), listed});
    replicas.push_back({first_replica, replica, listed});
    partition += topic.partitions.size();
  }
  std::vector<Table> made;
  for (const Counted& counted : kCounted)
    made.push_back(count_rows(counted, table_of(observation, counted.rows), partitions, topics));
  const Table& end = table_of(observation, "partition_high_watermark");
  const Table& start = table_of(observation, "partition_log_start_offset");
  const Table& stable = table_of(observation, "partition_last_stable_offset");
  made.push_back(sum_rows(kRetained, end, &start, partitions, topics));
  made.push_back(sum_rows(kHeldBack, end, &stable, partitions, topics));
  made.push_back(
      sum_rows(kLogBytes, table_of(observation, "partition_log_bytes"), nullptr, replicas, topics));
  std::ranges::move(made, std::back_inserter(observation.tables));
}

}  // namespace highwater::collectors
