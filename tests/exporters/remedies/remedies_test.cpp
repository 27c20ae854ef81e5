// What each rule's incident is told to do, by what the agent knows; and when it is told nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "exporters/remedies/registry.h"
#include "exporters/remedies/remedy.h"
#include "tests/exporters/remedies/remedy_world.h"

namespace highwater {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::displaced;
using testing_support::expect_none;
using testing_support::one_down;
using testing_support::World;

TEST(Remedies, AreThereForEachBuiltInRuleAndForNoOther) {
  std::ifstream file(HIGHWATER_SOURCE "/rules/builtin.yaml");
  std::set<std::string> rules;
  const std::regex name("  - name: (\\w+)");
  for (std::string line; std::getline(file, line);) {
    if (std::smatch match; std::regex_match(line, match, name)) rules.insert(match[1]);
  }
  std::set<std::string> known;
  for (const remedies::RuleRemedy& rule : remedies::all_rules()) {
    EXPECT_TRUE(known.emplace(rule.rule).second) << rule.rule << " twice";
    EXPECT_NE(rule.make == nullptr, rule.why_none.empty()) << rule.rule;
  }
  EXPECT_EQ(known, rules);
}

TEST(Remedies, WithoutACommandSayWhy) {
  expect_none(World().remedy("ClusterUnreachable", {}), "not known from here");
  expect_none(World().remedy("NightlyBatchLate", {}), "a rule of your own");
  for (const remedies::RuleRemedy& rule : remedies::all_rules()) {
    const Remedy remedy =
        World().remedy(std::string(rule.rule), {{"topic", "orders"}, {"group", "payments"}});
    EXPECT_NE(remedy.check, "") << rule.rule;
  }
}

TEST(Remedies, OfAnErrorBudgetAreThoseOfWhatBelongsToIt) {
  Alert burning = World::alert("payments-current", {{"group", "payments"}});
  burning.budget.emplace();
  expect_none(one_down().remedy(burning), "start with the runbook");
  const auto evidence = [](const std::string& rule, const World::Labels& labels) {
    Evidence item;
    item.rule = rule;
    item.entity = World::alert(rule, labels).entity;
    return item;
  };
  const Remedy alone = one_down().remedy("BrokerDown", {{"broker", "3"}});
  ASSERT_NE(alone.action, "");
  std::vector<Evidence> belongs{evidence("RebalanceSlow", {{"group", "payments"}}),
                                evidence("BrokerDown", {{"broker", "3"}})};
  EXPECT_EQ(one_down().remedy(burning, belongs), alone);
  belongs[1].ended = true;
  expect_none(one_down().remedy(burning, belongs), "see what belongs to it");
  belongs[0].ended = true;
  expect_none(one_down().remedy(burning, belongs), "start with the runbook");
}

TEST(Remedies, AreNoneWhileTheRuleCannotBeJudged) {
  Alert alert = World::alert("BrokerDown", {{"broker", "3"}});
  alert.unknown = true;
  expect_none(one_down().remedy(alert), "cannot be read");
}

TEST(Remedies, DoNotRestOnWhatIsOld) {
  World world = one_down();
  world.age = std::chrono::minutes(5);
  expect_none(world.remedy("BrokerDown", {{"broker", "3"}}), "not known to be down now");
}

TEST(ACrashedBroker, IsToBeStarted) {
  const Remedy remedy = one_down().remedy("BrokerDown", {{"broker", "3"}});
  EXPECT_EQ(remedy.action, "start broker 3 (10.0.0.3:9092)");
  EXPECT_THAT(remedy.commands, IsEmpty());
}

TEST(ACrashedBroker, IsNamedWithThoseThatCrashedAsWell) {
  World world = one_down();
  world.set("broker_failed", {"2"}, 1).set("broker_status", {"2", "crashed"}, 1);
  world.set("broker_status", {"2", "up"}, 0);
  EXPECT_EQ(world.remedy("BrokerDown", {{"broker", "3"}}).action, "start brokers 2 and 3");
}

TEST(AHungBroker, IsToBeEndedFirst) {
  const Remedy remedy = one_down("hung").remedy("BrokerDown", {{"broker", "3"}});
  EXPECT_EQ(remedy.action, "end the process of broker 3 (10.0.0.3:9092) and start it again");
}

TEST(ABrokerThatIsCutOff, MayBeUp) {
  expect_none(one_down("cut_off").remedy("BrokerDown", {{"broker", "3"}}), "only the way to it");
}

TEST(ABrokerThatRefusesUs, MayServeOthers) {
  expect_none(one_down("refuses").remedy("BrokerDown", {{"broker", "3"}}), "may serve others");
}

TEST(ABrokerThatWasShutDown, IsToBeStartedUnlessOnPurpose) {
  World world = one_down("stopped");
  world.set("broker_failed", {"3"}, 0).set("broker_stopped", {"3"}, 1);
  EXPECT_THAT(world.remedy("BrokerStopped", {{"broker", "3"}}).action,
              HasSubstr("start broker 3 (10.0.0.3:9092), unless"));
  world.set("broker_stopped", {"3"}, 0);
  expect_none(world.remedy("BrokerStopped", {{"broker", "3"}}), "not known to be shut down now");
}

TEST(ALostQuorum, NeedsTheControllersThatAreDown) {
  World world = one_down();
  for (const char* broker : {"1", "2", "3"})
    world.set("quorum_voter_lag_records", {broker}, 0, Unknown::timed_out);
  const Remedy remedy = world.remedy("QuorumLost", {});
  EXPECT_EQ(remedy.action, "start broker 3 (10.0.0.3:9092)");
  EXPECT_THAT(remedy.check, HasSubstr("1 of the quorum's 3 voters are down, and 2 of them make"));
}

TEST(ALostQuorum, OfControllersThatAreNoBrokersIsNotKnown) {
  World world = one_down();
  world.set("quorum_voter_lag_records", {"100"}, 0, Unknown::timed_out);
  expect_none(world.remedy("QuorumLost", {}), "which controllers are down is not known");
}

// orders-0 on 2 and 3, without a leader; only 3 has all records.
World leaderless() {
  return one_down()
      .set("partition_leaderless", {"orders", "0"}, 1)
      .set("partition_replica_in_sync", {"orders", "0", "2"}, 0)
      .set("partition_replica_in_sync", {"orders", "0", "3"}, 1)
      .set("partition_log_start_offset", {"orders", "0"}, 100, Unknown::leaderless)
      .set("partition_high_watermark", {"orders", "0"}, 1304, Unknown::leaderless);
}

const std::vector<std::pair<std::string, std::string>> kOrders0{{"topic", "orders"},
                                                                {"partition", "0"}};

TEST(APartitionWithoutLeader, NeedsTheBrokerThatHasAllRecords) {
  const Remedy remedy = leaderless().remedy("LeaderlessPartitions", kOrders0);
  EXPECT_EQ(remedy.action, "start broker 3 (10.0.0.3:9092)");
  EXPECT_THAT(remedy.commands, IsEmpty());
  EXPECT_EQ(remedy.check,
            "it has all records of orders-0; an unclean election would lose what only it has, up "
            "to 1,204 records");
}

TEST(APartitionWithoutLeader, OfANewerKafkaNeedsWhoLedItLast) {
  World world = leaderless();
  world.set("partition_replica_in_sync", {"orders", "0", "3"}, 0);
  world.relate("leads partitions", {"topic", "partition"}, {"orders", "0"}, "3");
  EXPECT_EQ(world.remedy("LeaderlessPartitions", kOrders0).action,
            "start broker 3 (10.0.0.3:9092)");
}

TEST(APartitionWithoutLeader, WhoseCompleteReplicaIsUpHasLostADirectory) {
  World world = leaderless();
  world.set("broker_failed", {"3"}, 0);
  expect_none(world.remedy("LeaderlessPartitions", kOrders0), "nor a directory of it to be lost");
  world.set("log_dir_offline", {"3", "/data"}, 1);
  EXPECT_THAT(world.remedy("LeaderlessPartitions", kOrders0).action,
              HasSubstr("repair the log directory that broker 3 (10.0.0.3:9092) lost"));
}

TEST(APartitionWithoutLeader, ThatNobodySawLedIsLeftAlone) {
  World world = leaderless();
  world.set("partition_replica_in_sync", {"orders", "0", "3"}, 0);
  expect_none(world.remedy("LeaderlessPartitions", kOrders0), "has not seen it led");
}

TEST(APartitionWithoutLeader, IsNeverElectedUncleanly) {
  for (const bool up : {true, false}) {
    World world = leaderless();
    world.set("broker_failed", {"3"}, up ? 0 : 1);
    const Remedy remedy = world.remedy("LeaderlessPartitions", kOrders0);
    EXPECT_THAT(remedy_line(remedy), Not(HasSubstr("UNCLEAN")));
    EXPECT_THAT(remedy.commands, IsEmpty());
  }
}

TEST(AMissingReplica, IsOnABrokerThatIsDown) {
  World world = one_down();
  world.relate("holds replicas of partitions", {"topic", "partition"}, {"orders", "0"}, "3");
  for (const char* rule : {"UnderMinIsr", "UnderReplicated", "AtMinIsr"})
    EXPECT_EQ(world.remedy(rule, kOrders0).action, "start broker 3 (10.0.0.3:9092)") << rule;
}

TEST(AMissingReplica, OfABrokerThatIsUpHasToCopy) {
  World world = one_down();
  world.relate("holds replicas of partitions", {"topic", "partition"}, {"orders", "0"}, "2");
  expect_none(world.remedy("UnderReplicated", kOrders0), "broker 2 (10.0.0.2:9092) with the");
  world.set("partition_reassigning", {"orders", "0"}, 1);
  expect_none(world.remedy("UnderReplicated", kOrders0), "is being moved");
  world.set("log_dir_offline", {"2", "/data"}, 1);
  EXPECT_THAT(world.remedy("UnderReplicated", kOrders0).action, HasSubstr("repair the log"));
}

TEST(AMissingReplica, ThatIsNotKnownIsNotNamed) {
  expect_none(one_down().remedy("UnderMinIsr", kOrders0), "which replica is missing is not known");
}

TEST(ALogDirectory, IsRepairedBeforeItsBrokerIsStarted) {
  World world = one_down();
  const std::vector<std::pair<std::string, std::string>> dir{{"broker", "2"},
                                                             {"log_dir", "/data/1"}};
  expect_none(world.remedy("LogDirOffline", dir), "not known to be offline now");
  world.set("log_dir_offline", {"2", "/data/1"}, 1);
  EXPECT_EQ(world.remedy("LogDirOffline", dir).action,
            "repair or mount /data/1 again, then restart broker 2 (10.0.0.2:9092)");
}

TEST(AFullLogDirectory, IsToldWithTheLargestTopics) {
  World world = one_down();
  world.set("partition_log_bytes", {"orders", "0", "2"}, 3 * 1024.0 * 1024)
      .set("partition_log_bytes", {"orders", "1", "2"}, 1024.0 * 1024)
      .set("partition_log_bytes", {"clicks", "0", "2"}, 1024)
      .set("partition_log_bytes", {"other", "0", "1"}, 1e12);
  expect_none(world.remedy("LogDirFull", {{"broker", "2"}, {"log_dir", "/data"}}),
              "the largest on broker 2: orders 4.0 MiB, clicks 1.0 KiB");
}

TEST(LeadersThatAreNotPreferred, AreElected) {
  const Remedy remedy = displaced(1).remedy("LeaderImbalance", {});
  EXPECT_EQ(remedy.action, "elect the preferred leader of 1 partition");
  EXPECT_THAT(remedy.commands,
              ElementsAre("kafka-leader-election.sh --bootstrap-server kafka-1:9092 "
                          "--election-type PREFERRED --topic orders --partition 0"));
  EXPECT_THAT(remedy.check, HasSubstr("safe: its preferred leader is up and in sync"));
}

TEST(LeadersThatAreNotPreferred, AreElectedForExactlyThesePartitions) {
  const Remedy remedy = displaced(2).remedy("LeaderImbalance", {});
  EXPECT_THAT(
      remedy.commands,
      ElementsAre("printf '%s\\n' '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0},"
                  "{\"topic\":\"orders\",\"partition\":1}]}' > elect-7.json",
                  "kafka-leader-election.sh --bootstrap-server kafka-1:9092 --election-type "
                  "PREFERRED --path-to-json-file elect-7.json"));
}

TEST(LeadersThatAreNotPreferred, AreElectedEverywhereWhenThereAreVeryMany) {
  EXPECT_THAT(displaced(51).remedy("LeaderImbalance", {}).commands,
              ElementsAre(HasSubstr("--election-type PREFERRED --all-topic-partitions")));
}

TEST(LeadersThatAreNotPreferred, AreLeftWhereTheyAreNotInSync) {
  World world = displaced(2);
  world.set("partition_replica_in_sync", {"orders", "1", "1"}, 0);
  const Remedy remedy = world.remedy("LeaderImbalance", {});
  EXPECT_THAT(remedy.commands, ElementsAre(HasSubstr("--topic orders --partition 0")));
  EXPECT_THAT(remedy.check, HasSubstr("1 more cannot be elected now"));
}

TEST(LeadersThatAreNotPreferred, AreNotElectedOnABrokerThatIsNotInSyncOrNotUp) {
  World world = displaced(1);
  world.set("partition_replica_in_sync", {"orders", "0", "1"}, 0);
  expect_none(world.remedy("LeaderImbalance", {}),
              "on broker 1 (10.0.0.1:9092), are not known to be in sync");
  World down = displaced(1);
  down.set("broker_up", {"1"}, 0);
  expect_none(down.remedy("LeaderImbalance", {}), "are not known to be in sync");
  World unknown = displaced(1);
  unknown.set("partition_replica_in_sync", {"orders", "0", "1"}, 1, Unknown::contradicted);
  expect_none(unknown.remedy("LeaderImbalance", {}), "are not known to be in sync");
}

TEST(LeadersThatAreNotPreferred, OfKafkasOwnTopicsAreElectedUnlessListedAsNotInSync) {
  World world = displaced(1);
  for (const char* partition : {"7", "8"})
    world.set("partition_preferred_leader", {"__consumer_offsets", partition}, 0)
        .set("partition_preferred_broker", {"__consumer_offsets", partition}, 1);
  world.relate("holds replicas of partitions", {"topic", "partition"}, {"__consumer_offsets", "8"},
               "1");
  const Remedy remedy = world.remedy("LeaderImbalance", {});
  EXPECT_THAT(remedy.commands[0], HasSubstr("{\"topic\":\"__consumer_offsets\",\"partition\":7}"));
  EXPECT_THAT(remedy.commands[0], Not(HasSubstr("\"partition\":8")));
}

TEST(LeadersThatAreNotPreferred, MayBeGoneAlready) {
  World world = displaced(1);
  world.set("partition_preferred_leader", {"orders", "0"}, 1);
  expect_none(world.remedy("LeaderImbalance", {}), "has the leader it prefers");
}

}  // namespace
}  // namespace highwater
