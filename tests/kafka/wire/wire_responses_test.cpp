// What the decoder understands of answers captured from real brokers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kafka/wire/wire_messages.h"

namespace highwater::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::int32_t kAllClusterOperations = 8096;

TEST(WireResponses, ApiVersionsListsRangesAndFeatures) {
  using Response = ApiVersionsResponse;
  for (int version = 0; version <= 3; ++version) {
    const auto response = captured<Response>(numbered("ApiVersions", version));
    EXPECT_EQ(response.error_code, ErrorCode::kNone);
    const auto& fetch =
        find(response.api_keys, &Response::ApiVersion::api_key, ApiKey::kOffsetFetch);
    EXPECT_EQ(fetch.range(), (ApiVersionRange{ApiKey::kOffsetFetch, 1, 9}));
  }
  const auto response = captured<Response>("ApiVersions.v3.response");
  const auto& share = find(response.finalized_features, &Response::FinalizedFeature::name,
                           std::string("share.version"));
  EXPECT_EQ(share.max_version_level, 1);
  EXPECT_THAT(response.supported_features, SizeIs(1));
  EXPECT_EQ(response.supported_features[0].name, "metadata.version");
  EXPECT_GE(response.supported_features[0].max_version, 27);
  EXPECT_GT(response.finalized_features_epoch, 0);
}

TEST(WireResponses, ApiVersionsInAVersionNobodyKnowsNamesTheRangeToUse) {
  const auto response = captured<ApiVersionsResponse>("ApiVersions.v0.unsupported.response");
  EXPECT_EQ(response.error_code, ErrorCode::kUnsupportedVersion);
  ASSERT_THAT(response.api_keys, SizeIs(1));
  EXPECT_EQ(response.api_keys[0].range(), (ApiVersionRange{ApiKey::kApiVersions, 0, 4}));
}

TEST(WireResponses, MetadataDescribesBrokersTopicsAndPartitions) {
  using Response = MetadataResponse;
  for (int version = 9; version <= 12; ++version) {
    const auto response = captured<Response>(numbered("Metadata", version));
    const auto& broker = find(response.brokers, &Response::Broker::node_id, 2);
    EXPECT_EQ(broker.host, "127.0.0.1");
    EXPECT_EQ(broker.port, 21092);
    EXPECT_EQ(broker.rack, "rack-a");
    EXPECT_EQ(response.cluster_id, "MkU3OEVBNTcwNTJENDM2Qg");
    EXPECT_EQ(response.cluster_authorized_operations,
              version <= 10 ? kAllClusterOperations : kOperationsUnknown);
    const auto& orders = find(response.topics, &Response::Topic::name, std::string("orders"));
    EXPECT_EQ(orders.topic_id == Uuid(), version < 10);
    EXPECT_FALSE(orders.is_internal);
    EXPECT_NE(orders.topic_authorized_operations, kOperationsUnknown);
    ASSERT_THAT(orders.partitions, SizeIs(4));
    const auto& partition = find(orders.partitions, &Response::Partition::partition_index, 1);
    EXPECT_EQ(partition.leader_id, 2);
    EXPECT_EQ(partition.leader_epoch, 0);
    EXPECT_THAT(partition.replica_nodes, ElementsAre(2, 1));
    EXPECT_THAT(partition.isr_nodes, UnorderedElementsAre(1, 2));
    EXPECT_THAT(partition.offline_replicas, IsEmpty());
    const auto& internal =
        find(response.topics, &Response::Topic::name, std::string("__consumer_offsets"));
    EXPECT_TRUE(internal.is_internal);
  }
}

TEST(WireResponses, MetadataOfWhatDoesNotExist) {
  using Response = MetadataResponse;
  const auto named = captured<Response>("Metadata.v12.named.response");
  ASSERT_THAT(named.topics, SizeIs(2));
  EXPECT_EQ(find(named.topics, &Response::Topic::name, std::string("missing")).error_code,
            ErrorCode::kUnknownTopicOrPartition);

  const auto by_id = captured<Response>("Metadata.v12.unknown-id.response");
  ASSERT_THAT(by_id.topics, SizeIs(1));
  EXPECT_EQ(by_id.topics[0].error_code, ErrorCode::kUnknownTopicId);
  EXPECT_EQ(by_id.topics[0].name, "");
  EXPECT_EQ(by_id.topics[0].topic_id.bytes.back(), std::byte{7});
}

TEST(WireResponses, DescribeClusterNamesBrokersAndOperations) {
  using Response = DescribeClusterResponse;
  for (int version = 0; version <= 2; ++version) {
    const auto response = captured<Response>(numbered("DescribeCluster", version));
    EXPECT_EQ(response.error_code, ErrorCode::kNone);
    EXPECT_EQ(response.cluster_id, "MkU3OEVBNTcwNTJENDM2Qg");
    EXPECT_EQ(response.endpoint_type, 1);
    EXPECT_EQ(response.cluster_authorized_operations, kAllClusterOperations);
    ASSERT_THAT(response.brokers, SizeIs(2));
    const auto& broker = find(response.brokers, &Response::Broker::broker_id, 1);
    EXPECT_EQ(broker.port, 21091);
    EXPECT_EQ(broker.rack, "rack-a");
    EXPECT_FALSE(broker.is_fenced);
  }
}

