#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/simulator/answers/answer.h"

namespace highwater::simulator {
namespace {

using kafka::ConfigResourceType;
using kafka::ConfigSource;
using kafka::DescribeConfigsRequest;
using kafka::DescribeConfigsResponse;
using kafka::ErrorCode;

constexpr std::int64_t kBytesPerRecord = 100;
constexpr std::int64_t kDiskBytes = std::int64_t{100} << 30;
constexpr std::int16_t kFirstWithError = 3;   // of DescribeLogDirs
constexpr std::int16_t kFirstWithTotals = 4;  // the same

struct Default {
  const char* name;
  const char* value;
};

// A broker's file can set them for its topics, under the same name here.
constexpr std::array kTopicDefaults{
    Default{"cleanup.policy", "delete"},
    Default{"compression.type", "producer"},
    Default{"delete.retention.ms", "86400000"},
    Default{"max.message.bytes", "1048588"},
    Default{"message.timestamp.type", "CreateTime"},
    Default{"min.insync.replicas", "1"},
    Default{"retention.bytes", "-1"},
    Default{"retention.ms", "604800000"},
    Default{"segment.bytes", "1073741824"},
    Default{"segment.ms", "604800000"},
    Default{"unclean.leader.election.enable", "false"},
};

constexpr std::array kBrokerDefaults{
    Default{"auto.create.topics.enable", "true"},
    Default{"broker.session.timeout.ms", "9000"},
    Default{"connections.max.idle.ms", "600000"},
    Default{"default.replication.factor", "1"},
    Default{"group.max.size", "2147483647"},
    Default{"log.retention.hours", "168"},
    Default{"log.segment.bytes", "1073741824"},
    Default{"min.insync.replicas", "1"},
    Default{"num.partitions", "1"},
    Default{"offsets.retention.minutes", "10080"},
    Default{"offsets.topic.replication.factor", "3"},
    Default{"replica.lag.time.max.ms", "30000"},
    Default{"unclean.leader.election.enable", "false"},
};

struct Layers {
  const Config* topic;   // null for a broker
  const Config& broker;  // the brokers' file
};

DescribeConfigsResponse::Config entry(const Layers& layers, const std::string& name,
                                      const std::optional<std::string>& otherwise, bool synonyms) {
  DescribeConfigsResponse::Config config;
  config.name = name;
  const auto add = [&](const std::string& value, ConfigSource source) {
    if (!config.value) {
      config.value = value;
      config.config_source = source;
    }
    if (synonyms) config.synonyms.push_back({name, value, source});
  };
  if (layers.topic != nullptr && layers.topic->contains(name))
    add(layers.topic->at(name), ConfigSource::kTopic);
  if (const auto set = layers.broker.find(name); set != layers.broker.end()) {
    // With eligible leader replicas the controller takes this one over from the file.
    const bool taken_over = name == "min.insync.replicas";
    add(set->second, taken_over ? ConfigSource::kClusterDefault : ConfigSource::kStaticBroker);
  }
  if (otherwise) add(*otherwise, ConfigSource::kDefault);
  return config;
}

template <size_t N>
void describe(const Layers& layers, const std::array<Default, N>& defaults,
              const DescribeConfigsRequest::Resource& asked, bool synonyms,
              DescribeConfigsResponse::Resource& answer) {
  const auto wanted = [&](const std::string& name) {
    return !asked.configuration_keys ||
           std::ranges::find(*asked.configuration_keys, name) != asked.configuration_keys->end();
  };
  Config others = layers.topic != nullptr ? *layers.topic : layers.broker;
  for (const Default& known : defaults) {
    others.erase(known.name);
    if (wanted(known.name))
      answer.configs.push_back(entry(layers, known.name, known.value, synonyms));
  }
  for (const auto& [name, value] : others) {
    if (wanted(name)) answer.configs.push_back(entry(layers, name, std::nullopt, synonyms));
  }
}

void refuse(DescribeConfigsResponse::Resource& answer, ErrorCode error, std::string message) {
  answer.error_code = error;
  answer.error_message = std::move(message);
}

void describe_topic(const World& world, const DescribeConfigsRequest::Resource& asked,
                    bool synonyms, DescribeConfigsResponse::Resource& answer) {
  const Topic* topic = world.topic(asked.resource_name);
  if (world.denied.configs) {
    refuse(answer, ErrorCode::kTopicAuthorizationFailed, "Topic authorization failed.");
  } else if (topic == nullptr) {
    refuse(answer, ErrorCode::kUnknownTopicOrPartition,
           "This server does not host this topic-partition.");
  } else {
    describe({&topic->config, world.config}, kTopicDefaults, asked, synonyms, answer);
  }
}

void describe_broker(const Viewpoint& view, const DescribeConfigsRequest::Resource& asked,
                     bool synonyms, DescribeConfigsResponse::Resource& answer) {
  if (view.world.denied.configs) {
    refuse(answer, ErrorCode::kClusterAuthorizationFailed, "Cluster authorization failed.");
  } else if (asked.resource_name != std::to_string(view.self)) {
    refuse(answer, ErrorCode::kInvalidRequest,
           fmt::format("Unexpected broker id, expected {} or empty string, but received {}",
                       view.self, asked.resource_name));
  } else {
    Config file = view.world.config;
    file["node.id"] = file["broker.id"] = std::to_string(view.self);
    describe({nullptr, file}, kBrokerDefaults, asked, synonyms, answer);
  }
}

// Which partitions of a topic a request names; all when it names no topics.
template <class Asked, class Name, class Partitions>
bool asks_for(const std::optional<std::vector<Asked>>& topics, Name Asked::*name_of,
              Partitions Asked::*partitions_of, const std::string& topic, std::int32_t partition) {
  if (!topics) return true;
  return std::ranges::any_of(*topics, [&](const Asked& asked) {
    const auto& partitions = asked.*partitions_of;
    return asked.*name_of == topic && std::ranges::find(partitions, partition) != partitions.end();
  });
}

}  // namespace

DescribeConfigsResponse answer(const Viewpoint& view, const DescribeConfigsRequest& request) {
  DescribeConfigsResponse answer;
  for (const DescribeConfigsRequest::Resource& asked : request.resources) {
    DescribeConfigsResponse::Resource& described = answer.results.emplace_back();
    described.resource_type = asked.resource_type;
    described.resource_name = asked.resource_name;
    if (asked.resource_type == ConfigResourceType::kTopic) {
      describe_topic(view.world, asked, request.include_synonyms, described);
    } else if (asked.resource_type == ConfigResourceType::kBroker) {
      describe_broker(view, asked, request.include_synonyms, described);
    } else {
      refuse(described, ErrorCode::kInvalidRequest, "Unsupported resource type");
    }
  }
  return answer;
}

kafka::DescribeLogDirsResponse answer(const Viewpoint& view,
                                      const kafka::DescribeLogDirsRequest& request) {
  using Request = kafka::DescribeLogDirsRequest;
  kafka::DescribeLogDirsResponse answer;
  if (view.world.denied.cluster) {
    if (view.version >= kFirstWithError) answer.error_code = ErrorCode::kClusterAuthorizationFailed;
    return answer;
  }
  kafka::DescribeLogDirsResponse::LogDir directory;
  directory.log_dir = fmt::format("/var/lib/kafka-{}/data", view.self);
  std::int64_t used = 0;
  for (const auto& [name, topic] : view.world.topics) {
    kafka::DescribeLogDirsResponse::Topic found{name, {}};
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      const auto index = static_cast<std::int32_t>(p);
      if (!topic.partitions[p].has_replica(view.self)) continue;
      if (!asks_for(request.topics, &Request::Topic::topic, &Request::Topic::partitions, name,
                    index))
        continue;
      const std::int64_t records =
          topic.log.high_watermark(index, view.now) - topic.log.log_start(index, view.now);
      found.partitions.push_back({index, records * kBytesPerRecord, 0, false});
      used += records * kBytesPerRecord;
    }
    if (!found.partitions.empty()) directory.topics.push_back(std::move(found));
  }
  if (view.version >= kFirstWithTotals) {
    directory.total_bytes = kDiskBytes;
    directory.usable_bytes = std::max<std::int64_t>(kDiskBytes - used, 0);
  }
  answer.results.push_back(std::move(directory));
  return answer;
}

kafka::ListPartitionReassignmentsResponse answer(
    const Viewpoint& view, const kafka::ListPartitionReassignmentsRequest& request) {
  using Request = kafka::ListPartitionReassignmentsRequest;
  kafka::ListPartitionReassignmentsResponse answer;
  if (view.world.denied.cluster) {
    answer.error_code = ErrorCode::kClusterAuthorizationFailed;
    // Brokers put the whole request in here.
    answer.error_message = "Request is not authorized: " + std::string(3000, 'x');
    return answer;
  }
  for (const auto& [name, topic] : view.world.topics) {
    kafka::ListPartitionReassignmentsResponse::Topic found{name, {}};
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      const Partition& partition = topic.partitions[p];
      const auto index = static_cast<std::int32_t>(p);
      if (partition.adding.empty() && partition.removing.empty()) continue;
      if (asks_for(request.topics, &Request::Topic::name, &Request::Topic::partition_indexes, name,
                   index))
        found.partitions.push_back(
            {index, partition.replicas, partition.adding, partition.removing});
    }
    if (!found.partitions.empty()) answer.topics.push_back(std::move(found));
  }
  return answer;
}

}  // namespace highwater::simulator
