// What the active controller does to the cluster: moves leaders, shrinks and grows ISRs, fences
// brokers. Pure functions on the world, used by the model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulator/model/world.h"

namespace highwater::simulator {

struct Controller {
  World& world;
  Duration now;
  Duration coordinator_loading;  // how long a new leader of an offsets partition reads it

  // The broker is silent or gone: it leaves "brokers", every ISR and every leadership, in one step.
  void fence(std::int32_t broker);
  // An orderly stop begins: the same, but the broker is still listed.
  void relieve(std::int32_t broker);
  // The broker is back: it leads again what only it could lead.
  void unfence(std::int32_t broker);
  // It has caught up and joins the ISRs it belongs to.
  void join_isrs(std::int32_t broker);
  // It is too slow: it leaves the ISRs of what others lead.
  void leave_isrs(std::int32_t broker);

  void elect_preferred();
  void move_coordinators();
  void set_leader(Topic& topic, Partition& partition, std::int32_t broker);

  void begin_reassignment(Partition& partition, const std::vector<std::int32_t>& to);
  void end_reassignment(Topic& topic, Partition& partition, const std::vector<std::int32_t>& to);

 private:
  void remove_from_isr(Topic& topic, Partition& partition, std::int32_t broker);
  void for_each_partition(const std::function<void(Topic&, Partition&)>& use);
};

// Partitions whose leader or whose ISR does not work, or whose ISR is too small, take no records
// in.
void stall_partitions(World& world, Duration now, const std::function<bool(std::int32_t)>& works);

}  // namespace highwater::simulator
