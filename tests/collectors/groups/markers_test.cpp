// Exactly-once topics at rest, on simulated brokers: a transaction's marker is no unread record,
// and without the right to look nobody says that it is one.
#include <gtest/gtest.h>

#include "tests/collectors/simulated_watch.h"

namespace highwater::collectors {
namespace {

// Both groups read all there is: one commits behind the last record, the other its position.
constexpr std::string_view kScenario = R"(
brokers: 3
topics:
  - {name: payments, records: 10}
groups:
  - {name: record, topics: [payments], isolation: read_committed, commits_last_record: true, commit_every: 200ms}
  - {name: position, topics: [payments], isolation: read_committed, commit_every: 200ms}
  - {name: behind, topics: [payments], consume: none, lag: 1}
)";

const std::vector<std::string> kCommitted{"open_transaction: {topic: payments, partition: 0}",
                                          "end_transaction: {topic: payments, partition: 0}"};
const std::vector<std::string> kAborted{
    "open_transaction: {topic: payments, partition: 0, records: 5}",
    "end_transaction: {topic: payments, partition: 0, abort: true}"};

SimulatedWatch::Options after(std::vector<std::string> faults) {
  SimulatedWatch::Options options;
  options.before = std::move(faults);
  return options;
}

class Markers : public testing::Test {
 protected:
  static std::vector<std::string> of(const char* group) { return {group, "payments", "0"}; }
  // The groups committed these offsets, and lag by nothing.
  static bool all_read(SimulatedWatch& watch, double record, double position) {
    return watch.wait_for([&] {
      for (const auto& [group, committed] : {std::pair("record", record), {"position", position}}) {
        if (!watch.is("group_committed_offset", of(group), committed) ||
            !watch.is("group_lag_records", of(group), 0) ||
            !watch.is("group_lag_seconds", of(group), 0) ||
            !watch.is("group_records_lost", of(group), 0))
          return false;
      }
      return true;
    });
  }
};

TEST_F(Markers, OfACommittedTransactionAreNoLagAlsoAfterARestart) {
  SimulatedWatch watch(kScenario, after(kCommitted));
  EXPECT_TRUE(all_read(watch, 11, 12));
  watch.watch_anew();
  EXPECT_TRUE(all_read(watch, 11, 12));
}

TEST_F(Markers, OfAnAbortedTransactionAreNoLagNorAreItsRecords) {
  SimulatedWatch watch(kScenario, after(kAborted));
  EXPECT_TRUE(all_read(watch, 10, 16));
}

TEST_F(Markers, AreToldFromARecordThatIsUnread) {
  SimulatedWatch watch(kScenario, after(kCommitted));
  EXPECT_TRUE(watch.wait_for([&] {
    const auto age = watch.row("group_lag_seconds", of("behind"));
    return watch.is("group_lag_records", of("behind"), 3) && age && age->value > 0;
  })) << "a record before the transaction, its record and its marker";
}

TEST_F(Markers, AreUnknownWithoutReadAndNoOtherRowIs) {
  auto faults = kCommitted;
  faults.emplace_back("denied: reads");
  SimulatedWatch watch(kScenario, after(faults));
  EXPECT_TRUE(watch.wait_for([&] {
    const SimulatedWatch::Row doubt{0, Unknown::may_be_marker};
    return watch.row("group_lag_records", of("record")) == doubt &&
           watch.row("group_lag_seconds", of("record")) == doubt &&
           watch.is("group_committed_offset", of("record"), 11) &&
           watch.is("group_lag_records", of("position"), 0) &&
           watch.is("group_lag_records", of("behind"), 3);
  }));
}

TEST_F(Markers, ThatWereDeletedAreNotLost) {
  SimulatedWatch watch(kScenario, after(kCommitted));
  ASSERT_TRUE(all_read(watch, 11, 12));
  watch.happen("delete_records: {topic: payments, partition: 0, before: 12}");
  ASSERT_TRUE(watch.wait_for([&] {
    return watch.is("partition_log_start_offset", {"payments", "0"}, 12);
  }));
  const int seen = watch.observations("groups");
  EXPECT_TRUE(watch.wait_for([&] { return watch.observations("groups") > seen + 1; }));
  EXPECT_TRUE(watch.is("group_records_lost", of("record"), 0));
}

}  // namespace
}  // namespace highwater::collectors
