#include "collectors/groups/rebalances.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "agent/core/plain_text.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

using kafka::GroupMember;
using kafka::GroupView;

const std::vector<std::string_view> kGroup{"cluster", "group"};

const Measure kSeconds{"group_rebalance_seconds",
                       "For how long the group has been seen to rebalance; 0 when it does not, and "
                       "at the first sight of a rebalance.",
                       Unit::seconds, MeasureType::gauge, kGroup};
const Measure kLastSeconds{"group_rebalance_last_seconds",
                           "How long the group's last rebalance took that was seen to end; no row "
                           "before one was.",
                           Unit::seconds, MeasureType::gauge, kGroup};
const Measure kTotal{"group_rebalances_total",
                     "How many rebalances of the group were seen, the first member's and the last "
                     "one's aside.",
                     Unit::count, MeasureType::counter, kGroup};
const Measure kRecent{"group_rebalances_recent",
                      "How many rebalances of the group were seen within the last ten minutes.",
                      Unit::count, MeasureType::gauge, kGroup};
const Measure kJoined{"group_members_joined_total",
                      "How many members were seen to join the group; a static member that comes "
                      "back is not counted.",
                      Unit::count, MeasureType::counter, kGroup};
const Measure kLeft{"group_members_left_total", "How many members were seen to leave the group.",
                    Unit::count, MeasureType::counter, kGroup};
const Measure kReplaced{"group_members_replaced_total",
                        "How many members the group had each time that all of its clients were "
                        "replaced by others within a minute, as by a deployment.",
                        Unit::count, MeasureType::counter, kGroup};
const Measure kAway{"group_static_members_away",
                    "How many static members of the group are away: those whose place Kafka keeps, "
                    "and those that left within the last day and did not come back.",
                    Unit::count, MeasureType::gauge, kGroup};

constexpr std::array<const Measure*, 8> kMeasures{&kSeconds, &kLastSeconds, &kTotal,    &kRecent,
                                                  &kJoined,  &kLeft,        &kReplaced, &kAway};

constexpr auto kAwayFor = std::chrono::hours(24);
constexpr size_t kMaxAway = 100;
constexpr int kNoteworthy = 3;

// A static member keeps its instance id when it comes back, another one has nothing that stays.
uint64_t identity(const GroupMember& member) {
  return std::hash<std::string_view>{}(member.instance_id.empty() ? member.member_id
                                                                  : member.instance_id);
}

uint64_t client_of(const GroupMember& member) {
  const std::hash<std::string_view> hash;
  return hash(member.client_host) * 31 + hash(member.client_id);
}

uint64_t missing_from(const std::vector<uint64_t>& some, const std::vector<uint64_t>& others) {
  return static_cast<uint64_t>(std::ranges::count_if(
      some, [&](uint64_t one) { return !std::ranges::binary_search(others, one); }));
}

int64_t minute_of(SteadyTime now) {
  return now.time_since_epoch() / std::chrono::minutes(1);
}

}  // namespace

struct RebalancesInterpreter::Columns {
  explicit Columns(size_t rows)
      : seconds(kSeconds, rows),
        total(kTotal, rows),
        recent(kRecent, rows),
        joined(kJoined, rows),
        left(kLeft, rows),
        replaced(kReplaced, rows),
        away(kAway, rows) {}

  void add(const GroupView& group, const Memory& memory, SteadyTime now) {
    seconds.add(memory.since ? seconds_so_far(now - *memory.since) : 0, group.listed);
    total.add(static_cast<double>(memory.rebalances));
    recent.add(memory.recent.count(now));
    joined.add(static_cast<double>(memory.joined));
    left.add(static_cast<double>(memory.left));
    replaced.add(static_cast<double>(memory.replaced));
    const bool described = group.members && group.members_reason == Unknown::known;
    const auto kept =
        !group.members ? 0 : std::ranges::count_if(*group.members, &GroupMember::away);
    away.add(static_cast<double>(memory.away.size()) + static_cast<double>(kept),
             described ? Unknown::known : first_unknown(group.members_reason, Unknown::not_asked));
  }

  Column seconds, total, recent, joined, left, replaced, away;
};

std::span<const Measure* const> RebalancesInterpreter::measures() {
  return kMeasures;
}

std::span<const WatchFirst> RebalancesInterpreter::watch_first() {
  static const WatchFirst kWatch[] = {{&kSeconds, std::chrono::hours(1), true},
                                      {&kRecent, std::chrono::minutes(10)}};
  return kWatch;
}

