// What the decoder understands of answers about groups, captured from real brokers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/kafka/wire/consumer_protocol.h"
#include "tests/kafka/wire/wire_messages.h"

namespace highwater::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::int32_t kAllGroupOperations = 3400;

TEST(WireResponses, OffsetCommitAnswersEachPartitionForItself) {
  using Response = OffsetCommitResponse;
  const auto response = captured<Response>("OffsetCommit.v8.response");
  const auto& orders = find(response.topics, &Response::Topic::name, std::string("orders"));
  EXPECT_THAT(orders.partitions, ElementsAre(Response::Partition{0, ErrorCode::kNone},
                                             Response::Partition{1, ErrorCode::kNone}));
  const auto& missing = find(response.topics, &Response::Topic::name, std::string("missing"));
  EXPECT_THAT(missing.partitions,
              ElementsAre(Response::Partition{0, ErrorCode::kUnknownTopicOrPartition}));
}

TEST(WireResponses, OffsetFetchBelowVersion8HoldsOneGroupWithoutName) {
  using Response = OffsetFetchResponse;
  for (int version = 6; version <= 7; ++version) {
    const auto response = captured<Response>(numbered("OffsetFetch", version));
    ASSERT_THAT(response.groups, SizeIs(1));
    EXPECT_EQ(response.groups[0].group_id, "");
    EXPECT_EQ(response.groups[0].error_code, ErrorCode::kNone);
    ASSERT_THAT(response.groups[0].topics, SizeIs(1));
    EXPECT_THAT(
        response.groups[0].topics[0].partitions,
        UnorderedElementsAre(Response::Partition{0, 3, -1, "", ErrorCode::kNone},
                             Response::Partition{1, 5, -1, "checkpoint 5", ErrorCode::kNone},
                             Response::Partition{2, -1, -1, "", ErrorCode::kNone}));
  }
}

TEST(WireResponses, OffsetFetchFromVersion8NamesItsGroups) {
  using Response = OffsetFetchResponse;
  for (int version = 8; version <= 9; ++version) {
    const auto response = captured<Response>(numbered("OffsetFetch", version));
    ASSERT_THAT(response.groups, SizeIs(3));
    const auto& only =
        find(response.groups, &Response::Group::group_id, std::string("offsets-only"));
    ASSERT_THAT(only.topics, SizeIs(1));
    EXPECT_EQ(only.topics[0].name, "orders");
    EXPECT_THAT(
        only.topics[0].partitions,
        UnorderedElementsAre(Response::Partition{0, 3, -1, "", ErrorCode::kNone},
                             Response::Partition{1, 5, -1, "checkpoint 5", ErrorCode::kNone}));
    const auto& nobody = find(response.groups, &Response::Group::group_id, std::string("nobody"));
    EXPECT_THAT(nobody.topics, IsEmpty());
    EXPECT_EQ(nobody.error_code, ErrorCode::kNone);
  }
}

TEST(WireResponses, ListGroupsTellsStateFromVersion4AndTypeFromVersion5) {
  using Group = ListGroupsResponse::Group;
  const auto listed = [](int version) {
    return captured<ListGroupsResponse>(numbered("ListGroups", version)).groups;
  };
  EXPECT_THAT(listed(3), UnorderedElementsAre(Group{"classic-group", "consumer", "", ""},
                                              Group{"modern-group", "consumer", "", ""},
                                              Group{"share-group", "share", "", ""},
                                              Group{"offsets-only", "", "", ""}));
  EXPECT_THAT(listed(4), UnorderedElementsAre(Group{"classic-group", "consumer", "Stable", ""},
                                              Group{"modern-group", "consumer", "Stable", ""},
                                              Group{"share-group", "share", "Stable", ""},
                                              Group{"offsets-only", "", "Empty", ""}));
  EXPECT_THAT(listed(5),
              UnorderedElementsAre(Group{"classic-group", "consumer", "Stable", "classic"},
                                   Group{"modern-group", "consumer", "Stable", "consumer"},
                                   Group{"share-group", "share", "Stable", "share"},
                                   Group{"offsets-only", "", "Empty", "classic"}));
  EXPECT_THAT(captured<ListGroupsResponse>("ListGroups.v5.filtered.response").groups,
              ElementsAre(Group{"modern-group", "consumer", "Stable", "consumer"}));
}

