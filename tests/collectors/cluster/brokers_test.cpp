#include "collectors/cluster/brokers.h"

#include <gmock/gmock.h>

#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::BrokerStatus;
using kafka::ClusterView;

Observation interpret(const ClusterView& view, Now now = at(10)) {
  return BrokersInterpreter().interpret(view, {}, now);
}

TEST(Brokers, AHealthyBrokerIsUpListedAndNeitherFailedNorStopped) {
  const Observation seen = interpret(healthy_cluster());
  EXPECT_EQ(seen.part, "brokers");
  EXPECT_EQ(cell(seen, "broker_up", {"1"}), is(1));
  EXPECT_EQ(cell(seen, "broker_failed", {"1"}), is(0));
  EXPECT_EQ(cell(seen, "broker_stopped", {"1"}), is(0));
  EXPECT_EQ(cell(seen, "broker_listed", {"1"}), is(1));
  EXPECT_EQ(cell(seen, "broker_status", {"1", "up"}), is(1));
  EXPECT_EQ(cell(seen, "broker_info", {"1", "kafka-1:9092", "rack1"}), is(1));
  EXPECT_EQ(cell(seen, "broker_status_timestamp_seconds", {"1"}), is(1'699'999'940));
  EXPECT_EQ(cell(seen, "broker_response_seconds", {"1"}), is(0.002));
  EXPECT_EQ(cell(seen, "broker_contradiction_seconds", {"1"}), is(0));
  EXPECT_THAT(seen.notes, testing::IsEmpty());
  EXPECT_THAT(seen.problems, testing::IsEmpty());
}

struct StatusCase {
  BrokerStatus status;
  const char* name;
  double up, failed, stopped;
};
class BrokerStatuses : public testing::TestWithParam<StatusCase> {};

TEST_P(BrokerStatuses, TellFailureStopAndUpApart) {
  ClusterView view = healthy_cluster();
  view.brokers.at(2).status = GetParam().status;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "broker_up", {"2"}), is(GetParam().up));
  EXPECT_EQ(cell(seen, "broker_failed", {"2"}), is(GetParam().failed));
  EXPECT_EQ(cell(seen, "broker_stopped", {"2"}), is(GetParam().stopped));
  EXPECT_EQ(cell(seen, "broker_status", {"2", GetParam().name}), is(1));
  EXPECT_EQ(cell(seen, "broker_up", {"1"}), is(1)) << "the others stay as they are";
}
INSTANTIATE_TEST_SUITE_P(Judged, BrokerStatuses,
                         testing::Values(StatusCase{BrokerStatus::up, "up", 1, 0, 0},
                                         StatusCase{BrokerStatus::crashed, "crashed", 0, 1, 0},
                                         StatusCase{BrokerStatus::hung, "hung", 0, 1, 0},
                                         StatusCase{BrokerStatus::cut_off, "cut_off", 0, 1, 0},
                                         StatusCase{BrokerStatus::refuses, "refuses", 0, 1, 0},
                                         StatusCase{BrokerStatus::stopped, "stopped", 0, 0, 1}),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Brokers, ABrokerNotJudgedYetIsUnknown) {
  ClusterView view = healthy_cluster();
  view.brokers.at(2).status = BrokerStatus::connecting;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "broker_up", {"2"}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "broker_failed", {"2"}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "broker_stopped", {"2"}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "broker_status", {"2", "connecting"}), is(1));
}

TEST(Brokers, AFailedBrokerSaysWhyAndSinceWhen) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  view.brokers.at(3).status = BrokerStatus::cut_off;
  view.brokers.at(3).why = "no connection within 2 s";
  const Observation seen = interpret(view);
  const std::string text = "is cut off: no connection within 2 s; Metadata still lists it";
  EXPECT_EQ(note(seen, broker_entity(view, 3)), text);
  EXPECT_THAT(problems(seen), testing::ElementsAre("broker 3 " + text));
}

TEST(Brokers, ThatMetadataStillListsItIsSaidOnlyWhileItDoes) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  EXPECT_EQ(note(interpret(view), broker_entity(view, 3)),
            "crashed: connection refused; Metadata still lists it");
  view.brokers.at(3).contradicted_since.reset();
  EXPECT_EQ(note(interpret(view), broker_entity(view, 3)), "crashed: connection refused");
}

TEST(Brokers, AnOrderlyStopIsANoteAndNoProblem) {
  ClusterView view = healthy_cluster();
  view.brokers.at(3).status = BrokerStatus::stopped;
  const Observation seen = interpret(view);
  EXPECT_EQ(note(seen, broker_entity(view, 3)), "has been shut down");
  EXPECT_THAT(seen.problems, testing::IsEmpty());
}

