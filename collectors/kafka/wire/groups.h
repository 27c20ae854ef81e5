// Consumer groups: ListGroups (versions 3 to 5), FindCoordinator (3 to 4), DescribeGroups (5 to 6),
// ConsumerGroupDescribe (0 to 1) and ShareGroupDescribe (1).
//
// Used by the client. The type that ListGroups v5 gives decides which of the three, or the one of
// streams_groups.h, describes a group: each answers kGroupIdNotFound, or worse "Dead" without an
// error, for groups of another kind. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/error_code.h"
#include "collectors/kafka/wire/primitives.h"

namespace highwater::kafka {

struct ListGroupsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kListGroups;

  struct Group {
    std::string group_id;
    std::string protocol_type;  // "consumer", "connect", "share"; "" for offsets without members
    std::string group_state;    // v4+
    std::string group_type;     // v5+: "classic", "consumer", "share"

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Group&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code{};  // when it is not kNone, groups is empty and says nothing
  std::vector<Group> groups;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ListGroupsResponse&) const = default;
};

// Every broker lists the groups it coordinates, and no others.
struct ListGroupsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kListGroups;
  using Response = ListGroupsResponse;

  std::vector<std::string> states_filter;  // v4+; empty: all
  std::vector<std::string> types_filter;   // v5+; empty: all

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ListGroupsRequest&) const = default;
};

enum class CoordinatorType : std::int8_t { kGroup = 0, kTransaction = 1, kShare = 2 };

// In the shape of version 4. Version 3 answers for one key and does not name it: coordinators then
// holds one element without key.
struct FindCoordinatorResponse {
  static constexpr ApiKey kApiKey = ApiKey::kFindCoordinator;

  struct Coordinator {
    std::string key;  // v4+
    std::int32_t node_id = -1;
    std::string host;
    std::int32_t port = 0;
    ErrorCode error_code{};
    std::optional<std::string> error_message;  // "NONE" on success in v3

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Coordinator&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Coordinator> coordinators;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const FindCoordinatorResponse&) const = default;
};

// Makes a cluster that has no __consumer_offsets create it: not for a cluster where no group was
// seen.
struct FindCoordinatorRequest {
  static constexpr ApiKey kApiKey = ApiKey::kFindCoordinator;
  using Response = FindCoordinatorResponse;

  CoordinatorType key_type = CoordinatorType::kGroup;
  std::vector<std::string> coordinator_keys;  // v3: exactly one

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const FindCoordinatorRequest&) const = default;
};

struct DescribeGroupsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeGroups;

  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;  // of a static member
    std::string client_id;
    std::string client_host;  // "/127.0.0.1"
    Bytes member_metadata;
    Bytes member_assignment;  // decode_consumer_assignment(), when protocol_type is "consumer"

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Member&) const = default;
  };

  struct Group {
    ErrorCode error_code{};
    std::optional<std::string> error_message;  // v6+
    std::string group_id;
    std::string group_state;    // v5: "Dead" also for a group of another kind, or none
    std::string protocol_type;  // "consumer", "connect", ...
    std::string protocol_data;  // the assignor: "range", ...
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
  bool operator==(const DescribeGroupsResponse&) const = default;
};

struct DescribeGroupsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeGroups;
  using Response = DescribeGroupsResponse;

  std::vector<std::string> groups;
  bool include_authorized_operations = false;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeGroupsRequest&) const = default;
};

// What a member of a consumer (KIP-848) or share group owns, or shall own.
struct GroupAssignment {
  struct TopicPartitions {
    Uuid topic_id;
    std::string topic_name;
    std::vector<std::int32_t> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const TopicPartitions&) const = default;
  };

  std::vector<TopicPartitions> topic_partitions;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const GroupAssignment&) const = default;
};

struct ConsumerGroupDescribeResponse {
  static constexpr ApiKey kApiKey = ApiKey::kConsumerGroupDescribe;

  struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::optional<std::string> rack_id;
    std::int32_t member_epoch = 0;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex;
    GroupAssignment assignment;
    GroupAssignment target_assignment;
    std::int8_t member_type = -1;  // v1+: -1 unknown, 0 classic, 1 consumer

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
    std::int32_t assignment_epoch = 0;  // below group_epoch: the assignor is at work
    std::string assignor_name;
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
  bool operator==(const ConsumerGroupDescribeResponse&) const = default;
};

struct ConsumerGroupDescribeRequest {
  static constexpr ApiKey kApiKey = ApiKey::kConsumerGroupDescribe;
  using Response = ConsumerGroupDescribeResponse;

  std::vector<std::string> group_ids;
  bool include_authorized_operations = false;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ConsumerGroupDescribeRequest&) const = default;
};

struct ShareGroupDescribeResponse {
  static constexpr ApiKey kApiKey = ApiKey::kShareGroupDescribe;

  struct Member {
    std::string member_id;
    std::optional<std::string> rack_id;
    std::int32_t member_epoch = 0;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;
    GroupAssignment assignment;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Member&) const = default;
  };

  struct Group {
    ErrorCode error_code{};  // kUnsupportedVersion where share groups are switched off
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;
    std::string assignor_name;
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
  bool operator==(const ShareGroupDescribeResponse&) const = default;
};

struct ShareGroupDescribeRequest {
  static constexpr ApiKey kApiKey = ApiKey::kShareGroupDescribe;
  using Response = ShareGroupDescribeResponse;

  std::vector<std::string> group_ids;
  bool include_authorized_operations = false;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ShareGroupDescribeRequest&) const = default;
};

}  // namespace highwater::kafka
