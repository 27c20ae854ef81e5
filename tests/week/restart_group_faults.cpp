// Faults of groups and of what is written to topics.
#include <algorithm>

#include "tests/week/restart_faults.h"

namespace highwater::testing {
namespace {

World::Reader& payments(World& world) {
  return world.reader("payments-service");
}

void stop_reading(World& world) {
  payments(world).reads = false;
}

void read_again(World& world) {
  World::Reader& reader = payments(world);
  reader.reads = true;
  for (size_t i = 0; i < reader.position.size(); ++i)
    reader.position[i] = std::max(world.log("payments").end[i] - 100, reader.position[i]);
}

// What the group has not read must be gone soon, and is not yet.
void shorten_retention(World& world) {
  world.topic("payments").config->retention_ms = 40LL * 60 * 1000;
}

void set_members(World& world, size_t count) {
  std::vector<std::string>& members = world.reader("orders-service").members;
  while (members.size() > count) members.pop_back();
  while (members.size() < count) members.push_back("added-" + std::to_string(members.size()));
}

std::vector<RuleFault> lags() {
  return {
      {"LagTooOld", "", stop_reading, minutes(70), read_again},
      {"LagGrowing", "", [](World& world) { payments(world).plan.capacity = 10; }, minutes(20),
       [](World& world) {
         payments(world).plan.capacity = 300;
         read_again(world);
       }},
      {"GroupStalled", "", stop_reading, minutes(14), read_again},
      {"GroupStopped", "", [](World& world) { payments(world).there = false; }, minutes(40),
       [](World& world) {
         payments(world).there = true;
         read_again(world);
       }},
      {.rule = "RetentionNear",
       .plant = stop_reading,
       .fires_within = minutes(40),
       .heal = read_again,
       .prepare = shorten_retention},
      {.rule = "RetentionWillDeleteUnread",
       .plant = stop_reading,
       .fires_within = minutes(60),
       .heal = read_again,
       .prepare = shorten_retention},
      {"PartitionLagsBehind", "",
       [](World& world) {
         world.goes_on = [](World& in) {
           payments(in).position[0] = in.log("payments").end[0] - 5000;
         };
       },
       minutes(45),
       [](World& world) {
         world.goes_on = {};
         read_again(world);
       },
       minutes(75)},
      {"CommitBeyondEnd", "",
       [](World& world) {
         world.goes_on = [](World& in) {
           payments(in).position[0] = in.log("payments").end[0] + 1000;
         };
       },
       minutes(10),
       [](World& world) {
         world.goes_on = {};
         payments(world).position[0] = world.log("payments").end[0];
       }},
      {"RecordsLost", "",
       [](World& world) {
         world.log("payments").start[0] = payments(world).position[0] + 100;
         stop_reading(world);
       },
       minutes(2),
       [](World& world) {
         read_again(world);
         payments(world).position[0] = world.log("payments").end[0] - 1;
       }},
      {.rule = "OffsetsRewound",
       .plant =
           [](World& world) {
             world.goes_on = [at = world.time() + kStep](World& in) {
               if (in.time() == at) payments(in).position[1] -= 5000;
             };
           },
       .fires_within = minutes(1),
       .heal = [](World&) {},
       .told_for = minutes(2)},
  };
}

std::vector<RuleFault> members() {
  return {
      {"RebalanceSlow", "",
       [](World& world) { payments(world).rebalances_until = world.time() + hours(20); },
       minutes(2), [](World& world) { payments(world).rebalances_until = world.time(); }},
      {"RebalanceStorm", "",
       [](World& world) {
         for (int i = 0; i < 200; ++i)
           payments(world).restarts.push_back(world.time() + i * minutes(1));
       },
       minutes(45), [](World& world) { payments(world).restarts.clear(); }},
      {"IdleMembers", "", [](World& world) { set_members(world, 8); }, minutes(65),
       [](World& world) { set_members(world, 3); }},
      {"FewPartitions", "", [](World& world) { set_members(world, 4); }, minutes(65),
       [](World& world) { set_members(world, 3); }},
      {"GroupNeverCommits", "", distorted([](kafka::ClusterView& view) {
         for (kafka::GroupView& group : view.groups)
           if (group.id.text() == "orders-service") group.committed.clear();
       }),
       minutes(75), straighten},
  };
}

std::vector<RuleFault> topics() {
  return {
      {"HotPartition", "",
       [](World& world) { world.log("orders").rates = {400, 10, 10, 10, 10, 10}; }, minutes(50),
       [](World& world) { world.log("orders").rates.clear(); }, minutes(75)},
      {"TransactionOpen", "",
       [](World& world) {
         const auto held = static_cast<int64_t>(world.log("payments").end[0]);
         world.distort = [held](kafka::ClusterView& view) {
           for (kafka::TopicView& topic : view.topics)
             if (topic.name.text() == "payments") topic.partitions[0].last_stable.offset = held;
         };
       },
       minutes(12), straighten},
      {.rule = "DeadLetters",
       .plant = [](World& world) { world.log("payments.dlq").rates = {0.2}; },
       .fires_within = minutes(2),
       .heal = [](World& world) { world.log("payments.dlq").rates = {0}; },
       .clears_within = minutes(75),
       .prepare = [](World& world) { world.add_topic("payments.dlq", 1, 3, 0, false); }},
      {.rule = "TopicDeleted",
       .plant = [](World& world) { world.delete_topic("old"); },
       .fires_within = minutes(1),
       .heal = [](World&) {},
       .prepare = [](World& world) { world.add_topic("old", 1, 3, 0, false); },
       .told_for = minutes(10)},
  };
}

}  // namespace

std::vector<RuleFault> group_faults() {
  std::vector<RuleFault> all;
  for (auto some : {lags(), members(), topics()}) all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace highwater::testing