Observation RebalancesInterpreter::interpret(const kafka::ClusterView& view, PollInfo poll,
                                             Now now) {
  Observation observation = start_observation(view, "rebalances", std::move(poll), now);
  for (const GroupView& group : view.groups) keys_.add(view.cluster, group.id);
  const auto keys = keys_.finish();
  std::vector<Memory>& memories = history_.align(keys);
  Columns columns(view.groups.size());
  Column last(kLastSeconds, ended_keys_.expected_rows());
  // While nobody looked, one rebalance may have ended and another begun.
  const Duration gap = now.steady - looked_.value_or(now.steady);
  const Duration holds = std::max<Duration>(observation.cadence * kStaleCadences, kStaleFloor);
  looked_ = now.steady;
  for (size_t row = 0; row < view.groups.size(); ++row) {
    const GroupView& group = view.groups[row];
    Memory& memory = memories[row];
    if (memory.since && gap > holds) *memory.since += gap - holds;
    follow(group, memory, now.steady);
    columns.add(group, memory, now.steady);
    if (memory.since || memory.recent.count(now.steady) >= kNoteworthy)
      add_note(observation, group, memory, keys->row(row));
    if (!memory.last_seconds) continue;
    ended_keys_.add(view.cluster, group.id);
    last.add(*memory.last_seconds);
  }
  for (Column* column : {&columns.seconds, &columns.total, &columns.recent, &columns.joined,
                         &columns.left, &columns.replaced, &columns.away})
    observation.tables.push_back(std::move(*column).build(keys));
  observation.tables.push_back(std::move(last).build(ended_keys_.finish()));
  return observation;
}

void RebalancesInterpreter::follow(const GroupView& group, Memory& memory, SteadyTime now) {
  if (group.listed != Unknown::known) return;
  follow_state(group, memory, now);
  follow_members(group, memory, now);
}

void RebalancesInterpreter::follow_state(const GroupView& group, Memory& memory, SteadyTime now) {
  const bool rebalancing = kafka::is_rebalancing(group);
  if (rebalancing && !memory.since) {
    memory.since = now;
    memory.counted = true;
    // What was going on at the start counts as well; the first member of all does not.
    if (!memory.members || !memory.members->empty()) count(memory, now);
  } else if (!rebalancing && memory.since) {
    memory.last_seconds = to_seconds(now - *memory.since);
    memory.since.reset();
  }
}

void RebalancesInterpreter::follow_members(const GroupView& group, Memory& memory, SteadyTime now) {
  if (!group.members || group.members_reason != Unknown::known) return;
  there_.clear();
  for (const GroupMember& member : *group.members) there_.push_back(identity(member));
  std::ranges::sort(there_);
  if (memory.members && *memory.members != there_) {
    const uint64_t joined = missing_from(there_, *memory.members);
    const uint64_t left = missing_from(*memory.members, there_);
    uint64_t back = 0;
    for (const Away& away : memory.away) back += std::ranges::binary_search(there_, away.member);
    memory.joined += joined - std::min(joined, back);
    memory.left += left;
    const bool others_waited = !memory.members->empty() && !there_.empty();
    if (!memory.counted && others_waited) count(memory, now);
  }
  follow_clients(group, memory, now);
  follow_static(group, memory, there_, now);
  if (!memory.since) memory.counted = false;
  if (!memory.members || *memory.members != there_) memory.members = there_;
}

void RebalancesInterpreter::follow_clients(const GroupView& group, Memory& memory, SteadyTime now) {
  clients_.clear();
  for (const GroupMember& member : *group.members) clients_.push_back(client_of(member));
  std::ranges::sort(clients_);
  const auto twice = std::ranges::unique(clients_);
  clients_.erase(twice.begin(), twice.end());
  if (memory.clients.follow(clients_, !kafka::is_rebalancing(group), now))
    memory.replaced += group.members->size();
}

void RebalancesInterpreter::follow_static(const GroupView& group, Memory& memory,
                                          const std::vector<uint64_t>& now_there, SteadyTime now) {
  std::erase_if(memory.away, [&](const Away& away) {
    return now - away.since > kAwayFor || std::ranges::binary_search(now_there, away.member);
  });
  const bool any_left =
      memory.members && missing_from(*memory.members, now_there) > 0 && !memory.statics.empty();
  if (any_left) {
    for (const uint64_t member : memory.statics) {
      if (!std::ranges::binary_search(now_there, member) && memory.away.size() < kMaxAway)
        memory.away.push_back({member, now});
    }
  }
  memory.statics.clear();
  for (const GroupMember& member : *group.members) {
    if (!member.instance_id.empty()) memory.statics.push_back(identity(member));
  }
}

void RebalancesInterpreter::count(Memory& memory, SteadyTime now) {
  ++memory.rebalances;
  memory.recent.add(now);
}

void RebalancesInterpreter::add_note(Observation& observation, const GroupView& group,
                                     const Memory& memory, std::span<const Symbol> names) {
  std::string text =
      counted(static_cast<uint64_t>(memory.recent.count(observation.at.steady)), "rebalance") +
      " in the last ten minutes";
  if (memory.joined + memory.left > 0)
    text += fmt::format("; since the watch began {} came and {} went",
                        counted(memory.joined, "member"), memory.left);
  if (memory.since) text = fmt::format("its state is {}; {}", group.state, text);
  observation.notes.push_back({Entity(kGroup, names), std::move(text)});
}

void RebalancesInterpreter::Recent::add(SteadyTime now) {
  const int64_t minute = minute_of(now);
  if (minute - newest_ >= kMinutes) counts_.fill(0);
  while (newest_ < minute && minute - newest_ < kMinutes) counts_[place(++newest_)] = 0;
  newest_ = minute;
  ++counts_[place(minute)];
}

int RebalancesInterpreter::Recent::count(SteadyTime now) const {
  int sum = 0;
  for (int64_t minute = std::max(newest_, minute_of(now)) - kMinutes + 1; minute <= newest_;
       ++minute)
    sum += counts_[place(minute)];
  return sum;
}

}  // namespace highwater::collectors
