#include "collectors/tables/key_tracker.h"

#include <gtest/gtest.h>

#include "collectors/tables/number_symbols.h"
#include "collectors/tables/row_history.h"

namespace highwater::collectors {
namespace {

std::shared_ptr<const KeySet> offer(KeyTracker& tracker, const std::vector<const char*>& topics) {
  const Symbol cluster("prod");
  for (const char* const topic : topics) tracker.add(cluster, Symbol(topic));
  return tracker.finish();
}

std::vector<std::string> topics_of(const KeySet& keys) {
  std::vector<std::string> topics;
  for (size_t i = 0; i < keys.rows(); ++i) topics.push_back(keys.row(i)[1].text());
  return topics;
}

TEST(KeyTracker, HandsOutTheSameKeySetWhileRowsAreUnchanged) {
  KeyTracker tracker({"cluster", "topic"});
  const auto first = offer(tracker, {"a", "b"});
  EXPECT_EQ(offer(tracker, {"a", "b"}), first);
  EXPECT_EQ(offer(tracker, {"a", "b"}), first);
}

TEST(KeyTracker, ARowAddedAtTheEndMakesANewKeySet) {
  KeyTracker tracker({"cluster", "topic"});
  const auto first = offer(tracker, {"a", "b"});
  const auto second = offer(tracker, {"a", "b", "c"});
  EXPECT_NE(second, first);
  EXPECT_EQ(topics_of(*second), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(KeyTracker, ARowRemovedAtTheEndMakesANewKeySet) {
  KeyTracker tracker({"cluster", "topic"});
  offer(tracker, {"a", "b"});
  EXPECT_EQ(topics_of(*offer(tracker, {"a"})), (std::vector<std::string>{"a"}));
  EXPECT_EQ(topics_of(*offer(tracker, {})), (std::vector<std::string>{}));
}

TEST(KeyTracker, ARowReplacedInTheMiddleKeepsThoseAround) {
  KeyTracker tracker({"cluster", "topic"});
  offer(tracker, {"a", "b", "c"});
  EXPECT_EQ(topics_of(*offer(tracker, {"a", "x", "c"})), (std::vector<std::string>{"a", "x", "c"}));
}

TEST(KeyTracker, NumbersRowsInTheOrderOfferedWhetherNewOrNot) {
  KeyTracker tracker({"cluster"});
  EXPECT_EQ(tracker.add(Symbol("a")), 0U);
  EXPECT_EQ(tracker.add(Symbol("b")), 1U);
  static_cast<void>(tracker.finish());
  EXPECT_EQ(tracker.add(Symbol("a")), 0U);
  EXPECT_EQ(tracker.add(Symbol("b")), 1U);
}

TEST(RowHistory, FollowsARowToItsNewNumberAndForgetsWhatWent) {
  KeyTracker tracker({"cluster", "topic"});
  RowHistory<int> history;
  auto& before = history.align(offer(tracker, {"a", "b", "c"}));
  before = {10, 20, 30};
  EXPECT_EQ(history.align(offer(tracker, {"b", "c", "d"})), (std::vector<int>{20, 30, 0}));
  EXPECT_EQ(history.align(offer(tracker, {"a"})), (std::vector<int>{0}));
}

TEST(NumberSymbols, NamesSmallLargeAndNegativeNumbers) {
  NumberSymbols numbers;
  const Symbol& seven = numbers.of(7);
  EXPECT_EQ(numbers.of(2'000'000'000).text(), "2000000000");
  EXPECT_EQ(numbers.of(-1).text(), "-1");
  EXPECT_EQ(numbers.of(4000).text(), "4000");
  EXPECT_EQ(seven.text(), "7");
}

}  // namespace
}  // namespace highwater::collectors
