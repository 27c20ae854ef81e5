#include "collectors/canary/report.h"

#include <gtest/gtest.h>

namespace highwater::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(CanaryReport, ComesBackAsItWasWritten) {
  ProbeReport report;
  report.sending = true;
  report.why = "none";
  report.partitions = 3;
  PartitionReport partition;
  partition.partition = 2;
  partition.counts = {5, 4, 1, 3, 2, 6};
  partition.waiting = seconds(7);
  partition.produced = {milliseconds(3), milliseconds(4)};
  partition.end_to_end = {milliseconds(9)};
  partition.error = "Broker: \"Not enough\" \xff";
  report.probed = {partition};
  report.commits = {milliseconds(11)};
  report.journeys = {{TraceId::random(), SpanId::random(), SpanId::random(),
                      WallTime(seconds(1'700'000'000)), milliseconds(3), milliseconds(9)}};
  const auto read = read_report(write_report(report));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->sending);
  EXPECT_EQ(read->why, "none");
  EXPECT_EQ(read->partitions, 3);
  ASSERT_EQ(read->probed.size(), 1U);
  EXPECT_EQ(read->probed[0].partition, 2);
  EXPECT_EQ(read->probed[0].counts, partition.counts);
  EXPECT_EQ(read->probed[0].waiting, partition.waiting);
  EXPECT_EQ(read->probed[0].unanswered, std::nullopt);
  EXPECT_EQ(read->probed[0].produced, partition.produced);
  EXPECT_EQ(read->probed[0].end_to_end, partition.end_to_end);
  EXPECT_TRUE(read->probed[0].error.starts_with("Broker: \"Not enough\""));
  EXPECT_EQ(read->commits, report.commits);
  ASSERT_EQ(read->journeys.size(), 1U);
  EXPECT_EQ(read->journeys[0].trace, report.journeys[0].trace);
  EXPECT_EQ(read->journeys[0].sent, report.journeys[0].sent);
}

TEST(CanaryReport, WhatIsNotOneIsRefusedAndOddFieldsAreLeftOut) {
  for (const char* line : {"", "{", "[]", "17", "\"x\"", "nul\0l"}) EXPECT_FALSE(read_report(line));
  const auto odd = read_report(
      R"({"sending": 1, "why": 7, "partitions": -3, "probed": [3, {"partition": -1}, {"partition": 1,
          "counts": [], "waiting": "x", "produced": {"a": 1}, "end_to_end": [null, -5, 1e300, 3]}],
          "journeys": [{}, 5, {"trace": "zz"}]})");
  ASSERT_TRUE(odd);
  EXPECT_FALSE(odd->sending);
  EXPECT_EQ(odd->partitions, 0);
  ASSERT_EQ(odd->probed.size(), 1U);
  EXPECT_EQ(odd->probed[0].counts, Counts{});
  EXPECT_EQ(odd->probed[0].end_to_end, (std::vector<Duration>{Duration(0), Duration(3)}));
  EXPECT_TRUE(odd->journeys.empty());
}

TEST(CanarySettings, ComeBackAsTheyWereWrittenAndMustBeComplete) {
  const ProbeSettings settings{"a:1,b:2", "t", "g", seconds(2)};
  const auto read = read_settings(write_settings(settings));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->servers, "a:1,b:2");
  EXPECT_EQ(read->every, seconds(2));
  EXPECT_FALSE(read_settings(write_settings({"", "t", "g", seconds(2)})));
  EXPECT_FALSE(read_settings(write_settings({"a:1", "t", "g", milliseconds(1)})));
}

}  // namespace
}  // namespace highwater::canary
