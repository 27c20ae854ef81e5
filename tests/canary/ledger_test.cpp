#include "collectors/canary/ledger.h"

#include <gtest/gtest.h>

namespace highwater::canary {
namespace {

using std::chrono::seconds;

SteadyTime at(int second) {
  return SteadyTime(seconds(1000 + second));
}

TEST(CanaryLedger, TellsHowLongARecordTookToBeTakenAndToComeBack) {
  CanaryLedger ledger;
  ledger.sent(1, at(0));
  EXPECT_EQ(ledger.taken(1, 7, at(2)), seconds(2));
  EXPECT_EQ(ledger.received(1, 7, at(3)), seconds(3));
  EXPECT_EQ(ledger.counts(), (Counts{1, 1, 0, 1, 0, 0}));
  EXPECT_EQ(ledger.under_way(), 0U);
}

TEST(CanaryLedger, ARecordThatIsNotInTheLogWhereItWasAcknowledgedIsLost) {
  CanaryLedger ledger;
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) {
    ledger.sent(sequence, at(0));
    (void)ledger.taken(sequence, static_cast<int64_t>(sequence), at(0));
  }
  (void)ledger.received(1, 1, at(1));
  (void)ledger.received(3, 3, at(1));
  EXPECT_EQ(ledger.counts().lost, 1U);
  EXPECT_EQ(ledger.under_way(), 0U);
}

TEST(CanaryLedger, ALateRecordIsNotLost) {
  CanaryLedger ledger;
  ledger.sent(1, at(0));
  (void)ledger.taken(1, 5, at(0));
  EXPECT_EQ(ledger.waiting(at(3600)), seconds(3600));
  EXPECT_EQ(ledger.counts().lost, 0U);
  (void)ledger.received(1, 5, at(3600));
  EXPECT_EQ(ledger.counts(), (Counts{1, 1, 0, 1, 0, 0}));
}

TEST(CanaryLedger, WhatWasWrittenBeforeWeBeganToReadIsNeitherLostNorLate) {
  CanaryLedger ledger;
  ledger.sent(1, at(0));
  (void)ledger.taken(1, 5, at(0));
  ledger.sent(2, at(1));
  (void)ledger.taken(2, 6, at(1));
  (void)ledger.received(2, 6, at(2));
  EXPECT_EQ(ledger.counts().lost, 0U);
  EXPECT_EQ(ledger.under_way(), 0U);
}

TEST(CanaryLedger, ARecordThatIsReadTwiceIsDuplicated) {
  CanaryLedger ledger;
  ledger.sent(1, at(0));
  (void)ledger.taken(1, 5, at(0));
  (void)ledger.received(1, 5, at(1));
  EXPECT_EQ(ledger.received(1, 6, at(2)), std::nullopt);
  EXPECT_EQ(ledger.counts(), (Counts{1, 1, 0, 1, 0, 1}));
}

TEST(CanaryLedger, WhatTheClientGaveUpAndTheClusterHasAllTheSameIsReceived) {
  CanaryLedger ledger;
  ledger.sent(1, at(0));
  ledger.refused(1);
  EXPECT_EQ(ledger.received(1, 5, at(40)), seconds(40));
  EXPECT_EQ(ledger.counts(), (Counts{1, 0, 1, 1, 0, 0}));
}

TEST(CanaryLedger, ARecordMayComeBackBeforeItsAcknowledgement) {
  CanaryLedger ledger;
  ledger.sent(1, at(0));
  (void)ledger.received(1, 5, at(1));
  (void)ledger.taken(1, 5, at(2));
  ledger.read_up_to(6);
  EXPECT_EQ(ledger.counts(), (Counts{1, 1, 0, 1, 0, 0}));
}

TEST(CanaryLedger, RecordsOfOthersMoveTheReadingOn) {
  CanaryLedger ledger;
  ledger.read_up_to(4);
  ledger.sent(1, at(0));
  (void)ledger.taken(1, 5, at(0));
  ledger.read_up_to(6);
  EXPECT_EQ(ledger.counts().lost, 1U);
}

TEST(CanaryLedger, UnansweredIsWhatTheClusterHasNotAcknowledged) {
  CanaryLedger ledger;
  ledger.sent(1, at(0));
  (void)ledger.taken(1, 5, at(0));
  ledger.sent(2, at(4));
  EXPECT_EQ(ledger.unanswered(at(10)), seconds(6));
  EXPECT_EQ(ledger.waiting(at(10)), seconds(10));
  EXPECT_EQ(ledger.under_way(), 2U);
}

TEST(CanaryLedger, ARecordInWhosePlaceAnotherIsReadIsLost) {
  CanaryLedger ledger;
  ledger.read_up_to(4);
  ledger.sent(1, at(0));
  (void)ledger.taken(1, 5, at(0));
  ledger.sent(2, at(1));
  (void)ledger.taken(2, 5, at(1));
  (void)ledger.received(2, 5, at(2));
  EXPECT_EQ(ledger.counts(), (Counts{2, 2, 0, 1, 1, 0}));
}

TEST(CanaryLedger, SendsNoMoreWhileTenAreUnderWayUnlessAllWereTakenAndNoneComesBack) {
  CanaryLedger ledger;
  for (uint64_t sequence = 1; sequence <= 10; ++sequence) {
    EXPECT_TRUE(ledger.may_send(at(0)));
    ledger.sent(sequence, at(0));
  }
  EXPECT_FALSE(ledger.may_send(at(60)));
  for (uint64_t sequence = 1; sequence <= 10; ++sequence)
    (void)ledger.taken(sequence, static_cast<int64_t>(sequence), at(0));
  EXPECT_FALSE(ledger.may_send(at(29)));
  EXPECT_TRUE(ledger.may_send(at(30)));
  ledger.sent(11, at(30));
  EXPECT_FALSE(ledger.may_send(at(60)));
  (void)ledger.taken(11, 11, at(30));
  EXPECT_FALSE(ledger.may_send(at(59)));
  EXPECT_TRUE(ledger.may_send(at(60)));
}

TEST(CanaryLedger, TenRecordsThatAreLostTogetherAreFoundOut) {
  CanaryLedger ledger;
  ledger.read_up_to(0);
  for (uint64_t sequence = 1; sequence <= 10; ++sequence) {
    ledger.sent(sequence, at(0));
    (void)ledger.taken(sequence, static_cast<int64_t>(sequence), at(0));
  }
  ASSERT_TRUE(ledger.may_send(at(30)));
  ledger.sent(11, at(30));
  (void)ledger.taken(11, 1, at(30));  // the log was cut off before them
  (void)ledger.received(11, 1, at(30));
  EXPECT_EQ(ledger.counts().lost, 1U);
  EXPECT_TRUE(ledger.may_send(at(31)));
}

TEST(CanaryLedger, RemembersABoundedNumber) {
  CanaryLedger ledger;
  for (uint64_t sequence = 1; sequence <= 5000; ++sequence) ledger.sent(sequence, at(0));
  EXPECT_EQ(ledger.under_way(), CanaryLedger::kRemembered);
  EXPECT_EQ(ledger.counts().sent, 5000U);
}

}  // namespace
}  // namespace highwater::canary
