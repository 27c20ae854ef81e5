// Which logs are looked at, how often, and what is made of the answers.
#include "collectors/kafka/lag/tail_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/kafka/lag/time_lag.h"

namespace highwater::kafka {
namespace {

using testing::ElementsAre;

Now at(int seconds) {
  return {SteadyTime(std::chrono::hours(1000) + std::chrono::seconds(seconds)), WallTime{}};
}

BatchHeader batch(int64_t first, int64_t last) {
  BatchHeader header{first, last};
  header.transactional = true;
  header.producer_id = 7;
  header.record_count = static_cast<int32_t>(last - first + 1);
  return header;
}
BatchHeader marker(int64_t offset) {
  BatchHeader header = batch(offset, offset);
  header.control = true;
  return header;
}
FetchResponse::Partition told(const BatchHeader& header, int64_t end = 1000) {
  FetchResponse::Partition partition;
  partition.high_watermark = partition.last_stable_offset = end;
  partition.records = encode_batch_header(header);
  return partition;
}

TEST(ContentOfBatch, IsARecordUnlessNoReaderIsGivenIt) {
  EXPECT_EQ(content_of_batch(told(batch(10, 14)), 12), (BatchContent{15, true}));
  EXPECT_EQ(content_of_batch(told(marker(12)), 12), (BatchContent{13, false}));
  BatchHeader emptied = batch(10, 14);
  emptied.record_count = 0;
  EXPECT_EQ(content_of_batch(told(emptied), 12), (BatchContent{15, false})) << "compacted";
}

TEST(ContentOfBatch, OfAnAbortedTransactionIsNothing) {
  auto aborted = told(batch(10, 14));
  aborted.aborted_transactions = {{7, 9}};
  EXPECT_EQ(content_of_batch(aborted, 10), (BatchContent{15, false}));
  aborted.aborted_transactions = {{8, 9}};
  EXPECT_EQ(content_of_batch(aborted, 10), (BatchContent{15, true})) << "another producer's";
  aborted.aborted_transactions = {{7, 15}};
  EXPECT_EQ(content_of_batch(aborted, 10), (BatchContent{15, true})) << "a later one";
}

TEST(ContentOfBatch, WithoutBatchIsNothingUpToTheLastStableOffset) {
  auto nothing = told(marker(1));
  nothing.records.clear();
  nothing.last_stable_offset = 40;
  EXPECT_EQ(content_of_batch(nothing, 30), (BatchContent{40, false}));
  EXPECT_EQ(content_of_batch(nothing, 40), std::nullopt);
}

TEST(ContentOfBatch, IsUnknownWhereTheAnswerMakesNoSense) {
  EXPECT_EQ(content_of_batch(told(marker(5)), 12), std::nullopt) << "before what was asked for";
  EXPECT_EQ(content_of_batch(told(marker(12), 12), 12), std::nullopt) << "beyond the end";
  auto cut = told(marker(12));
  cut.records.resize(BatchHeader::kSize - 1);
  EXPECT_EQ(content_of_batch(cut, 12), std::nullopt);
}

class TailSearchTest : public testing::Test {
 protected:
  static constexpr int32_t kLeader = 1;

  TailSearchTest() {
    view_.may_have_transactions = true;
    GroupView group;
    group.id = Symbol("g");
    group.committed_reason = Unknown::known;
    view_.groups.push_back(group);
    view_.topics.reserve(8);
    add("t", 100, 99);
  }

  // A partition that ends there, and the group's commit in it.
  void add(const char* topic, int64_t end, int64_t commit) {
    TopicView& added = view_.topics.emplace_back();
    added.name = Symbol(topic);
    PartitionView& partition = added.partitions.emplace_back();
    partition.index = 0;
    partition.leader = kLeader;
    partition.log_start = {0, Unknown::known};
    partition.high_watermark = partition.last_stable = {end, Unknown::known};
    view_.groups[0].committed.push_back({Symbol(topic), {{0, commit, Unknown::known, {}}}});
  }
  PartitionView& partition(size_t topic = 0) { return view_.topics[topic].partitions[0]; }

  // The offsets that are asked for in one poll; each is answered by `answer`.
  template <class Answer>
  std::vector<int64_t> poll(int second, Answer answer) {
    std::vector<int64_t> offsets;
    search_.begin(view_, at(second));
    for (int round = 0; round < TailSearch::kRounds; ++round) {
      const auto questions =
          search_.questions(std::span(&kLeader, 1), TailSearch::kQuestions, at(second));
      for (const auto& question : questions) {
        offsets.push_back(question.offset);
        search_.answer(question, answer(question.offset), at(second));
      }
    }
    return offsets;
  }

