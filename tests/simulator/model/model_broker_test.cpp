// Brokers and controllers that die, hang, stop and come back.
#include <gmock/gmock.h>

#include "tests/simulator/model/model_asker.h"

namespace highwater::simulator {
namespace {

using kafka::ErrorCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Broker 1 is the active controller. Each broker leads one partition of orders.
constexpr const char* kCluster = R"(
offsets_partitions: 6
topics:
  - {name: orders, partitions: 3, produce: 30/s, config: {min.insync.replicas: 2}}
  - {name: alone, partitions: 1, replication_factor: 1, on: [2], produce: 1/s}
groups:
  - {name: payments, topics: [orders], commit_every: 1s}
  - {name: billing, topics: [orders], commit_every: 1s}
  - {name: mail, topics: [alone], commit_every: 1s}
)";

// A partition of orders led by a broker.
std::int32_t led_by(ModelAsker& model, std::int32_t broker) {
  const Topic& orders = *model->world().topic("orders");
  for (std::int32_t i = 0; i < 3; ++i) {
    if (orders.partition(i)->leader == broker) return i;
  }
  ADD_FAILURE() << "nothing is led by " << broker;
  return 0;
}

std::string group_of(ModelAsker& model, std::int32_t broker) {
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "g" + std::to_string(i);
    if (model.coordinator(name) == broker) return name;
  }
  return "";
}

std::vector<NetworkAction::Kind> actions(ModelAsker& model) {
  std::vector<NetworkAction::Kind> kinds;
  for (const NetworkAction& action : model->take_actions()) kinds.push_back(action.kind);
  return kinds;
}

TEST(DeadBroker, IsResetAtOnceAndStillListedUntilItIsFenced) {
  ModelAsker model(kCluster);
  model->advance(1s);
  const std::int32_t victim = led_by(model, 2);
  const auto before = model.partition(1, "orders", victim);
  model.apply(fault::Die{2});
  EXPECT_THAT(actions(model), ElementsAre(NetworkAction::Kind::kReset));
  model->advance(1s + 9500ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
  EXPECT_EQ(model.partition(3, "orders", victim), before);
  EXPECT_EQ(model.partition(3, "alone", 0).leader_id, 2);
}

TEST(DeadBroker, DisappearsInOneStepWhenItIsFenced) {
  ModelAsker model(kCluster);
  const std::int32_t victim = led_by(model, 2);
  const std::int32_t other = led_by(model, 3);
  model.apply(fault::Die{2});
  model->advance(9600ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 3));
  const auto moved = model.partition(1, "orders", victim);
  EXPECT_EQ(moved.error_code, ErrorCode::kNone);
  EXPECT_NE(moved.leader_id, 2);
  EXPECT_EQ(moved.leader_epoch, 1);
  EXPECT_EQ(moved.isr_nodes.size(), 2u);
  EXPECT_THAT(moved.offline_replicas, ElementsAre(2));
  const auto stayed = model.partition(1, "orders", other);
  EXPECT_EQ(stayed.leader_id, 3);
  EXPECT_EQ(stayed.leader_epoch, 0);
  EXPECT_EQ(stayed.isr_nodes.size(), 2u);
  EXPECT_THAT(stayed.offline_replicas, ElementsAre(2));
}

TEST(DeadBroker, LeavesItsOnlyCopyWithoutLeaderAndWithAnEmptyIsr) {
  ModelAsker model(kCluster);
  model.apply(fault::Die{2});
  model->advance(9600ms);
  const auto lost = model.partition(1, "alone", 0);
  EXPECT_EQ(lost.error_code, ErrorCode::kLeaderNotAvailable);
  EXPECT_EQ(lost.leader_id, -1);
  EXPECT_EQ(lost.leader_epoch, 1);
  EXPECT_THAT(lost.isr_nodes, IsEmpty());
  EXPECT_THAT(lost.replica_nodes, ElementsAre(2));
  EXPECT_THAT(lost.offline_replicas, ElementsAre(2));
}

TEST(DeadBroker, IsNamedAsFencedByDescribeClusterAlone) {
  ModelAsker model(kCluster);
  kafka::DescribeClusterRequest request;
  request.include_fenced_brokers = true;
  model.apply(fault::Die{2});
  EXPECT_FALSE(model.ask(1, request).brokers[1].is_fenced);
  model->advance(9600ms);
  const auto response = model.ask(1, request);
  ASSERT_EQ(response.brokers.size(), 3u);
  EXPECT_TRUE(response.brokers[1].is_fenced);
  EXPECT_FALSE(response.brokers[0].is_fenced);
  EXPECT_EQ(model.ask<kafka::DescribeClusterRequest>(1).brokers.size(), 2u);
}

