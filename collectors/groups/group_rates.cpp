#include "collectors/groups/group_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kTopic{"cluster", "group", "topic"};

const Measure kProduced{"group_produced_records_per_second",
                        "How many records a second were written to the partitions that the group "
                        "reads of the topic, over the last four minutes or more; unknown until "
                        "watched for a minute or for six commits.",
                        Unit::records, MeasureType::gauge, kTopic};
const Measure kConsumed{"group_consumed_records_per_second",
                        "How many records a second the group read of the topic, by the offsets it "
                        "committed, over the last four minutes or more; unknown until watched for "
                        "a minute or for six commits.",
                        Unit::records, MeasureType::gauge, kTopic};
const Measure kCatchUp{"group_time_to_catch_up_seconds",
                       "When the group will have read all of the topic if records come and are "
                       "read as in the last minutes; 0 when less than ten seconds of records are "
                       "unread, and no row while it does not catch up.",
                       Unit::seconds, MeasureType::gauge, kTopic};

constexpr std::array<const Measure*, 3> kMeasures{&kProduced, &kConsumed, &kCatchUp};

constexpr int kWindows = 2;  // of those that tell whether a lag grows
constexpr uint8_t kEnoughMoves = 6;
constexpr double kCaughtUpSeconds = 10;
// Reading faster by less than this is no catching up.
constexpr double kGain = 0.01;
constexpr double kForesight = 30.0 * 24 * 3600;
// Consumers commit each five seconds unless they are told otherwise.
constexpr Duration kStandsStill = std::chrono::seconds(30);
// Who has so many groups that lag looks at the numbers.
constexpr size_t kMaxNotes = 500;

Duration of_seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::ceil(seconds)));
}

std::string rate_text(double rate) {
  return rate < 10 ? fmt::format("{:.1f}", rate) : fmt::format("{:.0f}", rate);
}

}  // namespace

std::span<const Measure* const> GroupRates::measures() {
  return kMeasures;
}

void GroupRates::add_to(Observation& observation, const GroupReadings& readings,
                        std::span<const TopicProgress> progress) {
  const size_t count = readings.topics.size();
  std::vector<Memory>& memories = history_.align(readings.topic_keys);
  Column produced(kProduced, count), consumed(kConsumed, count);
  Column catch_up(kCatchUp, catching_up_keys_.expected_rows());
  for (size_t row = 0; row < count; ++row) {
    const GroupTopic& topic = readings.topics[row];
    const auto interval = topic.offsets_reason() == Unknown::known
                              ? follow(progress[row], observation.at.steady,
                                       readings.window * kWindows, memories[row])
                              : std::nullopt;
    const Unknown reason =
        first_unknown(topic.offsets_reason(), interval ? Unknown::known : Unknown::not_asked);
    const Rates rates = interval ? Rates{interval->rate(0), interval->rate(1)} : Rates{};
    produced.add(interval ? rates.produced : kNoValue, reason);
    consumed.add(interval ? rates.consumed : kNoValue, reason);
    if (reason != Unknown::known) continue;
    const auto seconds = time_to_catch_up(topic.lag_sum, rates);
    if (seconds) {
      const auto names = readings.topic_keys->row(row);
      catching_up_keys_.add(names[0], names[1], names[2]);
      catch_up.add(*seconds);
    }
    if (topic.read && seconds != 0.0)
      add_note(observation, readings, row, progress[row], rates, seconds);
  }
  observation.tables.push_back(std::move(produced).build(readings.topic_keys));
  observation.tables.push_back(std::move(consumed).build(readings.topic_keys));
  observation.tables.push_back(std::move(catch_up).build(catching_up_keys_.finish()));
}

std::optional<SampleRing<2>::Interval> GroupRates::follow(const TopicProgress& progress,
                                                          SteadyTime at, Duration length,
                                                          Memory& memory) {
  memory.ring.add(at, length, {progress.produced, progress.consumed});
  const auto so_far = memory.ring.interval_so_far();
  if (!so_far)
    memory.moves = 0;
  else if (memory.consumed != progress.consumed && memory.moves < kEnoughMoves)
    ++memory.moves;
  memory.consumed = progress.consumed;
  return memory.moves >= kEnoughMoves ? so_far : memory.ring.interval();
}

std::optional<double> GroupRates::time_to_catch_up(double lag, const Rates& rates) {
  if (lag <= rates.produced * kCaughtUpSeconds) return 0;
  const double gain = rates.consumed - rates.produced;
  if (gain <= rates.produced * kGain) return std::nullopt;
  const double seconds = lag / gain;
  return seconds < kForesight ? std::optional(seconds) : std::nullopt;
}

void GroupRates::add_note(Observation& observation, const GroupReadings& readings, size_t row,
                          const TopicProgress& progress, const Rates& rates,
                          std::optional<double> catches_up) {
  if (observation.notes.size() >= kMaxNotes) return;
  std::string text = fmt::format("{} records/s come in", rate_text(rates.produced));
  const GroupActivity& activity = readings.activities[readings.topics[row].group];
  const Duration still = observation.at.steady - progress.moved;
  // The rates are of the last minutes: of a group that stopped they say what it no longer does.
  if (activity.reason == Unknown::known && !activity.has_members) {
    text += " and the group has no members";
  } else if (still >= std::max<Duration>(kStandsStill, readings.window / 4)) {
    text += fmt::format(" and nothing has been committed for {}", describe_duration(still));
  } else {
    text += fmt::format(" and {}/s are read: ", rate_text(rates.consumed));
    text += catches_up
                ? fmt::format("it catches up in {}", describe_duration(of_seconds(*catches_up)))
                : "it does not catch up";
  }
  observation.notes.push_back({Entity(kTopic, readings.topic_keys->row(row)), std::move(text)});
}

}  // namespace highwater::collectors
