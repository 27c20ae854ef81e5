// Requests built from structs, against the bytes that a real broker accepted.
#include <gtest/gtest.h>

#include "tests/kafka/wire/wire_messages.h"

namespace highwater::kafka {
namespace {

template <class Request>
void expect_captured(const Request& request, std::int16_t version,
                     const std::string& variant = "") {
  const std::string name = std::string(api_name(Request::kApiKey)) + ".v" +
                           std::to_string(version) + variant + ".request";
  const std::int32_t correlation_id = static_cast<std::int32_t>(Request::kApiKey) * 1000 + version;
  EXPECT_EQ(encode_request(request, version, correlation_id, "highwater-frames"),
            captured_frame(name).bytes)
      << name;
}

std::vector<std::int16_t> versions(std::int16_t first, std::int16_t last) {
  std::vector<std::int16_t> list;
  for (std::int16_t version = first; version <= last; ++version) list.push_back(version);
  return list;
}

TEST(WireRequests, ApiVersionsNamesTheClientFromVersion3) {
  ApiVersionsRequest request;
  request.client_software_name = "highwater";
  request.client_software_version = "0.1.0";
  for (const auto version : versions(0, 3)) expect_captured(request, version);
}

TEST(WireRequests, MetadataOfAllTopics) {
  MetadataRequest request;
  request.include_cluster_authorized_operations = true;
  request.include_topic_authorized_operations = true;
  for (const auto version : versions(9, 12)) expect_captured(request, version);
}

TEST(WireRequests, MetadataOfNamedTopics) {
  MetadataRequest request;
  request.topics = {{{}, "orders"}, {{}, "missing"}};
  expect_captured(request, 12, ".named");
}

TEST(WireRequests, MetadataByIdSendsNoName) {
  MetadataRequest request;
  Uuid nobodys;
  nobodys.bytes.back() = std::byte{7};
  request.topics = {{nobodys, ""}};
  expect_captured(request, 12, ".unknown-id");
}

TEST(WireRequests, DescribeClusterWithFencedBrokers) {
  DescribeClusterRequest request;
  request.include_cluster_authorized_operations = true;
  request.include_fenced_brokers = true;
  for (const auto version : versions(0, 2)) expect_captured(request, version);
}

TEST(WireRequests, ListOffsetsOfSeveralKindsUnderReadCommitted) {
  ListOffsetsRequest request;
  request.isolation_level = IsolationLevel::kReadCommitted;
  request.topics = {{"orders",
                     {{0, -1, kLatestOffset},
                      {2, -1, kEarliestOffset},
                      {3, 99, kLatestOffset},
                      {1, -1, kLatestOffset}}},
                    {"missing", {{0, -1, kLatestOffset}}}};
  for (const auto version : versions(5, 9)) expect_captured(request, version);
}

TEST(WireRequests, ListOffsetsByTime) {
  ListOffsetsRequest request;
  request.topics = {
      {"orders", {{0, -1, kMaxTimestampOffset}, {2, -1, 1}, {3, -1, std::int64_t{1} << 50}}}};
  expect_captured(request, 7, ".by-time");
}

TEST(WireRequests, OffsetFetchOfOneGroupBelowVersion8) {
  OffsetFetchRequest request;
  request.groups = {{"offsets-only", {}, -1, {{{"orders", {0, 1, 2}}}}}};
  for (const auto version : versions(6, 7)) expect_captured(request, version);
}

TEST(WireRequests, OffsetFetchOfManyGroupsFromVersion8) {
  OffsetFetchRequest request;
  request.groups = {{"offsets-only", {}, -1, {}},
                    {"classic-group", {}, -1, {{{"orders", {0, 1, 2}}}}},
                    {"nobody", {}, -1, {}}};
  for (const auto version : versions(8, 9)) expect_captured(request, version);
}

TEST(WireRequests, OffsetCommitOfNoMember) {
  OffsetCommitRequest request;
  request.group_id = "offsets-only";
  request.topics = {{"orders", {{0, 3, -1, {}}, {1, 5, -1, "checkpoint 5"}}},
                    {"missing", {{0, 1, -1, ""}}}};
  expect_captured(request, 8);
}

TEST(WireRequests, ListGroupsWithFilters) {
  ListGroupsRequest request;
  for (const auto version : versions(3, 5)) expect_captured(request, version);
  request.states_filter = {"Stable"};
  request.types_filter = {"consumer"};
  expect_captured(request, 5, ".filtered");
}

TEST(WireRequests, FindCoordinatorOfOneAndOfManyGroups) {
  FindCoordinatorRequest request;
  request.coordinator_keys = {"classic-group"};
  expect_captured(request, 3);
  request.coordinator_keys.emplace_back("nobody");
  expect_captured(request, 4);
}

TEST(WireRequests, DescribeGroupsOfEveryKind) {
  DescribeGroupsRequest classic;
  classic.groups = {"classic-group", "modern-group", "offsets-only", "nobody"};
  classic.include_authorized_operations = true;
  for (const auto version : versions(5, 6)) expect_captured(classic, version);

  ConsumerGroupDescribeRequest consumer;
  consumer.group_ids = {"modern-group", "classic-group"};
  consumer.include_authorized_operations = true;
  for (const auto version : versions(0, 1)) expect_captured(consumer, version);

  ShareGroupDescribeRequest share;
  share.group_ids = {"share-group", "nobody"};
  share.include_authorized_operations = true;
  expect_captured(share, 1);

  StreamsGroupDescribeRequest streams;
  streams.group_ids = {"joins", "nobody"};
  streams.include_authorized_operations = true;
  expect_captured(streams, 0);
}

TEST(WireRequests, DescribeConfigsOfTopicsAndBrokers) {
  DescribeConfigsRequest request;
  request.resources = {
      {ConfigResourceType::kTopic, "orders", {{"min.insync.replicas", "retention.ms"}}},
      {ConfigResourceType::kTopic, "missing", {}},
      {ConfigResourceType::kBroker, "1", {{"min.insync.replicas", "log.retention.hours"}}}};
  request.include_synonyms = true;
  expect_captured(request, 2);
}

TEST(WireRequests, DescribeLogDirsOfSomeAndOfAllTopics) {
  DescribeLogDirsRequest request;
  request.topics = {{"orders", {0, 2}}};
  for (const auto version : versions(1, 3)) expect_captured(request, version);
  request.topics.reset();
  expect_captured(request, 4);
}

TEST(WireRequests, ListPartitionReassignmentsOfAllTopics) {
  ListPartitionReassignmentsRequest request;
  request.timeout_ms = 5000;
  expect_captured(request, 0);
}

TEST(WireRequests, TransactionsByStateAndFromVersion1ByDuration) {
  ListTransactionsRequest list;
  list.state_filters = {"Ongoing", "Odd"};
  list.duration_filter_ms = 500;
  for (const auto version : versions(0, 1)) expect_captured(list, version);
  DescribeTransactionsRequest describe;
  describe.transactional_ids = {"billing-1", "nobody"};
  expect_captured(describe, 0);
}

TEST(WireRequests, DescribeQuorumNamesTheMetadataLogByDefault) {
  expect_captured(DescribeQuorumRequest(), 1);
}

TEST(WireRequests, SaslHandshakeAndAuthenticate) {
  expect_captured(SaslHandshakeRequest{"PLAIN"}, 1);
  SaslAuthenticateRequest authenticate;
  for (const char c : std::string_view("\0mon\0mon-secret", 15)) {
    authenticate.auth_bytes.push_back(static_cast<std::byte>(c));
  }
  expect_captured(authenticate, 1);
}

}  // namespace
}  // namespace highwater::kafka
