#include "collectors/topics/partition_skew.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace highwater::collectors {
namespace {

using kafka::TopicView;

const std::vector<std::string_view> kGroupTopic{"cluster", "group", "topic"};
const std::vector<std::string_view> kTopic{"cluster", "topic"};

const Measure kLag{"group_skewed_partitions",
                   "In how many partitions of the topic the group's lag stands out of that in the "
                   "others; 0 in topics of fewer than four partitions, and while one of them "
                   "stands still.",
                   Unit::count, MeasureType::gauge, kGroupTopic};
const Measure kWrites{"topic_skewed_partitions",
                      "To how many partitions of the topic so much more was written within five "
                      "minutes or more that they stand out of the others; 0 in topics of fewer "
                      "than four partitions, and only of topics that a group reads.",
                      Unit::count, MeasureType::gauge, kTopic};
constexpr std::array<const Measure*, 2> kMeasures{&kLag, &kWrites};

constexpr size_t kFewest = 4;  // partitions
constexpr double kDeviations = 6;
constexpr double kNormal = 1.4826;  // from the median absolute deviation to the standard one
constexpr double kTimes = 3;
constexpr double kRecords = 1000;
constexpr auto kCompareAfter = std::chrono::minutes(5);
constexpr size_t kMaxNotes = 1000;

double median_of(std::vector<double>& numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

}  // namespace

Outliers find_outliers(std::span<const double> records, std::vector<double>& scratch) {
  Outliers found;
  if (records.size() < kFewest) return found;
  scratch.assign(records.begin(), records.end());
  found.median = median_of(scratch);
  for (double& number : scratch) number = std::abs(number - found.median);
  const double deviation = median_of(scratch) * kNormal;
  const double limit = std::max(
      {found.median + kDeviations * deviation, found.median * kTimes, found.median + kRecords});
  for (uint32_t i = 0; i < records.size(); ++i) {
    if (records[i] <= limit) continue;
    if (found.count++ == 0 || records[i] > records[found.worst]) found.worst = i;
  }
  if (found.count * 4 > records.size()) found.count = 0;
  return found;
}

std::span<const Measure* const> PartitionSkew::measures() {
  return kMeasures;
}

void PartitionSkew::add_to(Observation& observation, const GroupReadings& readings,
                           std::span<const TopicProgress> progress) {
  add_lags(observation, readings, progress);
  add_writes(observation, readings);
}

void PartitionSkew::add_lags(Observation& observation, const GroupReadings& readings,
                             std::span<const TopicProgress> progress) {
  Column column(kLag, readings.topics.size());
  for (size_t row = 0; row < readings.topics.size(); ++row) {
    const GroupTopic& topic = readings.topics[row];
    const Unknown reason = topic.offsets_reason();
    // What stands still has a verdict of its own.
    if (reason != Unknown::known || !topic.read || topic.lag_max < kRecords ||
        progress[row].stuck > 0) {
      column.add(reason == Unknown::known ? 0 : kNoValue, reason);
      continue;
    }
    numbers_.clear();
    for (uint32_t place = topic.first_row; place < topic.end_row; ++place) {
      const GroupPartition& seen = readings.partitions[place];
      numbers_.push_back(seen.reason == Unknown::known ? static_cast<double>(seen.lag()) : 0);
    }
    const Outliers found = find_outliers(numbers_, scratch_);
    column.add(found.count);
    if (found.count == 0 || observation.notes.size() >= kMaxNotes) continue;
    observation.notes.push_back(
        {Entity(kGroupTopic, readings.topic_keys->row(row)),
         fmt::format("partition {} lags by {:.0f} records, half of the others by {:.0f} or fewer",
                     readings.partitions[topic.first_row + found.worst].commit->partition,
                     numbers_[found.worst], found.median)});
  }
  observation.tables.push_back(std::move(column).build(readings.topic_keys));
}

void PartitionSkew::add_writes(Observation& observation, const GroupReadings& readings) {
  const std::vector<TopicView>& topics = readings.view.topics;
  ++polls_;
  read_.assign(topics.size(), 0);
  for (const GroupTopic& topic : readings.topics)
    read_[static_cast<size_t>(topic.topic - topics.data())] = 1;
  Column column(kWrites, topic_keys_.expected_rows());
  for (size_t i = 0; i < topics.size(); ++i) {
    if (read_[i] == 0) continue;
    topic_keys_.add(readings.view.cluster, topics[i].name);
    if (topics[i].partitions.size() < kFewest) {
      column.add(0);
      continue;
    }
    Written& written = written_[topics[i].name];
    written.seen = polls_;
    follow(topics[i], written, observation.at.steady);
    const bool known = written.found.has_value();
    column.add(known ? written.found->count : kNoValue,
               known ? Unknown::known : Unknown::not_asked);
    if (known && written.found->count > 0) add_note(observation, readings.view, topics[i], written);
  }
  std::erase_if(written_, [&](const auto& entry) { return entry.second.seen != polls_; });
  observation.tables.push_back(std::move(column).build(topic_keys_.finish()));
}

void PartitionSkew::follow(const TopicView& topic, Written& written, SteadyTime now) {
  const size_t count = topic.partitions.size();
  const bool anew = written.ends.size() != count || written.id != topic.id;
  if (!anew && now - written.since < kCompareAfter) return;
  // A comparison waits until every partition can be read.
  if (!std::ranges::all_of(topic.partitions,
                           [](const auto& one) { return one.high_watermark.known(); }))
    return;
  if (anew) written = {topic.id, {}, {}, std::nullopt, 0, 0, written.seen};
  numbers_.clear();
  for (size_t i = 0; i < written.ends.size(); ++i) {
    const int64_t grown = topic.partitions[i].high_watermark.offset - written.ends[i];
    numbers_.push_back(static_cast<double>(std::max<int64_t>(0, grown)));
  }
  if (!numbers_.empty()) {
    written.found = find_outliers(numbers_, scratch_);
    written.records = numbers_[written.found->worst];
    written.seconds = to_seconds(now - written.since);
  }
  written.since = now;
  written.ends.clear();
  for (const auto& partition : topic.partitions)
    written.ends.push_back(partition.high_watermark.offset);
}

void PartitionSkew::add_note(Observation& observation, const kafka::ClusterView& view,
                             const TopicView& topic, const Written& written) {
  if (observation.notes.size() >= kMaxNotes) return;
  const std::array<Symbol, 2> names{view.cluster, topic.name};
  observation.notes.push_back(
      {Entity(kTopic, names),
       fmt::format("{:.1f} records/s are written to partition {}, to half of the others {:.1f} or "
                   "fewer",
                   written.records / written.seconds, topic.partitions[written.found->worst].index,
                   written.found->median / written.seconds)});
}

}  // namespace highwater::collectors
