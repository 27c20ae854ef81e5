// What becomes of names that clients and brokers made up.
#include "collectors/kafka/border.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "agent/core/utf8.h"

namespace highwater::kafka {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

bool is_valid(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8::sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

TEST(NameInside, OfAnOrdinaryGroupIsItself) {
  for (const char* name : {"payments", "a b", "größe", "支付", "x~y"})
    EXPECT_EQ(name_inside(name), name);
}

TEST(NameInside, OfTheEmptyGroupIsAName) {
  EXPECT_EQ(name_inside(""), "(no name)");
  EXPECT_NE(name_inside("(no name)"), "(no name)");
}

TEST(NameInside, IsValidShortAndUniqueWhateverTheNameIs) {
  const std::string many(32'000, 'x');
  std::vector<std::string> names{many, many + 'y', many + 'z'};
  for (const char* odd : {"a\xff", "a\xfe", "\xc3", "a\nb", "a\x1b[31mb", "a\u009b31m", "a\u202eb",
                          "a\u200bb", "\xed\xa0\x80"})
    names.emplace_back(odd);
  std::vector<std::string> inside;
  for (const std::string& name : names) {
    inside.push_back(name_inside(name));
    EXPECT_LE(inside.back().size(), Border::kLongestName);
    EXPECT_TRUE(is_valid(inside.back())) << inside.back();
    EXPECT_EQ(inside.back().find('\x1b'), std::string::npos);
    EXPECT_EQ(inside.back().find('\n'), std::string::npos);
  }
  std::ranges::sort(inside);
  EXPECT_EQ(std::ranges::adjacent_find(inside), inside.end());
}

ListGroupsResponse listing(const std::vector<std::string>& ids) {
  ListGroupsResponse answer;
  for (const std::string& id : ids) answer.groups.push_back({id, "consumer", "Stable", "classic"});
  return answer;
}

TEST(Border, KafkaIsAskedByTheTrueName) {
  Border border;
  const std::string id = "odd\xff";
  auto listed = listing({id, "plain", ""});
  border.enter(listed);
  EXPECT_THAT(listed.groups[0].group_id, StartsWith("odd?~"));
  DescribeGroupsRequest request;
  for (const auto& group : listed.groups) request.groups.push_back(group.group_id);
  border.leave(request);
  EXPECT_THAT(request.groups, ElementsAre(id, "plain", ""));
  OffsetFetchResponse answer;
  answer.groups = {{id, {}, {}}, {"", {}, {}}};
  border.enter(answer);
  EXPECT_EQ(answer.groups[0].group_id, listed.groups[0].group_id);
  EXPECT_EQ(answer.groups[1].group_id, "(no name)");
}

TEST(Border, AnAnswerThatNamesNoGroupIsLeftAsItIs) {
  OffsetFetchResponse answer;
  answer.groups.emplace_back();
  Border().enter(answer);
  EXPECT_EQ(answer.groups[0].group_id, "");
}

TEST(Border, KeepsSoManyTrueNamesAndNoMore) {
  Border border;
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(std::to_string(i) + std::string(32'000, 'x'));
  auto listed = listing(ids);
  border.enter(listed);
  EXPECT_EQ(listed.groups.size() + border.groups_left_out(), 1000U);
  EXPECT_LE(listed.groups.size() * 32'000, Border::kNameBytes);
  EXPECT_GT(border.groups_left_out(), 0U);
}

TEST(Border, GroupsThatAreGoneMakeRoomForOthers) {
  Border border;
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(std::to_string(i) + std::string(32'000, 'x'));
  auto listed = listing(ids);
  border.enter(listed);
  for (int i = 0; i < 3000; ++i) {
    auto nothing = listing({});
    border.enter(nothing);
  }
  auto later = listing({"later\xff"});
  border.enter(later);
  EXPECT_EQ(later.groups.size(), 1U);
}

TEST(Border, TopicsThatKafkaDoesNotAllowAreLeftOutAndCounted) {
  MetadataResponse metadata;
  for (const std::string name : {"orders", "a\xff", "orders", "", "with space", "ok-1.2_3"}) {
    metadata.topics.emplace_back().name = name;
    metadata.topics.back().partitions.resize(1);
  }
  metadata.topics.emplace_back().name = std::string(250, 'x');
  Border border;
  border.enter(metadata);
  std::vector<std::string> names;
  for (const auto& topic : metadata.topics) names.push_back(topic.name);
  EXPECT_THAT(names, ElementsAre("orders", "ok-1.2_3"));
  EXPECT_EQ(border.topics_left_out(), 5U);
}

TEST(Border, APartitionThatIsToldOfTwiceIsTakenOnce) {
  MetadataResponse metadata;
  metadata.topics.emplace_back().name = "orders";
  auto& partitions = metadata.topics[0].partitions;
  for (const int32_t index : {1, -5, 2'000'000'000, 0, 1, 2'000'000'000})
    partitions.emplace_back().partition_index = index;
  Border().enter(metadata);
  std::vector<int32_t> taken;
  for (const auto& partition : partitions) taken.push_back(partition.partition_index);
  EXPECT_THAT(taken, ElementsAre(1, 2'000'000'000, 0));
}

TEST(Border, WhatMembersSayOfThemselvesIsCutAndReadable) {
  DescribeGroupsResponse answer;
  answer.groups.emplace_back().group_id = "g";
  answer.groups[0].members.resize(1);
  answer.groups[0].members[0].client_id = "evil\x1b[2J" + std::string(30'000, 'x');
  Border().enter(answer);
  const std::string& shown = answer.groups[0].members[0].client_id;
  EXPECT_LE(shown.size(), Border::kLongestName);
  EXPECT_THAT(shown, StartsWith("evil?[2J"));
}

TEST(Border, AddressesRacksAndDirectoriesAreReadable) {
  MetadataResponse metadata;
  metadata.brokers.resize(1);
  metadata.brokers[0].host = "a\xff";
  metadata.brokers[0].rack = "\x1b[2J";
  Border().enter(metadata);
  EXPECT_EQ(metadata.brokers[0].host, "a?");
  EXPECT_EQ(metadata.brokers[0].rack, "?[2J");

  DescribeLogDirsResponse directories;
  directories.results.resize(Border::kLogDirs + 1);
  directories.results[0].log_dir = "/data\n";
  Border().enter(directories);
  EXPECT_EQ(directories.results[0].log_dir, "/data?");
  EXPECT_EQ(directories.results.size(), Border::kLogDirs);
}

TEST(Border, SizesThatNothingCanHaveAreLeftOut) {
  DescribeLogDirsResponse answer;
  auto& directory = answer.results.emplace_back();
  directory.total_bytes = INT64_MAX;
  directory.usable_bytes = 1;
  auto& topic = directory.topics.emplace_back();
  for (const int64_t size : {int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX, int64_t{7}})
    topic.partitions.emplace_back().partition_size = size;
  Border().enter(answer);
  EXPECT_EQ(directory.total_bytes, -1);
  EXPECT_EQ(directory.usable_bytes, -1);
  ASSERT_EQ(topic.partitions.size(), 2U);
  EXPECT_EQ(topic.partitions[0].partition_size, 0);
  EXPECT_EQ(topic.partitions[1].partition_size, 7);
}

TEST(Border, OffsetsThatNoLogHasAreNone) {
  ListOffsetsResponse ends;
  for (const int64_t offset : {int64_t{-1}, int64_t{7}, INT64_MAX})
    ends.topics.emplace_back().partitions.emplace_back().offset = offset;
  Border().enter(ends);
  EXPECT_EQ(ends.topics[0].partitions[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(ends.topics[1].partitions[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(ends.topics[2].partitions[0].error_code, ErrorCode::kUnknownServerError);

  OffsetFetchResponse commits;
  auto& commit = commits.groups.emplace_back().topics.emplace_back().partitions.emplace_back();
  commit.committed_offset = INT64_MAX;
  Border().enter(commits);
  EXPECT_EQ(commit.committed_offset, int64_t{1} << 53);
}

TEST(Border, ALeaderOfTheQuorumWithoutAnEpochIsNone) {
  DescribeQuorumResponse answer;
  auto& partition = answer.topics.emplace_back().partitions.emplace_back();
  partition.leader_id = 1;
  partition.leader_epoch = -7;
  auto& voter = partition.current_voters.emplace_back();
  voter.replica_id = 1;
  voter.log_end_offset = INT64_MIN;
  Border().enter(answer);
  EXPECT_EQ(partition.error_code, ErrorCode::kUnknownServerError);
  EXPECT_EQ(partition.current_voters[0].log_end_offset, -1);
}

// One partition of three replicas, led by the first.
MetadataResponse::Topic topic_of_three(const std::string& name) {
  MetadataResponse::Topic topic;
  topic.name = name;
  auto& partition = topic.partitions.emplace_back();
  partition.leader_id = 1;
  for (const int32_t id : {1, 2, 3}) {
    partition.replica_nodes.push_back(id);
    partition.isr_nodes.push_back(id);
  }
  return topic;
}

TEST(Border, ATopicWithNodeIdsThatCannotBeIsUnknown) {
  using Partition = MetadataResponse::Partition;
  const std::vector<std::function<void(Partition&)>> mistakes{
      [](Partition& one) { one.leader_id = -285'212'670; },
      [](Partition& one) { one.replica_nodes[0] = -285'212'670; },
      [](Partition& one) { one.isr_nodes[2] = -1; },
      [](Partition& one) { one.offline_replicas.push_back(-2); }};
  for (const auto& mistake : mistakes) {
    MetadataResponse answer;
    answer.topics = {topic_of_three("a"), topic_of_three("b")};
    mistake(answer.topics[0].partitions[0]);
    Border().enter(answer);
    EXPECT_EQ(answer.topics[0].error_code, ErrorCode::kUnknownServerError);
    EXPECT_EQ(answer.topics[1].error_code, ErrorCode::kNone);
  }
  MetadataResponse leaderless;
  leaderless.topics = {topic_of_three("a")};
  leaderless.topics[0].partitions[0].leader_id = -1;
  Border().enter(leaderless);
  EXPECT_EQ(leaderless.topics[0].error_code, ErrorCode::kNone);
}

TEST(Border, NodeIdsThatCannotBeAreInNoQuorumAndNoReassignment) {
  DescribeQuorumResponse quorum;
  auto& partition = quorum.topics.emplace_back().partitions.emplace_back();
  partition.leader_id = 2;
  partition.leader_epoch = 5;
  partition.current_voters.resize(2);
  partition.current_voters[0].replica_id = 2;
  partition.current_voters[1].replica_id = -7;
  Border().enter(quorum);
  EXPECT_EQ(partition.error_code, ErrorCode::kNone);
  ASSERT_EQ(partition.current_voters.size(), 1U);
  EXPECT_EQ(partition.current_voters[0].replica_id, 2);
  partition.leader_id = -7;
  Border().enter(quorum);
  EXPECT_EQ(partition.error_code, ErrorCode::kUnknownServerError);

  ListPartitionReassignmentsResponse moves;
  auto& move = moves.topics.emplace_back().partitions.emplace_back();
  move.replicas = {1, -2};
  move.adding_replicas = {-3};
  move.removing_replicas = {4};
  Border().enter(moves);
  EXPECT_THAT(move.replicas, ElementsAre(1));
  EXPECT_TRUE(move.adding_replicas.empty());
  EXPECT_THAT(move.removing_replicas, ElementsAre(4));
}

}  // namespace
}  // namespace highwater::kafka