TEST(DeadBroker, LeavesItsPartitionsToNobodyUntilItIsFenced) {
  ModelAsker model(kCluster);
  const std::int32_t victim = led_by(model, 2);
  model.apply(fault::Die{2});
  model->advance(5s);
  EXPECT_EQ(model.offset(1, "orders", victim, kafka::kLatestOffset).error_code,
            ErrorCode::kNotLeaderOrFollower);
  model->advance(9600ms);
  const std::int32_t leader = model.partition(1, "orders", victim).leader_id;
  EXPECT_EQ(model.offset(leader, "orders", victim, kafka::kLatestOffset).error_code,
            ErrorCode::kNone);
}

TEST(DeadBroker, StopsTheHighWatermarkOfEverythingItIsInSyncWith) {
  ModelAsker model(kCluster);
  model->advance(10s);
  model.apply(fault::Die{2});
  const std::int32_t mine = led_by(model, 3);
  const std::int64_t before = model.offset(3, "orders", mine, kafka::kLatestOffset).offset;
  model->advance(19s);
  EXPECT_EQ(model.offset(3, "orders", mine, kafka::kLatestOffset).offset, before);
  model->advance(20s);
  EXPECT_EQ(model.offset(3, "orders", mine, kafka::kLatestOffset).offset, before + 100);
}

TEST(DeadBroker, TakesItsGroupsAwayUntilASurvivorHasLoadedThem) {
  ModelAsker model(kCluster);
  const std::string group = group_of(model, 2);
  model.apply(fault::Die{2});
  model->advance(9599ms);
  EXPECT_EQ(model.committed(1, group).error_code, ErrorCode::kNotCoordinator);
  EXPECT_EQ(model.committed(3, group).error_code, ErrorCode::kNotCoordinator);
  model->advance(9600ms);
  const std::int32_t heir = model.coordinator(group);
  EXPECT_EQ(model.committed(heir, group).error_code, ErrorCode::kCoordinatorLoadInProgress);
  const auto list = model.ask<kafka::ListGroupsRequest>(heir);
  EXPECT_EQ(list.error_code, ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_THAT(list.groups, IsEmpty());
  model->advance(9900ms);
  EXPECT_EQ(model.committed(heir, group).error_code, ErrorCode::kNone);
  EXPECT_EQ(model.ask<kafka::ListGroupsRequest>(heir).error_code, ErrorCode::kNone);
}

TEST(DeadBroker, IsStillNamedAsCoordinatorUntilItIsFenced) {
  ModelAsker model(kCluster);
  const std::string group = group_of(model, 2);
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys = {group};
  model.apply(fault::Die{2});
  model->advance(9500ms);
  EXPECT_EQ(model.ask(1, request).coordinators[0].node_id, 2);
  EXPECT_EQ(model.ask(1, request).coordinators[0].error_code, ErrorCode::kNone);
  model->advance(9600ms);
  EXPECT_NE(model.ask(1, request).coordinators[0].node_id, 2);
}

TEST(ReturningBroker, IsUnfencedSecondsAfterItsStartAndLeadsNothing) {
  ModelAsker model(kCluster);
  const std::int32_t victim = led_by(model, 2);
  model.apply(fault::Die{2});
  model->advance(20s);
  (void)model->take_actions();
  model.apply(fault::Return{2});
  model->advance(26s);
  EXPECT_THAT(actions(model), IsEmpty());
  model->advance(26800ms);
  EXPECT_THAT(actions(model), ElementsAre(NetworkAction::Kind::kListen));
  EXPECT_THAT(model.listed_brokers(2), ElementsAre(1, 3));
  model->advance(27s);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
  EXPECT_EQ(model.partition(1, "orders", victim).isr_nodes.size(), 2u);
  EXPECT_THAT(model.partition(1, "orders", victim).offline_replicas, IsEmpty());
  model->advance(27600ms);
  EXPECT_EQ(model.partition(1, "orders", victim).isr_nodes.size(), 3u);
  EXPECT_NE(model.partition(1, "orders", victim).leader_id, 2);
  EXPECT_THAT(model.listed_groups(2), IsEmpty());
}

TEST(ReturningBroker, LeadsItsOnlyCopiesAtOnce) {
  ModelAsker model(kCluster);
  model.apply(fault::Die{2});
  model->advance(20s);
  model.apply(fault::Return{2});
  model->advance(27s);
  const auto back = model.partition(1, "alone", 0);
  EXPECT_EQ(back.error_code, ErrorCode::kNone);
  EXPECT_EQ(back.leader_id, 2);
  EXPECT_EQ(back.leader_epoch, 2);
  EXPECT_THAT(back.isr_nodes, ElementsAre(2));
}

TEST(ReturningBroker, LeadsAgainAfterAPreferredElection) {
  ModelAsker model(kCluster);
  const std::int32_t victim = led_by(model, 2);
  model.apply(fault::Die{2});
  model->advance(20s);
  model.apply(fault::Return{2});
  model->advance(30s);
  model.apply(fault::PreferredElection{});
  EXPECT_EQ(model.partition(1, "orders", victim).leader_id, 2);
  EXPECT_EQ(model.partition(1, "orders", victim).leader_epoch, 2);
}

TEST(ReturningBroker, GetsItsLeadershipsBackByItselfAfterFiveMinutes) {
  ModelAsker model(kCluster);
  const std::int32_t victim = led_by(model, 2);
  model.apply(fault::Die{2});
  model->advance(20s);
  model.apply(fault::Return{2});
  model->advance(299s);
  EXPECT_NE(model.partition(1, "orders", victim).leader_id, 2);
  model->advance(300s);
  EXPECT_EQ(model.partition(1, "orders", victim).leader_id, 2);
}

TEST(ReturningBroker, IsFencedFirstWhenItsDeathWentUnnoticed) {
  ModelAsker model(kCluster);
  model.apply(fault::Die{2});
  model->advance(1s);
  model.apply(fault::Return{2});
  model->advance(1s + 3500ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 3));
  model->advance(8s);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
  model->advance(60s);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
}

