#include <gtest/gtest.h>

#include "tests/collectors/groups/group_watch.h"

namespace highwater::collectors {
namespace {

// Topic "orders" keeps its records for an hour.
class Retention : public GroupWatch {
 protected:
  kafka::TopicConfig& config() { return *topic(view, "orders").config; }
  // The oldest unread record of partition 0 is so old.
  void lag(double seconds, int64_t committed = 400) { stand(0, committed, 1000, now - seconds); }
};

TEST_F(Retention, OfAGroupThatHasReadAllIsWhole) {
  until(10);
  EXPECT_EQ(of("group_retention_margin_seconds"), is(3600));
  EXPECT_EQ(of("group_retention_margin_records"), is(900));
  EXPECT_EQ(of("group_retention_left_ratio"), is(1));
}

TEST_F(Retention, ShrinksWithTheAgeOfTheOldestUnreadRecord) {
  until(3240, [&] { lag(now + 10, 250); });
  EXPECT_EQ(of("group_retention_margin_seconds"), is(360));
  EXPECT_EQ(of("group_retention_margin_records"), is(150));
  EXPECT_NEAR(of("group_retention_left_ratio").value, 0.1, 1e-9);
}

TEST_F(Retention, IsNothingOnceTheRecordShouldBeGone) {
  until(4010, [&] { lag(now + 10); });
  EXPECT_EQ(of("group_retention_margin_seconds"), is(0));
  EXPECT_EQ(of("group_retention_left_ratio"), is(0));
}

TEST_F(Retention, IsNoDangerToAGroupThatCatchesUp) {
  until(300, [&] { lag(3500 - now); });
  EXPECT_EQ(of("group_retention_margin_seconds"), is(390));
  EXPECT_EQ(of("group_retention_left_ratio"), is(1));
}

TEST_F(Retention, IsUnknownUntilItShowsWhetherTheGroupCatchesUp) {
  until(20, [&] { lag(3500); });
  EXPECT_EQ(of("group_retention_left_ratio"), unknown(Unknown::not_asked));
  EXPECT_EQ(of("group_retention_margin_seconds"), is(100));
  until(60, [&] { lag(3500); });
  EXPECT_NEAR(of("group_retention_left_ratio").value, 100 / 3600.0, 1e-9);
}

TEST_F(Retention, IsNoDangerToWhatNobodyReads) {
  group().members->front().assignment = {{Symbol("logs"), {0}}};
  until(3300, [&] { lag(now + 10); });
  EXPECT_EQ(of("group_retention_left_ratio"), is(1));
}

TEST_F(Retention, ByBytesIsWhatFitsAfterTheOldestUnreadRecord) {
  config().retention_ms = -1;
  config().retention_bytes = 80'000;
  orders(view, 0).log_dirs = {{1, 90'000}};  // 100 bytes for each of 900 records
  until(100, [&] { lag(600); });             // 600 unread came within 600 s; 800 have room
  EXPECT_EQ(of("group_retention_margin_seconds"), is(200));
  EXPECT_NEAR(of("group_retention_left_ratio").value, 0.25, 1e-9);
}

TEST_F(Retention, ByBytesAloneIsNoTimeToAGroupThatHasReadAll) {
  config().retention_ms = -1;
  config().retention_bytes = 80'000;
  until(10);
  EXPECT_EQ(of("group_retention_margin_seconds"), unknown(Unknown::not_asked));
  EXPECT_EQ(of("group_retention_left_ratio"), is(1));
}

TEST_F(Retention, ByBytesIsUnknownUntilTheLogsSizeIsTold) {
  config().retention_ms = -1;
  config().retention_bytes = 80'000;
  until(600, [&] { lag(now + 10); });
  EXPECT_EQ(of("group_retention_left_ratio"), unknown(Unknown::not_asked));
}

TEST_F(Retention, WithoutALimitHasNoRow) {
  config().retention_ms = -1;
  until(10);
  EXPECT_EQ(of("group_retention_margin_seconds"), kNoRow);
  config().retention_ms = 3'600'000;
  config().remove = false;
  until(20);
  EXPECT_EQ(of("group_retention_left_ratio"), kNoRow);
}

TEST_F(Retention, IsUnknownWhileTheAgeOfWhatIsUnreadIs) {
  lag(100);
  commit(0).unread.reason = Unknown::not_asked;
  until(10);
  EXPECT_EQ(of("group_retention_margin_seconds"), unknown(Unknown::not_asked));
  EXPECT_EQ(of("group_retention_left_ratio"), unknown(Unknown::not_asked));
}

}  // namespace
}  // namespace highwater::collectors
