// What a broker tells about itself and its cluster: ApiVersions (versions 0 to 3), DescribeConfigs
// (2), DescribeLogDirs (1 to 4), ListPartitionReassignments (0) and DescribeQuorum (1).
//
// Used by the client. The last two are forwarded to the active controller and hang when it hangs:
// ask them on a connection of their own. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/error_code.h"

namespace highwater::kafka {

// A broker that does not know the version asked for answers in version 0, with kUnsupportedVersion
// and its own range for this API.
struct ApiVersionsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kApiVersions;

  struct ApiVersion {
    ApiKey api_key{};
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    ApiVersionRange range() const { return {api_key, min_version, max_version}; }

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const ApiVersion&) const = default;
  };

  struct SupportedFeature {
    std::string name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const SupportedFeature&) const = default;
  };

  struct FinalizedFeature {
    std::string name;  // "share.version": share groups work; absent means level 0
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const FinalizedFeature&) const = default;
  };

  ErrorCode error_code{};
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;                 // v1+
  std::vector<SupportedFeature> supported_features;  // v3+, as are those below
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeature> finalized_features;
  bool zk_migration_ready = false;

  template <class Codec>
  void tagged(Codec& codec);

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ApiVersionsResponse&) const = default;
};

struct ApiVersionsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kApiVersions;
  using Response = ApiVersionsResponse;

  // v3+: letters, digits, '.' and '-', neither empty: a broker refuses anything else.
  std::string client_software_name = "highwater";
  std::string client_software_version = HIGHWATER_VERSION;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ApiVersionsRequest&) const = default;
};

enum class ConfigResourceType : std::int8_t { kTopic = 2, kBroker = 4 };

enum class ConfigSource : std::int8_t {
  kTopic = 1,           // set on the topic
  kBroker = 2,          // set on this broker while it ran
  kClusterDefault = 3,  // set for all brokers while they ran
  kStaticBroker = 4,    // from the broker's file
  kDefault = 5,
};

struct DescribeConfigsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeConfigs;

  struct Synonym {
    std::string name;
    std::optional<std::string> value;
    ConfigSource source{};

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Synonym&) const = default;
  };

  struct Config {
    std::string name;
    std::optional<std::string> value;  // nothing when it is sensitive
    bool read_only = false;
    ConfigSource config_source{};
    bool is_sensitive = false;
    std::vector<Synonym> synonyms;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Config&) const = default;
  };

  struct Resource {
    ErrorCode error_code{};
    std::optional<std::string> error_message;
    ConfigResourceType resource_type{};
    std::string resource_name;
    std::vector<Config> configs;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Resource&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Resource> results;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeConfigsResponse&) const = default;
};

// Any broker answers for topics; only the broker itself for its own configuration.
struct DescribeConfigsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeConfigs;
  using Response = DescribeConfigsResponse;

  struct Resource {
    ConfigResourceType resource_type = ConfigResourceType::kTopic;
    std::string resource_name;  // a topic, or a broker id in digits
    std::optional<std::vector<std::string>> configuration_keys;  // nothing: all

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Resource&) const = default;
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeConfigsRequest&) const = default;
};

struct DescribeLogDirsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeLogDirs;

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t partition_size = 0;  // bytes
    std::int64_t offset_lag = 0;
    bool is_future_key = false;  // a copy that will replace the current one when it has caught up

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Partition&) const = default;
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  struct LogDir {
    ErrorCode error_code{};
    std::string log_dir;
    std::vector<Topic> topics;
    std::int64_t total_bytes = -1;   // v4+; -1: not known
    std::int64_t usable_bytes = -1;  // v4+; -1: not known

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const LogDir&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code{};  // v3+; below, a refusal looks like no directories
  std::vector<LogDir> results;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeLogDirsResponse&) const = default;
};

// Each broker answers for its own disks.
struct DescribeLogDirsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeLogDirs;
  using Response = DescribeLogDirsResponse;

  struct Topic {
    std::string topic;
    std::vector<std::int32_t> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  std::optional<std::vector<Topic>> topics;  // nothing: all

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeLogDirsRequest&) const = default;
};

struct ListPartitionReassignmentsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kListPartitionReassignments;

  struct Partition {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> adding_replicas;
    std::vector<std::int32_t> removing_replicas;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Partition&) const = default;
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code{};
  std::optional<std::string> error_message;  // can be kilobytes long: cut it before it is logged
  std::vector<Topic> topics;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ListPartitionReassignmentsResponse&) const = default;
};

struct ListPartitionReassignmentsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kListPartitionReassignments;
  using Response = ListPartitionReassignmentsResponse;

  struct Topic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  std::int32_t timeout_ms = 60000;
  std::optional<std::vector<Topic>> topics;  // nothing: all

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ListPartitionReassignmentsRequest&) const = default;
};

struct DescribeQuorumResponse {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeQuorum;

  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t log_end_offset = -1;
    std::int64_t last_fetch_timestamp = -1;      // ms since 1970; -1: not known
    std::int64_t last_caught_up_timestamp = -1;  // ms since 1970; -1: not known

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const ReplicaState&) const = default;
  };

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code{};
    std::int32_t leader_id = -1;  // the active controller
    std::int32_t leader_epoch = -1;
    std::int64_t high_watermark = -1;
    std::vector<ReplicaState> current_voters;
    std::vector<ReplicaState> observers;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Partition&) const = default;
  };

  struct Topic {
    std::string topic_name;
    std::vector<Partition> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  ErrorCode error_code{};
  std::vector<Topic> topics;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeQuorumResponse&) const = default;
};

struct DescribeQuorumRequest {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeQuorum;
  using Response = DescribeQuorumResponse;

  struct Partition {
    std::int32_t partition_index = 0;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Partition&) const = default;
  };

  struct Topic {
    std::string topic_name;
    std::vector<Partition> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  std::vector<Topic> topics{{"__cluster_metadata", {{0}}}};

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeQuorumRequest&) const = default;
};

}  // namespace highwater::kafka
