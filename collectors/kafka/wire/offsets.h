// Offsets of logs and of groups: ListOffsets (versions 5 to 9), OffsetFetch (6 to 9), OffsetCommit
// (8).
//
// Used by the client for log starts and ends and for what groups committed; OffsetCommit only by
// tests, which need groups. Answers come in any order: match them by name and index. Plain values,
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/error_code.h"

namespace highwater::kafka {

// What ListOffsets can be asked for besides a time in milliseconds since 1970.
inline constexpr std::int64_t kLatestOffset = -1;
inline constexpr std::int64_t kEarliestOffset = -2;
inline constexpr std::int64_t kMaxTimestampOffset =
    -3;  // v7+ only: older brokers take it for a time

// Which end of the log "latest" is: the high watermark, or the last stable offset before open
// transactions.
enum class IsolationLevel : std::int8_t { kReadUncommitted = 0, kReadCommitted = 1 };

struct ListOffsetsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kListOffsets;

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code{};
    std::int64_t timestamp = -1;  // ms since 1970; -1 unless a record was looked for and found
    std::int64_t offset = -1;     // -1: no record that late, or an error
    std::int32_t leader_epoch = -1;

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
  std::vector<Topic> topics;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ListOffsetsResponse&) const = default;
};

struct ListOffsetsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kListOffsets;
  using Response = ListOffsetsResponse;

  // One partition may stand in a request only once: latest and earliest are two requests.
  struct Partition {
    std::int32_t partition_index = 0;
    std::int32_t current_leader_epoch = -1;  // Metadata's, so that a stale leader refuses; -1: any
    std::int64_t timestamp = kLatestOffset;

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

  std::int32_t replica_id = -1;  // -1: a consumer
  IsolationLevel isolation_level = IsolationLevel::kReadUncommitted;
  std::vector<Topic> topics;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ListOffsetsRequest&) const = default;
};

// In the shape of version 8. Versions 6 and 7 answer for one group and do not name it: groups then
// holds one element without group_id.
struct OffsetFetchResponse {
  static constexpr ApiKey kApiKey = ApiKey::kOffsetFetch;

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = -1;  // -1: nothing committed
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata;
    ErrorCode error_code{};

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

  struct Group {
    std::string group_id;  // v8+
    std::vector<Topic> topics;
    ErrorCode error_code{};  // when it is not kNone, topics is empty and says nothing

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Group&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const OffsetFetchResponse&) const = default;
};

// In the shape of version 8; versions 6 and 7 ask for exactly one group.
struct OffsetFetchRequest {
  static constexpr ApiKey kApiKey = ApiKey::kOffsetFetch;
  using Response = OffsetFetchResponse;

  struct Topic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  struct Group {
    std::string group_id;
    std::optional<std::string> member_id;      // v9: nothing for who is not a member
    std::int32_t member_epoch = -1;            // v9
    std::optional<std::vector<Topic>> topics;  // nothing: all that the group committed

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Group&) const = default;
  };

  std::vector<Group> groups;
  bool require_stable = false;  // v7+; true fails while a transaction is open

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const OffsetFetchRequest&) const = default;
};

struct OffsetCommitResponse {
  static constexpr ApiKey kApiKey = ApiKey::kOffsetCommit;

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code{};

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
  std::vector<Topic> topics;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const OffsetCommitResponse&) const = default;
};

// With generation -1 and no member it makes a group that has offsets and no members.
struct OffsetCommitRequest {
  static constexpr ApiKey kApiKey = ApiKey::kOffsetCommit;
  using Response = OffsetCommitResponse;

  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = -1;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string> committed_metadata;

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

  std::string group_id;
  std::int32_t generation_id_or_member_epoch = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::vector<Topic> topics;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const OffsetCommitRequest&) const = default;
};

}  // namespace highwater::kafka