// A fenced broker that crashed before the agent began looks just like one that was shut down.
TEST(Brokers, OneThatWasAwayWhenTheWatchBeganMayHaveFailed) {
  ClusterView view = healthy_cluster();
  auto& broker = view.brokers.at(3);
  broker.listed = false;
  broker.why = "connection refused";
  for (const auto status : {BrokerStatus::stopped, BrokerStatus::crashed, BrokerStatus::cut_off}) {
    broker.status = status;
    const Observation seen = interpret(view);
    EXPECT_EQ(cell(seen, "broker_up", {"3"}), is(0));
    EXPECT_EQ(cell(seen, "broker_failed", {"3"}), unknown(Unknown::not_asked));
    EXPECT_EQ(cell(seen, "broker_stopped", {"3"}), is(1));
    EXPECT_EQ(cell(seen, "broker_status", {"3", "away"}), is(1));
    EXPECT_EQ(note(seen, broker_entity(view, 3)),
              "has been away: so it was when the watch began; connection refused");
    EXPECT_THAT(seen.problems, testing::IsEmpty());
  }
}

TEST(Brokers, OneThatHangsOrThatMetadataListsFailsWhoeverLooks) {
  ClusterView view = healthy_cluster();
  auto& broker = view.brokers.at(3);
  broker.status = BrokerStatus::crashed;
  EXPECT_EQ(cell(interpret(view), "broker_failed", {"3"}), is(1)) << "it is listed";
  broker.listed = false;
  broker.status = BrokerStatus::hung;
  EXPECT_EQ(cell(interpret(view), "broker_failed", {"3"}), is(1)) << "it accepts connections";
}

TEST(Brokers, ACrashThatWasSeenStaysOneWhenItIsListedNoMore) {
  ClusterView view = healthy_cluster();
  BrokersInterpreter interpreter;
  static_cast<void>(interpreter.interpret(view, {}, at(0)));
  crash(view, 3);
  view.brokers.at(3).listed = false;
  EXPECT_EQ(cell(interpreter.interpret(view, {}, at(5)), "broker_failed", {"3"}), is(1));
}

TEST(Brokers, AContradictionSeenAtFirstSightIsNotZero) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  const Observation seen = interpret(view, at(0));
  EXPECT_EQ(cell(seen, "broker_contradiction_seconds", {"3"}), is(0.001));
}

TEST(Brokers, TheResponseTimeOfABrokerThatDoesNotAnswerIsUnknownAndKeptForPeople) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "broker_response_seconds", {"3"}), unknown(Unknown::broker_unreachable));
  EXPECT_EQ(last_value(seen, "broker_response_seconds", {"3"}), 0.002);
}

TEST(Brokers, AContradictionIsCountedInSeconds) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  const Observation seen = interpret(view, at(7));
  EXPECT_EQ(cell(seen, "broker_contradiction_seconds", {"3"}), is(7));
  EXPECT_EQ(cell(seen, "broker_listed", {"3"}), is(1));
}

TEST(Brokers, ANewAddressAndANewStatusReplaceTheirRows) {
  ClusterView view = healthy_cluster();
  BrokersInterpreter interpreter;
  static_cast<void>(interpreter.interpret(view, {}, at(0)));
  view.brokers.at(1).host = "::1";
  view.brokers.at(1).rack = "";
  view.brokers.at(1).status = BrokerStatus::hung;
  const Observation seen = interpreter.interpret(view, {}, at(5));
  EXPECT_EQ(cell(seen, "broker_info", {"1", "[::1]:9092", ""}), is(1));
  EXPECT_EQ(cell(seen, "broker_info", {"1", "kafka-1:9092", "rack1"}), kNoRow);
  EXPECT_EQ(cell(seen, "broker_status", {"1", "hung"}), is(1));
  EXPECT_EQ(cell(seen, "broker_status", {"1", "up"}), kNoRow);
}

TEST(Brokers, ABrokerThatIsGoneLosesItsRows) {
  ClusterView view = healthy_cluster();
  BrokersInterpreter interpreter;
  static_cast<void>(interpreter.interpret(view, {}, at(0)));
  view.brokers.erase(3);
  const Observation seen = interpreter.interpret(view, {}, at(5));
  EXPECT_EQ(cell(seen, "broker_up", {"3"}), kNoRow);
  EXPECT_EQ(cell(seen, "broker_up", {"1"}), is(1));
}

