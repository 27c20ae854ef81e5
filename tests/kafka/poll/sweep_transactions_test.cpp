// Whom a sweep asks whose transaction holds readers back, and when it knows all of them.
#include <gmock/gmock.h>

#include "tests/kafka/poll/sweep_fixture.h"

namespace highwater::kafka {
namespace {

using testing::ElementsAre;

// Partition 1 of "orders" is held back since a moment before the last sweep.
class SweepOfTransactionsTest : public SweepTest {
 protected:
  SweepOfTransactionsTest() {
    sweep();
    admin_.stable = admin_.offsets;
    admin_.stable->topics[0].partitions[1].offset = 150;
    sweep();
    admin_.transactions.emplace();
    admin_.transactions->transactions = {{"billing", 4001, "Ongoing"}, {"other", 4002, "Ongoing"}};
    admin_.described.transactions = {
        {{}, "billing", "Ongoing", 60'000, 1'700'000'000'000, 4001, 3, {{"orders", {0, 1}}}},
        {{}, "other", "Ongoing", 60'000, 1'700'000'000'000, 4002, 0, {{"orders", {0}}}}};
  }
  void grow_old(std::chrono::seconds by) { view_.held_back.at(0).since -= by; }
};

TEST_F(SweepOfTransactionsTest, NobodyIsAskedAboutYoungOnes) {
  EXPECT_EQ(view_.held_back.size(), 1U);
  grow_old(std::chrono::seconds(50));
  sweep();
  EXPECT_EQ(admin_.transactions_asked, 0);
}

TEST_F(SweepOfTransactionsTest, WhoHoldsAPartitionBackForLongIsAskedForAndOthersAreNotKept) {
  grow_old(std::chrono::seconds(60));
  sweep();
  EXPECT_THAT(admin_.described_ids, ElementsAre("billing", "other"));
  ASSERT_EQ(view_.transactions.size(), 1U);
  EXPECT_EQ(view_.transactions[0].id, "billing");
  EXPECT_EQ(view_.transactions[0].producer_id, 4001);
  EXPECT_EQ(view_.transactions[0].timeout, std::chrono::minutes(1));
  EXPECT_EQ(view_.transactions[0].began, WallTime(std::chrono::seconds(1'700'000'000)));
  EXPECT_THAT(view_.transactions[0].holds, ElementsAre(std::pair(Symbol("orders"), 1)));
  EXPECT_EQ(view_.transactions_reason, Unknown::known);
}

TEST_F(SweepOfTransactionsTest, NotAllOfThemAreKnownWhenOneIsNotDescribed) {
  admin_.described.transactions[0].error_code = ErrorCode::kTransactionalIdAuthorizationFailed;
  grow_old(std::chrono::seconds(60));
  sweep();
  EXPECT_TRUE(view_.transactions.empty());
  EXPECT_EQ(view_.transactions_reason, Unknown::denied) << "or it would seem to hang";
}

TEST_F(SweepOfTransactionsTest, NotAllOfThemAreKnownWhenThereAreTooMany) {
  for (int i = 0; i < 200; ++i)
    admin_.transactions->transactions.push_back({"more-" + std::to_string(i), 5000 + i, "Ongoing"});
  grow_old(std::chrono::seconds(60));
  sweep();
  EXPECT_EQ(admin_.described_ids.size(), 200U);
  EXPECT_EQ(view_.transactions.size(), 1U);
  EXPECT_EQ(view_.transactions_reason, Unknown::not_asked);
}

TEST_F(SweepOfTransactionsTest, NobodyIsAskedTwiceWithinHalfAMinute) {
  grow_old(std::chrono::seconds(60));
  sweep();
  sweep();
  EXPECT_EQ(admin_.transactions_asked, 1);
  EXPECT_EQ(view_.transactions.size(), 1U);
  admin_.stable->topics[0].partitions[1].offset = 200;
  sweep();
  EXPECT_TRUE(view_.transactions.empty());
  admin_.stable->topics[0].partitions[1].offset = 150;
  sweep();
  grow_old(std::chrono::seconds(60));
  sweep();
  EXPECT_EQ(admin_.transactions_asked, 1);
}

TEST_F(SweepOfTransactionsTest, ABrokerThatIsTooOldLosesTheNamesAlone) {
  admin_.transactions.reset();
  grow_old(std::chrono::seconds(60));
  sweep();
  EXPECT_EQ(view_.transactions_reason, Unknown::unsupported);
  EXPECT_EQ(view_.held_back.size(), 1U);
}

}  // namespace
}  // namespace highwater::kafka
