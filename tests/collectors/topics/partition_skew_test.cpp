#include "collectors/topics/partition_skew.h"

#include <gmock/gmock.h>

#include "tests/collectors/groups/group_watch.h"

namespace highwater::collectors {
namespace {

using testing::Contains;

uint32_t outliers(const std::vector<double>& records) {
  std::vector<double> scratch;
  return find_outliers(records, scratch).count;
}

TEST(Outliers, AreFarFromTheMedianByDeviationsTimesAndRecords) {
  EXPECT_EQ(outliers({5000, 5100, 4900, 5050, 4950, 40'000}), 1U);
  EXPECT_EQ(outliers({5000, 5100, 4900, 5050, 4950, 14'000}), 0U) << "less than three times";
  EXPECT_EQ(outliers({50, 51, 49, 50, 49, 900}), 0U) << "too little traffic";
  EXPECT_EQ(outliers({0, 20'000, 10'000, 30'000, 5'000, 45'000}), 0U) << "all are different";
}

TEST(Outliers, AreNoneInSmallTopicsAndWhereMany) {
  EXPECT_EQ(outliers({0, 0, 100'000}), 0U);
  EXPECT_EQ(outliers({0, 0, 0, 100'000}), 1U);
  EXPECT_EQ(outliers({0, 0, 0, 0, 100'000, 100'000}), 0U);
  EXPECT_EQ(outliers({}), 0U);
}

// Topic "orders" has eight partitions here.
class Skew : public GroupWatch {
 protected:
  Skew() {
    auto& partitions = topic(view, "orders").partitions;
    auto& commits = group().committed[0].partitions;
    while (partitions.size() < 8) {
      partitions.push_back(partitions.front());
      partitions.back().index = static_cast<int32_t>(partitions.size()) - 1;
      commits.push_back({partitions.back().index, 1000, Unknown::known, unread_since(0)});
    }
  }
  // Each partition gets 100 records and is read, but for what `one` gets and does not read.
  void flow(size_t one, int64_t more, int64_t less) {
    for (size_t i = 0; i < 8; ++i) {
      const int64_t came = i == one ? 100 + more : 100;
      stand(i, commit(i).offset + came - (i == one ? less : 0), end(i) + came);
    }
  }
  [[nodiscard]] Cell writes() const { return cell(seen, "topic_skewed_partitions", {"orders"}); }
};

TEST_F(Skew, APartitionThatLagsUnlikeTheOthersStandsOut) {
  until(310, [&] { flow(5, 0, 50); });
  EXPECT_EQ(of("group_skewed_partitions"), is(1));
  EXPECT_THAT(notes(), Contains("partition 5 lags by 1550 records, half of the others by 0 or "
                                "fewer"));
}

TEST_F(Skew, AnEvenLagDoesNot) {
  for (size_t i = 0; i < 8; ++i) stand(i, 1000, 50'000 + 100 * static_cast<int64_t>(i));
  until(100, [&] { flow(5, 0, 0); });
  EXPECT_EQ(of("group_skewed_partitions"), is(0));
}

TEST_F(Skew, APartitionThatStandsStillHasAVerdictAndIsNoSkew) {
  stand(5, 1000, 9000);
  until(300, [&] { flow(5, 0, 100); });
  EXPECT_EQ(of("group_stalled_partitions"), is(1));
  EXPECT_EQ(of("group_skewed_partitions"), is(0));
}

TEST_F(Skew, APartitionThatIsWrittenMoreThanTheOthersStandsOut) {
  until(290, [&] { flow(2, 900, 0); });
  EXPECT_EQ(writes(), unknown(Unknown::not_asked));
  until(320, [&] { flow(2, 900, 0); });
  EXPECT_EQ(writes(), is(1));
  std::vector<std::string> told;
  for (const Note& note : seen.notes) told.push_back(note.text);
  EXPECT_THAT(told, Contains("100.0 records/s are written to partition 2, to half of the others "
                             "10.0 or fewer"));
  until(700, [&] { flow(2, 0, 0); });
  EXPECT_EQ(writes(), is(0)) << "what was five minutes ago is forgotten";
}

TEST_F(Skew, WritesAreNotComparedAcrossATopicCreatedAnew) {
  until(200, [&] { flow(2, 900, 0); });
  topic(view, "orders").id[0] = std::byte{7};
  until(480, [&] { flow(2, 900, 0); });
  EXPECT_EQ(writes(), unknown(Unknown::not_asked));
}

class Room : public GroupWatch {
 protected:
  [[nodiscard]] Cell few() const { return cell(seen, "group_few_partitions", {"payments"}); }
};

TEST_F(Room, OneMemberNeedsNoMore) {
  poll();
  EXPECT_EQ(few(), is(0));
}

TEST_F(Room, IsShortWithFewerThanTwoPartitionsForEachMember) {
  add_member(group(), "orders", {2});
  poll();
  EXPECT_EQ(few(), is(1));
}

TEST_F(Room, AsManyPartitionsAsMembersAreEnough) {
  add_member(group(), "orders", {1});
  add_member(group(), "orders", {2});
  poll();
  EXPECT_EQ(few(), is(0));
}

TEST_F(Room, CountsTheTopicsOfAllMembersOnce) {
  add_member(group(), "orders", {2});
  add_member(group(), "logs", {0});
  group().members->pop_back();
  group().members->front().assignment.emplace_back(Symbol("logs"), std::vector<int32_t>{0});
  poll();
  EXPECT_EQ(few(), is(0)) << "three partitions of orders and one of logs for two members";
}

TEST_F(Room, IsUnknownWhileTheMembersAre) {
  group().members.reset();
  group().members_reason = Unknown::timed_out;
  poll();
  EXPECT_EQ(few(), unknown(Unknown::timed_out));
}

}  // namespace
}  // namespace highwater::collectors