TEST(Brokers, UnchangedBrokersKeepTheirKeySets) {
  const ClusterView view = healthy_cluster();
  BrokersInterpreter interpreter;
  const Observation first = interpreter.interpret(view, {}, at(0));
  const Observation second = interpreter.interpret(view, {}, at(5));
  ASSERT_EQ(first.tables.size(), second.tables.size());
  for (size_t i = 0; i < first.tables.size(); ++i)
    EXPECT_EQ(first.tables[i].keys, second.tables[i].keys) << first.tables[i].measure->name;
}

TEST(Brokers, ThePollsOwnStoryPassesThrough) {
  PollInfo poll;
  poll.took = std::chrono::milliseconds(40);
  poll.cadence = std::chrono::seconds(5);
  poll.missed = 7;
  poll.spans.resize(2);
  poll.problems.push_back({"something", {}});
  const Observation seen = BrokersInterpreter().interpret(healthy_cluster(), poll, at(3));
  EXPECT_EQ(seen.took, std::chrono::milliseconds(40));
  EXPECT_EQ(seen.cadence, std::chrono::seconds(5));
  EXPECT_EQ(seen.missed, 7U);
  EXPECT_EQ(seen.spans.size(), 2U);
  EXPECT_EQ(seen.at.steady, at(3).steady);
  EXPECT_EQ(seen.cluster, Symbol("prod"));
  EXPECT_THAT(problems(seen), testing::ElementsAre("something"));
}

TEST(Cluster, IsUnknownUntilABrokerWasTried) {
  ClusterView view;
  view.cluster = Symbol("prod");
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_reachable", {}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "cluster_brokers", {}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "cluster_suspiciously_empty", {}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "cluster_info", {""}), kNoRow);
}

TEST(Cluster, ThatNeverAnsweredIsUnreachableOnceTried) {
  ClusterView view;
  view.cluster = Symbol("prod");
  view.why_unreachable = "kafka-1:9092: connection refused";
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_reachable", {}), is(0));
  EXPECT_EQ(
      note(seen, cluster_entity(view)),
      "kafka-1:9092: connection refused; since its start the agent has reached no broker, so it "
      "knows only the addresses of 'bootstrap'");
  EXPECT_THAT(problems(seen),
              testing::ElementsAre("the cluster is unreachable: kafka-1:9092: connection refused"));
}

TEST(Cluster, ThatWasLostHasNoFreshMetadata) {
  ClusterView view = healthy_cluster();
  view.reachable = false;
  view.why_unreachable = "no broker answers";
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_reachable", {}), is(0));
  EXPECT_EQ(cell(seen, "cluster_brokers", {}), unknown(Unknown::broker_unreachable));
  EXPECT_EQ(cell(seen, "broker_listed", {"1"}), unknown(Unknown::broker_unreachable));
  EXPECT_EQ(cell(seen, "broker_up", {"1"}), is(1)) << "judged from its own connection";
}

TEST(Cluster, CountsTheBrokersThatMetadataLists) {
  ClusterView view = healthy_cluster();
  view.brokers.at(2).listed = false;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_reachable", {}), is(1));
  EXPECT_EQ(cell(seen, "cluster_brokers", {}), is(2));
  EXPECT_EQ(cell(seen, "cluster_info", {"abc"}), is(1));
}

TEST(Cluster, WhoHasSeenNothingDoesNotKnowWhetherAnythingVanished) {
  ClusterView view = healthy_cluster();
  view.topics.clear();
  view.groups.clear();
  EXPECT_EQ(cell(interpret(view), "cluster_suspiciously_empty", {}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"topic"}), is(1));
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"group"}), is(1));
}

TEST(Cluster, ABrokerThatOnlyReplicasNameIsNotListed) {
  ClusterView view = healthy_cluster();
  view.topics.resize(1);
  view.topics[0].partitions.resize(1);
  view.topics[0].partitions[0].replicas = {1, 2};
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"broker"}), is(0));
  view.topics[0].partitions[0].replicas = {1, 2, 7};
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"broker"}), is(1));
}

TEST(Cluster, AListingIsIncompleteWhileABrokerIsSilent) {
  ClusterView view = healthy_cluster();
  view.topics_reason = view.groups_reason = Unknown::known;
  view.topics.resize(1);
  view.groups.resize(1);
  for (auto& [id, broker] : view.brokers) broker.log_dirs_reason = Unknown::known;
  for (const char* dimension : {"broker", "group", "log_dir", "topic"})
    EXPECT_EQ(cell(interpret(view), "listing_incomplete", {dimension}), is(0)) << dimension;
  crash(view, 3);
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"group"}), is(1));
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"log_dir"}), is(1));
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"topic"}), is(0));
  view.brokers.at(3).listed = false;
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"group"}), is(0)) << "others took over";
  EXPECT_EQ(cell(interpret(view), "listing_incomplete", {"log_dir"}), is(1));
}