TEST(WireResponses, ListOffsetsAnswersEachPartitionForItself) {
  using Response = ListOffsetsResponse;
  for (int version = 5; version <= 9; ++version) {
    const auto response = captured<Response>(numbered("ListOffsets", version));
    ASSERT_THAT(response.topics, SizeIs(2));
    const auto& orders = find(response.topics, &Response::Topic::name, std::string("orders"));
    const auto partition = [&](int index) {
      return find(orders.partitions, &Response::Partition::partition_index, index);
    };
    EXPECT_EQ(partition(0), (Response::Partition{0, ErrorCode::kNone, -1, 9, 0}));
    EXPECT_EQ(partition(1), (Response::Partition{1, ErrorCode::kNotLeaderOrFollower, -1, -1, -1}));
    EXPECT_EQ(partition(2), (Response::Partition{2, ErrorCode::kNone, -1, 0, 0}));
    EXPECT_EQ(partition(3), (Response::Partition{3, ErrorCode::kUnknownLeaderEpoch, -1, -1, -1}));
    const auto& missing = find(response.topics, &Response::Topic::name, std::string("missing"));
    ASSERT_THAT(missing.partitions, SizeIs(1));
    EXPECT_EQ(missing.partitions[0].error_code, ErrorCode::kUnknownTopicOrPartition);
  }
}

TEST(WireResponses, ListOffsetsByTimeTellsTheRecordsTimestamp) {
  using Response = ListOffsetsResponse;
  const auto response = captured<Response>("ListOffsets.v7.by-time.response");
  ASSERT_THAT(response.topics, SizeIs(1));
  const auto partition = [&](int index) {
    return find(response.topics[0].partitions, &Response::Partition::partition_index, index);
  };
  EXPECT_EQ(partition(0).offset, 8) << "the record with the highest timestamp";
  EXPECT_GT(partition(0).timestamp, 1'700'000'000'000);
  EXPECT_EQ(partition(2).offset, 0) << "the first record after a time long ago";
  EXPECT_GT(partition(2).timestamp, 1'700'000'000'000);
  EXPECT_EQ(partition(3), (Response::Partition{3, ErrorCode::kNone, -1, -1, -1})) << "no record";
}

TEST(WireResponses, DescribeConfigsTellsValueSourceAndSynonyms) {
  using Response = DescribeConfigsResponse;
  const auto response = captured<Response>("DescribeConfigs.v2.response");
  ASSERT_THAT(response.results, SizeIs(3));
  const auto& orders =
      find(response.results, &Response::Resource::resource_name, std::string("orders"));
  EXPECT_EQ(orders.resource_type, ConfigResourceType::kTopic);
  const auto& retention =
      find(orders.configs, &Response::Config::name, std::string("retention.ms"));
  EXPECT_EQ(retention.value, "604800000");
  EXPECT_EQ(retention.config_source, ConfigSource::kDefault);
  const auto& min_isr =
      find(orders.configs, &Response::Config::name, std::string("min.insync.replicas"));
  EXPECT_EQ(min_isr.value, "1");
  EXPECT_EQ(min_isr.config_source, ConfigSource::kClusterDefault);
  EXPECT_THAT(min_isr.synonyms, SizeIs(3));
  EXPECT_EQ(min_isr.synonyms.back(),
            (Response::Synonym{"min.insync.replicas", "1", ConfigSource::kDefault}));
  EXPECT_EQ(
      find(response.results, &Response::Resource::resource_name, std::string("missing")).error_code,
      ErrorCode::kUnknownTopicOrPartition);
  const auto& broker = find(response.results, &Response::Resource::resource_name, std::string("1"));
  EXPECT_EQ(broker.resource_type, ConfigResourceType::kBroker);
  EXPECT_TRUE(
      find(broker.configs, &Response::Config::name, std::string("log.retention.hours")).read_only);
}

TEST(WireResponses, DescribeLogDirsTellsSizes) {
  using Response = DescribeLogDirsResponse;
  for (int version = 1; version <= 4; ++version) {
    const auto response = captured<Response>(numbered("DescribeLogDirs", version));
    EXPECT_EQ(response.error_code, ErrorCode::kNone);
    ASSERT_THAT(response.results, SizeIs(1));
    EXPECT_THAT(response.results[0].log_dir, testing::EndsWith("/data1"));
    const auto& orders =
        find(response.results[0].topics, &Response::Topic::name, std::string("orders"));
    const auto& partition = find(orders.partitions, &Response::Partition::partition_index, 2);
    EXPECT_GT(partition.partition_size, 0);
    EXPECT_EQ(partition.offset_lag, 0);
    EXPECT_FALSE(partition.is_future_key);
    EXPECT_EQ(response.results[0].total_bytes > 0, version >= 4);
    EXPECT_EQ(response.results[0].usable_bytes > 0, version >= 4);
  }
}

