// Groups of Kafka Streams (KIP-1071): StreamsGroupDescribe (version 0).
//
// Used by the client. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/error_code.h"
#include "collectors/kafka/wire/primitives.h"

namespace highwater::kafka {

// A group of Kafka Streams (KIP-1071). Its members are assigned tasks: partitions of all the topics
// that a part of the topology, a subtopology, reads.
struct StreamsGroupDescribeResponse {
  static constexpr ApiKey kApiKey = ApiKey::kStreamsGroupDescribe;

  struct KeyValue {
    std::string key;
    std::string value;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const KeyValue&) const = default;
  };

  struct TopicInfo {
    std::string name;
    std::int32_t partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<KeyValue> topic_configs;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const TopicInfo&) const = default;
  };

  struct Subtopology {
    std::string subtopology_id;
    std::vector<std::string> source_topics;
    std::vector<std::string> repartition_sink_topics;
    std::vector<TopicInfo> state_changelog_topics;
    std::vector<TopicInfo> repartition_source_topics;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Subtopology&) const = default;
  };

  struct Topology {
    std::int32_t epoch = 0;
    std::optional<std::vector<Subtopology>> subtopologies;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topology&) const = default;
  };

  struct Endpoint {
    std::string host;
    std::uint16_t port = 0;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Endpoint&) const = default;
  };

  struct TaskOffset {
    std::string subtopology_id;
    std::int32_t partition = 0;
    std::int64_t offset = 0;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const TaskOffset&) const = default;
  };

  struct TaskIds {
    std::string subtopology_id;
    std::vector<std::int32_t> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const TaskIds&) const = default;
  };

  struct Assignment {
    std::vector<TaskIds> active_tasks;
    std::vector<TaskIds> standby_tasks;
    std::vector<TaskIds> warmup_tasks;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Assignment&) const = default;
  };

  struct Member {
    std::string member_id;
    std::int32_t member_epoch = 0;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::string client_id;
    std::string client_host;
    std::int32_t topology_epoch = 0;
    std::string process_id;
    std::optional<Endpoint> user_endpoint;
    std::vector<KeyValue> client_tags;
    std::vector<TaskOffset> task_offsets;
    std::vector<TaskOffset> task_end_offsets;
    Assignment assignment;
    Assignment target_assignment;
    bool is_classic = false;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Member&) const = default;
  };

  struct Group {
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;
    std::optional<Topology> topology;  // nothing before the first member brought it
    std::vector<Member> members;
    std::int32_t authorized_operations = kOperationsUnknown;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Group&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const StreamsGroupDescribeResponse&) const = default;
};

struct StreamsGroupDescribeRequest {
  static constexpr ApiKey kApiKey = ApiKey::kStreamsGroupDescribe;
  using Response = StreamsGroupDescribeResponse;

  std::vector<std::string> group_ids;
  bool include_authorized_operations = false;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const StreamsGroupDescribeRequest&) const = default;
};

}  // namespace highwater::kafka
