// The Kafka APIs this client speaks: their keys, the versions implemented, and the shape of their
// headers.
//
// Used by the connection (which version to ask a broker in), the frame functions and the simulator.
// Constants and pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace highwater::kafka {

// Values that are not listed can occur in requests and in a broker's ApiVersions; they are kept as
// they are.
enum class ApiKey : std::int16_t {
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kOffsetCommit = 8,
  kOffsetFetch = 9,
  kFindCoordinator = 10,
  kDescribeGroups = 15,
  kListGroups = 16,
  kSaslHandshake = 17,
  kApiVersions = 18,
  kDescribeConfigs = 32,
  kDescribeLogDirs = 35,
  kSaslAuthenticate = 36,
  kListPartitionReassignments = 46,
  kDescribeQuorum = 55,
  kDescribeCluster = 60,
  kDescribeTransactions = 65,
  kListTransactions = 66,
  kConsumerGroupDescribe = 69,
  kShareGroupDescribe = 77,
  kStreamsGroupDescribe = 89,
};

// Both ends are included.
struct ApiVersionRange {
  ApiKey api_key{};
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;

  bool contains(std::int16_t version) const {
    return min_version <= version && version <= max_version;
  }
  bool operator==(const ApiVersionRange&) const = default;
};

// Every API this code encodes and decodes, ordered by key.
std::span<const ApiVersionRange> implemented_apis();
std::optional<ApiVersionRange> implemented(ApiKey key);

// The highest version that both sides know; nothing when there is none.
std::optional<std::int16_t> common_version(const ApiVersionRange& ours,
                                           const ApiVersionRange& theirs);

// "ListOffsets"; "api 99" for a key that is not in ApiKey is the caller's to write: this gives "".
std::string_view api_name(ApiKey key);

// Flexible versions have compact strings and lists, and tagged fields. False for unknown keys.
bool is_flexible(ApiKey key, std::int16_t version);

// Request headers are of version 1 or 2, response headers of version 0 or 1; the higher ones end in
// tagged fields. Answers to ApiVersions always have version 0: a client reads them before it knows
// what the broker speaks.
std::int16_t request_header_version(ApiKey key, std::int16_t version);
std::int16_t response_header_version(ApiKey key, std::int16_t version);

}  // namespace highwater::kafka
