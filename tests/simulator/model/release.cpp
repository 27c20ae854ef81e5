#include "tests/simulator/model/release.h"

#include <algorithm>
#include <array>

namespace highwater::simulator {
namespace {

using kafka::ApiKey;
using kafka::ApiVersionRange;

constexpr size_t kReleases = 7;
constexpr std::array<std::string_view, kReleases> kNames{"2.4", "2.8", "3.3", "3.9",
                                                         "4.0", "4.1", "4.4"};

struct Versions {
  std::int16_t min = 0;
  std::int16_t max = -1;  // below min: not offered
};
constexpr Versions kNone{};

struct Row {
  ApiKey key;
  std::array<Versions, kReleases> by_release;
};

constexpr Row kRows[] = {
    {ApiKey::kFetch, {{{0, 11}, {0, 12}, {0, 13}, {0, 17}, {4, 17}, {4, 18}, {4, 18}}}},
    {ApiKey::kListOffsets, {{{0, 5}, {0, 6}, {0, 7}, {0, 9}, {1, 10}, {1, 10}, {1, 11}}}},
    {ApiKey::kMetadata, {{{0, 9}, {0, 11}, {0, 12}, {0, 12}, {0, 13}, {0, 13}, {0, 13}}}},
    {ApiKey::kOffsetCommit, {{{0, 8}, {0, 8}, {0, 8}, {0, 9}, {2, 9}, {2, 9}, {2, 10}}}},
    {ApiKey::kOffsetFetch, {{{0, 6}, {0, 7}, {0, 8}, {0, 9}, {1, 9}, {1, 9}, {1, 10}}}},
    {ApiKey::kFindCoordinator, {{{0, 3}, {0, 3}, {0, 4}, {0, 6}, {0, 6}, {0, 6}, {0, 6}}}},
    {ApiKey::kDescribeGroups, {{{0, 5}, {0, 5}, {0, 5}, {0, 5}, {0, 6}, {0, 6}, {0, 6}}}},
    {ApiKey::kListGroups, {{{0, 3}, {0, 4}, {0, 4}, {0, 5}, {0, 5}, {0, 5}, {0, 5}}}},
    {ApiKey::kSaslHandshake, {{{0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}}}},
    {ApiKey::kApiVersions, {{{0, 3}, {0, 3}, {0, 3}, {0, 4}, {0, 4}, {0, 4}, {0, 5}}}},
    {ApiKey::kDescribeConfigs, {{{0, 2}, {0, 4}, {0, 4}, {0, 4}, {1, 4}, {1, 4}, {1, 4}}}},
    {ApiKey::kDescribeLogDirs, {{{0, 1}, {0, 2}, {0, 4}, {0, 4}, {1, 4}, {1, 4}, {1, 5}}}},
    {ApiKey::kSaslAuthenticate, {{{0, 1}, {0, 2}, {0, 2}, {0, 2}, {0, 2}, {0, 2}, {0, 2}}}},
    {ApiKey::kListPartitionReassignments,
     {{{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
    {ApiKey::kDescribeQuorum, {{kNone, {0, 0}, {0, 1}, {0, 2}, {0, 2}, {0, 2}, {0, 2}}}},
    {ApiKey::kDescribeCluster, {{kNone, {0, 0}, {0, 0}, {0, 1}, {0, 2}, {0, 2}, {0, 2}}}},
    {ApiKey::kDescribeTransactions, {{kNone, kNone, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}}},
    {ApiKey::kListTransactions, {{kNone, kNone, {0, 0}, {0, 1}, {0, 1}, {0, 2}, {0, 2}}}},
    {ApiKey::kConsumerGroupDescribe, {{kNone, kNone, kNone, {0, 0}, {0, 1}, {0, 1}, {0, 1}}}},
    {ApiKey::kStreamsGroupDescribe, {{kNone, kNone, kNone, kNone, kNone, kNone, {0, 1}}}},
    {ApiKey::kShareGroupDescribe, {{kNone, kNone, kNone, {0, 0}, {0, 0}, {1, 1}, {1, 1}}}},
};

using Offers = std::array<std::vector<ApiVersionRange>, kReleases>;

Offers build() {
  Offers offers;
  for (const Row& row : kRows) {
    const auto ours = kafka::implemented(row.key);
    for (size_t i = 0; ours && i < kReleases; ++i) {
      const std::int16_t min = std::max(ours->min_version, row.by_release[i].min);
      const std::int16_t max = std::min(ours->max_version, row.by_release[i].max);
      if (min <= max) offers[i].push_back({row.key, min, max});
    }
  }
  return offers;
}

}  // namespace

std::optional<Release> release_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Release>(found - kNames.begin());
}

const std::vector<ApiVersionRange>& offered_apis(Release release) {
  static const Offers kOffers = build();
  return kOffers[static_cast<size_t>(release)];
}

bool offers(Release release, ApiKey key, std::int16_t version) {
  return std::ranges::any_of(offered_apis(release), [&](const ApiVersionRange& range) {
    return range.api_key == key && range.contains(version);
  });
}

}  // namespace highwater::simulator
