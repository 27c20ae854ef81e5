// What a sweep makes of groups of several kinds and of brokers that contradict each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "collectors/kafka/poll/sweep.h"
#include "tests/kafka/fake_admin.h"

namespace highwater::kafka {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Three brokers; "billing" is listed by the first, and committed one offset.
class SweepGroupsTest : public testing::Test {
 protected:
  SweepGroupsTest() {
    admin_.brokers = {1, 2, 3};
    for (const int32_t id : admin_.brokers) {
      BrokerView broker;
      broker.id = id;
      broker.status = BrokerStatus::up;
      broker.listed = true;
      view_.brokers.emplace(id, broker);
    }
    admin_.metadata.topics.push_back({{}, "orders", {}, false, {partition(0, 1)}, 0});
    list(1, "billing");
    admin_.committed.groups.push_back({"billing", {{"orders", {{0, 10, -1, {}, {}}}}}, {}});
  }

  static MetadataResponse::Partition partition(int32_t index, int32_t leader) {
    MetadataResponse::Partition made;
    made.partition_index = index;
    made.leader_id = leader;
    made.leader_epoch = 5;
    made.replica_nodes = made.isr_nodes = {1, 2, 3};
    return made;
  }
  void list(int32_t broker, const std::string& name, const char* type = "classic") {
    admin_.groups_of[broker].groups.push_back({name, "consumer", "Stable", type});
  }
  // With one partition for each broker, that leads it.
  void add_offsets_topic() {
    MetadataResponse::Topic offsets{{}, "__consumer_offsets", {}, true, {}, 0};
    for (int32_t i = 0; i < 3; ++i) offsets.partitions.push_back(partition(i, i + 1));
    admin_.metadata.topics.push_back(offsets);
  }
  MetadataResponse::Partition& home(const std::string& group) {
    return admin_.metadata.topics.back().partitions.at(offsets_partition(group, 3));
  }

  std::vector<std::string> sweep(bool groups = true) {
    SweepDue due;
    due.groups = groups;
    std::vector<std::string> problems;
    asio::co_spawn(io_, sweep_.run(due),
                   [&](const std::exception_ptr&, const std::shared_ptr<SweepRun>& run) {
                     for (const Problem& problem : run->problems) problems.push_back(problem.what);
                   });
    io_.restart();
    io_.run();
    return problems;
  }
  GroupView& billing() { return view_.groups.at(0); }