TEST(WireResponses, ListPartitionReassignmentsShowsWhatMoves) {
  using Response = ListPartitionReassignmentsResponse;
  const auto response = captured<Response>("ListPartitionReassignments.v0.response");
  EXPECT_EQ(response.error_code, ErrorCode::kNone);
  EXPECT_THAT(response.topics, ElementsAre(Response::Topic{"payments", {{0, {2, 1}, {2}, {1}}}}));
}

TEST(WireResponses, DescribeQuorumShowsLeaderAndVoters) {
  const auto response = captured<DescribeQuorumResponse>("DescribeQuorum.v1.response");
  EXPECT_EQ(response.error_code, ErrorCode::kNone);
  ASSERT_THAT(response.topics, SizeIs(1));
  EXPECT_EQ(response.topics[0].topic_name, "__cluster_metadata");
  ASSERT_THAT(response.topics[0].partitions, SizeIs(1));
  const auto& quorum = response.topics[0].partitions[0];
  EXPECT_EQ(quorum.leader_id, 1);
  EXPECT_EQ(quorum.leader_epoch, 1);
  EXPECT_EQ(quorum.high_watermark, 150);
  EXPECT_THAT(quorum.current_voters, SizeIs(2));
  EXPECT_THAT(quorum.observers, IsEmpty());
  for (const auto& voter : quorum.current_voters) {
    EXPECT_EQ(voter.log_end_offset, 150);
    EXPECT_GT(voter.last_fetch_timestamp, 1'700'000'000'000);
    EXPECT_GT(voter.last_caught_up_timestamp, 1'700'000'000'000);
  }
}

TEST(WireResponses, ListTransactionsNamesThemAndTheirProducers) {
  for (int version = 0; version <= 1; ++version) {
    const auto response = captured<ListTransactionsResponse>(numbered("ListTransactions", version));
    EXPECT_EQ(response.error_code, ErrorCode::kNone);
    EXPECT_THAT(response.unknown_state_filters, ElementsAre("Odd"));
    EXPECT_THAT(response.transactions,
                ElementsAre(ListTransactionsResponse::Transaction{"billing-1", 0, "Ongoing"}));
  }
}

TEST(WireResponses, DescribeTransactionsTellsSinceWhenAndWhere) {
  using Response = DescribeTransactionsResponse;
  const auto response = captured<Response>("DescribeTransactions.v0.response");
  const auto& open = find(response.transactions, &Response::Transaction::transactional_id,
                          std::string("billing-1"));
  EXPECT_EQ(open.error_code, ErrorCode::kNone);
  EXPECT_EQ(open.state, "Ongoing");
  EXPECT_EQ(open.timeout_ms, 300'000);
  EXPECT_GT(open.start_time_ms, 1'700'000'000'000);
  EXPECT_EQ(open.producer_id, 0);
  EXPECT_EQ(open.producer_epoch, 0);
  EXPECT_THAT(open.topics, ElementsAre(Response::Topic{"orders", {1}}));
  const auto& nobody =
      find(response.transactions, &Response::Transaction::transactional_id, std::string("nobody"));
  EXPECT_EQ(nobody.error_code, ErrorCode::kTransactionalIdNotFound);
}

TEST(WireResponses, SaslHandshakeListsTheMechanismsEnabled) {
  const auto accepted = captured<SaslHandshakeResponse>("SaslHandshake.v1.response");
  EXPECT_EQ(accepted.error_code, ErrorCode::kNone);
  EXPECT_THAT(accepted.mechanisms, ElementsAre("PLAIN", "SCRAM-SHA-256"));
  const auto refused = captured<SaslHandshakeResponse>("SaslHandshake.v1.not-enabled.response");
  EXPECT_EQ(refused.error_code, ErrorCode::kUnsupportedSaslMechanism);
  EXPECT_EQ(refused.mechanisms, accepted.mechanisms);
}

TEST(WireResponses, SaslAuthenticateTellsTheSessionLifetimeOrWhyNot) {
  const auto accepted = captured<SaslAuthenticateResponse>("SaslAuthenticate.v1.response");
  EXPECT_EQ(accepted.error_code, ErrorCode::kNone);
  EXPECT_EQ(accepted.error_message.value_or(""), "");
  EXPECT_EQ(accepted.session_lifetime_ms, 15000);
  const auto refused = captured<SaslAuthenticateResponse>("SaslAuthenticate.v1.refused.response");
  EXPECT_EQ(refused.error_code, ErrorCode::kSaslAuthenticationFailed);
  EXPECT_THAT(refused.error_message.value_or(""), HasSubstr("Invalid username or password"));
}

}  // namespace
}  // namespace highwater::kafka
