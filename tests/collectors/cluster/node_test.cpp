#include "collectors/cluster/node.h"

#include <gmock/gmock.h>

#include "collectors/cluster/node_log_dirs.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::NodeBroker;
using kafka::PeerVerdict;
using kafka::ProbeOutcome;
using std::chrono::milliseconds;

constexpr Duration kCadence = std::chrono::seconds(5);

NodeBroker reached() {
  NodeBroker broker;
  broker.host = "kafka";
  broker.port = 9092;
  broker.outcome = ProbeOutcome::answered;
  broker.connect = milliseconds(2);
  broker.first_answer = milliseconds(30);
  return broker;
}

// Since second 10; others were asked at second `asked`.
NodeBroker not_reached(PeerVerdict peers, double asked = 12) {
  NodeBroker broker = reached();
  broker.outcome = ProbeOutcome::failed;
  broker.why = "no connection to kafka:9092 within 2 s";
  broker.connect = broker.first_answer = std::nullopt;
  broker.failing_since = at(10).steady;
  broker.peers = peers;
  broker.peers_asked = at(asked).steady;
  return broker;
}

Observation interpret(const NodeBroker& broker, bool judges_cluster = false) {
  kafka::NodeView view;
  view.reached = true;
  view.brokers = {{1, reached()}, {2, broker}};
  return NodeInterpreter(Symbol("prod"), Symbol("b"), judges_cluster)
      .interpret(view, at(13), kCadence);
}

std::string said(const Observation& seen) {
  static const std::vector<std::string_view> kBroker{"cluster", "node", "broker"};
  const std::vector<Symbol> cells{Symbol("prod"), Symbol("b"), Symbol("2")};
  return note(seen, Entity(kBroker, cells));
}

TEST(Node, TellsHowFastABrokerIsReached) {
  const Observation seen = interpret(reached());
  EXPECT_EQ(cell(seen, "node_cluster_reachable", {"b"}), is(1));
  EXPECT_EQ(cell(seen, "node_broker_reachable", {"b", "2"}), is(1));
  EXPECT_EQ(cell(seen, "node_broker_cut_off", {"b", "2"}), is(0));
  EXPECT_EQ(cell(seen, "node_broker_connect_seconds", {"b", "2"}), is(0.002));
  EXPECT_EQ(cell(seen, "node_broker_first_answer_seconds", {"b", "2"}), is(0.03));
}

TEST(Node, IsCutOffFromABrokerThatOthersReach) {
  const Observation seen = interpret(not_reached(PeerVerdict::serving));
  EXPECT_EQ(cell(seen, "node_broker_reachable", {"b", "2"}), is(0));
  EXPECT_EQ(cell(seen, "node_broker_cut_off", {"b", "2"}), is(1));
  EXPECT_EQ(cell(seen, "node_broker_cut_off", {"b", "1"}), is(0));
  EXPECT_EQ(cell(seen, "node_broker_connect_seconds", {"b", "2"}),
            unknown(Unknown::broker_unreachable));
  EXPECT_EQ(said(seen), "no connection to kafka:9092 within 2 s; other brokers reach it");
}

TEST(Node, IsNotCutOffFromABrokerThatIsDownForOthersAsWell) {
  for (const PeerVerdict verdict : {PeerVerdict::not_listed, PeerVerdict::unfollowed})
    EXPECT_EQ(cell(interpret(not_reached(verdict)), "node_broker_cut_off", {"b", "2"}), is(0));
}

TEST(Node, DoesNotKnowWhetherItIsCutOffWhileNobodyCanBeAsked) {
  EXPECT_EQ(cell(interpret(not_reached(PeerVerdict::unknown)), "node_broker_cut_off", {"b", "2"}),
            unknown(Unknown::broker_unreachable));
}

TEST(Node, DoesNotBelieveWhatOthersSaidBeforeItFailed) {
  const Observation seen = interpret(not_reached(PeerVerdict::serving, 9));
  EXPECT_EQ(cell(seen, "node_broker_cut_off", {"b", "2"}), unknown(Unknown::broker_unreachable));
}

