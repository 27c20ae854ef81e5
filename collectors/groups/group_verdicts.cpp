#include "collectors/groups/group_verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "agent/core/plain_text.h"

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kTopic{"cluster", "group", "topic"};

const Measure kStalled{"group_stalled_partitions",
                       "In how many partitions of the topic the group's committed offset has stood "
                       "still for two minutes or more although the group has members and there "
                       "were unread records all the time; unknown until watched for so long.",
                       Unit::count, MeasureType::gauge, kTopic};
const Measure kStopped{
    "group_stopped_partitions",
    "In how many partitions of the topic records are unread because a group "
    "that was in use most of the time has no members any more; 0 for groups that "
    "run now and then, unknown for a day for those never seen in use.",
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

const Measure kBeyondEnd{
    "group_beyond_end_partitions",
    "In how many partitions of the topic the offset that the group committed is beyond the end of "
    "the log although it has members: members without a reset policy make no progress "
    "there; 0 for groups without members.",
    Unit::count, MeasureType::gauge, kTopic};
const Measure kInUseLag{
    "group_in_use_lag_seconds",
    "How old the oldest record is that the group has not read of the topic, where it is in use: a "
    "member reads the topic, in a group that is in use most of the time or has been for two hours; "
    "or the group was in use most of the time and committed within a day; 0 for others, unknown "
    "for a day for those never seen in use.",
    Unit::seconds, MeasureType::gauge, kTopic};

const Measure kStalledMember{
    "group_stalled_member_info",
    "The member that reads the partition of the topic in which the group's committed offset has "
    "stood still for longest; only while one does, as in group_stalled_partitions.",
    Unit::info,
    MeasureType::gauge,
    {"cluster", "group", "topic", "partition", "client_id", "host"}};

constexpr std::array<const Measure*, 9> kMeasures{&kStalled,   &kStopped,     &kSlow,
                                                  &kRewound,   &kUncommitted, &kCommitAge,
                                                  &kBeyondEnd, &kInUseLag,    &kStalledMember};

constexpr double kMemory = 48.0 * 3600;  // seconds
constexpr double kDay = 24.0 * 3600;
constexpr double kDoubt = 20 * 60;
constexpr double kLongRun = 2 * 3600;
constexpr size_t kMaxNotes = 1000;
constexpr size_t kMaxMembers = 100;  // looked for in one poll

// Who reads the partition for the group; null when nobody does, or it is not known.
const kafka::GroupMember* reader_of(const kafka::GroupView& group, const Symbol& topic,
                                    int32_t partition) {
  if (!group.members) return nullptr;
  for (const kafka::GroupMember& member : *group.members) {
    for (const auto& [name, partitions] : member.assignment) {
      if (name == topic && std::ranges::find(partitions, partition) != partitions.end())
        return &member;
    }
  }
  return nullptr;
}

}  // namespace

std::span<const Measure* const> GroupVerdicts::measures() {
  return kMeasures;
}

std::span<const WatchFirst> GroupVerdicts::watch_first() {
  constexpr Duration kWindow = std::chrono::minutes(2);
  static const WatchFirst kWatch[] = {
      {&kStalled, kWindow}, {&kSlow, kWindow}, {&kRewound, kWindow}, {&kUncommitted, kWindow}};
  return kWatch;
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
      rewound(kRewound, count), uncommitted(kUncommitted, count), age(kCommitAge, count),
      in_use_lag(kInUseLag, count), beyond_end(kBeyondEnd, count);
  Column members(kStalledMember, member_keys_.expected_rows());
  size_t looked_for = 0;
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
    const auto reason_if = [&](bool can_tell) {
      return first_unknown(reason, can_tell ? Unknown::known : Unknown::not_asked);
    };
    stalled.add(reads ? seen.stuck : 0, reason_if(!reads || seen.stuck > 0 || seen.watched));
    stopped.add(stop ? seen.stuck : 0, reason_if(tells_stop));
    slow.add(topic.read ? seen.slow : 0, reason_if(!topic.read || seen.slow > 0 || seen.watched));
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
    const uint32_t beyond = attended ? topic.beyond_end : 0;
    const bool tells_ends = beyond > 0 || !attended || topic.reason == Unknown::beyond_end;
    beyond_end.add(beyond, tells_ends ? activity.reason : reason);
    add_in_use_lag(in_use_lag, topic, seen, activity, habit, now);
    if (seen.one_short > 0) add_one_short_note(observation, readings, row, seen);
    if (seen.stuck > 0 && (stop || (attended && topic.read)))
      add_note(observation, readings, row, seen);
    if (reads && seen.stuck > 0 && looked_for++ < kMaxMembers)
      add_member(members, readings, row, seen);
  }
  observation.tables.push_back(std::move(members).build(member_keys_.finish()));
  for (Column* column :
       {&stalled, &stopped, &slow, &rewound, &uncommitted, &age, &in_use_lag, &beyond_end})
    observation.tables.push_back(std::move(*column).build(readings.topic_keys));
}

