// How much of a cluster is watched when memory is short.
#include "collectors/kafka/view_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "collectors/kafka/poll/sweep.h"
#include "tests/kafka/fake_admin.h"

namespace highwater::kafka {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

TEST(ViewRoom, TakesWhatFitsAndCountsTheRest) {
  ViewRoom room(ViewRoom::kGroup + 10 * ViewRoom::kCommitted);
  room.count({});
  EXPECT_TRUE(room.take_group());
  EXPECT_TRUE(room.take_committed(10));
  EXPECT_FALSE(room.take_committed(1));
  EXPECT_FALSE(room.take_group());
  EXPECT_THAT(room.left_out(), HasSubstr("1 groups, 1 groups' offsets are left out"));
}

TEST(ViewRoom, WhatIsThereAlreadyTakesRoom) {
  ClusterView view;
  view.groups.resize(2);
  ViewRoom room(2 * ViewRoom::kGroup);
  room.count(view);
  EXPECT_FALSE(room.take_group());
  view.groups.pop_back();
  room.count(view);
  EXPECT_TRUE(room.take_group()) << "a group that is gone makes room";
  EXPECT_EQ(room.left_out(), "");
}

TEST(ViewRoom, TopicsLeaveRoomForGroups) {
  ViewRoom room(100 * ViewRoom::kPartition);
  room.count({});
  EXPECT_FALSE(room.take_topic(100));
  EXPECT_TRUE(room.take_topic(50));
  EXPECT_TRUE(room.take_group());
}

TEST(ViewRoom, MembersThatBecomeFewerNeedNone) {
  ViewRoom room(3 * ViewRoom::kMember);
  room.count({});
  const std::vector<GroupMember> three(3), four(4);
  EXPECT_TRUE(room.take_members(three, nullptr));
  EXPECT_FALSE(room.take_members(four, &three));
  EXPECT_TRUE(room.take_members(three, &four));
}

TEST(ViewRoom, AMemberThatIsAssignedManyPartitionsTakesMore) {
  ViewRoom room(2 * ViewRoom::kMember);
  room.count({});
  std::vector<GroupMember> members(1);
  members[0].assignment.emplace_back(Symbol("orders"), std::vector<int32_t>(1000));
  EXPECT_FALSE(room.take_members(members, nullptr));
}

// A cluster of one topic, and groups that commit for all of its partitions.
class SweepInLittleRoom : public testing::Test {
 protected:
  static constexpr int kPartitions = 100;

  SweepInLittleRoom() {
    BrokerView broker;
    broker.id = 1;
    broker.status = BrokerStatus::up;
    broker.listed = true;
    view_.brokers.emplace(1, broker);
    auto& topic = admin_.metadata.topics.emplace_back();
    topic.name = "wide";
    for (int32_t index = 0; index < kPartitions; ++index) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = index;
      partition.leader_id = 1;
    }
  }

  void add_group(const std::string& name) {
    admin_.groups.groups.push_back({name, "consumer", "Stable", "classic"});
    auto& topic =
        admin_.committed.groups.emplace_back(OffsetFetchResponse::Group{name, {{"wide", {}}}, {}})
            .topics[0];
    for (int32_t index = 0; index < kPartitions; ++index)
      topic.partitions.push_back({index, 10, -1, {}, {}});
  }

  std::shared_ptr<SweepRun> sweep() {
    SweepDue due;
    due.groups = true;
    std::shared_ptr<SweepRun> done;
    asio::co_spawn(io_, sweep_.run(due),
                   [&](const std::exception_ptr&, std::shared_ptr<SweepRun> run) { done = run; });
    io_.restart();
    io_.run();
    return done;
  }

  static SweepSettings settings() {
    SweepSettings made;
    // The topic, two groups, and what one of them committed.
    made.memory = ViewRoom::kBroker + ViewRoom::kTopic + kPartitions * ViewRoom::kPartition +
                  2 * ViewRoom::kGroup + kPartitions * ViewRoom::kCommitted + ViewRoom::kGroup / 2;
    return made;
  }

  asio::io_context io_;
  FakeAdmin admin_;
  ClusterView view_;
  Sweep sweep_{admin_, settings(), view_, {}};
};

TEST_F(SweepInLittleRoom, WhatIsKnownStaysAndWhatComesIsLeftOutAndSaid) {
  add_group("first");
  EXPECT_THAT(sweep()->problems, Not(Contains(Field(&Problem::what, HasSubstr("left out")))));
  add_group("greedy");
  add_group("late");
  for (int i = 0; i < 3; ++i) {
    const auto run = sweep();
    EXPECT_THAT(run->problems,
                Contains(Field(&Problem::what,
                               HasSubstr("1 groups, 1 groups' offsets are left out: the agent"))));
  }
  ASSERT_EQ(view_.groups.size(), 2U);
  EXPECT_EQ(view_.groups[0].id.text(), "first");
  EXPECT_EQ(view_.groups[0].committed_reason, Unknown::known);
  EXPECT_EQ(view_.groups[0].committed[0].partitions.size(), size_t{kPartitions});
  EXPECT_EQ(view_.groups[1].id.text(), "greedy");
  EXPECT_EQ(view_.groups[1].committed_reason, Unknown::not_asked);
  EXPECT_TRUE(view_.groups[1].committed.empty());
}

TEST_F(SweepInLittleRoom, ATopicThatGrowsBeyondItKeepsThePartitionsThatAreKnown) {
  sweep();
  auto& told = admin_.metadata.topics[0].partitions;
  for (int32_t index = kPartitions; index < 10 * kPartitions; ++index) {
    told.emplace_back().partition_index = index;
    told.back().leader_id = 1;
  }
  sweep();
  EXPECT_EQ(view_.topics.at(0).partitions.size(), size_t{kPartitions});
}

}  // namespace
}  // namespace highwater::kafka
