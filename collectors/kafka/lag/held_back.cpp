#include "collectors/kafka/lag/held_back.h"

#include <algorithm>

namespace highwater::kafka {
namespace {

// Of what was there at the first look nobody knows how old it is: that is asked sooner.
constexpr Duration kStillThere = std::chrono::seconds(15);

bool stands_before(const HeldBackPartition& entry, const Symbol& topic, int32_t partition) {
  return entry.topic == topic ? entry.partition < partition : entry.topic < topic;
}

Unknown reason_of(const PartitionView& partition) {
  return partition.high_watermark.reason != Unknown::known ? partition.high_watermark.reason
                                                           : partition.last_stable.reason;
}

}  // namespace

void HeldBack::update(ClusterView& view, SteadyTime now) {
  const std::vector<HeldBackPartition> before = std::exchange(view.held_back, {});
  auto place = before.begin();
  for (const TopicView& topic : view.topics) {
    for (const PartitionView& partition : topic.partitions) {
      const Unknown reason = reason_of(partition);
      if (reason == Unknown::known &&
          partition.last_stable.offset >= partition.high_watermark.offset)
        continue;
      while (place != before.end() && stands_before(*place, topic.name, partition.index)) ++place;
      const bool there = place != before.end() && place->topic == topic.name &&
                         place->partition == partition.index && place->id == topic.id;
      HeldBackPartition& entry = view.held_back.emplace_back();
      if (there) entry = *place;
      entry.topic = topic.name;
      entry.id = topic.id;
      entry.partition = partition.index;
      entry.reason = reason;
      if (reason != Unknown::known || entry.offset == partition.last_stable.offset) continue;
      // Unless it was seen elsewhere before, it may have stood there for long.
      entry.from_start = there ? entry.offset < 0 : !looked_;
      entry.offset = partition.last_stable.offset;
      entry.since = now;
    }
  }
  looked_ = true;
}

bool HeldBack::worth_asking(const ClusterView& view, SteadyTime now) {
  return std::ranges::any_of(view.held_back, [now](const HeldBackPartition& entry) {
    return entry.reason == Unknown::known &&
           now - entry.since >= (entry.from_start ? kStillThere : kLongTransaction);
  });
}

const HeldBackPartition* HeldBack::find(const ClusterView& view, const Symbol& topic,
                                        int32_t partition) {
  const auto found = std::lower_bound(view.held_back.begin(), view.held_back.end(), partition,
                                      [&](const HeldBackPartition& entry, int32_t) {
                                        return stands_before(entry, topic, partition);
                                      });
  if (found == view.held_back.end() || !(found->topic == topic) || found->partition != partition ||
      found->offset < 0)
    return nullptr;
  return &*found;
}

}  // namespace highwater::kafka