void GroupVerdicts::add_in_use_lag(Column& column, const GroupTopic& topic,
                                   const TopicProgress& seen, const GroupActivity& activity,
                                   const Habit& habit, SteadyTime now) {
  const bool recent = seen.consumed > 0 && to_seconds(now - seen.moved) <= kDay;
  // A batch that begins finds what was written since its last run: that is what it runs for.
  const bool in_use = activity.has_members ? topic.read && (habit.is_use() || habit.runs_long(now))
                                           : habit.is_use() && recent;
  const bool late =
      topic.any_commit && (topic.age.reason != Unknown::known || topic.age.seconds > 0);
  if (!late) return column.add(0);
  if (in_use) return column.add(topic.age.seconds, topic.age.reason);
  const bool tells = activity.has_members || habit.known();
  column.add(0, first_unknown(activity.reason, tells ? Unknown::known : Unknown::not_asked));
}

void GroupVerdicts::add_member(Column& members, const GroupReadings& readings, size_t row,
                               const TopicProgress& progress) {
  const kafka::GroupView& group = readings.view.groups[readings.topics[row].group];
  const Symbol topic = readings.topic_keys->row(row).back();
  const int32_t partition = readings.partitions[progress.stuck_row].commit->partition;
  const kafka::GroupMember* const member = reader_of(group, topic, partition);
  if (member == nullptr) return;
  // "/10.0.0.7": a client's address, as Java writes it.
  std::string_view host = member->client_host;
  if (host.starts_with('/')) host.remove_prefix(1);
  member_keys_.add(readings.view.cluster, group.id, topic, Symbol::number(partition),
                   Symbol(member->client_id), Symbol(host));
  members.add(1);
}

void GroupVerdicts::add_note(Observation& observation, const GroupReadings& readings, size_t row,
                             const TopicProgress& progress) {
  if (observation.notes.size() >= kMaxNotes) return;
  const kafka::CommittedOffset& commit = *readings.partitions[progress.stuck_row].commit;
  std::string text =
      fmt::format("its commit of partition {} has stood at {} for {}", commit.partition,
                  commit.offset, describe_duration(observation.at.steady - progress.stuck_since));
  if (progress.stuck > 1) text += fmt::format(", as have {}", counted(progress.stuck - 1, "other"));
  observation.notes.push_back({Entity(kTopic, readings.topic_keys->row(row)), std::move(text)});
}

void GroupVerdicts::add_one_short_note(Observation& observation, const GroupReadings& readings,
                                       size_t row, const TopicProgress& progress) {
  if (observation.notes.size() >= kMaxNotes) return;
  observation.notes.push_back(
      {Entity(kTopic, readings.topic_keys->row(row)),
       fmt::format("whenever {} at rest, the lag is 1: either the client commits the offset of the "
                   "last record instead of the next, or that offset holds a transaction's marker",
                   progress.one_short == 1 ? "one of its partitions is"
                                           : counted(progress.one_short, "partition") + " are")});
}

void GroupVerdicts::Habit::follow(bool in_use, SteadyTime now) {
  // Time that nobody watched says nothing.
  constexpr double kLongestGap = 600;
  const double passed = last_ == SteadyTime{} ? 0 : std::min(kLongestGap, to_seconds(now - last_));
  const double faded = std::exp(-passed / kMemory);
  watched_ = watched_ * faded + passed;
  used_ = used_ * faded + (in_use ? passed : 0);
  if (in_use && !in_use_) began_ = last_;
  in_use_ = in_use;
  last_ = now;
  if (!in_use) return;
  last_used_ = now;
  // As if it had not been in use for a while before the watch: one short run is no habit.
  usual_ = used_ > (watched_ + kDoubt) / 2;
}

bool GroupVerdicts::Habit::is_use() const {
  return usual_ && to_seconds(last_ - last_used_) <= kMemory;
}

bool GroupVerdicts::Habit::runs_long(SteadyTime now) const {
  if (!in_use_) return false;
  return began_ == SteadyTime{} || to_seconds(now - began_) >= kLongRun;
}

bool GroupVerdicts::Habit::known() const {
  static const double kKnownAfter = kMemory * (1 - std::exp(-kDay / kMemory));
  return used_ > 0 || watched_ >= kKnownAfter;
}

}  // namespace highwater::collectors
