#include <gtest/gtest.h>

#include "collectors/groups/groups.h"
#include "collectors/tables/sample_ring.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

// Group "payments", whose member reads partition 0 of "orders", at a cadence of 10 s.
class Rates : public testing::Test {
 protected:
  Rates() { add_member(add_group(view, "payments", 1, {100}), "orders", {0}); }

  void poll(int t, int64_t end, int64_t committed) {
    orders(view, 0).high_watermark.offset = end;
    commit(committed);
    PollInfo poll;
    poll.cadence = std::chrono::seconds(10);
    seen = interpreter.interpret(view, poll, at(t));
  }
  void commit(int64_t committed) { view.groups[0].committed[0].partitions[0].offset = committed; }
  // `produced` and `consumed` records a second, from a lag of 10,000 on.
  void run(int64_t produced, int64_t consumed, int from, int until) {
    for (int t = from; t <= until; t += 10) poll(t, 20'000 + produced * t, 10'000 + consumed * t);
  }
  [[nodiscard]] Cell of(std::string_view measure) const {
    return cell(seen, measure, {"payments", "orders"});
  }
  [[nodiscard]] std::string told() const {
    const std::array<std::string_view, 3> dimensions{"cluster", "group", "topic"};
    const std::array<Symbol, 3> names{Symbol("prod"), Symbol("payments"), Symbol("orders")};
    return note(seen, Entity(dimensions, names));
  }

  kafka::ClusterView view = healthy_cluster();
  GroupsInterpreter interpreter;
  Observation seen;
};

TEST_F(Rates, AreUnknownUntilWatchedForAMinute) {
  run(100, 150, 0, 50);
  EXPECT_EQ(of("group_produced_records_per_second"), unknown(Unknown::not_asked));
  EXPECT_EQ(of("group_time_to_catch_up_seconds"), kNoRow);
  run(100, 150, 60, 60);
  EXPECT_EQ(of("group_produced_records_per_second"), is(100));
  EXPECT_EQ(of("group_consumed_records_per_second"), is(150));
}

TEST_F(Rates, AreKnownSoonerWhenCommitsComeOften) {
  for (int t = 0; t <= 5; ++t) poll(t, 20'000 + 100 * t, 10'000 + 150 * t);
  EXPECT_EQ(of("group_consumed_records_per_second"), unknown(Unknown::not_asked));
  poll(6, 20'600, 10'900);
  EXPECT_EQ(of("group_produced_records_per_second"), is(100));
  EXPECT_EQ(of("group_consumed_records_per_second"), is(150));
}

TEST_F(Rates, AreNotToldFromFewBatches) {
  for (int t = 0; t <= 50; ++t) poll(t, 20'000 + 100 * t, 10'000 + 1'500 * (t / 10));
  EXPECT_EQ(of("group_consumed_records_per_second"), unknown(Unknown::not_asked));
}

TEST_F(Rates, SayWhenAGroupWillHaveCaughtUp) {
  run(100, 120, 0, 200);
  EXPECT_EQ(of("group_time_to_catch_up_seconds"), is((10'000 - 20 * 200) / 20));
  EXPECT_EQ(told(), "100 records/s come in and 120/s are read: it catches up in 5 min");
}

TEST_F(Rates, SayThatAGroupDoesNotCatchUp) {
  run(100, 100, 0, 200);
  EXPECT_EQ(of("group_time_to_catch_up_seconds"), kNoRow);
  EXPECT_EQ(told(), "100 records/s come in and 100/s are read: it does not catch up");
}

TEST_F(Rates, OfAGroupThatStoppedAreNotToldAsIfItStillRead) {
  run(100, 100, 0, 200);
  for (int t = 210; t <= 230; t += 10) poll(t, 20'000 + 100 * t, 30'000);
  EXPECT_EQ(told(), "100 records/s come in and nothing has been committed for 30 s");
  view.groups[0].members->clear();
  view.groups[0].state = "Empty";
  view.groups[0].last_commit_change = at(200).steady;
  poll(240, 44'000, 30'000);
  EXPECT_EQ(told(), "100 records/s come in and the group has no members");
}

TEST_F(Rates, OfAGroupThatKeepsUpPromiseNothingAndTakeNoTime) {
  for (int t = 0; t <= 200; t += 10) poll(t, 20'000 + 100 * t, 20'000 + 100 * t - 900);
  EXPECT_EQ(of("group_time_to_catch_up_seconds"), is(0));
  EXPECT_EQ(told(), "");
}

TEST_F(Rates, WithNothingComingInCatchUpByReadingAlone) {
  run(0, 5, 0, 200);
  EXPECT_EQ(of("group_time_to_catch_up_seconds"), is((10'000 - 5 * 200) / 5));
}

TEST_F(Rates, AreNotThoseOfLongAgo) {
  run(100, 150, 0, 60);
  for (int t = 70; t <= 400; t += 10) poll(t, 26'000, 20'000);
  EXPECT_EQ(of("group_produced_records_per_second"), is(0));
  EXPECT_EQ(of("group_consumed_records_per_second"), is(0));
}

TEST_F(Rates, ARewindIsNoReading) {
  run(0, 10, 0, 100);
  for (int t = 110; t <= 400; t += 10) poll(t, 20'000, 500);
  EXPECT_EQ(of("group_consumed_records_per_second"), is(0));
}

TEST_F(Rates, APartitionThatCannotBeReadIsMadeUpFor) {
  run(100, 50, 0, 100);
  orders(view, 0).high_watermark.reason = Unknown::timed_out;
  run(100, 50, 110, 150);
  EXPECT_EQ(of("group_consumed_records_per_second"), unknown(Unknown::timed_out));
  orders(view, 0).high_watermark.reason = Unknown::known;
  run(100, 50, 160, 160);
  EXPECT_EQ(of("group_consumed_records_per_second"), is(50));
}

TEST_F(Rates, APartitionThatIsReadAnewDoesNotMakeThemJump) {
  run(100, 100, 0, 100);
  view.groups[0].committed[0].partitions.push_back({1, 900'000, Unknown::known, unread_since(0)});
  orders(view, 1).high_watermark.offset = 900'000;
  run(100, 100, 110, 200);
  EXPECT_EQ(of("group_produced_records_per_second"), is(100));
  EXPECT_EQ(of("group_consumed_records_per_second"), is(100));
}

TEST(SampleRing, ForgetsWhatIsOlderThanItsLength) {
  SampleRing<1> ring;
  for (int t = 0; t <= 1000; t += 7) {
    ring.add(at(t).steady, std::chrono::seconds(80), {static_cast<double>(t)});
    if (t < 21) {
      EXPECT_FALSE(ring.interval()) << t;
      continue;
    }
    ASSERT_TRUE(ring.interval()) << t;
    EXPECT_LE(ring.interval()->seconds(), 80) << t;
    EXPECT_GE(ring.interval()->seconds(), std::min(t, 60)) << t;
    EXPECT_DOUBLE_EQ(ring.interval()->rate(0), 1) << t;
  }
}

TEST(SampleRing, StartsAnewAfterAGap) {
  SampleRing<1> ring;
  for (int t = 0; t <= 50; t += 10) ring.add(at(t).steady, std::chrono::seconds(80), {0});
  ring.add(at(200).steady, std::chrono::seconds(80), {5});
  EXPECT_FALSE(ring.interval());
}

}  // namespace
}  // namespace highwater::collectors
