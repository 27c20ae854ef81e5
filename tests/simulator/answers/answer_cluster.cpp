#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tests/simulator/answers/answer.h"
#include "tests/simulator/model/release.h"

namespace highwater::simulator {
namespace {

using kafka::ErrorCode;

// Bit n stands for operation n: 8 is DESCRIBE, 10 is DESCRIBE_CONFIGS.
constexpr std::int32_t kDescribe = 1 << 8;
constexpr std::int32_t kDescribeConfigs = 1 << 10;
constexpr std::int32_t kAllOfCluster = 8096;
constexpr std::int32_t kAllOfTopic = 3576;

bool anything_denied(const fault::Denied& denied) {
  return denied.topics || denied.groups || denied.cluster || denied.configs ||
         !denied.topic_names.empty() || !denied.group_names.empty();
}

std::int32_t cluster_operations(const World& world) {
  if (!anything_denied(world.denied)) return kAllOfCluster;
  return (world.denied.cluster ? 0 : kDescribe) | (world.denied.configs ? 0 : kDescribeConfigs);
}

// Any living broker: who the active controller is, brokers do not tell.
std::int32_t random_controller(const Viewpoint& view) {
  const auto& alive = view.world.alive;
  if (alive.empty()) return -1;
  return *std::next(alive.begin(), static_cast<std::ptrdiff_t>(view.number % alive.size()));
}

kafka::MetadataResponse::Partition describe(const World& world, const Partition& partition,
                                            std::int32_t index) {
  kafka::MetadataResponse::Partition answer;
  answer.partition_index = index;
  answer.leader_id = partition.leader;
  answer.leader_epoch = partition.epoch;
  answer.replica_nodes = partition.replicas;
  answer.isr_nodes = partition.isr;
  for (const std::int32_t replica : partition.replicas) {
    if (!world.alive.contains(replica)) answer.offline_replicas.push_back(replica);
  }
  if (!world.alive.contains(partition.leader)) {
    answer.error_code = ErrorCode::kLeaderNotAvailable;
    answer.leader_id = kNoLeader;
  }
  return answer;
}

kafka::MetadataResponse::Topic describe(const World& world, const Topic& topic, bool operations) {
  kafka::MetadataResponse::Topic answer;
  answer.name = topic.name;
  answer.topic_id = topic.id;
  answer.is_internal = topic.internal;
  if (operations) answer.topic_authorized_operations = kAllOfTopic;
  // Brokers do not sort them either.
  const size_t count = topic.partitions.size();
  answer.partitions.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t p = (i + count / 2) % count;
    answer.partitions.push_back(describe(world, topic.partitions[p], static_cast<std::int32_t>(p)));
  }
  return answer;
}

const Topic* find(const World& world, const kafka::MetadataRequest::Topic& asked) {
  if (!asked.name.empty()) return world.topic(asked.name);
  for (const auto& [name, topic] : world.topics) {
    if (topic.id == asked.topic_id) return &topic;
  }
  return nullptr;
}

kafka::MetadataResponse::Topic refuse(const World& world,
                                      const kafka::MetadataRequest::Topic& asked) {
  kafka::MetadataResponse::Topic answer;
  answer.name = asked.name;
  answer.topic_id = asked.topic_id;
  if (asked.name.empty()) {
    answer.error_code = ErrorCode::kUnknownTopicId;
  } else {
    answer.error_code = world.topic_denied(asked.name) ? ErrorCode::kTopicAuthorizationFailed
                                                       : ErrorCode::kUnknownTopicOrPartition;
  }
  return answer;
}

bool valid_software_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

std::int64_t Viewpoint::to_unix_ms(Duration moment) const {
  return start_ms + std::chrono::floor<std::chrono::milliseconds>(moment).count();
}

Duration Viewpoint::from_unix_ms(std::int64_t ms) const {
  constexpr std::int64_t kFarMs = 3'000'000'000'000;  // a hundred years: nothing is further away
  return std::chrono::milliseconds(std::clamp(ms - start_ms, -kFarMs, kFarMs));
}

ErrorCode Viewpoint::coordinates(std::string_view group) const {
  const Partition* home = world.home_of(group);
  if (home == nullptr) return ErrorCode::kCoordinatorNotAvailable;
  if (home->leader != self) return ErrorCode::kNotCoordinator;
  return now < home->loading_until ? ErrorCode::kCoordinatorLoadInProgress : ErrorCode::kNone;
}

kafka::ApiVersionsResponse answer(const Viewpoint& view, const kafka::ApiVersionsRequest& request) {
  kafka::ApiVersionsResponse answer;
  if (view.version >= 3 && (!valid_software_name(request.client_software_name) ||
                            !valid_software_name(request.client_software_version))) {
    answer.error_code = ErrorCode::kInvalidRequest;
    return answer;
  }
  const Release release = view.world.broker(view.self)->release;
  for (const kafka::ApiVersionRange& range : offered_apis(release))
    answer.api_keys.push_back({range.api_key, range.min_version, range.max_version});
  if (release < Release::k3_3) return answer;
  constexpr std::int16_t kMetadataVersion = 27;
  answer.supported_features.push_back({"metadata.version", 7, kMetadataVersion});
  answer.finalized_features_epoch = 100;
  answer.finalized_features.push_back({"metadata.version", kMetadataVersion, kMetadataVersion});
  if (release >= Release::k4_0) answer.finalized_features.push_back({"group.version", 1, 1});
  if (view.world.share_groups) answer.finalized_features.push_back({"share.version", 1, 1});
  return answer;
}

// This listener is not for SASL.
kafka::SaslHandshakeResponse answer(const Viewpoint&, const kafka::SaslHandshakeRequest&) {
  kafka::SaslHandshakeResponse answer;
  answer.error_code = ErrorCode::kIllegalSaslState;
  return answer;
}

kafka::SaslAuthenticateResponse answer(const Viewpoint&, const kafka::SaslAuthenticateRequest&) {
  kafka::SaslAuthenticateResponse answer;
  answer.error_code = ErrorCode::kIllegalSaslState;
  answer.error_message = "SaslAuthenticate request received after successful authentication";
  return answer;
}

kafka::MetadataResponse answer(const Viewpoint& view, const kafka::MetadataRequest& request) {
  const World& world = view.world;
  kafka::MetadataResponse answer;
  for (const BrokerInfo& broker : world.brokers) {
    if (world.alive.contains(broker.id))
      answer.brokers.push_back({broker.id, broker.host, broker.port, broker.rack});
  }
  answer.cluster_id = world.cluster_id;
  answer.controller_id = random_controller(view);
  if (request.include_cluster_authorized_operations)
    answer.cluster_authorized_operations = cluster_operations(world);
  const bool operations = request.include_topic_authorized_operations;
  if (!request.topics) {
    answer.topics.reserve(world.topics.size());
    for (const auto& [name, topic] : world.topics) {
      if (!world.topic_denied(name)) answer.topics.push_back(describe(world, topic, operations));
    }
    return answer;
  }
  // Those that are refused come first.
  std::vector<const Topic*> known;
  for (const kafka::MetadataRequest::Topic& asked : *request.topics) {
    const Topic* topic = find(world, asked);
    if (topic != nullptr && !world.topic_denied(topic->name)) {
      known.push_back(topic);
    } else {
      answer.topics.push_back(refuse(world, asked));
    }
  }
  for (const Topic* topic : known) answer.topics.push_back(describe(world, *topic, operations));
  return answer;
}

kafka::DescribeClusterResponse answer(const Viewpoint& view,
                                      const kafka::DescribeClusterRequest& request) {
  const World& world = view.world;
  kafka::DescribeClusterResponse answer;
  answer.cluster_id = world.cluster_id;
  answer.controller_id = random_controller(view);
  answer.endpoint_type = request.endpoint_type;
  if (request.endpoint_type != 1) {
    answer.error_code = ErrorCode::kMismatchedEndpointType;
    answer.error_message = "This broker answers for brokers only.";
    return answer;
  }
  for (const BrokerInfo& broker : world.brokers) {
    const bool fenced = !world.alive.contains(broker.id);
    if (!fenced || request.include_fenced_brokers)
      answer.brokers.push_back({broker.id, broker.host, broker.port, broker.rack, fenced});
  }
  if (request.include_cluster_authorized_operations)
    answer.cluster_authorized_operations = cluster_operations(world);
  return answer;
}

}  // namespace highwater::simulator