TEST(WireResponses, FindCoordinatorNamesTheBroker) {
  const auto one = captured<FindCoordinatorResponse>("FindCoordinator.v3.response");
  ASSERT_THAT(one.coordinators, SizeIs(1));
  EXPECT_EQ(one.coordinators[0].key, "");
  EXPECT_EQ(one.coordinators[0].error_message, "NONE");

  const auto many = captured<FindCoordinatorResponse>("FindCoordinator.v4.response");
  ASSERT_THAT(many.coordinators, SizeIs(2));
  EXPECT_EQ(many.coordinators[0].key, "classic-group");
  EXPECT_EQ(many.coordinators[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(many.coordinators[0].host, "127.0.0.1");
  EXPECT_EQ(many.coordinators[0].port, 21090 + many.coordinators[0].node_id);
}

TEST(WireResponses, DescribeGroupsShowsMembersAndTheirAssignment) {
  using Response = DescribeGroupsResponse;
  for (int version = 5; version <= 6; ++version) {
    const auto response = captured<Response>(numbered("DescribeGroups", version));
    const auto& group =
        find(response.groups, &Response::Group::group_id, std::string("classic-group"));
    EXPECT_EQ(group.error_code, ErrorCode::kNone);
    EXPECT_EQ(group.group_state, "Stable");
    EXPECT_EQ(group.protocol_type, "consumer");
    EXPECT_EQ(group.protocol_data, "range");
    EXPECT_EQ(group.authorized_operations, kAllGroupOperations);
    ASSERT_THAT(group.members, SizeIs(1));
    const Response::Member& member = group.members[0];
    EXPECT_THAT(member.member_id, testing::StartsWith("static-1-"));
    EXPECT_EQ(member.group_instance_id, "static-1");
    EXPECT_EQ(member.client_id, "console-consumer");
    EXPECT_EQ(member.client_host, "/127.0.0.1");
    const auto assignment = decode_consumer_assignment(member.member_assignment);
    ASSERT_TRUE(assignment) << assignment.error().message;
    EXPECT_EQ(assignment->version, 3);
    EXPECT_THAT(assignment->topics, ElementsAre(ConsumerAssignment::Topic{"orders", {0, 1, 2, 3}}));
  }
}

TEST(WireResponses, DescribeGroupsSaysDeadOfGroupsOfAnotherKind) {
  using Response = DescribeGroupsResponse;
  const auto state = [](int version) {
    return find(captured<Response>(numbered("DescribeGroups", version)).groups,
                &Response::Group::group_id, std::string("modern-group"));
  };
  EXPECT_EQ(state(5).group_state, "Dead");
  EXPECT_EQ(state(5).error_code, ErrorCode::kNone);
  EXPECT_EQ(state(6).group_state, "Dead");
  EXPECT_EQ(state(6).error_code, ErrorCode::kGroupIdNotFound);
  EXPECT_EQ(state(6).error_message, "Group modern-group is not a classic group.");
}

TEST(WireResponses, ConsumerGroupDescribeShowsMembersEpochsAndAssignment) {
  using Response = ConsumerGroupDescribeResponse;
  for (int version = 0; version <= 1; ++version) {
    const auto response = captured<Response>(numbered("ConsumerGroupDescribe", version));
    const auto& group =
        find(response.groups, &Response::Group::group_id, std::string("modern-group"));
    EXPECT_EQ(group.group_state, "Stable");
    EXPECT_EQ(group.assignor_name, "uniform");
    EXPECT_EQ(group.group_epoch, group.assignment_epoch);
    ASSERT_THAT(group.members, SizeIs(1));
    const Response::Member& member = group.members[0];
    EXPECT_EQ(member.member_epoch, group.assignment_epoch);
    EXPECT_EQ(member.client_host, "/127.0.0.1");
    EXPECT_THAT(member.subscribed_topic_names, ElementsAre("orders"));
    ASSERT_THAT(member.assignment.topic_partitions, SizeIs(1));
    EXPECT_EQ(member.assignment.topic_partitions[0].topic_name, "orders");
    EXPECT_THAT(member.assignment.topic_partitions[0].partitions, UnorderedElementsAre(0, 1, 2, 3));
    EXPECT_EQ(member.target_assignment, member.assignment);
    EXPECT_EQ(member.member_type, version == 0 ? -1 : 1);
    EXPECT_EQ(
        find(response.groups, &Response::Group::group_id, std::string("classic-group")).error_code,
        ErrorCode::kGroupIdNotFound);
  }
}

TEST(WireResponses, ShareGroupDescribeShowsMembersAndAssignment) {
  using Response = ShareGroupDescribeResponse;
  const auto response = captured<Response>("ShareGroupDescribe.v1.response");
  const auto& group = find(response.groups, &Response::Group::group_id, std::string("share-group"));
  EXPECT_EQ(group.group_state, "Stable");
  EXPECT_EQ(group.assignor_name, "simple");
  ASSERT_THAT(group.members, SizeIs(1));
  EXPECT_EQ(group.members[0].client_id, "console-share-consumer");
  ASSERT_THAT(group.members[0].assignment.topic_partitions, SizeIs(1));
  EXPECT_THAT(group.members[0].assignment.topic_partitions[0].partitions, SizeIs(4));
  EXPECT_EQ(find(response.groups, &Response::Group::group_id, std::string("nobody")).error_code,
            ErrorCode::kGroupIdNotFound);
}

TEST(WireResponses, StreamsGroupDescribeShowsTopologyAndTasks) {
  using Response = StreamsGroupDescribeResponse;
  const auto response = captured<Response>("StreamsGroupDescribe.v0.response");
  const auto& group = find(response.groups, &Response::Group::group_id, std::string("joins"));
  EXPECT_EQ(group.group_state, "Stable");
  ASSERT_TRUE(group.topology && group.topology->subtopologies);
  ASSERT_THAT(*group.topology->subtopologies, SizeIs(2));
  EXPECT_THAT(group.topology->subtopologies->at(0).source_topics, ElementsAre("orders"));
  ASSERT_THAT(group.topology->subtopologies->at(1).repartition_source_topics, SizeIs(1));
  ASSERT_THAT(group.members, SizeIs(2));
  size_t tasks = 0;
  for (const auto& member : group.members) {
    EXPECT_EQ(member.client_host, "/127.0.0.1");
    EXPECT_FALSE(member.is_classic);
    for (const auto& active : member.assignment.active_tasks) tasks += active.partitions.size();
  }
  EXPECT_EQ(tasks, 8U);
  const auto& nobody = find(response.groups, &Response::Group::group_id, std::string("nobody"));
  EXPECT_EQ(nobody.error_code, ErrorCode::kGroupIdNotFound);
  EXPECT_FALSE(nobody.topology);
}

}  // namespace
}  // namespace highwater::kafka