  asio::io_context io_;
  FakeAdmin admin_;
  ClusterView view_;
  Sweep sweep_{admin_, {}, view_, {}};
};

TEST_F(SweepGroupsTest, GroupOfALeaderlessOffsetsPartitionStaysUnknown) {
  add_offsets_topic();
  const int32_t coordinator = home("billing").leader_id;
  admin_.groups_of.clear();
  list(coordinator, "billing");
  sweep();
  ASSERT_EQ(billing().coordinator, coordinator);
  // It crashed, was fenced, and held the only copy.
  admin_.groups_of.clear();
  std::erase(admin_.brokers, coordinator);
  view_.brokers.at(coordinator).status = BrokerStatus::crashed;
  view_.brokers.at(coordinator).listed = false;
  home("billing").leader_id = -1;
  home("billing").leader_epoch = 6;
  std::vector<std::string> problems;
  for (int i = 0; i < 5; ++i) problems = sweep();
  ASSERT_EQ(view_.groups.size(), 1U);
  EXPECT_EQ(billing().listed, Unknown::no_coordinator);
  EXPECT_EQ(billing().committed_reason, Unknown::no_coordinator);
  EXPECT_FALSE(looks_empty(view_));
  EXPECT_THAT(problems, Contains(HasSubstr("group 'billing' can neither be read nor commit")));
}

TEST_F(SweepGroupsTest, GroupsWithoutCoordinatorAreNotSuspiciouslyEmpty) {
  add_offsets_topic();
  for (auto& one : admin_.metadata.topics.back().partitions) one.leader_id = 1;
  for (const char* name : {"a", "b", "c", "d"}) list(1, name);
  sweep();
  admin_.groups_of.clear();
  for (auto& one : admin_.metadata.topics.back().partitions) {
    one.leader_id = -1;
    one.leader_epoch = 6;
  }
  sweep();
  EXPECT_FALSE(looks_empty(view_));
  EXPECT_EQ(view_.groups.size(), 5U);
}

// Topics are listed more often than groups: what they say must not end what was suspected of
// groups.
TEST_F(SweepGroupsTest, GroupsThatVanishedAreSuspectedUntilOneIsListedAgain) {
  add_offsets_topic();
  for (const char* name : {"a", "b", "c"}) list(1, name);
  sweep();
  const auto listed = std::exchange(admin_.groups_of, {});
  sweep();
  ASSERT_TRUE(looks_empty(view_));
  sweep(false);
  EXPECT_TRUE(view_.groups_vanished.stands());
  EXPECT_FALSE(view_.topics_vanished.stands());
  admin_.groups_of = listed;
  sweep();
  EXPECT_FALSE(looks_empty(view_));
}

TEST_F(SweepGroupsTest, StreamsGroupHasItsOwnTypeAndUnsupportedMembers) {
  admin_.groups_of.clear();
  list(1, "billing", "streams");
  sweep();
  EXPECT_EQ(billing().type, GroupType::streams);
  EXPECT_EQ(billing().members_reason, Unknown::unsupported);
  EXPECT_TRUE(admin_.members_asked.empty());
  EXPECT_EQ(billing().committed_reason, Unknown::known);
}

TEST_F(SweepGroupsTest, GroupOfAnUnknownTypeIsUnsupported) {
  admin_.groups_of.clear();
  list(1, "billing", "quantum");
  admin_.committed.groups[0].error_code = ErrorCode::kGroupIdNotFound;
  sweep();
  EXPECT_EQ(billing().type, GroupType::unknown);
  EXPECT_EQ(billing().members_reason, Unknown::unsupported);
  EXPECT_EQ(billing().committed_reason, Unknown::unsupported);
}

TEST_F(SweepGroupsTest, ListedGroupThatDescribesAsDeadIsUnsupported) {
  admin_.members.emplace();
  admin_.members->groups.push_back({{}, {}, "billing", "Dead", "", "", {}, 0});
  sweep();
  EXPECT_EQ(billing().members_reason, Unknown::unsupported);
  EXPECT_FALSE(billing().members.has_value());
  admin_.members->groups[0].error_code = ErrorCode::kGroupIdNotFound;
  sweep();
  EXPECT_EQ(billing().members_reason, Unknown::unsupported);
}

TEST_F(SweepGroupsTest, PrefersTheListerThatAnswersForTheGroup) {
  list(3, "billing");
  OffsetFetchResponse refused;
  refused.groups.push_back({"billing", {}, ErrorCode::kNotCoordinator});
  admin_.committed_of[1] = refused;
  const auto problems = sweep();
  EXPECT_EQ(billing().coordinator, 1);
  EXPECT_THAT(problems, Contains("broker 1: OffsetFetch of group 'billing': NOT_COORDINATOR (16)"));
  sweep();
  EXPECT_EQ(billing().coordinator, 3);
  EXPECT_EQ(billing().committed_reason, Unknown::known);
  sweep();
  EXPECT_EQ(billing().coordinator, 3);
}

TEST_F(SweepGroupsTest, UnknownErrorCodeIsUnsupported) {
  admin_.committed.groups[0].error_code = static_cast<ErrorCode>(999);
  const auto problems = sweep();
  EXPECT_EQ(billing().committed_reason, Unknown::unsupported);
  EXPECT_THAT(problems, Contains("broker 1: OffsetFetch of group 'billing': error 999"));
}

TEST_F(SweepGroupsTest, DropsDuplicateOffsets) {
  admin_.committed.groups[0].topics[0].partitions.push_back({0, 99, -1, {}, {}});
  admin_.committed.groups[0].topics.push_back(admin_.committed.groups[0].topics[0]);
  sweep();
  ASSERT_EQ(billing().committed.size(), 1U);
  ASSERT_EQ(billing().committed[0].partitions.size(), 1U);
  EXPECT_EQ(billing().committed[0].partitions[0].offset, 10);
}

TEST(Refusals, NameOneGroupAndCountTheOthers) {
  Refusals refusals;
  for (const char* group : {"a", "b", "b", "c"}) refusals.add(ErrorCode::kNotCoordinator, group);
  refusals.add(ErrorCode::kNone, "d");
  EXPECT_THAT(refusals.texts(2, "OffsetFetch"),
              ElementsAre("broker 2: OffsetFetch of group 'a' and 2 more: NOT_COORDINATOR (16)"));
  EXPECT_LT(name_groups(std::string(20'000, 'x'), 1).size(), 120U);
}

}  // namespace
}  // namespace highwater::kafka
