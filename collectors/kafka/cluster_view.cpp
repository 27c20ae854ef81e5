#include "collectors/kafka/cluster_view.h"

#include <algorithm>

namespace highwater::kafka {
namespace {

constexpr size_t kKafkaPart = 12;  // bytes of an id that are 0 when it is local or missing

}  // namespace

TopicId local_id(uint32_t number) {
  TopicId id{};
  for (size_t i = kKafkaPart; i < id.size(); ++i, number >>= 8)
    id[i] = static_cast<std::byte>(number & 0xff);
  return id;
}

bool is_kafka_id(const TopicId& id) {
  return std::any_of(id.begin(), id.begin() + kKafkaPart,
                     [](std::byte byte) { return byte != std::byte{0}; });
}

bool same_topic(const TopicId& before, const TopicId& now) {
  return before == now || is_kafka_id(before) != is_kafka_id(now);
}

std::string_view status_name(BrokerStatus status) {
  switch (status) {
    case BrokerStatus::connecting:
      return "connecting";
    case BrokerStatus::up:
      return "up";
    case BrokerStatus::crashed:
      return "crashed";
    case BrokerStatus::hung:
      return "hung";
    case BrokerStatus::cut_off:
      return "cut_off";
    case BrokerStatus::refuses:
      return "refuses";
    case BrokerStatus::denied:
      return "denied";
    case BrokerStatus::stopped:
      return "stopped";
  }
  return "connecting";
}

PartitionView* find_partition(std::vector<PartitionView>& partitions, int32_t index) {
  // Partitions are numbered from 0 without gaps, so the place is nearly always the number.
  const auto place = static_cast<size_t>(index);
  if (index >= 0 && place < partitions.size() && partitions[place].index == index)
    return &partitions[place];
  const auto found = std::ranges::find(partitions, index, &PartitionView::index);
  return found == partitions.end() ? nullptr : &*found;
}

std::string_view group_type_name(GroupType type) {
  switch (type) {
    case GroupType::unknown:
      return "unknown";
    case GroupType::classic:
      return "classic";
    case GroupType::consumer:
      return "consumer";
    case GroupType::share:
      return "share";
    case GroupType::streams:
      return "streams";
  }
  return "unknown";
}

bool is_rebalancing(const GroupView& group) {
  if (group.state == "PreparingRebalance" || group.state == "CompletingRebalance" ||
      group.state == "Assigning")
    return true;
  if (group.state != "Reconciling") return false;
  if (!group.members || group.members_reason != Unknown::known) return true;
  return std::ranges::none_of(*group.members, &GroupMember::away) ||
         std::ranges::any_of(*group.members, [](const GroupMember& member) {
           return !member.away && !member.settled;
         });
}

void RequestCounts::add_error(std::string_view name) {
  const auto found = std::ranges::find(errors, name, &std::pair<std::string_view, uint64_t>::first);
  if (found == errors.end())
    errors.emplace_back(name, 1);
  else
    ++found->second;
}

}  // namespace highwater::kafka