TEST(Node, KnowsNothingBeforeTheFirstProbe) {
  NodeBroker broker = reached();
  broker.outcome = ProbeOutcome::none;
  const Observation seen = interpret(broker);
  for (const char* measure : {"node_broker_reachable", "node_broker_cut_off",
                              "node_broker_connect_seconds", "node_broker_first_answer_seconds"})
    EXPECT_EQ(cell(seen, measure, {"b", "2"}), unknown(Unknown::not_asked)) << measure;
}

TEST(Node, ReachesABrokerWhoseCertificateIsNotAccepted) {
  NodeBroker broker = reached();
  broker.outcome = ProbeOutcome::distrusted;
  broker.first_answer = std::nullopt;
  const Observation seen = interpret(broker);
  EXPECT_EQ(cell(seen, "node_broker_reachable", {"b", "2"}), is(1));
  EXPECT_EQ(cell(seen, "node_broker_cut_off", {"b", "2"}), is(0));
  EXPECT_EQ(cell(seen, "node_broker_first_answer_seconds", {"b", "2"}),
            unknown(Unknown::not_asked));
}

TEST(Node, SaysNothingOfBrokersUntilSomebodyHasListedThem) {
  const Observation seen = NodeInterpreter(Symbol("prod"), Symbol("b"), false)
                               .interpret(kafka::NodeView(), at(1), kCadence);
  EXPECT_EQ(cell(seen, "node_cluster_reachable", {"b"}), is(0));
  EXPECT_EQ(seen.tables.size(), 1U);
}

TEST(Node, LeavesWhatIsDownToTheClustersRulesWhereTheAgentJudgesThatToo) {
  const Observation seen = interpret(not_reached(PeerVerdict::serving), true);
  EXPECT_EQ(cell(seen, "node_broker_reachable", {"b", "2"}), is(0));
  EXPECT_EQ(cell(seen, "node_broker_cut_off", {"b", "2"}), kNoRow);
}

Observation disks(DiskSpace disk) {
  disk.path = "/data";
  return NodeLogDirsInterpreter(Symbol("prod"), Symbol("b")).interpret({disk}, at(0), kCadence);
}

TEST(NodeLogDirs, TellWhatIsLeftInBytesAndInodes) {
  DiskSpace disk;
  disk.total_bytes = 1000;
  disk.usable_bytes = 250;
  disk.inodes = 200;
  disk.free_inodes = 20;
  const Observation seen = disks(disk);
  EXPECT_EQ(cell(seen, "node_log_dir_total_bytes", {"b", "/data"}), is(1000));
  EXPECT_EQ(cell(seen, "node_log_dir_usable_bytes", {"b", "/data"}), is(250));
  EXPECT_EQ(cell(seen, "node_log_dir_usable_ratio", {"b", "/data"}), is(0.25));
  EXPECT_EQ(cell(seen, "node_log_dir_inodes", {"b", "/data"}), is(200));
  EXPECT_EQ(cell(seen, "node_log_dir_free_inodes_ratio", {"b", "/data"}), is(0.1));
}

TEST(NodeLogDirs, KnowNoInodesOfAFileSystemWithoutAFixedNumber) {
  DiskSpace disk;
  disk.total_bytes = disk.usable_bytes = 1000;
  EXPECT_EQ(cell(disks(disk), "node_log_dir_free_inodes_ratio", {"b", "/data"}),
            unknown(Unknown::unsupported));
}

TEST(NodeLogDirs, SayWhyTheyCannotBeRead) {
  DiskSpace disk;
  disk.reason = Unknown::failed;
  disk.why = "/data: Input/output error";
  const Observation seen = disks(disk);
  EXPECT_EQ(cell(seen, "node_log_dir_usable_ratio", {"b", "/data"}), unknown(Unknown::failed));
  EXPECT_THAT(problems(seen), testing::ElementsAre("/data: Input/output error"));
}

}  // namespace
}  // namespace highwater::collectors
