#include "collectors/groups/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/core/plain_text.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

using kafka::GroupType;
using kafka::GroupView;

const std::vector<std::string_view> kGroup{"cluster", "group"};

const Measure kInfo{"group_info",
                    "The group's state, protocol (empty for groups that only store offsets), "
                    "type (classic, consumer, share, streams or unknown), and who assigns its "
                    "partitions; empty while nobody does.",
                    Unit::info,
                    MeasureType::gauge,
                    {"cluster", "group", "state", "protocol", "type", "assignor"}};
const Measure kMembers{"group_members", "How many members the group has.", Unit::count,
                       MeasureType::gauge, kGroup};
const Measure kAssigned{
    "group_assigned_members",
    "How many members of the group are assigned at least one partition; unknown "
    "for protocols that assign other things.",
    Unit::count, MeasureType::gauge, kGroup};
const Measure kIdle{"group_idle_members",
                    "How many members of the group are assigned no partition and have nothing to "
                    "do; unknown for protocols that assign other things.",
                    Unit::count, MeasureType::gauge, kGroup};
const Measure kCoordinator{"group_coordinator",
                           "Id of the broker that coordinates the group; unknown while none does.",
                           Unit::none, MeasureType::gauge, kGroup};
const Measure kActive{"group_active",
                      "Whether somebody uses the group: it has members, or an offset was committed "
                      "within the last ten minutes.",
                      Unit::boolean, MeasureType::gauge, kGroup};

constexpr std::array<const Measure*, 6> kMeasures{&kInfo, &kMembers,     &kAssigned,
                                                  &kIdle, &kCoordinator, &kActive};

bool assigns_partitions(const GroupView& group) {
  return group.type == GroupType::consumer || group.type == GroupType::share ||
         group.type == GroupType::streams || group.protocol == "consumer";
}

bool has_assignment(const kafka::GroupMember& member) {
  return member.stands_by || std::any_of(member.assignment.begin(), member.assignment.end(),
                                         [](const auto& topic) { return !topic.second.empty(); });
}

// Whether its coordinator owes us something.
bool is_unserved(const GroupView& group) {
  const bool commits = group.type != GroupType::share;
  return group.listed != Unknown::known || (commits && offsets_reason(group) != Unknown::known);
}

Symbol& follow(Symbol& symbol, std::string_view text) {
  if (symbol.text() != text) symbol = Symbol(text);
  return symbol;
}

}  // namespace

// The columns with one row per group.
struct GroupsInterpreter::Columns {
  explicit Columns(size_t rows)
      : info(kInfo, rows),
        members(kMembers, rows),
        assigned(kAssigned, rows),
        idle(kIdle, rows),
        coordinator(kCoordinator, rows),
        active(kActive, rows) {}

  void add(const GroupView& group, const Memory& memory, const GroupActivity& activity) {
    info.add(1, group.listed);
    add_members(group);
    const int32_t broker = memory.last_coordinator;
    const Unknown none = group.coordinator < 0 ? Unknown::no_coordinator : Unknown::known;
    coordinator.add(broker < 0 ? kNoValue : broker, first_unknown(none, group.listed));
    active.add(activity.active ? 1 : 0, activity.reason);
  }

  void add_members(const GroupView& group) {
    // The listing alone says that there are none, and comes more often than descriptions.
    const bool empty = group.state == "Empty" && group.listed == Unknown::known;
    if (empty || !group.members) {
      const Unknown reason =
          empty ? Unknown::known : first_unknown(group.members_reason, Unknown::not_asked);
      for (Column* column : {&members, &assigned, &idle}) column->add(empty ? 0 : kNoValue, reason);
      return;
    }
    const auto count = static_cast<double>(group.members->size());
    const auto busy = static_cast<double>(
        std::count_if(group.members->begin(), group.members->end(), has_assignment));
    const Unknown other = assigns_partitions(group) ? Unknown::known : Unknown::unsupported;
    members.add(count, group.members_reason);
    assigned.add(busy, first_unknown(group.members_reason, other));
    idle.add(count - busy, first_unknown(group.members_reason, other));
  }

  Column info, members, assigned, idle, coordinator, active;
};

std::span<const Measure* const> GroupsInterpreter::measures() {
  return kMeasures;
}

Observation GroupsInterpreter::interpret(const kafka::ClusterView& view, PollInfo poll, Now now) {
  Observation observation = start_observation(view, "groups", std::move(poll), now);
  numbers_.trim();
  ++polls_;
  brokers_.begin(view);
  unserved_.assign(brokers_.count(), 0);
  add_groups(observation, view, now);
  add_lost_by_broker(observation, view);
  if (memory_.size() > view.groups.size())
    std::erase_if(memory_, [&](const auto& entry) { return entry.second.seen != polls_; });
  return observation;
}

void GroupsInterpreter::add_groups(Observation& observation, const kafka::ClusterView& view,
                                   Now now) {
  Columns columns(view.groups.size());
  Relation coordinates{"coordinates groups", nullptr, nullptr, {}};
  coordinates.words = {"group", "groups", "without a coordinator", "got another coordinator"};
  coordinates.coordinates = true;
  coordinates.pairs.reserve(view.groups.size());
  activities_.clear();
  for (const GroupView& group : view.groups) {
    const Memory& memory = remember(group);
    const uint32_t row = keys_.add(view.cluster, group.id);
    info_keys_.add(view.cluster, group.id, memory.state, memory.protocol, memory.type,
                   memory.assignor);
    activities_.push_back(activity_of(group, now));
    columns.add(group, memory, activities_.back());
    const auto broker = brokers_.row(memory.last_coordinator);
    if (!broker) continue;
    coordinates.pairs.emplace_back(row, *broker);
    if (is_unserved(group)) ++unserved_[*broker];
  }
  const auto keys = keys_.finish();
  observation.tables.push_back(std::move(columns.info).build(info_keys_.finish()));
  for (Column* column :
       {&columns.members, &columns.assigned, &columns.idle, &columns.coordinator, &columns.active})
    observation.tables.push_back(std::move(*column).build(keys));
  coordinates.from = keys;
  coordinates.to = brokers_.finish(view.cluster, numbers_);
  observation.relations.push_back(std::move(coordinates));
  offsets_.add_to(observation, view, keys, activities_, numbers_);
}

void GroupsInterpreter::add_lost_by_broker(Observation& observation,
                                           const kafka::ClusterView& view) const {
  for (size_t row = 0; row < unserved_.size(); ++row) {
    const auto broker = view.brokers.find(brokers_.id(row));
    if (unserved_[row] == 0 || !kafka::is_failed(broker->second.status)) continue;
    observation.problems.push_back(
        {fmt::format("broker {} {}: {} it coordinated {} unknown", broker->first,
                     status_words(broker->second.status), counted(unserved_[row], "group"),
                     unserved_[row] == 1 ? "is" : "are"),
         broker_entity(view, broker->first)});
  }
}

GroupsInterpreter::Memory& GroupsInterpreter::remember(const GroupView& group) {
  Memory& memory = memory_[group.id];
  memory.seen = polls_;
  if (group.coordinator >= 0) memory.last_coordinator = group.coordinator;
  follow(memory.state, group.state);
  follow(memory.protocol, group.protocol);
  follow(memory.type, kafka::group_type_name(group.type));
  follow(memory.assignor, group.assignor);
  return memory;
}

}  // namespace highwater::collectors
