// From a request's bytes to an answer's bytes.
#include <algorithm>

#include "tests/simulator/model/model.h"
#include "tests/simulator/model/release.h"

namespace highwater::simulator {
namespace {

using kafka::ApiKey;
using kafka::ErrorCode;
using kafka::RequestHeader;

constexpr Duration kOffsetsTopicCreation = std::chrono::milliseconds(300);

template <class Response>
Reply encode(const Response& response, std::int16_t version, std::int32_t correlation_id) {
  return {Reply::Kind::kAnswer, kafka::encode_response(response, version, correlation_id)};
}

// These need the active controller, whoever is asked.
bool is_forwarded(ApiKey key) {
  return key == ApiKey::kDescribeQuorum || key == ApiKey::kListPartitionReassignments;
}

}  // namespace

Reply Model::reply(std::int32_t broker, std::span<const std::byte> payload) {
  if (!works(broker)) return {Reply::Kind::kLater, {}};
  const Result<RequestHeader> header = kafka::decode_request_header(payload);
  if (!header) return {};
  if (!offers(world_.broker(broker)->release, header->api_key, header->api_version)) {
    if (header->api_key == ApiKey::kApiVersions) return refuse_api_versions(*header, broker);
    return {};
  }
  const Viewpoint view = view_of(broker, header->api_version);
  if (is_forwarded(header->api_key) && !view.world.denied.cluster &&
      (!quorum_.active() || now_ < forwards_stuck_until_))
    return {Reply::Kind::kLater, {}};
  switch (header->api_key) {
    case ApiKey::kFetch:
      return respond<kafka::FetchRequest>(*header, view);
    case ApiKey::kListOffsets:
      return respond<kafka::ListOffsetsRequest>(*header, view);
    case ApiKey::kMetadata:
      return respond<kafka::MetadataRequest>(*header, view);
    case ApiKey::kOffsetCommit:
      return respond<kafka::OffsetCommitRequest>(*header, view);
    case ApiKey::kOffsetFetch:
      return respond<kafka::OffsetFetchRequest>(*header, view);
    case ApiKey::kFindCoordinator:
      if (world_.topic(kOffsetsTopic) == nullptr) create_offsets_topic();
      return respond<kafka::FindCoordinatorRequest>(*header, view);
    case ApiKey::kDescribeGroups:
      return respond<kafka::DescribeGroupsRequest>(*header, view);
    case ApiKey::kListGroups:
      return respond<kafka::ListGroupsRequest>(*header, view);
    case ApiKey::kSaslHandshake:
      return respond<kafka::SaslHandshakeRequest>(*header, view);
    case ApiKey::kApiVersions:
      return respond<kafka::ApiVersionsRequest>(*header, view);
    case ApiKey::kDescribeConfigs:
      return respond<kafka::DescribeConfigsRequest>(*header, view);
    case ApiKey::kDescribeLogDirs:
      return respond<kafka::DescribeLogDirsRequest>(*header, view);
    case ApiKey::kSaslAuthenticate:
      return respond<kafka::SaslAuthenticateRequest>(*header, view);
    case ApiKey::kListPartitionReassignments:
      return respond<kafka::ListPartitionReassignmentsRequest>(*header, view);
    case ApiKey::kDescribeQuorum:
      return respond<kafka::DescribeQuorumRequest>(*header, view);
    case ApiKey::kDescribeCluster:
      return respond<kafka::DescribeClusterRequest>(*header, view);
    case ApiKey::kConsumerGroupDescribe:
      return respond<kafka::ConsumerGroupDescribeRequest>(*header, view);
    case ApiKey::kShareGroupDescribe:
      return respond<kafka::ShareGroupDescribeRequest>(*header, view);
    case ApiKey::kStreamsGroupDescribe:
      return respond<kafka::StreamsGroupDescribeRequest>(*header, view);
    case ApiKey::kDescribeTransactions:
      return respond<kafka::DescribeTransactionsRequest>(*header, view);
    case ApiKey::kListTransactions:
      return respond<kafka::ListTransactionsRequest>(*header, view);
  }
  return {};
}

// A zombie sees the cluster as it was, and does not know how late it is.
Viewpoint Model::view_of(std::int32_t broker, std::int16_t version) {
  const Broker& state = brokers_.at(broker);
  const World& world = state.memory ? *state.memory : world_;
  return {world, broker, state.memory ? state.memory_of : now_, start_ms_, requests_++, version};
}

// The only polite refusal: in version 0, with the range for this one API.
Reply Model::refuse_api_versions(const RequestHeader& header, std::int32_t broker) {
  kafka::ApiVersionsResponse response;
  response.error_code = ErrorCode::kUnsupportedVersion;
  for (const kafka::ApiVersionRange& range : offered_apis(world_.broker(broker)->release)) {
    if (range.api_key == ApiKey::kApiVersions)
      response.api_keys.push_back({range.api_key, range.min_version, range.max_version});
  }
  return encode(response, 0, header.correlation_id);
}

template <class Request>
Reply Model::respond(const RequestHeader& header, const Viewpoint& view) {
  const Result<Request> request = kafka::decode_request<Request>(header.body, header.api_version);
  if (!request) return {};
  if constexpr (std::is_same_v<Request, kafka::DescribeQuorumRequest>) {
    return encode(answer_quorum(view, *request), header.api_version, header.correlation_id);
  } else if constexpr (std::is_same_v<Request, kafka::OffsetCommitRequest>) {
    return encode(take_commit(view, *request), header.api_version, header.correlation_id);
  } else {
    return encode(answer(view, *request), header.api_version, header.correlation_id);
  }
}

// The active controller knows the present, also when a zombie passes its answer on.
kafka::DescribeQuorumResponse Model::answer_quorum(
    const Viewpoint& view, const kafka::DescribeQuorumRequest& request) const {
  Viewpoint present = view;
  present.now = now_;
  return quorum_.describe(present, request);
}

// Commits without a member, as tools make them: what a group with members refuses.
kafka::OffsetCommitResponse Model::take_commit(const Viewpoint& view,
                                               const kafka::OffsetCommitRequest& request) {
  ErrorCode error = view.world.group_denied(request.group_id) ? ErrorCode::kGroupAuthorizationFailed
                                                              : view.coordinates(request.group_id);
  Group* group = world_.group(request.group_id);
  if (error == ErrorCode::kNone && group != nullptr && group->spec.members > 0)
    error = ErrorCode::kUnknownMemberId;
  if (error == ErrorCode::kNone && group == nullptr) {
    GroupSpec spec;
    spec.name = request.group_id;
    spec.members = 0;
    spec.offsets_only = true;
    add_group(world_, spec, now_);
    group = world_.group(request.group_id);
  }
  kafka::OffsetCommitResponse response;
  for (const auto& asked : request.topics) {
    auto& topic = response.topics.emplace_back();
    topic.name = asked.name;
    const Topic* known = world_.topic(asked.name);
    for (const auto& partition : asked.partitions) {
      auto& answered = topic.partitions.emplace_back();
      answered.partition_index = partition.partition_index;
      answered.error_code = error;
      if (error != ErrorCode::kNone) continue;
      if (known == nullptr || known->partition(partition.partition_index) == nullptr) {
        answered.error_code = ErrorCode::kUnknownTopicOrPartition;
        continue;
      }
      auto read = std::ranges::find(group->topics, asked.name, &GroupTopic::name);
      if (read == group->topics.end()) {
        const size_t partitions = known->partitions.size();
        group->topics.push_back({asked.name, std::vector<std::int64_t>(partitions),
                                 std::vector<GroupTopic::Committed>(partitions)});
        read = std::prev(group->topics.end());
      }
      const auto index = static_cast<size_t>(partition.partition_index);
      read->positions[index] = partition.committed_offset;
      read->committed[index] = {partition.committed_offset, partition.committed_leader_epoch};
    }
  }
  return response;
}

void Model::create_offsets_topic() {
  if (std::exchange(offsets_topic_pending_, true)) return;
  after(kOffsetsTopicCreation, [this] {
    if (world_.topic(kOffsetsTopic) != nullptr) return;
    add_offsets_topic(world_, offsets_partitions_, offsets_replication_factor_, now_);
    settle();
  });
}

}  // namespace highwater::simulator
