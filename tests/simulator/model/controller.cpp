#include "tests/simulator/model/controller.h"

#include <algorithm>

namespace highwater::simulator {
namespace {

bool contains(const std::vector<std::int32_t>& list, std::int32_t value) {
  return std::ranges::find(list, value) != list.end();
}

std::vector<std::int32_t> without(const std::vector<std::int32_t>& list,
                                  const std::vector<std::int32_t>& removed) {
  std::vector<std::int32_t> rest;
  for (const std::int32_t value : list) {
    if (!contains(removed, value)) rest.push_back(value);
  }
  return rest;
}

}  // namespace

void Controller::fence(std::int32_t broker) {
  world.alive.erase(broker);
  relieve(broker);
}

void Controller::relieve(std::int32_t broker) {
  for_each_partition([&](Topic& topic, Partition& partition) {
    if (partition.in_isr(broker)) remove_from_isr(topic, partition, broker);
  });
}

void Controller::unfence(std::int32_t broker) {
  world.alive.insert(broker);
  for_each_partition([&](Topic& topic, Partition& partition) {
    if (partition.leader != kNoLeader || !contains(partition.elr, broker)) return;
    partition.isr = {broker};
    partition.elr.clear();
    set_leader(topic, partition, broker);
  });
}

void Controller::join_isrs(std::int32_t broker) {
  for_each_partition([&](Topic&, Partition& partition) {
    if (!partition.has_replica(broker) || partition.in_isr(broker)) return;
    if (partition.leader == kNoLeader) return;
    partition.isr.push_back(broker);
  });
}

void Controller::leave_isrs(std::int32_t broker) {
  for_each_partition([&](Topic& topic, Partition& partition) {
    if (partition.leader != broker && partition.in_isr(broker))
      remove_from_isr(topic, partition, broker);
  });
}

void Controller::elect_preferred() {
  for_each_partition([&](Topic& topic, Partition& partition) {
    const std::int32_t preferred = partition.replicas.front();
    if (partition.leader == preferred || partition.leader == kNoLeader) return;
    if (partition.in_isr(preferred) && world.alive.contains(preferred))
      set_leader(topic, partition, preferred);
  });
}

void Controller::move_coordinators() {
  Topic* offsets = world.topic(kOffsetsTopic);
  if (offsets == nullptr) return;
  for (Partition& partition : offsets->partitions) {
    const auto at = std::ranges::find(partition.replicas, partition.leader);
    if (at == partition.replicas.end()) continue;
    const auto leader = static_cast<size_t>(at - partition.replicas.begin());
    for (size_t step = 1; step < partition.replicas.size(); ++step) {
      const std::int32_t next = partition.replicas[(leader + step) % partition.replicas.size()];
      if (!partition.in_isr(next) || !world.alive.contains(next)) continue;
      set_leader(*offsets, partition, next);
      break;
    }
  }
}

void Controller::set_leader(Topic& topic, Partition& partition, std::int32_t broker) {
  partition.leader = broker;
  ++partition.epoch;
  if (topic.name == kOffsetsTopic && broker != kNoLeader)
    partition.loading_until = now + coordinator_loading;
}

void Controller::begin_reassignment(Partition& partition, const std::vector<std::int32_t>& to) {
  partition.adding = without(to, partition.replicas);
  partition.removing = without(partition.replicas, to);
  partition.replicas.insert(partition.replicas.end(), partition.adding.begin(),
                            partition.adding.end());
}

void Controller::end_reassignment(Topic& topic, Partition& partition,
                                  const std::vector<std::int32_t>& to) {
  partition.adding.clear();
  partition.removing.clear();
  partition.replicas = to;
  partition.isr.clear();
  for (const std::int32_t broker : to) {
    if (world.alive.contains(broker)) partition.isr.push_back(broker);
  }
  if (partition.isr.empty()) {
    partition.elr = {to.front()};
    set_leader(topic, partition, kNoLeader);
  } else if (!partition.in_isr(partition.leader)) {
    set_leader(topic, partition, partition.isr.front());
  }
}

// The last one of an ISR leaves it empty, and is remembered as the only one that may lead again.
void Controller::remove_from_isr(Topic& topic, Partition& partition, std::int32_t broker) {
  std::erase(partition.isr, broker);
  if (partition.isr.empty()) {
    partition.elr = {broker};
    set_leader(topic, partition, kNoLeader);
    return;
  }
  if (partition.leader != broker) return;
  for (const std::int32_t replica : partition.replicas) {
    if (!partition.in_isr(replica) || !world.alive.contains(replica)) continue;
    set_leader(topic, partition, replica);
    return;
  }
  set_leader(topic, partition, kNoLeader);
}

void Controller::for_each_partition(const std::function<void(Topic&, Partition&)>& use) {
  for (auto& [name, topic] : world.topics) {
    for (Partition& partition : topic.partitions) use(topic, partition);
  }
}

void stall_partitions(World& world, Duration now, const std::function<bool(std::int32_t)>& works) {
  for (auto& [name, topic] : world.topics) {
    const std::int32_t min_insync = world.min_insync_replicas(topic);
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      const Partition& partition = topic.partitions[p];
      const auto replicas = static_cast<std::int32_t>(partition.replicas.size());
      const bool takes_records =
          partition.leader != kNoLeader && works(partition.leader) &&
          std::ranges::all_of(partition.isr, works) &&
          static_cast<std::int32_t>(partition.isr.size()) >= std::min(min_insync, replicas);
      if (takes_records) {
        topic.log.resume(static_cast<std::int32_t>(p));
      } else {
        topic.log.stall(static_cast<std::int32_t>(p), now);
      }
    }
  }
}

}  // namespace highwater::simulator
