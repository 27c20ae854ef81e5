// Twenty-one faults, one after another, in a cluster that is otherwise well: each is found, under its
// own name, and nothing else is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/week/world.h"

namespace highwater::testing {
namespace {

struct Fault {
  const char* name;
  std::vector<std::string> opened;  // "page BrokerDown"
  std::function<void(World&)> plant;
  Duration lasts;
  std::function<void(World&)> heal;
};

constexpr Duration kQuiet = hours(3);  // between two faults

std::vector<Fault> faults() {
  const auto distort = [](auto how) { return [how](World& world) { world.distort = how; }; };
  const auto straighten = [](World& world) { world.distort = {}; };
  const auto first = [](kafka::ClusterView& view) -> kafka::PartitionView& {
    return view.topics.back().partitions[0];
  };
  return {
      {"a broker crashes",
       {"page BrokerDown"},
       [](World& world) {
         world.fail(2, kafka::BrokerStatus::crashed);
         world.pass(seconds(15));
         world.fence(2);
         world.view().brokers.at(2).listed = false;
       },
       minutes(10),
       [](World& world) {
         world.bring_back(2);
         world.elect_preferred();
       }},
      {"a broker hangs",
       {"page BrokerDown"},
       [](World& world) {
         world.fail(3, kafka::BrokerStatus::hung);
         world.pass(seconds(15));
         world.fence(3);
       },
       minutes(10),
       [](World& world) {
         world.bring_back(3);
         world.elect_preferred();
       }},
      {"a broker is cut off",
       {"page BrokerDown"},
       [](World& world) {
         world.fail(1, kafka::BrokerStatus::cut_off);
         world.pass(seconds(15));
         world.fence(1);
       },
       minutes(10),
       [](World& world) {
         world.bring_back(1);
         world.elect_preferred();
       }},
      {"a broker stays away after an orderly stop",
       {"ticket BrokerStopped"},
       [](World& world) { world.stop_in_order(2); },
       minutes(20),
       [](World& world) {
         world.bring_back(2);
         world.elect_preferred();
       }},
      {"a partition has no leader",
       {"page LeaderlessPartitions"},
       distort([first](kafka::ClusterView& view) {
         kafka::PartitionView& partition = first(view);
         partition.leader = -1;
         partition.isr.clear();
         for (auto* offset :
              {&partition.high_watermark, &partition.last_stable, &partition.log_start})
           offset->reason = Unknown::leaderless;
       }),
       minutes(5),
       straighten},
      {"a partition is under min ISR",
       {"page UnderMinIsr"},
       distort([first](kafka::ClusterView& view) { first(view).isr = {first(view).leader}; }),
       minutes(5),
       straighten},
      {"a replica falls behind",
       {"ticket UnderReplicated"},
       distort([first](kafka::ClusterView& view) {
         kafka::PartitionView& partition = first(view);
         const int32_t last = partition.replicas[2];
         partition.isr.remove_if([last](int32_t broker) { return broker == last; });
       }),
       minutes(20),
       straighten},
      {"the quorum is lost",
       {"page QuorumLost"},
       distort([](kafka::ClusterView& view) {
         view.quorum.lost = true;
         view.quorum.why_lost = "made up";
       }),
       minutes(5),
       straighten},
      {"a password is changed",
       {"page CredentialsRefused"},
       distort([](kafka::ClusterView& view) {
         view.reachable = false;
         view.why_unreachable = view.why_denied = "made up";
         view.topics_reason = view.groups_reason = Unknown::broker_unreachable;
         for (auto& [id, broker] : view.brokers) broker.status = kafka::BrokerStatus::denied;
       }),
       minutes(5),
       straighten},
      {"nothing answers",
       {"page ClusterUnreachable"},
       distort([](kafka::ClusterView& view) {
         view.reachable = false;
         view.why_unreachable = "made up";
         view.topics_reason = view.groups_reason = Unknown::broker_unreachable;
       }),
       minutes(5),
       straighten},
      {"a consumer is too slow",
       {"ticket LagGrowing"},
       [](World& world) { world.reader("payments-service").plan.capacity = 10; },
       minutes(40),
       [](World& world) { world.reader("payments-service").plan.capacity = 300; }},
      {"retention overtakes a consumer",
       {"page RecordsLost"},
       [](World& world) {
         World::Log& log = world.log("payments");
         log.start[0] = world.reader("payments-service").position[0] + 100;
         world.reader("payments-service").reads = false;
       },
       minutes(3),
       [](World& world) {
         World::Reader& reader = world.reader("payments-service");
         reader.reads = true;
         reader.position[0] = std::max(reader.position[0], world.log("payments").start[0]);
       }},
      {"a consumer has members and reads nothing",
       {"ticket GroupStalled"},
       [](World& world) { world.reader("payments-service").reads = false; },
       minutes(40),
       [](World& world) { world.reader("payments-service").reads = true; }},
      {"a consumer is stopped",
       {"ticket GroupStopped"},
       [](World& world) { world.reader("payments-service").there = false; },
       minutes(40),
       [](World& world) { world.reader("payments-service").there = true; }},
      {"a rebalance does not end",
       {"ticket RebalanceSlow"},
       [](World& world) {
         world.reader("payments-service").rebalances_until = world.time() + minutes(2);
       },
       minutes(3),
       [](World&) {}},
      {"a group rebalances again and again",
       {"ticket RebalanceStorm"},
       [](World& world) {
         World::Reader& reader = world.reader("payments-service");
         for (int i = 0; i < 40; ++i) reader.restarts.push_back(world.time() + i * minutes(1));
       },
       minutes(45),
       [](World&) {}},
      {"a topic has two replicas",
       {"ticket ReplicationAudit"},
       distort([](kafka::ClusterView& view) {
         for (kafka::PartitionView& partition : view.topics.back().partitions) {
           const int32_t last = partition.replicas[2];
           for (auto* list : {&partition.replicas, &partition.isr})
             list->remove_if([last](int32_t broker) { return broker == last; });
         }
       }),
       minutes(20),
       straighten},
      {"unclean elections are allowed",
       {"ticket UncleanLeaderElection"},
       distort([](kafka::ClusterView& view) {
         view.topics.back().config->unclean_leader_election = true;
       }),
       minutes(20),
       straighten},
      {"a right is taken away",
       {"ticket MonitorDenied"},
       distort([](kafka::ClusterView& view) {
         view.rights = {{"cluster_describe", true}};
       }),
       minutes(10),
       [](World& world) {
         world.distort = {};
         world.view().rights = {{"cluster_describe", false}};
       }},
      {"everything seems to be deleted",
       {"page ClusterLooksEmpty"},
       distort([](kafka::ClusterView& view) {
         view.topics_vanished.why = "made up";
         view.topics_reason = view.groups_reason = Unknown::contradicted;
       }),
       minutes(5),
       straighten},
      {"one partition gets most of the traffic",
       {"ticket HotPartition"},
       [](World& world) { world.log("orders").rates = {400, 10, 10, 10, 10, 10}; },
       hours(2),
       [](World& world) { world.log("orders").rates.clear(); }},
  };
}

TEST(PlantedFaults, AreEachFoundUnderTheirNameAndNothingElseIs) {
  World world(builtin_rules_with(""));
  world.view().rights = {{"cluster_describe", false}};
  world.add_topic("orders", 6, 3, 20, false);
  world.add_topic("payments", 6, 3, 50, false);
  world.add_topic("refunds", 6, 3, 5, false);
  world.add_group({.name = "orders-service", .topic = "orders", .capacity = 600});
  world.add_group({.name = "payments-service", .topic = "payments", .capacity = 300});
  world.add_group({.name = "refunds-service", .topic = "refunds", .capacity = 50});
  world.pass(hours(26));
  EXPECT_THAT(world.told(), ::testing::IsEmpty()) << "before any fault";
  const std::vector<Fault> planted = faults();
  EXPECT_EQ(planted.size(), 21U);
  for (const Fault& fault : planted) {
    world.forget_told();
    fault.plant(world);
    world.pass(fault.lasts);
    fault.heal(world);
    world.pass(kQuiet);
    EXPECT_EQ(world.opened(), fault.opened) << fault.name << "\n"
                                            << ::testing::PrintToString(world.told());
  }
}

}  // namespace
}  // namespace highwater::testing
