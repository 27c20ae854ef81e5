// What changed before a fault, among changes that have nothing to do with it: what caused it is
// named first, and where nothing caused it nothing is named. In a world with a fake clock: what is
// seen of Kafka is made up, and the ledger, the rules and the search are the product's own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/week/changed_faults.h"

namespace highwater::testing {
namespace {

constexpr double kRight = 0.9;  // of the faults at least

void add_world(Scene& scene, const RuleFault& fault) {
  World& world = scene.world();
  world.add_topic("clicks", 6, 3, 10, false);
  world.add_topic("orders", 6, 3, 20, false);
  world.add_topic("payments", 6, 3, 50, false);
  world.add_topic("refunds", 6, 3, 5, false);
  world.add_group({.name = "clicks-service", .topic = "clicks", .capacity = 600});
  world.add_group({.name = "orders-service", .topic = "orders", .capacity = 600});
  world.add_group({.name = "payments-audit", .topic = "payments", .capacity = 300});
  world.add_group({.name = "payments-service", .topic = "payments", .capacity = 300});
  world.add_group({.name = "refunds-service", .topic = "refunds", .capacity = 50});
  if (fault.prepare) fault.prepare(world);
  world.pass(hours(4));
}

constexpr std::array kAll{"topic=orders",
                          "topic=payments",
                          "topic=refunds",
                          "group=orders-service",
                          "group=payments-service",
                          "group=refunds-service",
                          "broker=1",
                          "broker=2",
                          "broker=3"};

// Of the same things, too early.
void change_long_before(Scene& scene) {
  for (const char* const thing : kAll) scene.mark(thing, "long before");
  for (const char* const group : {"orders-service", "payments-service", "refunds-service"})
    scene.world().deploy(group);
  scene.world().pass(minutes(25));
}

// Of other things: half an hour of it.
void change_others(Scene& scene) {
  World& world = scene.world();
  world.pass(minutes(10));
  world.topic("clicks").config->retention_ms = 3LL * 86'400'000;
  world.pass(minutes(8));
  world.deploy("payments-audit");
  scene.mark("cluster=test", "deploy of another cluster");
  world.pass(minutes(4));
  world.add_partitions("clicks", 12);
  world.pass(minutes(2));
  world.deploy("clicks-service");
  world.pass(minutes(2));
  scene.mark("group=clicks-service", "deploy clicks 7");
  world.pass(minutes(2));
}

void change_just_before(Scene& scene) {
  scene.world().topic("clicks").config->retention_ms = 2LL * 86'400'000;
  scene.mark("topic=clicks", "producers of clicks restarted");
}

void change_afterwards(Scene& scene) {
  for (const char* const thing : kAll) scene.mark(thing, "afterwards");
}

struct Named {
  bool fires = false;
  std::vector<std::string> told;  // in the notification
  std::vector<std::string> page;
};

Named play(const ChangedFault& planted) {
  const RuleFault& fault = planted.fault;
  Scene scene(fault.slos);
  World& world = scene.world();
  add_world(scene, fault);
  change_long_before(scene);
  change_others(scene);
  if (planted.change) planted.change(scene);
  change_just_before(scene);
  fault.plant(world);
  const Duration until = world.time() + fault.fires_within;
  if (planted.meanwhile) {
    world.pass(minutes(4));
    planted.meanwhile(scene);
  }
  bool marked = false;
  while (scene.incident_of(fault.rule) == nullptr && world.time() < until) {
    const bool active = scene.is_active(fault.rule);
    world.pass(kStep);
    if (active && !std::exchange(marked, true)) change_afterwards(scene);
  }
  const Incident* const incident = scene.incident_of(fault.rule);
  if (incident == nullptr) return {};
  Named named{true, {}, {}};
  for (const PriorChange& change : incident->changes) named.told.push_back(change.text);
  for (const changes::Related& related :
       changes::changes_before(scene.ledger(), *incident, world.report().snapshot.get(), 5))
    named.page.push_back(related.change.about.text() + ": " + related.change.text);
  return named;
}

bool is_right(const ChangedFault& planted, const Named& named) {
  if (planted.cause.empty()) return named.told.empty() && named.page.empty();
  return !named.told.empty() && std::ranges::any_of(planted.cause, [&](const std::string& cause) {
    return named.told.front().find(cause) != std::string::npos;
  });
}

// The share of those that are right.
double play_all(const std::vector<ChangedFault>& all, const char* what) {
  size_t right = 0;
  for (const ChangedFault& planted : all) {
    const Named named = play(planted);
    EXPECT_TRUE(named.fires) << planted.name << " does not fire";
    const bool good = named.fires && is_right(planted, named);
    right += good ? 1 : 0;
    fmt::print("{} {}: {}\n", good ? "right" : "WRONG", planted.name,
               named.told.empty() ? "nothing" : named.told.front());
    if (!good) {
      for (const std::string& line : named.told) fmt::print("      told {}\n", line);
      for (const std::string& line : named.page) fmt::print("      page {}\n", line);
    }
  }
  fmt::print("{}: {} of {}\n", what, right, all.size());
  return static_cast<double>(right) / static_cast<double>(all.size());
}

TEST(ChangesBeforeAFault, TheOneThatCausedItIsNamedFirst) {
  const auto all = faults_with_cause();
  EXPECT_GE(all.size(), 15U);
  EXPECT_GE(play_all(all, "faults whose causing change is named first"), kRight);
}

TEST(ChangesBeforeAFault, NoneIsNamedWhenNoneCausedIt) {
  const auto all = faults_without_cause();
  EXPECT_GE(all.size(), 15U);
  EXPECT_GE(play_all(all, "faults without a causing change for which none is named"), kRight);
}

}  // namespace
}  // namespace highwater::testing
