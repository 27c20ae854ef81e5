#include "collectors/canary/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

Now at(int second) {
  return {SteadyTime(seconds(1000 + second)), WallTime(seconds(1'700'000'000 + second))};
}

PartitionReport partition(int32_t number, uint64_t received, std::vector<Duration> end_to_end) {
  PartitionReport report;
  report.partition = number;
  report.counts = {received, received, 0, received, 0, 0};
  report.end_to_end = std::move(end_to_end);
  return report;
}

ProbeReport sending(std::vector<PartitionReport> partitions) {
  ProbeReport report;
  report.sending = true;
  report.partitions = static_cast<int32_t>(partitions.size());
  report.probed = std::move(partitions);
  return report;
}

struct Value {
  Unknown reason;
  double value;
};
Value value(const Observation& observation, std::string_view measure, int partition = -1) {
  for (const Table& table : observation.tables) {
    if (table.measure->name != measure) continue;
    std::vector<Symbol> cells{Symbol("prod")};
    if (partition >= 0) {
      cells.emplace_back("canary");
      cells.push_back(Symbol::number(partition));
    }
    const auto row = table.keys->find(cells);
    if (row) return {table.reason(*row), table.values[*row]};
  }
  ADD_FAILURE() << measure << " has no such row";
  return {Unknown::failed, 0};
}
double known(const Observation& observation, std::string_view measure, int partition = -1) {
  const Value found = value(observation, measure, partition);
  EXPECT_EQ(found.reason, Unknown::known) << measure;
  return found.value;
}

class CanaryInterpreterTest : public testing::Test {
 protected:
  CanaryInterpreter interpreter_{Symbol("prod"), Symbol("canary"), seconds(1)};
};

TEST_F(CanaryInterpreterTest, TellsTheNewestSamplesAndTheTotals) {
  PartitionReport first = partition(0, 2, {milliseconds(8), milliseconds(12)});
  first.produced = {milliseconds(5)};
  ProbeReport report = sending({first, partition(1, 1, {})});
  report.commits = {milliseconds(30), milliseconds(40)};
  const Observation seen = interpreter_.interpret(std::move(report), at(0));
  EXPECT_EQ(known(seen, "canary_up"), 1);
  EXPECT_EQ(known(seen, "canary_end_to_end_seconds", 0), 0.012);
  EXPECT_EQ(known(seen, "canary_produce_seconds", 0), 0.005);
  EXPECT_EQ(known(seen, "canary_commit_seconds"), 0.04);
  EXPECT_EQ(known(seen, "canary_records_received_total", 0), 2);
  EXPECT_EQ(known(seen, "canary_partition_writable", 1), 1);
  EXPECT_EQ(value(seen, "canary_end_to_end_seconds", 1).reason, Unknown::not_asked);
  EXPECT_THAT(seen.problems, IsEmpty());
}

TEST_F(CanaryInterpreterTest, ARefusedRecordMakesItsPartitionUnwritableAndSaysWhy) {
  PartitionReport bad = partition(1, 0, {});
  bad.error = "Broker: Not enough in-sync replicas";
  const Observation seen = interpreter_.interpret(sending({partition(0, 1, {}), bad}), at(0));
  EXPECT_EQ(known(seen, "canary_partition_writable", 0), 1);
  EXPECT_EQ(known(seen, "canary_partition_writable", 1), 0);
  ASSERT_EQ(seen.notes.size(), 1U);
  EXPECT_EQ(seen.notes[0].text, bad.error);
  EXPECT_EQ(seen.notes[0].entity.label("partition"), Symbol("1"));
}

TEST_F(CanaryInterpreterTest, ARecordThatWaitsTenSecondsForAnAnswerMakesItsPartitionUnwritable) {
  PartitionReport slow = partition(0, 0, {});
  slow.unanswered = seconds(9);
  EXPECT_EQ(known(interpreter_.interpret(sending({slow}), at(0)), "canary_partition_writable", 0),
            1);
  slow.unanswered = seconds(10);
  EXPECT_EQ(known(interpreter_.interpret(sending({slow}), at(1)), "canary_partition_writable", 0),
            0);
}

TEST_F(CanaryInterpreterTest, OneBlockedPartitionOfSixShowsInThePercentile) {
  Observation seen;
  for (int second = 0; second < 300; ++second) {
    std::vector<PartitionReport> partitions;
    for (int32_t number = 0; number < 5; ++number)
      partitions.push_back(partition(number, 1, {milliseconds(10)}));
    partitions.push_back(partition(5, 0, {}));
    partitions.back().waiting = seconds(second);
    seen = interpreter_.interpret(sending(std::move(partitions)), at(second));
  }
  EXPECT_GT(known(seen, "canary_end_to_end_p95_seconds"), 100);
}

TEST_F(CanaryInterpreterTest, SamplesOlderThanFiveMinutesCountNoMore) {
  (void)interpreter_.interpret(sending({partition(0, 1, {seconds(100)})}), at(0));
  EXPECT_EQ(known(interpreter_.interpret(sending({partition(0, 1, {})}), at(300)),
                  "canary_end_to_end_p95_seconds"),
            100);
  const Observation seen =
      interpreter_.interpret(sending({partition(0, 2, {seconds(1)})}), at(301));
  EXPECT_EQ(known(seen, "canary_end_to_end_p95_seconds"), 1);
}

TEST_F(CanaryInterpreterTest, WithoutAProbeAllButTheTotalsIsUnknownAndTheyGoOnAfterwards) {
  (void)interpreter_.interpret(sending({partition(0, 7, {milliseconds(8)})}), at(0));
  const Observation failed = interpreter_.failed("it ended: signal 6", at(1));
  EXPECT_EQ(known(failed, "canary_up"), 0);
  EXPECT_EQ(value(failed, "canary_partition_writable", 0).reason, Unknown::failed);
  EXPECT_EQ(value(failed, "canary_end_to_end_p95_seconds").reason, Unknown::failed);
  EXPECT_EQ(known(failed, "canary_records_received_total", 0), 7);
  ASSERT_EQ(failed.problems.size(), 1U);
  EXPECT_EQ(failed.problems[0].what, "canary: it ended: signal 6");
  const Observation seen =
      interpreter_.interpret(sending({partition(0, 2, {milliseconds(8)})}), at(2));
  EXPECT_EQ(known(seen, "canary_records_received_total", 0), 9);
}

TEST_F(CanaryInterpreterTest, ALossIsToldForAnHourAndCountedForEver) {
  PartitionReport report = partition(0, 5, {});
  report.counts.lost = 2;
  (void)interpreter_.interpret(sending({partition(0, 1, {})}), at(0));
  EXPECT_EQ(known(interpreter_.interpret(sending({report}), at(1)), "canary_lost_records", 0), 2);
  EXPECT_EQ(known(interpreter_.interpret(sending({report}), at(3601)), "canary_lost_records", 0),
            2);
  const Observation seen = interpreter_.interpret(sending({report}), at(3602));
  EXPECT_EQ(known(seen, "canary_lost_records", 0), 0);
  EXPECT_EQ(known(seen, "canary_records_lost_total", 0), 2);
}

TEST_F(CanaryInterpreterTest, WhatIsNotSentSaysWhy) {
  ProbeReport report;
  report.why = "topic canary: Broker: Unknown topic or partition";
  const Observation seen = interpreter_.interpret(std::move(report), at(0));
  EXPECT_EQ(known(seen, "canary_up"), 0);
  ASSERT_EQ(seen.notes.size(), 1U);
  EXPECT_EQ(seen.notes[0].text, "topic canary: Broker: Unknown topic or partition");
}

const Histogram& histogram(const Observation& observation, std::string_view name) {
  const auto found = std::ranges::find_if(
      observation.histograms, [&](const Histogram& one) { return one.measure->name == name; });
  EXPECT_NE(found, observation.histograms.end()) << name;
  return *found;
}

TEST_F(CanaryInterpreterTest, EverySampleOfAllPartitionsIsInTheHistograms) {
  PartitionReport first = partition(0, 2, {milliseconds(5), milliseconds(40)});
  first.produced = {milliseconds(3)};
  ProbeReport report = sending({first, partition(1, 1, {seconds(700)})});
  report.commits = {milliseconds(300)};
  (void)interpreter_.interpret(std::move(report), at(0));
  (void)interpreter_.failed("it ended: signal 6", at(1));
  const Observation seen =
      interpreter_.interpret(sending({partition(0, 1, {milliseconds(40)})}), at(2));
  const Histogram& way = histogram(seen, "canary_end_to_end_latency_seconds");
  EXPECT_EQ(way.cells, std::vector{Symbol("prod")});
  EXPECT_EQ(way.counts.front(), 1U);  // 5 ms is the bound of the first
  EXPECT_EQ(way.counts[3], 2U);       // up to 50 ms
  EXPECT_EQ(way.counts.back(), 1U);   // above ten minutes
  EXPECT_DOUBLE_EQ(way.sum, 700.085);
  EXPECT_EQ(histogram(seen, "canary_produce_latency_seconds").counts.front(), 1U);
  EXPECT_EQ(histogram(seen, "canary_commit_latency_seconds").counts[6], 1U);  // up to 500 ms
}

TEST_F(CanaryInterpreterTest, ABucketShowsTheNewestTraceOfARecordInIt) {
  ProbeReport report = sending({partition(0, 2, {milliseconds(30), milliseconds(40)})});
  report.journeys = {{TraceId::random(), SpanId::random(), SpanId::random(), at(0).wall,
                      milliseconds(3), milliseconds(30)},
                     {TraceId::random(), SpanId::random(), SpanId::random(), at(0).wall, Duration{},
                      milliseconds(40)}};
  const Observation seen = interpreter_.interpret(report, at(1));
  const Histogram& way = histogram(seen, "canary_end_to_end_latency_seconds");
  EXPECT_EQ(way.exemplars[3].trace, report.journeys[1].trace);
  EXPECT_EQ(way.exemplars[3].value, 0.04);
  EXPECT_EQ(way.exemplars[3].at, at(0).wall + milliseconds(40));
  EXPECT_FALSE(way.exemplars[4].trace.valid());
  // When the second one was acknowledged is not known: it came back before.
  EXPECT_EQ(histogram(seen, "canary_produce_latency_seconds").exemplars[0].trace,
            report.journeys[0].trace);
}

TEST_F(CanaryInterpreterTest, AJourneyIsTwoSpansOfOneTrace) {
  ProbeReport report = sending({});
  report.journeys = {{TraceId::random(), SpanId::random(), SpanId::random(), at(0).wall,
                      milliseconds(3), milliseconds(9)}};
  const Observation seen = interpreter_.interpret(report, at(0));
  ASSERT_EQ(seen.spans.size(), 2U);
  EXPECT_EQ(seen.spans[0].trace, seen.spans[1].trace);
  EXPECT_EQ(seen.spans[1].parent, seen.spans[0].id);
  EXPECT_FALSE(seen.spans[0].parent.valid());
  EXPECT_EQ(seen.spans[1].duration, milliseconds(9));
}

}  // namespace
}  // namespace highwater::canary
