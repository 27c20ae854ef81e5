#include "tests/simulator/model/consumption.h"

#include <algorithm>
#include <limits>

namespace highwater::simulator {
namespace {

struct Place {
  std::int64_t* position;
  std::int64_t end;
};

// Every partition the group reads, lost records skipped.
std::vector<Place> places_of(const World& world, Group& group, Duration now) {
  std::vector<Place> places;
  for (GroupTopic& read : group.topics) {
    const Topic* topic = world.topic(read.name);
    if (topic == nullptr) continue;
    for (size_t p = 0; p < read.positions.size(); ++p) {
      const auto index = static_cast<std::int32_t>(p);
      const std::int64_t end = group.spec.read_committed ? topic->log.last_stable_offset(index, now)
                                                         : topic->log.high_watermark(index, now);
      read.positions[p] = std::max(read.positions[p], topic->log.log_start(index, now));
      places.push_back({&read.positions[p], end});
    }
  }
  return places;
}

// Takes up to `most` records from one partition; what was taken.
std::int64_t take(const Place& place, std::int64_t most) {
  const std::int64_t taken = std::clamp<std::int64_t>(place.end - *place.position, 0, most);
  *place.position += taken;
  return taken;
}

}  // namespace

void read_on(const World& world, Group& group, Duration now) {
  const Duration since = std::exchange(group.consumed_at, now);
  if (group.spec.members == 0 || group.rebalancing(now)) return;
  const std::vector<Place> places = places_of(world, group, now);
  switch (group.spec.consume.mode) {
    case Consume::Mode::kNothing:
      return;
    case Consume::Mode::kAll:
      for (const Place& place : places) take(place, std::numeric_limits<std::int64_t>::max());
      return;
    case Consume::Mode::kRate:
      break;
  }
  const auto partitions = static_cast<std::int64_t>(places.size());
  const std::int64_t before = group.consumed.count(since);
  const std::int64_t after = group.consumed.count(now);
  const auto share = [&](std::int64_t records, std::int64_t index) {
    return (records + partitions - 1 - index) / partitions;
  };
  std::int64_t left = after - before;
  for (std::int64_t i = 0; i < partitions; ++i)
    left -= take(places[static_cast<size_t>(i)], share(after, i) - share(before, i));
  // Who has caught up leaves time for the others.
  for (const Place& place : places) left -= take(place, left);
}

void commit(const World& world, Group& group) {
  if (!group.spec.commits || group.spec.type == GroupType::kShare) return;
  for (GroupTopic& read : group.topics) {
    const Topic* topic = world.topic(read.name);
    if (topic == nullptr) continue;
    for (size_t p = 0; p < read.positions.size(); ++p) {
      std::int64_t offset = read.positions[p];
      if (group.spec.commits_last_record)
        offset = topic->log.after_last_record(static_cast<std::int32_t>(p), offset);
      read.committed[p] = {offset, topic->partitions[p].epoch};
    }
  }
}

void change_consume(const World& world, Group& group, const Consume& consume, Duration now) {
  read_on(world, group, now);
  group.spec.consume = consume;
  group.consumed = {now, 0, consume.rate};
}

}  // namespace highwater::simulator
