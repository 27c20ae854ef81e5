#include "exporters/metrics/series_cost.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "collectors/registry.h"
#include "exporters/metrics/prometheus.h"
#include "tests/bench/bench_cluster.h"

namespace highwater {
namespace {

// How many samples each measure has on the page.
std::map<std::string, size_t, std::less<>> series_of(const bench::Size& size,
                                                     MetricsDetail detail) {
  Report report;
  report.snapshot = bench::watch(bench::make_cluster(size));
  const Catalogue catalogue = collectors::make_catalogue();
  MetricsOptions options;
  options.detail = detail;
  MetricsPage page(catalogue, options);
  std::string text;
  Exposition out(MetricsFormat::text, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  page.write(&report, bench::at(bench::kWatched), out);
  out.finish();
  std::map<std::string, size_t, std::less<>> series;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("highwater_")) ++series[line.substr(10, line.find('{') - 10)];
  }
  return series;
}

// How many rows a cluster of that size has of a kind.
size_t rows_of(RowKind kind, const bench::Size& size) {
  const auto partitions = static_cast<size_t>(size.topics * size.partitions);
  switch (kind) {
    case RowKind::broker:
      return 3;
    case RowKind::topic:
      return static_cast<size_t>(size.topics);
    case RowKind::partition:
      return partitions;
    case RowKind::replica:
      return 3 * partitions;
    case RowKind::group:
    case RowKind::group_topic:
      return static_cast<size_t>(size.groups);
    case RowKind::group_partition:
      return static_cast<size_t>(size.commits);
    case RowKind::other:
      return 0;
  }
  return 0;
}

// What docs/metrics.md says of a cluster at rest.
size_t formula(const bench::Size& size, MetricsDetail detail) {
  const SeriesCost costs = series_cost(collectors::make_catalogue());
  size_t sum = 0;
  for (size_t i = 0; i < kRowKinds; ++i) {
    const KindCost& cost = costs[i];
    const size_t each =
        detail == MetricsDetail::full ? cost.always + cost.nonzero + cost.full : cost.always;
    sum += each * rows_of(static_cast<RowKind>(i), size);
  }
  return sum;
}

// Rows that may be missing, as the help of these measures says: no rebalance was seen to end, no
// topic was deleted, the agent has no scope, and the bench's groups neither catch up nor are their
// topics limited.
const std::set<std::string_view> kMayHaveNoRow{"group_member_rank", "group_rebalance_last_seconds",
                                               "group_time_to_catch_up_seconds", "topic_deleted"};

constexpr bench::Size kSmall{4, 5, 12, 40};
constexpr bench::Size kLarge{};  // docs/performance.md's

class SeriesCostTest : public testing::TestWithParam<bench::Size> {};

TEST_P(SeriesCostTest, EveryMeasureHasARowForEachThingOfItsKind) {
  const Catalogue catalogue = collectors::make_catalogue();
  const auto series = series_of(GetParam(), MetricsDetail::full);
  for (const Measure* measure : catalogue.measures()) {
    const RowKind kind = row_kind(*measure);
    const size_t rows = rows_of(kind, GetParam());
    if (kind == RowKind::other || kind == RowKind::broker) continue;
    if (measure->name == "topic_audit_finding" || kMayHaveNoRow.contains(measure->name)) continue;
    const auto found = series.find(measure->name);
    EXPECT_EQ(found == series.end() ? 0 : found->second, rows) << measure->name;
  }
}

TEST_P(SeriesCostTest, OfAClusterAtRestIsWhatTheDocumentSays) {
  for (const MetricsDetail detail : {MetricsDetail::standard, MetricsDetail::full}) {
    size_t shown = 0;
    for (const auto& [name, count] : series_of(GetParam(), detail)) {
      const Measure* const measure = collectors::make_catalogue().find(name);
      const bool counted = measure != nullptr && row_kind(*measure) != RowKind::other;
      // One for each kind of finding: in full detail only, and few beside the rest.
      if (counted && name != "topic_audit_finding") shown += count;
    }
    const size_t said = formula(GetParam(), detail);
    EXPECT_LE(shown, said);
    EXPECT_GE(shown, said * 9 / 10);
  }
}

INSTANTIATE_TEST_SUITE_P(TwoSizes, SeriesCostTest, testing::Values(kSmall, kLarge));

TEST(SeriesCost, OfTheBenchmarkClusterIsBelowFifteenThousand) {
  size_t sum = 0;
  for (const auto& [name, count] : series_of(kLarge, MetricsDetail::standard)) sum += count;
  EXPECT_LE(sum, 15'000U);
  EXPECT_LE(formula(kLarge, MetricsDetail::standard), 15'000U);
}

}  // namespace
}  // namespace highwater
