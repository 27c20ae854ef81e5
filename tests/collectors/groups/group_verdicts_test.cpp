#include <gmock/gmock.h>

#include "tests/collectors/groups/group_watch.h"

namespace highwater::collectors {
namespace {

using testing::Contains;
using testing::StartsWith;

class Verdicts : public GroupWatch {
 protected:
  // {stalled, stopped, slow, rewound, uncommitted}
  [[nodiscard]] std::vector<double> verdicts() const {
    std::vector<double> values;
    for (const char* const measure :
         {"group_stalled_partitions", "group_stopped_partitions", "group_slow_partitions",
          "group_rewound_partitions", "group_uncommitted_partitions"}) {
      const Cell found = of(measure);
      EXPECT_EQ(found.reason, Unknown::known) << measure;
      values.push_back(found.value);
    }
    return values;
  }
  void come(int64_t records) { stand(0, commit(0).offset, end(0) + records); }
  void come_and_be_read(int64_t came, int64_t read) {
    stand(0, commit(0).offset + read, end(0) + came);
  }
  static std::vector<double> only(int place, double partitions = 1) {
    std::vector<double> expected(5);
    expected[static_cast<size_t>(place)] = partitions;
    return expected;
  }
};
const std::vector<double> kFine(5);
constexpr int kStalled = 0, kStopped = 1, kSlow = 2, kRewound = 3, kUncommitted = 4;

TEST_F(Verdicts, TheMemberThatReadsTheStalledPartitionIsNamed) {
  kafka::GroupMember& member = (*group().members)[0];
  member.client_id = "billing-2";
  member.client_host = "/10.0.0.7";
  const auto named = [&] {
    return cell(seen, "group_stalled_member_info",
                {"payments", "orders", "1", "billing-2", "10.0.0.7"});
  };
  until(100, [&] { stand(1, 900, end(1) + 10); });
  EXPECT_EQ(named(), kNoRow);
  until(200, [&] { stand(1, 900, end(1) + 10); });
  EXPECT_EQ(named(), is(1));
  member.assignment.clear();
  poll();
  EXPECT_EQ(named(), kNoRow) << "nobody reads it";
}

TEST_F(Verdicts, AGroupThatHasReadAllIsFine) {
  until(600);
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, AGroupThatReadsAndKeepsUpNowAndThenIsFine) {
  until(600, [&] { now % 60 == 0 ? come_and_be_read(0, end(0) - commit(0).offset) : come(50); });
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, AGroupThatGetsDoneWithABacklogIsFine) {
  stand(0, 1000, 100'000);
  until(600, [&] { come_and_be_read(10, 100); });
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, UnreadRecordsAndACommitThatStandsStillAreStalled) {
  until(100);
  come(5);
  until(200);
  EXPECT_EQ(verdicts(), kFine) << "not for a window yet";
  until(240);
  EXPECT_EQ(verdicts(), only(kStalled));
  EXPECT_THAT(notes(), Contains("its commit of partition 0 has stood at 1000 for 3 min 50 s"));
  come_and_be_read(0, 1);
  until(260);
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, EveryPartitionThatStandsStillCounts) {
  for (size_t i = 0; i < 3; ++i) stand(i, 900, 1000);
  until(300);
  EXPECT_EQ(verdicts(), only(kStalled, 3));
  EXPECT_THAT(notes(), Contains(testing::EndsWith(", as have 2 others")));
}

TEST_F(Verdicts, WhatAReaderCannotSeeYetIsNotUnread) {
  commit(0).offset = 990;
  commit(0).unread = unread_since(0);
  until(300);
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, OffsetsThatMayBeMarkersStallNobody) {
  const auto doubt = [&] {
    commit(0).unread = {};
    commit(0).unread.reason = Unknown::may_be_marker;
  };
  stand(0, 999, 1000);
  until(600, doubt);
  EXPECT_EQ(of("group_stalled_partitions"), unknown(Unknown::may_be_marker));
  EXPECT_EQ(of("group_consumed_records_per_second"), is(0)) << "it does not rest on one offset";
  stand(1, 400, 1000);
  until(800, doubt);
  EXPECT_EQ(of("group_stalled_partitions"), is(1)) << "the other partition";
}

TEST_F(Verdicts, ATopicThatNoMemberReadsAnyMoreIsNotStalled) {
  group().members->front().assignment = {{Symbol("logs"), {0}}};
  come(5);
  until(1000);
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, AGroupThatWasInUseAndHasNoMembersIsStopped) {
  until(2 * 3600, [&] { come_and_be_read(1, 1); });
  empty();
  until(2 * 3600 + 300, [&] { come(1); });
  EXPECT_EQ(verdicts(), only(kStopped));
  EXPECT_THAT(notes(), Contains(StartsWith("its commit of partition 0 has stood at ")));
}

TEST_F(Verdicts, AGroupThatStoppedWithNothingUnreadIsFine) {
  until(2 * 3600, [&] { come_and_be_read(1, 1); });
  empty();
  until(2 * 3600 + 300);
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, AGroupThatRunsNowAndThenIsNotStopped) {
  empty();
  until(3600, [&] { come(1); });
  fill();
  until(4800, [&] { come_and_be_read(1, 1); });
  empty();
  until(3 * 3600, [&] { come(1); });
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, AShortRunIsNoHabit) {
  until(300, [&] { come_and_be_read(1, 1); });
  empty();
  until(3600, [&] { come(1); });
  EXPECT_EQ(verdicts(), kFine);
}

// It was in use all the time that it was watched: that is not the hour that a habit took before.
TEST_F(Verdicts, AServiceThatStopsSoonAfterTheWatchBeganIsStopped) {
  until(1260, [&] { come_and_be_read(1, 1); });
  empty();
  until(1260 + 300, [&] { come(1); });
  EXPECT_EQ(verdicts(), only(kStopped));
  until(12 * 3600, [&] { come(1); });
  EXPECT_EQ(verdicts(), only(kStopped)) << "as long as it is away";
}

TEST_F(Verdicts, AGroupThatStoppedIsGivenUpAfterTwoDays) {
  until(86'400);
  empty();
  come(5);
  until(86'400 + 3600);
  EXPECT_EQ(verdicts(), only(kStopped));
  until(3 * 86'400 + 600);
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, OfAGroupNeverSeenInUseNobodyCanSayForADayWhetherItStopped) {
  empty();
  come(5);
  until(3600);
  EXPECT_EQ(of("group_stopped_partitions"), unknown(Unknown::not_asked));
  until(87'000);
  EXPECT_EQ(of("group_stopped_partitions"), is(0));
}

TEST_F(Verdicts, TheLagOfAGroupInUseIsThatOfItsOldestUnreadRecord) {
  until(300, [&] { come_and_be_read(1, 1); });
  stand(0, 1000, 2000, now - 5000);
  until(310);
  EXPECT_EQ(of("group_in_use_lag_seconds"), is(5000));
}

TEST_F(Verdicts, TheLagOfAServiceThatStoppedCountsForADay) {
  until(1500, [&] { come_and_be_read(1, 1); });
  empty();
  stand(0, 1000, 2000, now);
  until(1500 + 7200);
  EXPECT_EQ(of("group_in_use_lag_seconds"), is(7190));
  until(1500 + 90'000);
  EXPECT_EQ(of("group_in_use_lag_seconds"), is(0));
}

TEST_F(Verdicts, TheLagOfAGroupThatRunsNowAndThenDoesNotCount) {
  until(300, [&] { come_and_be_read(1, 1); });
  empty();
  stand(0, 1000, 2000, now);
  until(300 + 7200);
  EXPECT_EQ(of("group_in_use_lag_seconds"), is(0));
}

TEST_F(Verdicts, TheLagThatABatchFindsWhenItBeginsCountsOnlyOnceItHasRunForHours) {
  empty();
  stand(0, 1000, 2000, now - 5000);
  until(87'000);
  fill();
  until(87'000 + 3600);
  EXPECT_EQ(of("group_in_use_lag_seconds"), is(0));
  until(87'000 + 7300);
  EXPECT_EQ(of("group_in_use_lag_seconds").reason, Unknown::known);
  EXPECT_GT(of("group_in_use_lag_seconds").value, 3600);
}

TEST_F(Verdicts, OfAGroupNeverSeenInUseNobodyCanSayForADayWhetherItsLagCounts) {
  empty();
  stand(0, 1000, 2000);
  until(3600);
  EXPECT_EQ(of("group_in_use_lag_seconds"), unknown(Unknown::not_asked));
  until(87'000);
  EXPECT_EQ(of("group_in_use_lag_seconds"), is(0));
}

TEST_F(Verdicts, CommitsThatMoveWhileTheLagNeverShrinksAreSlow) {
  until(400, [&] { come_and_be_read(100, 50); });
  EXPECT_EQ(verdicts(), only(kSlow));
  until(420, [&] { come_and_be_read(0, 50); });
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, ACommitThatWentBackIsRewoundForAWindow) {
  until(100);
  stand(0, 400, 1000);
  until(200, [&] { come_and_be_read(0, 10); });
  EXPECT_EQ(verdicts(), only(kRewound));
  until(300, [&] { come_and_be_read(0, 10); });
  EXPECT_EQ(verdicts(), kFine);
}

TEST_F(Verdicts, MembersThatReadAndNeverCommitAreFoundOnceRecordsCome) {
  group().committed.clear();
  until(600);
  EXPECT_EQ(of("group_uncommitted_partitions"), is(0));
  end(1) += 10;
  until(700);
  EXPECT_EQ(of("group_uncommitted_partitions"), unknown(Unknown::not_asked));
  until(760);
  EXPECT_EQ(of("group_uncommitted_partitions"), is(1));
}

TEST_F(Verdicts, ATopicOfTheSameNameCreatedAnewStartsOver) {
  until(100);
  topic(view, "orders").id[0] = std::byte{7};
  stand(0, 0, 5);
  until(200);
  EXPECT_EQ(of("group_stalled_partitions"), unknown(Unknown::not_asked));
  come_and_be_read(0, 5);
  until(300);
  EXPECT_EQ(verdicts(), kFine);
  EXPECT_EQ(of("group_offsets_rewound_total"), is(0));
}

TEST_F(Verdicts, APartitionThatCannotBeReadIsUnknown) {
  come(5);
  until(300);
  orders(view, 0).high_watermark.reason = Unknown::timed_out;
  until(400);
  EXPECT_EQ(of("group_stalled_partitions"), unknown(Unknown::timed_out));
  orders(view, 0).high_watermark.reason = Unknown::known;
  until(410);
  EXPECT_EQ(verdicts(), only(kStalled));
}

// Or a restart would end the alert of a group that stands still as before.
TEST_F(Verdicts, NothingIsFineBeforeItWasWatchedForAWindow) {
  come(5);
  until(100);
  for (const char* const measure :
       {"group_stalled_partitions", "group_slow_partitions", "group_uncommitted_partitions"})
    EXPECT_EQ(of(measure), unknown(Unknown::not_asked)) << measure;
  until(130);
  EXPECT_EQ(verdicts(), only(kStalled));
}

TEST_F(Verdicts, TheCommitAgeIsThatOfTheLastMove) {
  until(100, [&] { come_and_be_read(1, 1); });
  EXPECT_EQ(of("group_commit_age_seconds"), is(0));
  until(200);
  EXPECT_EQ(of("group_commit_age_seconds"), is(100));
}

}  // namespace
}  // namespace highwater::collectors