TEST(Cluster, ASuspicionStandsAndSaysWhyAlsoWhenNothingAnswersAnyMore) {
  ClusterView view = healthy_cluster();
  view.topics.resize(1);
  EXPECT_EQ(cell(interpret(view), "cluster_suspiciously_empty", {}), is(0));
  view.topics_vanished.why = "412 topics vanished at once";
  view.reachable = false;
  view.why_unreachable = "no broker answers";
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_suspiciously_empty", {}), is(1));
  EXPECT_EQ(note(seen, cluster_entity(view)), "no broker answers; 412 topics vanished at once");
}

TEST(Cluster, NoteNamesAddressesThatLeadElsewhere) {
  ClusterView view = healthy_cluster();
  view.misdirected = {"brokers 1 and 2 advertise the same address, kafka:9092"};
  EXPECT_EQ(note(interpret(view), cluster_entity(view)),
            "brokers 1 and 2 advertise the same address, kafka:9092");
}

TEST(Cluster, ListsTheRightsAndWhetherTheyAreMissing) {
  ClusterView view = healthy_cluster();
  view.rights = {{"cluster_describe", false}, {"another", true}};
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_right_missing", {"cluster_describe"}), is(0));
  EXPECT_EQ(cell(seen, "cluster_right_missing", {"another"}), is(1));
}

ClusterView with_quorum() {
  ClusterView view = healthy_cluster();
  view.has_quorum = true;
  view.quorum.reason = Unknown::known;
  view.quorum.leader = 2;
  view.quorum.epoch = 9;
  view.quorum.voters = {{2, 0, Duration::zero()}, {3, 14, std::chrono::milliseconds(1500)}};
  view.quorum.observers = {{1, 3, std::nullopt}};
  view.quorum.clock = {std::chrono::milliseconds(-45'000), std::chrono::milliseconds(500)};
  return view;
}

TEST(Quorum, TellsLeaderEpochAndHowFarTheOthersAreBehind) {
  const Observation seen = interpret(with_quorum());
  EXPECT_EQ(cell(seen, "quorum_leader", {}), is(2));
  EXPECT_EQ(cell(seen, "quorum_epoch", {}), is(9));
  EXPECT_EQ(cell(seen, "quorum_lost", {}), is(0));
  EXPECT_EQ(cell(seen, "quorum_voter_lag_records", {"3"}), is(14));
  EXPECT_EQ(cell(seen, "quorum_voter_caught_up_seconds", {"3"}), is(1.5));
  EXPECT_EQ(cell(seen, "quorum_observer_lag_records", {"1"}), is(3));
  EXPECT_EQ(cell(seen, "quorum_observer_caught_up_seconds", {"1"}), unknown(Unknown::not_asked));
  EXPECT_EQ(cell(seen, "controller_clock_difference_seconds", {}), is(44.5));
  EXPECT_EQ(note(seen, cluster_entity(with_quorum())),
            "the clock of the active controller, 2, is 45 s behind the agent's");
}

TEST(QuorumTables, ADifferenceOfClocksWithinItsErrorIsNone) {
  ClusterView view = with_quorum();
  view.quorum.clock = {std::chrono::milliseconds(300), std::chrono::milliseconds(400)};
  Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "controller_clock_difference_seconds", {}), is(0));
  EXPECT_EQ(note(seen, cluster_entity(view)), "");
  view.quorum.clock.reset();
  seen = interpret(view);
  EXPECT_EQ(cell(seen, "controller_clock_difference_seconds", {}), unknown(Unknown::unsupported));
}

TEST(Quorum, HasNoRowsWhereTheClusterCannotTell) {
  ClusterView view = with_quorum();
  view.has_quorum = false;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "quorum_leader", {}), kNoRow);
  EXPECT_EQ(cell(seen, "quorum_lost", {}), kNoRow);
}

TEST(Quorum, ThatDoesNotAnswerIsUnknownNotLost) {
  ClusterView view = with_quorum();
  view.quorum.reason = Unknown::timed_out;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "quorum_leader", {}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "quorum_epoch", {}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "quorum_lost", {}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "quorum_voter_lag_records", {"3"}), unknown(Unknown::timed_out));
}

TEST(Quorum, ThatIsLostIsKnownToBeLostAndSaysWhy) {
  ClusterView view = with_quorum();
  view.quorum.reason = Unknown::timed_out;
  view.quorum.lost = true;
  view.quorum.why_lost = "2 of 3 controllers are down";
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "quorum_lost", {}), is(1));
  EXPECT_EQ(note(seen, cluster_entity(view)), "2 of 3 controllers are down");
}

}  // namespace
}  // namespace highwater::collectors
