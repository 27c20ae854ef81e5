// What the tracker of open transactions remembers from poll to poll.
#include "collectors/kafka/lag/held_back.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::kafka {
namespace {

using std::chrono::seconds;

class HeldBackTest : public testing::Test {
 protected:
  HeldBackTest() {
    for (const char* const name : {"orders", "payments"}) {
      TopicView& topic = view_.topics.emplace_back();
      topic.name = Symbol(name);
      for (int32_t index = 0; index < 2; ++index) {
        PartitionView& partition = topic.partitions.emplace_back();
        partition.index = index;
        partition.high_watermark = partition.last_stable = {100, Unknown::known};
      }
    }
  }

  void poll(int64_t second) { held_back_.update(view_, SteadyTime(seconds(second))); }
  PartitionView& partition(size_t topic, size_t index) {
    return view_.topics[topic].partitions[index];
  }
  void hold(size_t topic, size_t index, int64_t offset) {
    partition(topic, index).last_stable.offset = offset;
  }
  [[nodiscard]] bool worth_asking(int64_t second) const {
    return HeldBack::worth_asking(view_, SteadyTime(seconds(second)));
  }

  ClusterView view_;
  HeldBack held_back_;
};

TEST_F(HeldBackTest, OnlyWhatIsHeldBackIsRemembered) {
  poll(1000);
  hold(1, 1, 70);
  poll(1010);
  ASSERT_EQ(view_.held_back.size(), 1U);
  EXPECT_EQ(view_.held_back[0].topic, Symbol("payments"));
  EXPECT_EQ(view_.held_back[0].partition, 1);
  EXPECT_EQ(view_.held_back[0].offset, 70);
  EXPECT_FALSE(view_.held_back[0].from_start);
  hold(1, 1, 100);
  poll(1020);
  EXPECT_TRUE(view_.held_back.empty());
}

TEST_F(HeldBackTest, ItCountsFromTheFirstSightOfTheOffset) {
  poll(1000);
  hold(0, 0, 70);
  hold(1, 0, 50);
  poll(1010);
  partition(0, 0).high_watermark.offset = 200;
  hold(1, 0, 60);
  poll(1030);
  EXPECT_EQ(HeldBack::find(view_, Symbol("orders"), 0)->since, SteadyTime(seconds(1010)));
  EXPECT_EQ(HeldBack::find(view_, Symbol("payments"), 0)->since, SteadyTime(seconds(1030)));
}

TEST_F(HeldBackTest, WhatStoodThereAtTheFirstLookMayBeOlder) {
  hold(0, 1, 70);
  poll(1000);
  EXPECT_TRUE(view_.held_back.at(0).from_start);
  hold(0, 1, 80);
  poll(1010);
  EXPECT_FALSE(view_.held_back.at(0).from_start);
}

TEST_F(HeldBackTest, WhatCouldNotBeReadBeforeMayBeOlder) {
  poll(1000);
  partition(0, 0).last_stable.reason = Unknown::timed_out;
  poll(1010);
  EXPECT_EQ(view_.held_back.at(0).reason, Unknown::timed_out);
  EXPECT_EQ(HeldBack::find(view_, Symbol("orders"), 0), nullptr);
  partition(0, 0).last_stable = {70, Unknown::known};
  poll(1020);
  EXPECT_TRUE(view_.held_back.at(0).from_start);
}

TEST_F(HeldBackTest, AGapInReadingChangesNothing) {
  poll(1000);
  hold(0, 0, 70);
  poll(1010);
  partition(0, 0).high_watermark.reason = Unknown::broker_unreachable;
  poll(1020);
  partition(0, 0).high_watermark.reason = Unknown::known;
  poll(1030);
  EXPECT_EQ(view_.held_back.at(0).since, SteadyTime(seconds(1010)));
  EXPECT_FALSE(view_.held_back.at(0).from_start);
}

TEST_F(HeldBackTest, ATopicOfTheSameNameIsAnother) {
  poll(1000);
  hold(0, 0, 70);
  poll(1010);
  view_.topics[0].id[0] = std::byte{7};
  poll(1020);
  EXPECT_EQ(view_.held_back.at(0).since, SteadyTime(seconds(1020)));
}

TEST_F(HeldBackTest, TopicsThatComeAndGoLeaveTheOthersAlone) {
  poll(1000);
  hold(0, 0, 10);
  hold(1, 0, 20);
  poll(1010);
  TopicView added = view_.topics[0];
  added.name = Symbol("p");
  view_.topics.erase(view_.topics.begin());
  view_.topics.insert(view_.topics.begin(), added);
  poll(1020);
  ASSERT_EQ(view_.held_back.size(), 2U);
  EXPECT_EQ(HeldBack::find(view_, Symbol("p"), 0)->since, SteadyTime(seconds(1020)));
  EXPECT_EQ(HeldBack::find(view_, Symbol("payments"), 0)->since, SteadyTime(seconds(1010)));
  EXPECT_EQ(HeldBack::find(view_, Symbol("orders"), 0), nullptr);
}

TEST_F(HeldBackTest, ItIsWorthAskingAfterAMinuteAndSoonerWhenTheBeginWasNotSeen) {
  poll(1000);
  EXPECT_FALSE(worth_asking(5000));
  hold(0, 0, 70);
  poll(1010);
  EXPECT_FALSE(worth_asking(1069));
  EXPECT_TRUE(worth_asking(1070));
  partition(0, 0).high_watermark.reason = Unknown::timed_out;
  poll(1080);
  EXPECT_FALSE(worth_asking(1080));
}

TEST_F(HeldBackTest, AfterTheFirstLookAQuarterOfAMinuteIsEnough) {
  hold(0, 0, 70);
  poll(1000);
  EXPECT_FALSE(worth_asking(1014));
  EXPECT_TRUE(worth_asking(1015));
}

}  // namespace
}  // namespace highwater::kafka
