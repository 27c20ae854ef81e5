#include "collectors/groups/retention_margin.h"

#include <algorithm>
#include <array>
#include <limits>

namespace highwater::collectors {
namespace {

using kafka::PartitionView;
using kafka::TopicConfig;

const std::vector<std::string_view> kTopic{"cluster", "group", "topic"};

const Measure kSeconds{"group_retention_margin_seconds",
                       "How long it takes at least until retention deletes the oldest record of "
                       "the topic that the group has not read; the whole retention when it has "
                       "read all, and no row for topics without a limit.",
                       Unit::seconds, MeasureType::gauge, kTopic};
const Measure kRecords{"group_retention_margin_records",
                       "How many records the start of the log is away from the group's committed "
                       "offset, in the partition where these are fewest; no row for topics without "
                       "a limit.",
                       Unit::records, MeasureType::gauge, kTopic};
const Measure kLeft{"group_retention_left_ratio",
                    "Which share of the topic's retention is left to the group's oldest unread "
                    "record, from 1 to 0; 1 also while the group catches up with deletion, and for "
                    "a group that nobody uses.",
                    Unit::ratio, MeasureType::gauge, kTopic};
constexpr std::array<const Measure*, 3> kMeasures{&kSeconds, &kRecords, &kLeft};

// Who gains so many seconds a second on deletion need not fear it.
constexpr double kGain = 0.2;
constexpr double kNone = std::numeric_limits<double>::infinity();

bool has_limit(const TopicConfig& config) {
  return config.remove && (config.retention_ms >= 0 || config.retention_bytes >= 0);
}

double share_of(double part, double whole) {
  return whole <= 0 ? 0 : std::clamp(part / whole, 0.0, 1.0);
}

// Of the leader's replica; nothing when nobody told, or when it holds nothing.
std::optional<double> bytes_per_record(const PartitionView& partition) {
  const auto replica =
      std::find_if(partition.log_dirs.begin(), partition.log_dirs.end(),
                   [&](const auto& size) { return size.broker == partition.leader; });
  const int64_t records = partition.high_watermark.offset - partition.log_start.offset;
  if (replica == partition.log_dirs.end() || replica->bytes <= 0 || records <= 0)
    return std::nullopt;
  return static_cast<double>(replica->bytes) / static_cast<double>(records);
}

}  // namespace

struct RetentionMargin::Columns {
  explicit Columns(size_t rows)
      : seconds(kSeconds, rows), records(kRecords, rows), left(kLeft, rows) {}
  Column seconds, records, left;
};

std::span<const Measure* const> RetentionMargin::measures() {
  return kMeasures;
}

void RetentionMargin::add_to(Observation& observation, const GroupReadings& readings) {
  std::vector<SampleRing<1>>& rings = rings_.align(readings.topic_keys);
  Columns columns(keys_.expected_rows());
  for (size_t row = 0; row < readings.topics.size(); ++row) {
    const GroupTopic& topic = readings.topics[row];
    if (!topic.topic->config || !has_limit(*topic.topic->config)) continue;
    const auto names = readings.topic_keys->row(row);
    keys_.add(names[0], names[1], names[2]);
    const Unknown reason = first_unknown(topic.lag_reason(), topic.age.reason);
    if (reason != Unknown::known) {
      columns.seconds.add(kNoValue, reason);
      columns.records.add(kNoValue, reason);
      // Nobody waits for what a group without readers leaves unread.
      columns.left.add(topic.read ? kNoValue : 1, topic.read ? reason : Unknown::known);
      continue;
    }
    const kafka::GroupView& group = readings.view.groups[topic.group];
    const Margin margin =
        margin_of(topic, readings, group.committed_at.value_or(observation.at.steady));
    const bool timed = margin.seconds != kNone;
    if (timed) rings[row].add(observation.at.steady, readings.window, {margin.seconds});
    const auto interval = rings[row].interval();
    const bool whole = !topic.read || (margin.complete && margin.share >= 1);
    const bool gains = timed && interval && interval->rate(0) > kGain;
    // Before its pace is known, it may be catching up.
    const bool known = whole || (margin.complete && interval);
    const auto add = [](Column& column, double value) {
      column.add(value == kNone ? kNoValue : value,
                 value == kNone ? Unknown::not_asked : Unknown::known);
    };
    add(columns.seconds, margin.seconds);
    add(columns.records, margin.records);
    columns.left.add(whole || gains ? 1 : margin.share,
                     known ? Unknown::known : Unknown::not_asked);
  }
  const auto keys = keys_.finish();
  for (Column* column : {&columns.seconds, &columns.records, &columns.left})
    observation.tables.push_back(std::move(*column).build(keys));
}

RetentionMargin::Margin RetentionMargin::margin_of(const GroupTopic& topic,
                                                   const GroupReadings& readings, SteadyTime read) {
  Margin margin{kNone, kNone};
  for (uint32_t row = topic.first_row; row < topic.end_row; ++row) {
    const GroupPartition& seen = readings.partitions[row];
    if (seen.reason != Unknown::known) continue;  // it never committed: nothing waits there
    if (!seen.partition->log_start.known()) {
      margin.complete = false;
      continue;
    }
    narrow(margin, seen, *topic.topic->config, age_of(seen.commit->unread, read, {}).seconds);
  }
  return margin;
}

void RetentionMargin::narrow(Margin& margin, const GroupPartition& seen, const TopicConfig& config,
                             double age) {
  const PartitionView& partition = *seen.partition;
  const int64_t committed = seen.commit->offset;
  margin.records =
      std::min(margin.records,
               static_cast<double>(std::max<int64_t>(0, committed - partition.log_start.offset)));
  if (config.retention_ms >= 0) {
    const double retention = static_cast<double>(config.retention_ms) / 1000;
    margin.seconds = std::min(margin.seconds, std::max(0.0, retention - age));
    margin.share = std::min(margin.share, age == 0 ? 1 : share_of(retention - age, retention));
  }
  const auto lag = static_cast<double>(seen.lag());
  if (config.retention_bytes < 0 || lag <= 0 || age <= 0) return;
  const auto record = bytes_per_record(partition);
  if (!record) margin.complete = margin.complete && config.retention_ms >= 0;
  if (!record) return;
  const double granted = static_cast<double>(config.retention_bytes) / *record;  // records
  const double left = std::max(0.0, granted - lag);
  margin.seconds = std::min(margin.seconds, left * age / lag);
  margin.share = std::min(margin.share, share_of(left, granted));
}

}  // namespace highwater::collectors
