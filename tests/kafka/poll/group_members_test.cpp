// Members of Streams groups: what their tasks read.
#include "collectors/kafka/poll/group_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::kafka {
namespace {

using Response = StreamsGroupDescribeResponse;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Response::Group joins() {
  Response::Group group;
  group.topology = Response::Topology{
      1, std::vector<Response::Subtopology>{
             {"0", {"orders", "payments"}, {"joined"}, {{"state", 0, 0, {}}}, {}},
             {"1", {}, {}, {}, {{"joined", 2, 0, {}}}}}};
  Response::Member member;
  member.member_id = "m1";
  member.client_id = "app-1";
  member.client_host = "/10.0.0.1";
  member.assignment.active_tasks = {{"0", {0, 2}}, {"1", {1}}};
  member.assignment.standby_tasks = {{"1", {0}}};
  group.members.push_back(member);
  return group;
}

TEST(StreamsMembers, ReadThePartitionsOfTheirActiveTasks) {
  const auto members = members_of(joins());
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 1U);
  EXPECT_EQ(members->front().client_id, "app-1");
  EXPECT_FALSE(members->front().away);
  EXPECT_TRUE(members->front().stands_by);
  EXPECT_THAT(members->front().assignment, ElementsAre(Pair(Symbol("orders"), ElementsAre(0, 2)),
                                                       Pair(Symbol("payments"), ElementsAre(0, 2)),
                                                       Pair(Symbol("joined"), ElementsAre(1))));
}

TEST(StreamsMembers, ReadNothingWithoutATopology) {
  Response::Group group = joins();
  group.topology.reset();
  EXPECT_THAT(members_of(group)->front().assignment, IsEmpty());
  group.topology.emplace();
  EXPECT_THAT(members_of(group)->front().assignment, IsEmpty());
}

TEST(StreamsMembers, ThatAreAwayKeepTheirPlace) {
  Response::Group group = joins();
  group.members[0].member_epoch = -2;
  group.members[0].instance_id = "static-1";
  EXPECT_TRUE(members_of(group)->front().away);
  EXPECT_EQ(members_of(group)->front().instance_id, "static-1");
}

ConsumerGroupDescribeResponse::Group reads(int32_t epoch, GroupAssignment now,
                                           GroupAssignment target) {
  ConsumerGroupDescribeResponse::Group group;
  group.assignment_epoch = 7;
  ConsumerGroupDescribeResponse::Member member;
  member.member_epoch = epoch;
  member.assignment = std::move(now);
  member.target_assignment = std::move(target);
  group.members.push_back(member);
  return group;
}

TEST(ConsumerMembers, AreSettledWhenTheyReadWhatTheyWereGiven) {
  const GroupAssignment both{{{{}, "a", {0, 1}}, {{}, "b", {2}}}};
  const GroupAssignment other_order{{{{}, "b", {2}}, {{}, "a", {1, 0}}}};
  const GroupAssignment less{{{{}, "a", {0}}, {{}, "b", {2}}}};
  EXPECT_TRUE(members_of(reads(7, both, both)).front().settled);
  EXPECT_TRUE(members_of(reads(7, both, other_order)).front().settled);
  EXPECT_FALSE(members_of(reads(7, less, both)).front().settled);
  EXPECT_FALSE(members_of(reads(6, both, both)).front().settled);
}

TEST(StreamsMembers, AreSettledWhenTheyReadWhatTheyWereGiven) {
  Response::Group group = joins();
  group.assignment_epoch = 3;
  group.members[0].member_epoch = 3;
  group.members[0].target_assignment.active_tasks = {{"1", {1}}, {"0", {2, 0}}};
  EXPECT_TRUE(members_of(group)->front().settled);
  group.members[0].target_assignment.active_tasks = {{"1", {1}}, {"0", {0}}};
  EXPECT_FALSE(members_of(group)->front().settled);
}

// A short answer must not become gigabytes: tasks times topics.
TEST(StreamsMembers, OfTooManyTasksTimesTopicsAreNotMade) {
  Response::Group group = joins();
  auto& topology = *group.topology->subtopologies;
  topology[0].source_topics.assign(2000, "orders");
  group.members[0].assignment.active_tasks.assign(2000, {"0", {0}});
  EXPECT_FALSE(members_of(group));
  topology[0].source_topics.assign(2000, "orders");
  group.members[0].assignment.active_tasks.assign(2000, {"0", {}});
  EXPECT_FALSE(members_of(group));
  group.members[0].assignment.active_tasks.assign(200, {"0", {0}});
  EXPECT_TRUE(members_of(group));
}

}  // namespace
}  // namespace highwater::kafka
