#include "collectors/kafka/poll/group_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::kafka {
namespace {

// Java says: "abc".hashCode() is 96354, "polygenelubricants" has the lowest integer; 228 is the
// code of "ä", and the last one has the two units D83D and DE00.
TEST(OffsetsPartition, IsTheHashOfJavasStringWithoutItsSign) {
  EXPECT_EQ(offsets_partition("", 50), 0);
  EXPECT_EQ(offsets_partition("abc", 50), 96354 % 50);
  EXPECT_EQ(offsets_partition("polygenelubricants", 50), 0);
  EXPECT_EQ(offsets_partition("\xC3\xA4", 50), 228 % 50);
  EXPECT_EQ(offsets_partition("\xF0\x9F\x98\x80", 50), (31 * 0xD83D + 0xDE00) % 50);
  EXPECT_EQ(offsets_partition("\xFF", 50), 0xFFFD % 50) << "Java reads it as U+FFFD";
  EXPECT_EQ(offsets_partition("abc", 0), 0);
}

class GroupListingTest : public testing::Test {
 protected:
  GroupListingTest() {
    for (int32_t id = 1; id <= 3; ++id) {
      BrokerView broker;
      broker.id = id;
      broker.status = BrokerStatus::up;
      broker.listed = true;
      view_.brokers.emplace(id, broker);
      answers_[id];
    }
    view_.topics_reason = Unknown::known;
    TopicView& offsets = view_.internal_topics.emplace_back();
    offsets.name = Symbol(kOffsetsTopic);
    // "a" lives in partition 1, "b" in 2, "c" in 0.
    for (int32_t index = 0; index < 3; ++index) {
      PartitionView& partition = offsets.partitions.emplace_back();
      partition.index = index;
      partition.leader = partition.last_leader = index + 1;
    }
    memory_.as_hashed = 10;
  }

  GroupView& add(const char* name, int32_t coordinator) {
    GroupView& group = view_.groups.emplace_back();
    group.id = Symbol(name);
    group.coordinator = coordinator;
    return group;
  }
  void list(int32_t broker, const char* name) {
    answers_[broker].groups.push_back({name, "consumer", "Stable", "classic"});
  }
  PartitionView& home(int32_t index) { return view_.internal_topics.at(0).partitions.at(index); }
  Unknown why(const GroupView& group) {
    return GroupListing(view_, answers_, memory_, now_).why_unlisted(group);
  }

  ClusterView view_;
  GroupListing::Answers answers_;
  CoordinatorMemory memory_;
  SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(GroupListingTest, GroupNotListedByItsCoordinatorIsGone) {
  EXPECT_EQ(why(add("a", 2)), Unknown::known);
}

TEST_F(GroupListingTest, GroupOfALeaderlessOffsetsPartitionIsUnknown) {
  view_.groups.reserve(2);
  const GroupView& stranded = add("a", 2);
  const GroupView& other = add("b", 3);
  view_.brokers.erase(2);
  answers_.erase(2);
  home(1).leader = -1;
  EXPECT_EQ(why(stranded), Unknown::no_coordinator);
  EXPECT_EQ(why(other), Unknown::known);
}

TEST_F(GroupListingTest, BrokerWithoutResponseHidesItsOwnGroupsOnly) {
  view_.groups.reserve(2);
  const GroupView& silent = add("a", 2);
  const GroupView& other = add("b", 3);
  answers_.erase(2);
  EXPECT_EQ(why(silent), Unknown::no_coordinator);
  EXPECT_EQ(why(other), Unknown::known);
  answers_[2].error_code = ErrorCode::kCoordinatorLoadInProgress;
  EXPECT_EQ(why(silent), Unknown::coordinator_loading);
}

TEST_F(GroupListingTest, WithAnotherHashEveryBrokerMustRespond) {
  memory_.elsewhere = 10;
  const GroupView& group = add("a", 2);
  EXPECT_EQ(why(group), Unknown::known);
  home(0).leader = -1;
  EXPECT_EQ(why(group), Unknown::no_coordinator);
  home(0).leader = 1;
  answers_.erase(3);
  EXPECT_EQ(why(group), Unknown::no_coordinator);
}

TEST_F(GroupListingTest, WithHiddenOffsetsTopicGroupsOfADownBrokerAreUnknown) {
  view_.internal_topics.clear();
  const GroupView& group = add("a", 2);
  EXPECT_EQ(why(group), Unknown::known);
  view_.brokers.at(2).status = BrokerStatus::crashed;
  view_.brokers.at(2).listed = false;
  answers_.erase(2);
  EXPECT_EQ(why(group), Unknown::no_coordinator);
  view_.brokers.erase(2);
  EXPECT_EQ(why(group), Unknown::known);
}

// Seen on a busy machine after a broker died: the new coordinator listed nothing for two polls.
TEST_F(GroupListingTest, WhatANewCoordinatorDoesNotListIsGoneOnlyAfterAWhile) {
  const GroupView& group = add("a", 2);
  ASSERT_EQ(why(group), Unknown::known) << "it led when it was first seen";
  home(1).leader = -1;
  EXPECT_EQ(why(group), Unknown::no_coordinator);
  now_ += std::chrono::seconds(10);
  home(1).leader = 3;
  EXPECT_EQ(why(group), Unknown::coordinator_loading);
  now_ += kTakesOver - std::chrono::seconds(1);
  EXPECT_EQ(why(group), Unknown::coordinator_loading);
  now_ += std::chrono::seconds(1);
  EXPECT_EQ(why(group), Unknown::known);
}

TEST_F(GroupListingTest, ALeaderThatAWrongAnswerReplacedForAMomentNeverCeasedToLead) {
  const GroupView& group = add("a", 2);
  ASSERT_EQ(why(group), Unknown::known);
  home(1).leader = 3;
  EXPECT_EQ(why(group), Unknown::coordinator_loading);
  now_ += std::chrono::seconds(1);
  home(1).leader = 2;
  EXPECT_EQ(why(group), Unknown::known);
  now_ += std::chrono::minutes(1);
  home(1).leader = 3;
  (void)why(group);
  now_ += kNeverCeased;
  home(1).leader = 2;
  EXPECT_EQ(why(group), Unknown::coordinator_loading) << "it led, and came back";
}

TEST_F(GroupListingTest, PrefersTheLeaderOfTheOffsetsPartition) {
  list(1, "a");
  list(2, "a");
  add("a", 1);
  const GroupListing listing(view_, answers_, memory_, now_);
  ASSERT_EQ(listing.entries().size(), 1U);
  EXPECT_EQ(listing.entries()[0].coordinator, 2);
}

TEST_F(GroupListingTest, SkipsABrokerThatAnsweredNotCoordinator) {
  list(1, "a");
  list(2, "a");
  memory_.disowned[Symbol("a")] = 2;
  EXPECT_EQ(GroupListing(view_, answers_, memory_, now_).entries()[0].coordinator, 1);
  answers_[1].groups.clear();
  EXPECT_EQ(GroupListing(view_, answers_, memory_, now_).entries()[0].coordinator, 2)
      << "no other broker lists it";
}

TEST_F(GroupListingTest, WithHiddenOffsetsTopicPrefersTheLastCoordinator) {
  view_.internal_topics.clear();
  list(1, "a");
  list(3, "a");
  add("a", 3);
  EXPECT_EQ(GroupListing(view_, answers_, memory_, now_).entries()[0].coordinator, 3);
}

}  // namespace
}  // namespace highwater::kafka