TEST(HungBroker, AnswersNothingAndIsFencedLikeADeadOne) {
  ModelAsker model(kCluster);
  model.apply(fault::Hang{2});
  EXPECT_THAT(actions(model), ElementsAre(NetworkAction::Kind::kFreeze));
  EXPECT_EQ(model.raw(2, kafka::MetadataRequest{}, 12).kind, Reply::Kind::kLater);
  model->advance(9500ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
  model->advance(9600ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 3));
}

TEST(Zombie, AnswersFromMemoryForAMoment) {
  ModelAsker model(kCluster);
  model->advance(10s);
  const std::int32_t victim = led_by(model, 2);
  const std::int64_t end = model.offset(2, "orders", victim, kafka::kLatestOffset).offset;
  const auto groups = model.listed_groups(2);
  model.apply(fault::Hang{2});
  model->advance(40s);
  model.apply(fault::Wake{2});
  model->advance(40s + 200ms);
  EXPECT_THAT(model.listed_brokers(2), ElementsAre(1, 2, 3));
  const auto lie = model.offset(2, "orders", victim, kafka::kLatestOffset);
  EXPECT_EQ(lie.error_code, ErrorCode::kNone);
  EXPECT_EQ(lie.offset, end);
  EXPECT_EQ(lie.leader_epoch, 0);
  EXPECT_EQ(model.listed_groups(2), groups);
  model->advance(40s + 500ms);
  EXPECT_EQ(model.offset(2, "orders", victim, kafka::kLatestOffset).error_code,
            ErrorCode::kNotLeaderOrFollower);
  EXPECT_THAT(model.listed_groups(2), IsEmpty());
}

TEST(Zombie, RefusesAnEpochThatIsNewerThanItsMemory) {
  ModelAsker model(kCluster);
  const std::int32_t victim = led_by(model, 2);
  model.apply(fault::Hang{2});
  model->advance(40s);
  const std::int32_t epoch = model.partition(1, "orders", victim).leader_epoch;
  model.apply(fault::Wake{2});
  EXPECT_EQ(model.offset(2, "orders", victim, kafka::kLatestOffset, epoch).error_code,
            ErrorCode::kUnknownLeaderEpoch);
}

TEST(Zombie, ListsGroupsThatAnotherBrokerListsToo) {
  ModelAsker model(kCluster);
  std::vector<std::string> mine;
  std::int32_t victim = 2;
  for (const std::int32_t broker : {2, 3}) {
    if (mine.empty()) {
      mine = model.listed_groups(broker);
      victim = broker;
    }
  }
  ASSERT_FALSE(mine.empty());
  model.apply(fault::Hang{victim});
  model->advance(40s);
  model.apply(fault::Wake{victim});
  const std::int32_t heir = model.coordinator(mine[0]);
  EXPECT_NE(heir, victim);
  EXPECT_THAT(model.listed_groups(heir), ::testing::Contains(mine[0]));
  EXPECT_THAT(model.listed_groups(victim), ::testing::Contains(mine[0]));
}

