// A week in which nothing is wrong: the wave of the day, deployments, rolling restarts, a nightly
// batch, a topic nobody writes to. Nobody is woken by it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/week/world.h"

namespace highwater::testing {
namespace {

constexpr const char* kSlos = R"(slos:
  - use: consumer-lag
    select: {group: "service-*"}
  - use: partition-availability
  - use: write-availability
  - use: broker-availability
  - use: cluster-availability
  - use: controller-availability
  - use: leader-failover
  - use: freshness
    select: {topic: "orders-*"}
)";

void restart_all_brokers(World& world) {
  for (const int32_t broker : {1, 2, 3}) {
    world.stop_in_order(broker);
    world.pass(seconds(90));
    world.bring_back(broker);
    world.pass(minutes(3));
  }
  world.elect_preferred();
}

TEST(HealthyWeek, WakesNobodyAndOpensAtMostThreeTickets) {
  World world(builtin_rules_with(kSlos));
  for (int i = 1; i <= 5; ++i) {
    const std::string topic = "orders-" + std::to_string(i);
    world.add_topic(topic, 6, 3, 10.0 * i);
    world.add_group({.name = "service-" + std::to_string(i), .topic = topic, .capacity = 30.0 * i});
  }
  world.add_topic("archive", 3, 3, 0);
  world.add_group({.name = "archiver", .topic = "archive", .members = 1, .capacity = 10});
  world.add_topic("clicks", 6, 3, 50);
  world.add_group({.name = "nightly-report",
                   .topic = "clicks",
                   .capacity = 5000,
                   .runs = {hours(2), hours(3)}});

  for (int day = 0; day < 7; ++day) {
    const Duration midnight = world.time();
    world.pass(hours(10));
    if (day == 2) restart_all_brokers(world);
    for (int group = 1; day < 5 && group <= 5; ++group) {
      world.pass(minutes(20));
      world.deploy("service-" + std::to_string(group));
    }
    world.pass(midnight + hours(24) - world.time());
  }
  size_t tickets = 0;
  for (const std::string& text : world.told()) {
    EXPECT_FALSE(text.starts_with("opened page")) << text;
    if (text.starts_with("opened ticket")) {
      ++tickets;
      std::cout << text << "\n";
    }
  }
  EXPECT_LE(tickets, 3U);
}

}  // namespace
}  // namespace highwater::testing
