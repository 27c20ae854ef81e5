// What is known of the last offsets of a log.
#include "collectors/kafka/lag/log_tail.h"

#include <gtest/gtest.h>

#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {
namespace {

using Content = LogTail::Content;

TEST(LogTail, KnowsNothingAtFirst) {
  const LogTail tail;
  EXPECT_EQ(tail.content(10, 12), Content::unknown);
  EXPECT_EQ(tail.content(12, 12), Content::nothing);
  EXPECT_EQ(tail.known_to(10), 10);
}

TEST(LogTail, MarkersOneBehindTheOtherAreNothing) {
  LogTail tail;
  tail.add_nothing(10, 11);
  tail.add_nothing(11, 12);
  EXPECT_EQ(tail.content(10, 12), Content::nothing);
  EXPECT_EQ(tail.content(11, 12), Content::nothing);
  EXPECT_EQ(tail.content(10, 13), Content::unknown) << "something came since";
  EXPECT_EQ(tail.content(9, 12), Content::unknown);
  EXPECT_EQ(tail.known_to(10), 12);
}

TEST(LogTail, ARecordBehindMarkersIsARecordHoweverFarTheLogGoesOn) {
  LogTail tail;
  tail.add_nothing(10, 11);
  tail.add_record(11, 15);
  EXPECT_EQ(tail.content(10, 11), Content::nothing);
  EXPECT_EQ(tail.content(10, 15), Content::record);
  EXPECT_EQ(tail.content(14, 100), Content::record);
  EXPECT_EQ(tail.content(15, 100), Content::unknown);
  EXPECT_EQ(tail.skip_nothing(10), 11);
  EXPECT_EQ(tail.skip_nothing(12), 12);
}

TEST(LogTail, WhatLayBeyondTheEndOfATruncatedLogIsForgotten) {
  LogTail tail;
  tail.add_nothing(10, 12);
  tail.cut(12);
  EXPECT_EQ(tail.content(10, 12), Content::nothing);
  tail.cut(11);
  EXPECT_EQ(tail.content(10, 12), Content::unknown);
}

TEST(LogTail, WhatWasSeenLastCounts) {
  LogTail tail;
  tail.add_nothing(10, 12);
  tail.add_record(11, 13);
  EXPECT_EQ(tail.content(11, 13), Content::record);
  tail.add_nothing(11, 13);
  EXPECT_EQ(tail.content(11, 13), Content::nothing);
}

TEST(LogTail, HoweverMuchIsSeenItStaysSmallAndKeepsTheNewest) {
  LogTail tail;
  for (int64_t i = 0; i < 1000; ++i) tail.add_nothing(10 * i, 10 * i + 1);
  EXPECT_EQ(tail.content(9990, 9991), Content::nothing);
  EXPECT_EQ(tail.content(0, 1), Content::unknown);
}

TEST(MayBeMarkers, OnlyAFewOffsetsAndOnlyWhereTransactionsCanHaveBeen) {
  ClusterView view;
  PartitionView partition;
  EXPECT_FALSE(may_be_markers(view, partition, 10, 11, 0));
  view.may_have_transactions = true;
  EXPECT_TRUE(may_be_markers(view, partition, 10, 12, 0));
  EXPECT_FALSE(may_be_markers(view, partition, 10, 13, 0));
  partition.history.make().saw_transaction(0);
  EXPECT_TRUE(may_be_markers(view, partition, 10, 18, 0)) << "several writers end together";
  EXPECT_FALSE(may_be_markers(view, partition, 10, 19, 0));
}

}  // namespace
}  // namespace highwater::kafka
