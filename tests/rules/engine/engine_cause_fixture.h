// Rules of all kinds about one small cluster, for the tests of causes.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {

using End = std::pair<Cells, Cells>;

inline AlertRule ticket(std::string name, const Measure& measure) {
  AlertRule made = make_rule(std::move(name), measure, Comparison::equal, 1);
  made.severity = Severity::ticket;
  return made;
}

inline std::vector<AlertRule> kafka_rules() {
  return {ground_rule("BrokerDown", kFailed, Fault::broker, {CauseKind::cluster}),
          ground_rule("Leaderless", kLeaderless, Fault::offline,
                      {CauseKind::cluster, CauseKind::broker}),
          ticket("UnderReplicated", kUnder),
          make_rule("Lag", kLag, Comparison::greater, 100),
          make_rule("LateGroup", kLagSeconds, Comparison::greater, 60),
          ticket("SlowBroker", kSlow),
          ground_rule("QuorumLost", kQuorumLost, Fault::quorum,
                      {CauseKind::cluster, CauseKind::broker}),
          ground_rule("ClusterUnreachable", kReachable, Fault::cluster, {CauseKind::broker}, 0)};
}

// Brokers 1 to 3; broker 1 leads orders-0 and orders-1 and coordinates billing, which reads
// orders-0; broker 2 leads stock-0, which nobody reads.
class EngineCause : public ::testing::Test {
 protected:
  EngineCause() {
    for (const char* broker : {"1", "2", "3"}) {
      cluster().set(kFailed, {broker}, 0);
      cluster().set(kSlow, {broker}, 0);
    }
    for (const Cells& partition :
         {Cells{"orders", "0"}, Cells{"orders", "1"}, Cells{"stock", "0"}}) {
      cluster().set(kUnder, partition, 0);
      cluster().set(kLeaderless, partition, 0);
    }
    cluster().set(kLag, {"billing", "orders", "0"}, 0);
    cluster().set(kReachable, {}, 1);
    cluster().set(kQuorumLost, {}, 0);
    led_by("1");
    cluster().relate("coordinates groups", {"group"}, {"broker"}, {End{{"billing"}, {"1"}}});
    cluster().relate("are read by", {"group"}, {"topic", "partition"},
                     {End{{"billing"}, {"orders", "0"}}});
    (void)world_.poll();
  }

  void led_by(const std::string& broker) {
    cluster().relate("leads partitions", {"topic", "partition"}, {"broker"},
                     {End{{"orders", "0"}, {broker}}, End{{"orders", "1"}, {broker}},
                      End{{"stock", "0"}, {"2"}}});
  }

  FakeCluster& cluster() { return world_.cluster(); }
  Report poll_after(Duration duration) { return world_.poll_after(duration); }
  Report tick_after(Duration duration) { return world_.tick_after(duration); }

  EngineWorld world_{kafka_rules()};
};

}  // namespace highwater::rules::testing