  ClusterView view_;
  TailSearch search_{[this](const Symbol& name) -> TopicView* {
    for (TopicView& topic : view_.topics) {
      if (topic.name == name) return &topic;
    }
    return nullptr;
  }};
};

TEST_F(TailSearchTest, WalksBatchByBatchToTheEndAndRemembers) {
  view_.groups[0].committed[0].partitions[0].offset = 90;
  const auto walk = [](int64_t offset) {
    if (offset == 90) {
      auto aborted = told(batch(90, 97));
      aborted.aborted_transactions = {{7, 90}};
      return aborted;
    }
    return told(marker(offset));
  };
  EXPECT_THAT(poll(0, walk), ElementsAre(90, 98, 99));
  EXPECT_EQ(tail_content(partition(), 90, 100), LogTail::Content::nothing);
  EXPECT_THAT(poll(60, walk), ElementsAre());
}

TEST_F(TailSearchTest, EndsAtTheFirstRecord) {
  view_.groups[0].committed[0].partitions[0].offset = 90;
  EXPECT_THAT(poll(0, [](int64_t offset) { return told(batch(offset, offset)); }), ElementsAre(90));
  EXPECT_EQ(tail_content(partition(), 90, 100), LogTail::Content::record);
}

TEST_F(TailSearchTest, LooksOnlyAtWhatCameSince) {
  EXPECT_THAT(poll(0, [](int64_t offset) { return told(marker(offset)); }), ElementsAre(99));
  partition().high_watermark.offset = partition().last_stable.offset = 102;
  EXPECT_THAT(poll(60, [](int64_t offset) { return told(batch(offset, offset)); }),
              ElementsAre(100));
}

TEST_F(TailSearchTest, LeavesLogsAloneThatItCannotOrNeedNotJudge) {
  const auto never = [](int64_t) { return told(marker(99)); };
  view_.groups[0].committed[0].partitions[0].offset = 100;
  EXPECT_THAT(poll(0, never), ElementsAre()) << "all is read";
  view_.groups[0].committed[0].partitions[0].offset = 100 - TailSearch::kLongest - 1;
  partition().high_watermark.offset = partition().last_stable.offset = 101;
  EXPECT_THAT(poll(0, never), ElementsAre()) << "so many are no markers";
  view_.groups[0].committed[0].partitions[0].offset = 99;
  partition().last_stable.offset = 99;
  EXPECT_THAT(poll(0, never), ElementsAre()) << "a transaction is open";
  partition().last_stable.offset = 101;
  view_.topics[0].config.emplace().max_message_bytes = 100 << 20;
  EXPECT_THAT(poll(0, never), ElementsAre()) << "a batch comes whole, however large";
}

TEST_F(TailSearchTest, LeavesLogsAloneThatMove) {
  OffsetHistory& history = partition().history.make();
  const auto seen = [&](int second, int64_t end) {
    history.saw_end(end, to_millis(at(second).steady), to_millis(at(second).steady));
  };
  seen(0, 98);
  seen(5, 100);
  const auto marked = [](int64_t offset) { return told(marker(offset)); };
  EXPECT_THAT(poll(5, marked), ElementsAre());
  seen(15, 100);
  EXPECT_THAT(poll(15, marked), ElementsAre(99));
}

TEST_F(TailSearchTest, TriesADeniedTopicAgainAfterHalfAnHour) {
  FetchResponse::Partition denied;
  denied.error_code = ErrorCode::kTopicAuthorizationFailed;
  const auto deny = [&](int64_t) { return denied; };
  EXPECT_THAT(poll(0, deny), ElementsAre(99));
  EXPECT_THAT(poll(600, deny), ElementsAre());
  EXPECT_THAT(poll(1801, deny), ElementsAre(99));
  EXPECT_THAT(poll(1900, deny), ElementsAre());
  EXPECT_THAT(poll(3700, [](int64_t offset) { return told(marker(offset)); }), ElementsAre(99));
  EXPECT_EQ(tail_content(partition(), 99, 100), LogTail::Content::nothing);
}

TEST_F(TailSearchTest, TakesTurnsWhereThereIsMoreThanOnePollMayAsk) {
  for (int i = 0; i < 3; ++i) add(("u" + std::to_string(i)).c_str(), 100, 99);
  std::vector<std::string> asked;
  for (int second = 0; second < 4; ++second) {
    search_.begin(view_, at(second));
    for (const auto& question : search_.questions(std::span(&kLeader, 1), 1, at(second)))
      asked.push_back(question.topic->name.text());
  }
  EXPECT_THAT(asked, testing::UnorderedElementsAre("t", "u0", "u1", "u2"));
}

}  // namespace
}  // namespace highwater::kafka
