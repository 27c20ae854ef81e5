#include "collectors/kafka/wire/api.h"

#include <algorithm>
#include <array>

namespace highwater::kafka {
namespace {

constexpr std::int16_t kNever = INT16_MAX;

struct Api {
  ApiVersionRange versions;
  std::int16_t first_flexible_version;
  std::string_view name;
};

// Of Fetch, DescribeConfigs, SaslAuthenticate and DescribeQuorum one version serves every broker
// from 2.4 (3.3) to 4.1.
constexpr std::array kApis{
    Api{{ApiKey::kFetch, 11, 11}, 12, "Fetch"},
    Api{{ApiKey::kListOffsets, 5, 9}, 6, "ListOffsets"},
    Api{{ApiKey::kMetadata, 9, 12}, 9, "Metadata"},
    Api{{ApiKey::kOffsetCommit, 8, 8}, 8, "OffsetCommit"},
    Api{{ApiKey::kOffsetFetch, 6, 9}, 6, "OffsetFetch"},
    Api{{ApiKey::kFindCoordinator, 3, 4}, 3, "FindCoordinator"},
    Api{{ApiKey::kDescribeGroups, 5, 6}, 5, "DescribeGroups"},
    Api{{ApiKey::kListGroups, 3, 5}, 3, "ListGroups"},
    Api{{ApiKey::kSaslHandshake, 1, 1}, kNever, "SaslHandshake"},
    Api{{ApiKey::kApiVersions, 0, 3}, 3, "ApiVersions"},
    Api{{ApiKey::kDescribeConfigs, 2, 2}, 4, "DescribeConfigs"},
    Api{{ApiKey::kDescribeLogDirs, 1, 4}, 2, "DescribeLogDirs"},
    Api{{ApiKey::kSaslAuthenticate, 1, 1}, 2, "SaslAuthenticate"},
    Api{{ApiKey::kListPartitionReassignments, 0, 0}, 0, "ListPartitionReassignments"},
    Api{{ApiKey::kDescribeQuorum, 1, 1}, 0, "DescribeQuorum"},
    Api{{ApiKey::kDescribeCluster, 0, 2}, 0, "DescribeCluster"},
    Api{{ApiKey::kDescribeTransactions, 0, 0}, 0, "DescribeTransactions"},
    Api{{ApiKey::kListTransactions, 0, 1}, 0, "ListTransactions"},
    Api{{ApiKey::kConsumerGroupDescribe, 0, 1}, 0, "ConsumerGroupDescribe"},
    Api{{ApiKey::kShareGroupDescribe, 1, 1}, 0, "ShareGroupDescribe"},
    Api{{ApiKey::kStreamsGroupDescribe, 0, 0}, 0, "StreamsGroupDescribe"},
};

constexpr auto kRanges = [] {
  std::array<ApiVersionRange, kApis.size()> ranges;
  std::ranges::transform(kApis, ranges.begin(), &Api::versions);
  return ranges;
}();

const Api* find(ApiKey key) {
  const auto found =
      std::ranges::find(kApis, key, [](const Api& api) { return api.versions.api_key; });
  return found == kApis.end() ? nullptr : &*found;
}

}  // namespace

std::span<const ApiVersionRange> implemented_apis() {
  return kRanges;
}

std::optional<ApiVersionRange> implemented(ApiKey key) {
  const Api* api = find(key);
  return api ? std::optional(api->versions) : std::nullopt;
}

std::optional<std::int16_t> common_version(const ApiVersionRange& ours,
                                           const ApiVersionRange& theirs) {
  const std::int16_t version = std::min(ours.max_version, theirs.max_version);
  if (ours.contains(version) && theirs.contains(version)) return version;
  return std::nullopt;
}

std::string_view api_name(ApiKey key) {
  const Api* api = find(key);
  return api ? api->name : std::string_view();
}

bool is_flexible(ApiKey key, std::int16_t version) {
  const Api* api = find(key);
  return api && version >= api->first_flexible_version;
}

std::int16_t request_header_version(ApiKey key, std::int16_t version) {
  return is_flexible(key, version) ? 2 : 1;
}

std::int16_t response_header_version(ApiKey key, std::int16_t version) {
  return key != ApiKey::kApiVersions && is_flexible(key, version) ? 1 : 0;
}

}  // namespace highwater::kafka
