#include "agent/core/exported.h"

#include <gtest/gtest.h>

#include <set>

#include "agent/catalogue.h"
#include "rules/language/load.h"

namespace highwater::agent {
namespace {

TEST(Exported, IsDeclaredForEveryMeasureWithARowPerTopicGroupOrPartition) {
  std::set<std::string_view> listed;
  for (const auto& [name, rows] : listed_exports()) {
    EXPECT_TRUE(listed.insert(name).second) << name << " is listed twice";
    EXPECT_NE(catalogue().find(name), nullptr) << name << " is no measure";
  }
  for (const Measure* measure : catalogue().measures()) {
    EXPECT_EQ(listed.contains(measure->name), grows_with_cluster(*measure))
        << measure->name << ": agent/core/exported.cpp says how it is exported";
  }
}

TEST(Exported, NeverHidesTheZeroOfACounter) {
  for (const Measure* measure : catalogue().measures()) {
    if (measure->type == MeasureType::counter) {
      EXPECT_NE(exported(*measure), Exported::nonzero) << measure->name;
    }
  }
}

TEST(Exported, HasNoNameThatPrometheusReservesForAnotherType) {
  for (const Measure* measure : catalogue().measures()) {
    for (const std::string_view suffix : {"_sum", "_count", "_bucket", "_created"})
      EXPECT_FALSE(measure->name.ends_with(suffix)) << measure->name;
    EXPECT_EQ(measure->name.ends_with("_info"),
              measure->unit == Unit::info && !measure->name.ends_with("_status"))
        << measure->name;
  }
}

// Whoever takes the built-in SLOs to Prometheus needs their series when all is well, too.
TEST(Exported, IsAlwaysWhatABuiltInSloJudges) {
  Diagnostics diagnostics;
  const rules::RuleSet rules = rules::parse_rules(
      rules::builtin_slos_text(), "<built-in>", catalogue(), [](auto) { return true; },
      diagnostics);
  ASSERT_TRUE(diagnostics.empty()) << diagnostics.front().text();
  for (const rules::SloRule& slo : rules.slos) {
    EXPECT_EQ(exported(*slo.sli.first.measure), Exported::always) << slo.name;
    if (slo.sli.total) {
      EXPECT_EQ(exported(*slo.sli.total->measure), Exported::always) << slo.name;
    }
  }
}

}  // namespace
}  // namespace highwater::agent
