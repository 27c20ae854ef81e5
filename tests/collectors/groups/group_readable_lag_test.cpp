// Lag counts the records that the log still holds; commits beyond the end or one short of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/fixture.h"
#include "tests/collectors/groups/group_watch.h"

namespace highwater::collectors {
namespace {

class ReadableLag : public GroupWatch {
 protected:
  Cell of_topic(std::string_view measure) { return cell(seen, measure, {"payments", "orders"}); }
  Cell of_partition(std::string_view measure) {
    return cell(seen, measure, {"payments", "orders", "0"});
  }
  std::string note_of_topic() {
    const Symbol cells[] = {Symbol("prod"), Symbol("payments"), Symbol("orders")};
    const std::vector<std::string_view> names{"cluster", "group", "topic"};
    return note(seen, Entity(names, cells));
  }
};

TEST_F(ReadableLag, LeavesOutDeletedRecords) {
  stand(0, 200, 1000);
  orders(view, 0).log_start = offset(400);
  poll();
  EXPECT_EQ(of_partition("group_lag_records"), is(600));
  EXPECT_EQ(of_partition("group_records_lost"), is(200));
}

TEST_F(ReadableLag, IsZeroInEveryMeasureForAnEmptyLog) {
  const auto delete_all = [this] {
    stand(0, 200, 1000, 0);
    commit(0).unread = unread_since(0);
    orders(view, 0).log_start = offset(1000);
  };
  until(400, delete_all);
  EXPECT_EQ(of_partition("group_lag_records"), is(0));
  EXPECT_EQ(of_partition("group_lag_seconds"), is(0));
  EXPECT_EQ(of_partition("group_records_lost"), is(800));
  EXPECT_EQ(of_topic("group_topic_lag_records"), is(0));
  EXPECT_EQ(of_topic("group_lag_seconds_max"), is(0));
  EXPECT_EQ(of_topic("group_lag_growth_records"), is(0));
  EXPECT_EQ(of_topic("group_stalled_partitions"), is(0));
  EXPECT_EQ(cell(seen, "group_lag_records_max", {"payments"}), is(0));
}

TEST_F(ReadableLag, IsUnknownUntilTheLogStartWasRead) {
  orders(view, 0).log_start = {-1, Unknown::timed_out};
  poll();
  EXPECT_EQ(of_partition("group_lag_records"), unknown(Unknown::timed_out));
  orders(view, 0).log_start = {100, Unknown::timed_out};
  poll();
  EXPECT_EQ(of_partition("group_lag_records"), is(0)) << "it only moves on";
}

TEST_F(ReadableLag, CountsCommitsBeyondTheEndWhileTheGroupHasMembers) {
  poll();
  EXPECT_EQ(of_topic("group_beyond_end_partitions"), is(0));
  stand(0, 1500, 1000);
  poll();
  EXPECT_EQ(of_topic("group_beyond_end_partitions"), is(1));
  EXPECT_EQ(of_partition("group_lag_records"), unknown(Unknown::beyond_end));
  orders(view, 1).high_watermark.reason = Unknown::timed_out;
  poll();
  EXPECT_EQ(of_topic("group_beyond_end_partitions"), is(1)) << "the others do not matter";
  empty();
  poll();
  EXPECT_EQ(of_topic("group_beyond_end_partitions"), is(0));
}

TEST_F(ReadableLag, CommitBeyondAnUnknownEndIsUnknown) {
  orders(view, 0).high_watermark.reason = Unknown::timed_out;
  poll();
  EXPECT_EQ(of_topic("group_beyond_end_partitions"), unknown(Unknown::timed_out));
}

TEST_F(ReadableLag, NotesAClientThatCommitsTheLastRecord) {
  for (int64_t log_end = 1000; log_end < 1300; log_end += 100) {
    until(now + 30, [&] { stand(0, log_end - 1, log_end); });
  }
  EXPECT_EQ(note_of_topic(),
            "whenever one of its partitions is at rest, the lag is 1: either the client commits "
            "the offset of the last record instead of the next, or that offset holds a "
            "transaction's marker");
  until(now + 30, [&] { stand(0, 1300, 1300); });
  EXPECT_EQ(note_of_topic(), "");
}

TEST_F(ReadableLag, NoNoteForASingleUnreadRecord) {
  until(400, [&] { stand(0, 999, 1000); });
  EXPECT_EQ(note_of_topic().find("whenever"), std::string::npos);
}

}  // namespace
}  // namespace highwater::collectors