TEST(WokenBroker, IsUnfencedSoonAndInSyncABitLater) {
  ModelAsker model(kCluster);
  model.apply(fault::Hang{2});
  model->advance(40s);
  model.apply(fault::Wake{2});
  model->advance(40s + 200ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 3));
  model->advance(40s + 300ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
  model->advance(40s + 900ms);
  EXPECT_EQ(model.partition(1, "orders", 0).isr_nodes.size(), 3u);
}

TEST(WokenBroker, ThatWasNotMissedIsNeverFenced) {
  ModelAsker model(kCluster);
  const std::int32_t victim = led_by(model, 2);
  model.apply(fault::Hang{2});
  model->advance(5s);
  model.apply(fault::Wake{2});
  model->advance(60s);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
  EXPECT_EQ(model.partition(1, "orders", victim).leader_epoch, 0);
  EXPECT_EQ(model.partition(1, "orders", victim).leader_id, 2);
}

TEST(OrderlyStop, MovesTheLeadersBeforeTheBrokerGoes) {
  ModelAsker model(kCluster);
  const std::int32_t victim = led_by(model, 2);
  model.apply(fault::Stop{2});
  model->advance(50ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 2, 3));
  EXPECT_NE(model.partition(1, "orders", victim).leader_id, 2);
  EXPECT_EQ(model.partition(1, "orders", victim).isr_nodes.size(), 2u);
  EXPECT_THAT(model.partition(1, "orders", victim).offline_replicas, IsEmpty());
  EXPECT_EQ(model.partition(1, "alone", 0).leader_id, -1);
  EXPECT_THAT(actions(model), IsEmpty());
}

TEST(OrderlyStop, EndsTheConnectionsAndLeavesTheList) {
  ModelAsker model(kCluster);
  model.apply(fault::Stop{2});
  model->advance(2099ms);
  EXPECT_THAT(model.listed_brokers(2), ElementsAre(1, 2, 3));
  model->advance(2100ms);
  EXPECT_THAT(actions(model), ElementsAre(NetworkAction::Kind::kClose));
  model->advance(2130ms);
  EXPECT_THAT(model.listed_brokers(1), ElementsAre(1, 3));
}

TEST(OrderlyStop, NeverStopsTheHighWatermark) {
  ModelAsker model(kCluster);
  const std::int32_t mine = led_by(model, 3);
  model.apply(fault::Stop{2});
  const std::int64_t before = model.offset(3, "orders", mine, kafka::kLatestOffset).offset;
  model->advance(10s);
  EXPECT_EQ(model.offset(3, "orders", mine, kafka::kLatestOffset).offset, before + 100);
}

TEST(Heal, BringsEverybodyBack) {
  ModelAsker model(kCluster);
  model.apply(fault::Die{1});
  model.apply(fault::Hang{2});
  model.apply(fault::Denied{true, true, true, true, {}, {}});
  model->advance(30s);
  model.apply(fault::Heal{});
  model->advance(60s);
  EXPECT_THAT(model.listed_brokers(3), ElementsAre(1, 2, 3));
  EXPECT_EQ(model.partition(3, "orders", 0).isr_nodes.size(), 3u);
}

TEST(Faults, ThatCannotHappenSayWhy) {
  ModelAsker model(kCluster);
  EXPECT_FALSE(model->apply(fault::Die{9}));
  EXPECT_FALSE(model->apply(fault::Wake{1}));
  EXPECT_FALSE(model->apply(fault::Return{1}));
  model.apply(fault::Die{1});
  EXPECT_FALSE(model->apply(fault::Die{1}));
  EXPECT_FALSE(model->apply(fault::Hang{1}));
}

TEST(Faults, OfTheTimeLineAreReportedOneByOne) {
  ModelAsker model("faults: [{at: 1s, die: 2}, {at: 2s, die: 2}, {at: 3s, return: 2}]");
  model->advance(10s);
  EXPECT_THAT(
      model->take_lines(),
      ElementsAre("1.000s die 2", "2.000s die 2: broker 2 is dead already", "3.000s return 2"));
}

}  // namespace
}  // namespace highwater::simulator
