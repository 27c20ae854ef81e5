#include "collectors/groups/group_capacity.h"

#include <array>

namespace highwater::collectors {
namespace {

const Measure kFewPartitions{"group_few_partitions",
                             "Whether the topics that the group's members read have fewer than two "
                             "partitions for each member, and not just one for each; 0 for share "
                             "groups, groups of one member, and groups that are assigned nothing.",
                             Unit::boolean,
                             MeasureType::gauge,
                             {"cluster", "group"}};
constexpr std::array<const Measure*, 1> kMeasures{&kFewPartitions};

constexpr size_t kEnough = 2;  // partitions for each member

}  // namespace

std::span<const Measure* const> GroupCapacity::measures() {
  return kMeasures;
}

void GroupCapacity::add_to(Observation& observation, const kafka::ClusterView& view,
                           const std::shared_ptr<const KeySet>& groups,
                           std::span<const size_t> partitions) {
  Column column(kFewPartitions, view.groups.size());
  for (size_t i = 0; i < view.groups.size(); ++i) {
    const kafka::GroupView& group = view.groups[i];
    if (!group.members) {
      column.add(kNoValue, first_unknown(group.members_reason, Unknown::not_asked));
      continue;
    }
    const size_t members = group.members->size();
    const bool few = group.type != kafka::GroupType::share && members >= 2 && partitions[i] > 0 &&
                     partitions[i] < members * kEnough && partitions[i] != members;
    column.add(few ? 1 : 0, group.members_reason);
  }
  observation.tables.push_back(std::move(column).build(groups));
}

}  // namespace highwater::collectors
