// Groups: who lists and describes them, what they commit, how they read.
#include <gmock/gmock.h>

#include "collectors/kafka/wire/consumer_protocol.h"
#include "tests/simulator/model/model_asker.h"

namespace highwater::simulator {
namespace {

using kafka::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kOneBroker = R"(
brokers: 1
topics:
  - {name: orders, partitions: 4, produce: 40/s, records: 4000}
groups:
  - {name: classic, topics: [orders], members: 2, commit_every: 5s}
  - {name: modern, type: consumer, topics: [orders], members: 2, commit_every: 5s}
  - {name: shared, type: share, topics: [orders], members: 1}
  - {name: tool, topics: [orders], offsets_only: true, lag: 100}
  - {name: gone, topics: [orders], members: 0, lag: 400}
  - {name: slow, topics: [orders], consume: 20/s, commit_every: 1s}
  - {name: mute, topics: [orders], commits: false}
)";

std::int64_t committed_sum(ModelAsker& model, const std::string& group) {
  std::int64_t sum = 0;
  for (const auto& topic : model.committed(1, group).topics) {
    for (const auto& partition : topic.partitions) sum += partition.committed_offset;
  }
  return sum;
}

kafka::DescribeGroupsResponse::Group describe(ModelAsker& model, const std::string& group,
                                              std::int16_t version = 5) {
  kafka::DescribeGroupsRequest request;
  request.groups = {group};
  return model.ask(1, request, version).groups.at(0);
}

template <class Request>
auto describe_as(ModelAsker& model, const std::string& group) {
  Request request;
  request.group_ids = {group};
  return model.ask(1, request).groups.at(0);
}

TEST(OffsetsPartition, IsThatOfJavasHash) {
  // "abc".hashCode() is 96354; "polygenelubricants".hashCode() is the lowest integer, whose
  // absolute value Kafka takes for 0.
  EXPECT_EQ(offsets_partition("abc", 50), 96354 % 50);
  EXPECT_EQ(offsets_partition("polygenelubricants", 50), 0);
  EXPECT_EQ(offsets_partition("", 50), 0);
}

TEST(ListGroups, TellsKindAndState) {
  ModelAsker model(kOneBroker);
  std::vector<std::string> lines;
  for (const auto& group : model.ask<kafka::ListGroupsRequest>(1).groups) {
    lines.push_back(group.group_id + ":" + group.protocol_type + ":" + group.group_state + ":" +
                    group.group_type);
  }
  EXPECT_THAT(lines,
              UnorderedElementsAre("classic:consumer:Stable:classic",
                                   "modern:consumer:Stable:consumer", "shared:share:Stable:share",
                                   "tool::Empty:classic", "gone:consumer:Empty:classic",
                                   "slow:consumer:Stable:classic", "mute:consumer:Stable:classic"));
}

TEST(ListGroups, TakesFilters) {
  ModelAsker model(kOneBroker);
  kafka::ListGroupsRequest request;
  request.types_filter = {"share", "consumer"};
  EXPECT_EQ(model.ask(1, request).groups.size(), 2u);
  request = {};
  request.states_filter = {"Empty"};
  EXPECT_EQ(model.ask(1, request).groups.size(), 2u);
}

TEST(ListGroups, OfAllBrokersTogetherHaveEveryGroupOnce) {
  ModelAsker model("topics: [{name: t}]\ngroups: [{name: g-%d, count: 100, topics: [t]}]");
  std::vector<std::string> all;
  for (const std::int32_t broker : {1, 2, 3}) {
    const auto mine = model.listed_groups(broker);
    EXPECT_GT(mine.size(), 10u);
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::ranges::sort(all);
  EXPECT_EQ(all.size(), 100u);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

TEST(DescribeGroups, ShowsMembersAndWhatTheyOwn) {
  ModelAsker model(kOneBroker);
  const auto group = describe(model, "classic");
  EXPECT_EQ(group.group_state, "Stable");
  EXPECT_EQ(group.protocol_data, "range");
  ASSERT_EQ(group.members.size(), 2u);
  EXPECT_EQ(group.members[0].client_host, "/127.0.0.1");
  const auto assignment = kafka::decode_consumer_assignment(group.members[1].member_assignment);
  ASSERT_TRUE(assignment);
  ASSERT_EQ(assignment->topics.size(), 1u);
  EXPECT_EQ(assignment->topics[0].name, "orders");
  EXPECT_THAT(assignment->topics[0].partitions, ElementsAre(1, 3));
}

TEST(DescribeGroups, CallsGroupsOfOtherKindsDeadWithoutAnError) {
  ModelAsker model(kOneBroker);
  for (const char* name : {"modern", "shared", "nobody"}) {
    EXPECT_EQ(describe(model, name).error_code, ErrorCode::kNone) << name;
    EXPECT_EQ(describe(model, name).group_state, "Dead") << name;
    EXPECT_THAT(describe(model, name).members, IsEmpty()) << name;
  }
  EXPECT_EQ(describe(model, "tool").group_state, "Empty");
}

TEST(DescribeGroups, SaysInItsNewestVersionThatThereIsNoSuchGroup) {
  ModelAsker model(kOneBroker);
  EXPECT_EQ(describe(model, "modern", 6).error_code, ErrorCode::kGroupIdNotFound);
  EXPECT_EQ(describe(model, "modern", 6).error_message, "Group modern is not a classic group.");
  EXPECT_EQ(describe(model, "nobody", 6).error_message, "Group nobody not found.");
  EXPECT_EQ(describe(model, "tool", 6).error_code, ErrorCode::kNone);
}

TEST(ConsumerGroupDescribe, KnowsConsumerGroupsAlone) {
  ModelAsker model(kOneBroker);
  const auto group = describe_as<kafka::ConsumerGroupDescribeRequest>(model, "modern");
  EXPECT_EQ(group.error_code, ErrorCode::kNone);
  EXPECT_EQ(group.group_state, "Stable");
  EXPECT_EQ(group.group_epoch, group.assignment_epoch);
  EXPECT_EQ(group.assignor_name, "uniform");
  ASSERT_EQ(group.members.size(), 2u);
  EXPECT_EQ(group.members[0].assignment, group.members[0].target_assignment);
  EXPECT_EQ(group.members[0].assignment.topic_partitions[0].topic_id,
            model->world().topic("orders")->id);
  for (const char* name : {"classic", "shared", "nobody"}) {
    EXPECT_EQ(describe_as<kafka::ConsumerGroupDescribeRequest>(model, name).error_code,
              ErrorCode::kGroupIdNotFound);
  }
}

TEST(ShareGroupDescribe, KnowsShareGroupsAlone) {
  ModelAsker model(kOneBroker);
  const auto group = describe_as<kafka::ShareGroupDescribeRequest>(model, "shared");
  EXPECT_EQ(group.error_code, ErrorCode::kNone);
  EXPECT_EQ(group.assignor_name, "simple");
  EXPECT_EQ(group.members.size(), 1u);
  EXPECT_EQ(describe_as<kafka::ShareGroupDescribeRequest>(model, "modern").error_code,
            ErrorCode::kGroupIdNotFound);
}

TEST(ShareGroupDescribe, IsOfNoUseWhereShareGroupsAreOff) {
  ModelAsker model("topics: [{name: t}]\ngroups: [{name: g, topics: [t]}]\nbrokers: 1");
  EXPECT_EQ(describe_as<kafka::ShareGroupDescribeRequest>(model, "g").error_code,
            ErrorCode::kUnsupportedVersion);
  for (const auto& feature : model.ask<kafka::ApiVersionsRequest>(1).finalized_features)
    EXPECT_NE(feature.name, "share.version");
}

TEST(StreamsGroupDescribe, TellsTasksOfSubtopologies) {
  ModelAsker model(R"(
brokers: 1
kafka: "4.4"
topics: [{name: orders, partitions: 3}, {name: payments, partitions: 1}]
groups:
  - {name: joins, type: streams, topics: [orders, payments], members: 2}
  - {name: modern, type: consumer, topics: [orders]}
)");
  const auto group = describe_as<kafka::StreamsGroupDescribeRequest>(model, "joins");
  EXPECT_EQ(group.error_code, ErrorCode::kNone);
  ASSERT_TRUE(group.topology && group.topology->subtopologies);
  EXPECT_THAT(group.topology->subtopologies->at(1).source_topics, ElementsAre("payments"));
  ASSERT_EQ(group.members.size(), 2u);
  EXPECT_THAT(group.members[0].assignment.active_tasks.at(0).partitions, ElementsAre(0, 2));
  EXPECT_EQ(describe_as<kafka::StreamsGroupDescribeRequest>(model, "modern").error_code,
            ErrorCode::kGroupIdNotFound);
}

TEST(OffsetFetch, AnswersEachGroupForItself) {
  ModelAsker model(kOneBroker);
  kafka::OffsetFetchRequest request;
  request.groups = {{"classic", {}, -1, {{{"orders", {0, 9}}, {"other", {0}}}}},
                    {"nobody", {}, -1, {}},
                    {"shared", {}, -1, {}}};
  const auto response = model.ask(1, request);
  ASSERT_EQ(response.groups.size(), 3u);
  const auto& topics = response.groups[0].topics;
  EXPECT_EQ(topics[0].partitions[0].committed_offset, 1000);
  EXPECT_EQ(topics[0].partitions[1].committed_offset, -1);
  EXPECT_EQ(topics[1].partitions[0].committed_offset, -1);
  EXPECT_EQ(topics[1].partitions[0].error_code, ErrorCode::kNone);
  EXPECT_THAT(response.groups[1].topics, IsEmpty());
  EXPECT_EQ(response.groups[1].error_code, ErrorCode::kNone);
  EXPECT_THAT(response.groups[2].topics, IsEmpty());
}

TEST(OffsetFetch, SpeaksForOneGroupInItsOldVersions) {
  ModelAsker model(kOneBroker);
  kafka::OffsetFetchRequest request;
  request.groups = {{"classic", {}, -1, {}}};
  for (const std::int16_t version : std::initializer_list<std::int16_t>{6, 7, 8, 9}) {
    const auto response = model.ask(1, request, version);
    ASSERT_EQ(response.groups.size(), 1u);
    EXPECT_EQ(response.groups[0].topics[0].partitions.size(), 4u);
  }
}

TEST(Commits, HappenAtTheirCadence) {
  ModelAsker model(kOneBroker);
  EXPECT_EQ(committed_sum(model, "classic"), 4000);
  model->advance(4999ms);
  EXPECT_EQ(committed_sum(model, "classic"), 4000);
  model->advance(9s);
  EXPECT_EQ(committed_sum(model, "classic"), 4200);
  model->advance(10s);
  EXPECT_EQ(committed_sum(model, "classic"), 4400);
}

TEST(Commits, AreMissingWhereNobodyReadsOrCommits) {
  ModelAsker model(kOneBroker);
  model->advance(1min);
  EXPECT_EQ(committed_sum(model, "gone"), 3600);
  EXPECT_EQ(committed_sum(model, "tool"), 3900);
  EXPECT_THAT(model.committed(1, "mute").topics, IsEmpty());
}

TEST(Consumption, AtARateFallsBehindAndCatchesUp) {
  ModelAsker model(kOneBroker);
  model->advance(10s);
  EXPECT_EQ(committed_sum(model, "slow"), 4200);
  model.apply(fault::ChangeConsume{"slow", {Consume::Mode::kRate, {100, 1s}}});
  model->advance(11s);
  EXPECT_EQ(committed_sum(model, "slow"), 4300);
  model->advance(60s);
  EXPECT_EQ(committed_sum(model, "slow"), 6400);
}

TEST(Consumption, CanStop) {
  ModelAsker model(kOneBroker);
  model->advance(10s);
  model.apply(fault::ChangeConsume{"slow", {Consume::Mode::kNothing, {}}});
  model->advance(60s);
  EXPECT_EQ(committed_sum(model, "slow"), 4200);
}

TEST(Consumption, SkipsRecordsThatWereDeleted) {
  ModelAsker model(
      "brokers: 1\ntopics: [{name: t, records: 100}]\ngroups: [{name: g, topics: [t], lag: 100, "
      "consume: none, commit_every: 1s}]");
  model.apply(fault::DeleteRecords{"t", 0, 60});
  EXPECT_EQ(committed_sum(model, "g"), 0);
  model.apply(fault::ChangeConsume{"g", {Consume::Mode::kRate, {10, 1s}}});
  model->advance(1s);
  EXPECT_EQ(committed_sum(model, "g"), 70);
}

TEST(Consumption, OfCommittedRecordsWaitsForTheTransaction) {
  ModelAsker model(
      "brokers: 1\ntopics: [{name: t, records: 100}]\ngroups: [{name: g, topics: [t], isolation: "
      "read_committed, commit_every: 1s}]");
  model.apply(fault::OpenTransaction{"t", 0, 5});
  model->advance(10s);
  EXPECT_EQ(committed_sum(model, "g"), 100);
  model.apply(fault::EndTransaction{"t", 0});
  model->advance(20s);
  EXPECT_EQ(committed_sum(model, "g"), 106);
}

TEST(Rebalance, ShowsInTheStateAndStopsReading) {
  ModelAsker model(kOneBroker);
  model.apply(fault::Rebalance{"classic", 30s});
  model.apply(fault::Rebalance{"modern", 30s});
  model->advance(20s);
  EXPECT_EQ(describe(model, "classic").group_state, "PreparingRebalance");
  EXPECT_THAT(describe(model, "classic").members[0].member_assignment, IsEmpty());
  EXPECT_EQ(describe_as<kafka::ConsumerGroupDescribeRequest>(model, "modern").group_state,
            "Reconciling");
  EXPECT_EQ(committed_sum(model, "classic"), 4000);
  model->advance(40s);
  EXPECT_EQ(describe(model, "classic").group_state, "Stable");
  EXPECT_EQ(committed_sum(model, "classic"), 5600);
}

TEST(Members, CanAllLeave) {
  ModelAsker model(kOneBroker);
  model.apply(fault::Members{"classic", 0});
  model.apply(fault::Members{"modern", 0});
  EXPECT_EQ(describe(model, "classic").group_state, "Empty");
  EXPECT_EQ(describe(model, "classic").protocol_data, "");
  EXPECT_EQ(describe(model, "classic").protocol_type, "consumer");
  const auto modern = describe_as<kafka::ConsumerGroupDescribeRequest>(model, "modern");
  EXPECT_EQ(modern.group_state, "Empty");
  EXPECT_LT(modern.assignment_epoch, modern.group_epoch);
}

TEST(DeletedGroup, IsNotListedAndHasNoOffsets) {
  ModelAsker model(kOneBroker);
  model.apply(fault::DeleteGroup{"classic"});
  EXPECT_THAT(model.listed_groups(1), ::testing::Not(::testing::Contains("classic")));
  EXPECT_THAT(model.committed(1, "classic").topics, IsEmpty());
  model->advance(1min);
  GroupSpec again;
  again.name = "classic";
  again.topics = {"orders"};
  model.apply(fault::CreateGroup{again});
  EXPECT_EQ(committed_sum(model, "classic"), 4000 + 60 * 40);
}

TEST(DeletedTopic, TakesItsCommittedOffsetsWithIt) {
  ModelAsker model(kOneBroker);
  model.apply(fault::DeleteTopic{"orders"});
  EXPECT_THAT(model.committed(1, "classic").topics, IsEmpty());
  EXPECT_THAT(model.listed_groups(1), ::testing::Contains("classic"));
}

TEST(FindCoordinator, SpeaksForOneGroupInItsOldVersion) {
  ModelAsker model(kOneBroker);
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys = {"classic"};
  EXPECT_EQ(model.ask(1, request, 3).coordinators[0].error_message, "NONE");
  EXPECT_EQ(model.ask(1, request, 4).coordinators[0].key, "classic");
  EXPECT_EQ(model.ask(1, request, 4).coordinators[0].node_id, 1);
}

TEST(FindCoordinator, CreatesTheOffsetsTopicOfAClusterWithoutGroups) {
  ModelAsker model("brokers: 1\ntopics: [{name: t}]");
  EXPECT_EQ(model->world().topic(kOffsetsTopic), nullptr);
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys = {"anything"};
  EXPECT_EQ(model.ask(1, request).coordinators[0].error_code, ErrorCode::kCoordinatorNotAvailable);
  model->advance(500ms);
  EXPECT_EQ(model.ask(1, request).coordinators[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(model->world().topic(kOffsetsTopic)->partitions.size(), 50u);
}

TEST(OffsetCommit, MakesAGroupOfOffsetsAlone) {
  ModelAsker model(kOneBroker);
  kafka::OffsetCommitRequest request;
  request.group_id = "made";
  request.topics = {{"orders", {{2, 77, -1, ""}}}};
  EXPECT_EQ(model.ask(1, request, 8).topics[0].partitions[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(model.committed(1, "made").topics[0].partitions[0].committed_offset, 77);
  EXPECT_THAT(model.listed_groups(1), ::testing::Contains("made"));
  request.group_id = "classic";
  EXPECT_EQ(model.ask(1, request, 8).topics[0].partitions[0].error_code,
            ErrorCode::kUnknownMemberId);
}

TEST(Coordinators, MoveAndLoad) {
  ModelAsker model("topics: [{name: t}]\ngroups: [{name: g, topics: [t]}]");
  const std::int32_t before = model.coordinator("g");
  model.apply(fault::MoveCoordinators{});
  const std::int32_t after = model.coordinator("g");
  EXPECT_NE(before, after);
  EXPECT_EQ(model.committed(before, "g").error_code, ErrorCode::kNotCoordinator);
  EXPECT_EQ(model.committed(after, "g").error_code, ErrorCode::kCoordinatorLoadInProgress);
  model->advance(300ms);
  EXPECT_EQ(model.committed(after, "g").error_code, ErrorCode::kNone);
}

TEST(Coordinators, CanLoadForLong) {
  ModelAsker model(kOneBroker);
  model.apply(fault::Loading{1, 20s});
  model->advance(19s);
  EXPECT_EQ(model.ask<kafka::ListGroupsRequest>(1).error_code,
            ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_EQ(describe(model, "classic").error_code, ErrorCode::kCoordinatorLoadInProgress);
  EXPECT_EQ(model->world().group("classic")->topics[0].committed[0].offset, 1000);
  model->advance(20s);
  EXPECT_EQ(model.ask<kafka::ListGroupsRequest>(1).error_code, ErrorCode::kNone);
}

}  // namespace
}  // namespace highwater::simulator
