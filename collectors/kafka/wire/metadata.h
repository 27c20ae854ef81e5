// The shape of the cluster: Metadata (versions 9 to 12) and DescribeCluster (0 to 2).
//
// Used by the client for brokers, topics and partitions. Beware: Metadata names dead brokers as
// alive and leading until the controller fences them, and its controller_id is a random broker.
// Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/kafka/small_list.h"
#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/error_code.h"
#include "collectors/kafka/wire/primitives.h"

namespace highwater::kafka {

struct MetadataResponse {
  static constexpr ApiKey kApiKey = ApiKey::kMetadata;

  struct Broker {
    std::int32_t node_id = -1;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Broker&) const = default;
  };

  struct Partition {
    ErrorCode error_code{};  // kLeaderNotAvailable is data: read leader_id
    std::int32_t partition_index = 0;
    std::int32_t leader_id = -1;  // -1: no leader
    std::int32_t leader_epoch = -1;
    SmallList<std::int32_t, 4> replica_nodes;
    SmallList<std::int32_t, 4> isr_nodes;
    SmallList<std::int32_t, 2> offline_replicas;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Partition&) const = default;
  };

  struct Topic {
    ErrorCode error_code{};
    std::string name;  // empty only for a topic asked for by an id that nobody knows (v12)
    Uuid topic_id;     // v10+
    bool is_internal = false;
    std::vector<Partition> partitions;  // in no order
    std::int32_t topic_authorized_operations = kOperationsUnknown;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<std::string> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Topic> topics;
  std::int32_t cluster_authorized_operations = kOperationsUnknown;  // v9 and v10

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const MetadataResponse&) const = default;
};

struct MetadataRequest {
  static constexpr ApiKey kApiKey = ApiKey::kMetadata;
  using Response = MetadataResponse;

  struct Topic {
    Uuid topic_id;  // v10+
    std::string name;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  std::optional<std::vector<Topic>> topics;  // nothing: every topic; empty: none
  bool allow_auto_topic_creation = false;
  bool include_cluster_authorized_operations = false;  // v9 and v10
  bool include_topic_authorized_operations = false;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const MetadataRequest&) const = default;
};

struct DescribeClusterResponse {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeCluster;

  struct Broker {
    std::int32_t broker_id = -1;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    bool is_fenced = false;  // v2

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Broker&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code{};
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = 1;  // v1+: 1 brokers, 2 controllers
  std::string cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Broker> brokers;
  std::int32_t cluster_authorized_operations = kOperationsUnknown;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeClusterResponse&) const = default;
};

struct DescribeClusterRequest {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeCluster;
  using Response = DescribeClusterResponse;

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;  // v1+
  bool include_fenced_brokers =
      false;  // v2: the only way to hear of a registered broker that is dead

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeClusterRequest&) const = default;
};

}  // namespace highwater::kafka
