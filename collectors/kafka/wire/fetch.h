// Fetch (version 11), as far as the header of one batch of records: whether a partition's log holds
// a record or a transaction's marker at some offset.
//
// Used by the client, which has no use for records: of what a broker sends only the first
// kKeptBytes are kept. One partition a request: with a small size limit a broker sends the first
// batch of one partition whole, and nothing of the others. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/error_code.h"
#include "collectors/kafka/wire/offsets.h"
#include "collectors/kafka/wire/primitives.h"

namespace highwater::kafka {

struct FetchResponse {
  static constexpr ApiKey kApiKey = ApiKey::kFetch;
  // A batch's header is 61 bytes long; a marker's whole batch 78.
  static constexpr std::size_t kKeptBytes = 128;

  struct AbortedTransaction {
    std::int64_t producer_id = -1;
    std::int64_t first_offset = -1;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const AbortedTransaction&) const = default;
  };

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code{};
    std::int64_t high_watermark = -1;
    std::int64_t last_stable_offset = -1;
    std::int64_t log_start_offset = -1;
    // That reach into what was sent; nothing unless only what is committed was asked for.
    std::optional<std::vector<AbortedTransaction>> aborted_transactions;
    std::int32_t preferred_read_replica = -1;
    Bytes records;  // the first kKeptBytes

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
  std::int32_t session_id = 0;
  std::vector<Topic> topics;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const FetchResponse&) const = default;
};

struct FetchRequest {
  static constexpr ApiKey kApiKey = ApiKey::kFetch;
  using Response = FetchResponse;

  struct Partition {
    std::int32_t partition_index = 0;
    std::int32_t current_leader_epoch = -1;  // Metadata's, so that a stale leader refuses; -1: any
    std::int64_t fetch_offset = 0;
    std::int64_t log_start_offset = -1;  // followers tell theirs
    std::int32_t partition_max_bytes = 1;

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

  struct ForgottenTopic {
    std::string name;
    std::vector<std::int32_t> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const ForgottenTopic&) const = default;
  };

  std::int32_t replica_id = -1;  // -1: a consumer
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = 1;
  IsolationLevel isolation_level = IsolationLevel::kReadCommitted;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;  // -1: no session is kept
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics;
  std::string rack;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const FetchRequest&) const = default;
};

// What stands before the records of a batch, in the format that came with transactions (magic 2).
struct BatchHeader {
  static constexpr std::size_t kSize = 61;

  std::int64_t base_offset = 0;
  std::int64_t last_offset = 0;
  bool transactional = false;
  bool control = false;  // a marker: no consumer is given it
  std::int64_t producer_id = -1;
  std::int32_t record_count = 0;  // 0: compaction removed them all

  bool operator==(const BatchHeader&) const = default;
};

// Of the first batch. Nothing when the bytes are too few, or make no sense, or are of an older
// format, in which there are no markers.
std::optional<BatchHeader> decode_batch_header(std::span<const std::byte> records);
// The other way round, for tests and the simulator: a batch without its records.
Bytes encode_batch_header(const BatchHeader& header);

}  // namespace highwater::kafka
