#include "collectors/group_verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kTopic{"cluster", "group", "topic"};

const Measure kStalled{"group_stalled_partitions",
                       "In how many partitions of the topic the group's committed offset has stood "
                       "still for two minutes or more although the group has members and there "
                       "were unread records all the time; unknown until watched for so long.",
                       Unit::count, MeasureType::gauge, kTopic};
const Measure kStopped{"group_stopped_partitions",
                       "In how many partitions of the topic records are unread because a group "
                       "that is in use most of the time has no members; 0 for groups that run now "
                       "and then, unknown for a day for those never seen in use.",
                       Unit::count, MeasureType::gauge, kTopic};
const Measure kSlow{"group_slow_partitions",
                    "In how many partitions of the topic the group's commits move and its lag did "
                    "not shrink from one to the next for two minutes or more; unknown until "
                    "watched for so long.",
                    Unit::count, MeasureType::gauge, kTopic};
const Measure kRewound{"group_rewound_partitions",
                       "In how many partitions of the topic the group's committed offset went back "
                       "within the last two minutes or more.",
                       Unit::count, MeasureType::gauge, kTopic};
const Measure kUncommitted{"group_uncommitted_partitions",
                           "In how many partitions of the topic that its members read the group "
                           "never committed an offset although records have been coming for two "
                           "minutes or more; unknown until watched for so long.",
                           Unit::count, MeasureType::gauge, kTopic};
const Measure kCommitAge{"group_commit_age_seconds",
                         "How long ago a committed offset of the group in the topic was last seen "
                         "to move; at least so long where none was seen since the watch began.",
                         Unit::seconds, MeasureType::gauge, kTopic};

constexpr std::array<const Measure*, 6> kMeasures{&kStalled, &kStopped,     &kSlow,
                                                  &kRewound, &kUncommitted, &kCommitAge};

constexpr double kMemory = 48.0 * 3600;  // seconds
constexpr double kDay = 24.0 * 3600;
constexpr double kHour = 3600;
constexpr size_t kMaxNotes = 1000;

}  // namespace

std::span<const Measure* const> GroupVerdicts::measures() {
  return kMeasures;
}

void GroupVerdicts::add_to(Observation& observation, const GroupReadings& readings,
                           std::span<const TopicProgress> progress) {
  const SteadyTime now = observation.at.steady;
  std::vector<Habit>& habits = habits_.align(readings.group_keys);
  for (size_t group = 0; group < habits.size(); ++group) {
    const GroupActivity& activity = readings.activities[group];
    if (activity.reason == Unknown::known) habits[group].follow(activity.active, now);
  }
  const size_t count = readings.topics.size();
  Column stalled(kStalled, count), stopped(kStopped, count), slow(kSlow, count),
      rewound(kRewound, count), uncommitted(kUncommitted, count), age(kCommitAge, count);
  for (size_t row = 0; row < count; ++row) {
    const GroupTopic& topic = readings.topics[row];
    const TopicProgress& seen = progress[row];
    const GroupActivity& activity = readings.activities[topic.group];
    const Habit& habit = habits[topic.group];
    const Unknown reason =
        first_unknown(topic.any_commit ? topic.reason : Unknown::known, activity.reason);
    const bool attended = activity.has_members;
    const bool reads = attended && topic.read;
    const bool tells_stop = attended || (seen.stuck == 0 && seen.watched) || habit.known();
    const bool stop = !attended && habit.is_use();
    // What a restart forgot is not over.
    const auto told = [&](bool can_tell) {
      return first_unknown(reason, can_tell ? Unknown::known : Unknown::not_asked);
    };
    stalled.add(reads ? seen.stuck : 0, told(!reads || seen.stuck > 0 || seen.watched));
    stopped.add(stop ? seen.stuck : 0, told(tells_stop));
    slow.add(topic.read ? seen.slow : 0, told(!topic.read || seen.slow > 0 || seen.watched));
    rewound.add(seen.rewound, reason);
    const bool tells_commits =
        !reads || seen.uncommitted > 0 || (seen.watched && seen.maybe_uncommitted == 0);
    uncommitted.add(reads ? seen.uncommitted : 0,
                    first_unknown(first_unknown(offsets_reason(readings.view.groups[topic.group]),
                                                activity.reason),
                                  tells_commits ? Unknown::known : Unknown::not_asked));
    age.add(topic.any_commit ? to_seconds(now - seen.moved) : kNoValue,
            first_unknown(topic.committed_known ? Unknown::known : topic.reason,
                          topic.any_commit ? Unknown::known : Unknown::no_commit));
    if (seen.stuck > 0 && (stop || (attended && topic.read)))
      add_note(observation, readings, row, seen);
  }
  for (Column* column : {&stalled, &stopped, &slow, &rewound, &uncommitted, &age})
    observation.tables.push_back(std::move(*column).build(readings.topic_keys));
}

void GroupVerdicts::add_note(Observation& observation, const GroupReadings& readings, size_t row,
                             const TopicProgress& progress) {
  if (observation.notes.size() >= kMaxNotes) return;
  const kafka::CommittedOffset& commit = *readings.partitions[progress.stuck_row].commit;
  std::string text =
      fmt::format("its commit of partition {} has stood at {} for {}", commit.partition,
                  commit.offset, describe_duration(observation.at.steady - progress.stuck_since));
  if (progress.stuck > 1) text += fmt::format(", {} others stand as well", progress.stuck - 1);
  observation.notes.push_back({Entity(kTopic, readings.topic_keys->row(row)), std::move(text)});
}

void GroupVerdicts::Habit::follow(bool in_use, SteadyTime now) {
  // Time that nobody watched says nothing.
  constexpr double kLongestGap = 600;
  const double passed = last_ == SteadyTime{} ? 0 : std::min(kLongestGap, to_seconds(now - last_));
  const double faded = std::exp(-passed / kMemory);
  watched_ = watched_ * faded + passed;
  used_ = used_ * faded + (in_use ? passed : 0);
  last_ = now;
}

bool GroupVerdicts::Habit::is_use() const {
  // As if it had not been in use in the hour before the watch: one short run is no habit.
  return used_ > (watched_ + kHour) / 2;
}

bool GroupVerdicts::Habit::known() const {
  static const double kKnownAfter = kMemory * (1 - std::exp(-kDay / kMemory));
  return used_ > 0 || watched_ >= kKnownAfter;
}

}  // namespace highwater::collectors
