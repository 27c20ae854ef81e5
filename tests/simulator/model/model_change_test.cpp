// Metadata, rights, configurations, disks, versions: what else brokers tell.
#include <gmock/gmock.h>

#include "tests/simulator/model/model_asker.h"

namespace highwater::simulator {
namespace {

using kafka::ApiKey;
using kafka::ErrorCode;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr const char* kCluster = R"(
racks: [a, b, c]
config: {min.insync.replicas: 2}
topics:
  - {name: orders, partitions: 4, produce: 40/s, config: {retention.ms: 60000}}
  - {name: secrets}
groups:
  - {name: payments, topics: [orders, secrets]}
  - {name: audit, topics: [orders]}
)";

std::vector<std::string> topic_names(const kafka::MetadataResponse& response) {
  std::vector<std::string> names;
  for (const auto& topic : response.topics) names.push_back(topic.name);
  return names;
}

kafka::FindCoordinatorResponse::Coordinator find_coordinator(ModelAsker& model,
                                                             const std::string& group) {
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys = {group};
  return model.ask(1, request).coordinators.at(0);
}

TEST(Metadata, HasEverythingOrWhatIsNamedOrNothing) {
  ModelAsker model(kCluster);
  const auto all = model.ask<kafka::MetadataRequest>(2);
  EXPECT_THAT(topic_names(all), UnorderedElementsAre("orders", "secrets", "__consumer_offsets"));
  EXPECT_EQ(all.cluster_id, "highwater-simulator-01");
  EXPECT_EQ(all.brokers[1].rack, "b");
  kafka::MetadataRequest request;
  request.topics.emplace();
  EXPECT_THAT(model.ask(2, request).topics, IsEmpty());
  request.topics = {{{{}, "orders"}, {{}, "nothing"}}};
  const auto named = model.ask(2, request);
  EXPECT_THAT(topic_names(named), ElementsAre("nothing", "orders"));
  EXPECT_EQ(named.topics[0].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(named.topics[1].error_code, ErrorCode::kNone);
}

TEST(Metadata, SpeaksAllItsVersions) {
  ModelAsker model(kCluster);
  for (const std::int16_t version : std::initializer_list<std::int16_t>{9, 10, 11, 12})
    EXPECT_THAT(model.ask(1, kafka::MetadataRequest{}, version).topics, SizeIs(3)) << version;
}

TEST(Metadata, FindsTopicsById) {
  ModelAsker model(kCluster);
  kafka::MetadataRequest request;
  request.topics = {{{model->world().topic("orders")->id, ""}, {kafka::Uuid{{std::byte{1}}}, ""}}};
  const auto response = model.ask(1, request);
  ASSERT_THAT(response.topics, SizeIs(2));
  EXPECT_EQ(response.topics[0].error_code, ErrorCode::kUnknownTopicId);
  EXPECT_EQ(response.topics[1].name, "orders");
}

TEST(Metadata, NamesARandomControllerAndUnsortedPartitions) {
  ModelAsker model(kCluster);
  std::set<std::int32_t> controllers;
  for (int i = 0; i < 6; ++i)
    controllers.insert(model.ask<kafka::MetadataRequest>(1).controller_id);
  EXPECT_EQ(controllers.size(), 3u);
  kafka::MetadataRequest request;
  request.topics = {{{{}, "orders"}}};
  EXPECT_NE(model.ask(1, request).topics[0].partitions[0].partition_index, 0);
}

TEST(ApiVersions, OffersWhatItCanAnswer) {
  ModelAsker model(std::string(kCluster) + "kafka: \"4.4\"\n");  // the newest
  const auto response = model.ask<kafka::ApiVersionsRequest>(1);
  EXPECT_THAT(response.api_keys, SizeIs(kafka::implemented_apis().size()));
  EXPECT_EQ(response.finalized_features[0].name, "metadata.version");
}

TEST(ApiVersions, RefusesAVersionPolitely) {
  ModelAsker model(kCluster);
  const kafka::Bytes frame = kafka::encode_request(kafka::ApiVersionsRequest{}, 9, 7, "test");
  const Reply reply = model->reply(1, std::span(frame).subspan(kafka::kFrameLengthSize));
  ASSERT_EQ(reply.kind, Reply::Kind::kAnswer);
  const auto header =
      kafka::decode_response_header(std::span(reply.frame).subspan(4), ApiKey::kApiVersions, 0);
  const auto response = kafka::decode_response<kafka::ApiVersionsResponse>(header->body, 0);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->error_code, ErrorCode::kUnsupportedVersion);
  ASSERT_THAT(response->api_keys, SizeIs(1));
  EXPECT_EQ(response->api_keys[0].range(), (kafka::ApiVersionRange{ApiKey::kApiVersions, 0, 3}));
}

TEST(ApiVersions, RefusesAClientWithoutAName) {
  ModelAsker model(kCluster);
  kafka::ApiVersionsRequest request;
  request.client_software_name = "high water";
  EXPECT_EQ(model.ask(1, request).error_code, ErrorCode::kInvalidRequest);
}

TEST(OldBroker, OffersWhatItsReleaseHad) {
  ModelAsker model("brokers: [{id: 1, kafka: 2.4}, {id: 2}]");
  std::map<ApiKey, std::int16_t> newest;
  for (const auto& api : model.ask<kafka::ApiVersionsRequest>(1).api_keys)
    newest[api.api_key] = api.max_version;
  EXPECT_EQ(newest[ApiKey::kMetadata], 9);
  EXPECT_EQ(newest[ApiKey::kOffsetFetch], 6);
  EXPECT_FALSE(newest.contains(ApiKey::kDescribeCluster));
  EXPECT_EQ(model.raw(1, kafka::MetadataRequest{}, 12).kind, Reply::Kind::kClose);
  EXPECT_EQ(model.raw(2, kafka::MetadataRequest{}, 12).kind, Reply::Kind::kAnswer);
}

TEST(BadRequests, EndTheConnection) {
  ModelAsker model(kCluster);
  EXPECT_EQ(model.raw(1, kafka::DescribeConfigsRequest{}, 3).kind, Reply::Kind::kClose);
  kafka::Bytes unknown(14, std::byte{0});
  unknown[1] = std::byte{99};
  EXPECT_EQ(model->reply(1, unknown).kind, Reply::Kind::kClose);
  const kafka::Bytes frame = kafka::encode_request(kafka::MetadataRequest{}, 12, 7, "test");
  EXPECT_EQ(model->reply(1, std::span(frame).subspan(4, frame.size() - 6)).kind,
            Reply::Kind::kClose);
  EXPECT_EQ(model->reply(1, {}).kind, Reply::Kind::kClose);
}

TEST(DeniedTopics, AreSilentlyMissingUnlessNamed) {
  ModelAsker model(kCluster);
  model.apply(fault::Denied{false, false, false, false, {"secrets"}, {}});
  EXPECT_THAT(topic_names(model.ask<kafka::MetadataRequest>(1)),
              UnorderedElementsAre("orders", "__consumer_offsets"));
  kafka::MetadataRequest request;
  request.topics = {{{{}, "secrets"}}};
  EXPECT_EQ(model.ask(1, request).topics[0].error_code, ErrorCode::kTopicAuthorizationFailed);
  EXPECT_EQ(model.offset(1, "secrets", 0, -1).error_code, ErrorCode::kTopicAuthorizationFailed);
  const std::int32_t coordinator = model.coordinator("payments");
  EXPECT_THAT(model.committed(coordinator, "payments").topics, SizeIs(1));
  kafka::OffsetFetchRequest fetch;
  fetch.groups = {{"payments", {}, -1, {{{"secrets", {0}}}}}};
  EXPECT_EQ(model.ask(coordinator, fetch).groups[0].topics[0].partitions[0].error_code,
            ErrorCode::kTopicAuthorizationFailed);
}

TEST(DeniedTopics, AllOfThemLookLikeAnEmptyCluster) {
  ModelAsker model(kCluster);
  model.apply(fault::Denied{true, false, false, false, {}, {}});
  EXPECT_THAT(model.ask<kafka::MetadataRequest>(1).topics, IsEmpty());
  EXPECT_THAT(model.ask<kafka::MetadataRequest>(1).brokers, SizeIs(3));
  model.apply(fault::Denied{});
  EXPECT_THAT(model.ask<kafka::MetadataRequest>(1).topics, SizeIs(3));
}

TEST(DeniedGroups, AreListedForWhoMayDescribeTheCluster) {
  ModelAsker model(kCluster);
  const std::int32_t coordinator = model.coordinator("payments");
  model.apply(fault::Denied{false, true, false, false, {}, {}});
  EXPECT_THAT(model.listed_groups(coordinator), ::testing::Contains("payments"));
  EXPECT_EQ(model.committed(coordinator, "payments").error_code,
            ErrorCode::kGroupAuthorizationFailed);
  EXPECT_EQ(find_coordinator(model, "payments").error_code, ErrorCode::kGroupAuthorizationFailed);
  kafka::DescribeGroupsRequest describe;
  describe.groups = {"payments"};
  EXPECT_EQ(model.ask(coordinator, describe, 5).groups[0].error_code,
            ErrorCode::kGroupAuthorizationFailed);
  model.apply(fault::Denied{false, true, true, false, {}, {}});
  EXPECT_THAT(model.listed_groups(coordinator), IsEmpty());
}

TEST(DeniedCluster, SaysSoWhereItCan) {
  ModelAsker model(kCluster);
  model.apply(fault::Denied{false, false, true, false, {}, {}});
  EXPECT_EQ(model.ask(1, kafka::DescribeLogDirsRequest{}).error_code,
            ErrorCode::kClusterAuthorizationFailed);
  EXPECT_THAT(model.ask(1, kafka::DescribeLogDirsRequest{}, 2).results, IsEmpty());
  EXPECT_EQ(model.ask(1, kafka::DescribeQuorumRequest{}).error_code,
            ErrorCode::kClusterAuthorizationFailed);
  const auto reassignments = model.ask(1, kafka::ListPartitionReassignmentsRequest{});
  EXPECT_EQ(reassignments.error_code, ErrorCode::kClusterAuthorizationFailed);
  EXPECT_GT(reassignments.error_message->size(), 2000u);
}

TEST(AuthorizedOperations, TellWhatIsDenied) {
  ModelAsker model(kCluster);
  kafka::DescribeClusterRequest request;
  request.include_cluster_authorized_operations = true;
  EXPECT_EQ(model.ask(1, request).cluster_authorized_operations, 8096);
  model.apply(fault::Denied{false, false, false, true, {}, {}});
  EXPECT_EQ(model.ask(1, request).cluster_authorized_operations, 256);
  model.apply(fault::Denied{true, true, true, true, {}, {}});
  EXPECT_EQ(model.ask(1, request).cluster_authorized_operations, 0);
  EXPECT_EQ(model.ask(1, kafka::DescribeClusterRequest{}).cluster_authorized_operations,
            kafka::kOperationsUnknown);
}

TEST(DescribeConfigs, OfATopicHasItsOwnTheBrokersAndTheDefaults) {
  ModelAsker model(kCluster);
  kafka::DescribeConfigsRequest request;
  request.resources = {
      {kafka::ConfigResourceType::kTopic,
       "orders",
       {{"retention.ms", "min.insync.replicas", "cleanup.policy", "no.such.key"}}}};
  const auto response = model.ask(2, request);
  ASSERT_THAT(response.results, SizeIs(1));
  std::map<std::string, std::pair<std::string, kafka::ConfigSource>> values;
  for (const auto& config : response.results[0].configs)
    values[config.name] = {config.value.value_or(""), config.config_source};
  EXPECT_EQ(values.size(), 3u);
  EXPECT_EQ(values["retention.ms"],
            (std::pair<std::string, kafka::ConfigSource>("60000", kafka::ConfigSource::kTopic)));
  EXPECT_EQ(values["min.insync.replicas"], (std::pair<std::string, kafka::ConfigSource>(
                                               "2", kafka::ConfigSource::kClusterDefault)));
  EXPECT_EQ(values["cleanup.policy"],
            (std::pair<std::string, kafka::ConfigSource>("delete", kafka::ConfigSource::kDefault)));
}

TEST(DescribeConfigs, OfABrokerIsAnsweredByThatBrokerAlone) {
  ModelAsker model(kCluster);
  kafka::DescribeConfigsRequest request;
  request.resources = {{kafka::ConfigResourceType::kBroker, "2", std::nullopt}};
  EXPECT_EQ(model.ask(2, request).results[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(model.ask(1, request).results[0].error_code, ErrorCode::kInvalidRequest);
}

TEST(DescribeConfigs, OfUnknownOrDeniedTopicsSaysSo) {
  ModelAsker model(kCluster);
  kafka::DescribeConfigsRequest request;
  request.resources = {{kafka::ConfigResourceType::kTopic, "nothing", std::nullopt}};
  EXPECT_EQ(model.ask(1, request).results[0].error_code, ErrorCode::kUnknownTopicOrPartition);
  model.apply(fault::Denied{false, false, false, true, {}, {}});
  request.resources[0].resource_name = "orders";
  EXPECT_EQ(model.ask(1, request).results[0].error_code, ErrorCode::kTopicAuthorizationFailed);
}

TEST(DescribeLogDirs, HasWhatTheBrokerHolds) {
  ModelAsker model("topics: [{name: alone, on: [2], replication_factor: 1, records: 50}]");
  const auto response = model.ask(2, kafka::DescribeLogDirsRequest{});
  ASSERT_THAT(response.results, SizeIs(1));
  ASSERT_THAT(response.results[0].topics, SizeIs(1));
  EXPECT_EQ(response.results[0].topics[0].partitions[0].partition_size, 5000);
  EXPECT_GT(response.results[0].total_bytes, response.results[0].usable_bytes);
  EXPECT_THAT(model.ask(1, kafka::DescribeLogDirsRequest{}).results[0].topics, IsEmpty());
}

TEST(Reassignment, IsListedUntilItIsDone) {
  ModelAsker model("brokers: 4\ntopics: [{name: orders, on: [1, 2, 3]}]");
  model.apply(fault::Reassign{"orders", 0, {4, 2}, 10s});
  const auto listed = model.ask(1, kafka::ListPartitionReassignmentsRequest{});
  ASSERT_THAT(listed.topics, SizeIs(1));
  EXPECT_THAT(listed.topics[0].partitions[0].adding_replicas, ElementsAre(4));
  EXPECT_THAT(listed.topics[0].partitions[0].removing_replicas, UnorderedElementsAre(1, 3));
  EXPECT_THAT(model.partition(1, "orders", 0).replica_nodes, SizeIs(4));
  model->advance(10s);
  EXPECT_THAT(model.ask(1, kafka::ListPartitionReassignmentsRequest{}).topics, IsEmpty());
  const auto moved = model.partition(1, "orders", 0);
  EXPECT_THAT(moved.replica_nodes, ElementsAre(4, 2));
  EXPECT_THAT(moved.leader_id, AnyOf(4, 2));
}

TEST(SlowFollower, LeavesTheIsrWithoutAnyDeath) {
  ModelAsker model(kCluster);
  model.apply(fault::FallBehind{2});
  EXPECT_THAT(model.listed_brokers(1), SizeIs(3));
  int under_replicated = 0;
  for (std::int32_t i = 0; i < 4; ++i) {
    const auto partition = model.partition(1, "orders", i);
    if (partition.isr_nodes.size() == 2) ++under_replicated;
    EXPECT_THAT(partition.offline_replicas, IsEmpty());
    EXPECT_EQ(partition.leader_epoch, 0);
  }
  EXPECT_GT(under_replicated, 1);
}

TEST(SaslHandshake, IsNotForThisListener) {
  ModelAsker model(kCluster);
  const auto response = model.ask(1, kafka::SaslHandshakeRequest{"PLAIN"}, 1);
  EXPECT_EQ(response.error_code, ErrorCode::kIllegalSaslState);
  EXPECT_THAT(response.mechanisms, IsEmpty());
}

}  // namespace
}  // namespace highwater::simulator
