#include "collectors/tables/numbered_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace highwater::collectors {
namespace {

using Topics = std::vector<std::pair<const char*, std::vector<int32_t>>>;
using Keys = NumberedKeys<2, 1>;

class NumberedKeysTest : public testing::Test {
 protected:
  std::shared_ptr<const KeySet> offer(const Topics& topics) {
    const Symbol cluster("prod");
    for (const auto& [topic, partitions] : topics) {
      tracker_.begin(cluster, Symbol(topic));
      for (const int32_t partition : partitions) tracker_.add(partition);
    }
    return tracker_.finish(numbers_);
  }

  static std::vector<std::string> rows_of(const KeySet& keys) {
    std::vector<std::string> rows;
    for (size_t i = 0; i < keys.rows(); ++i)
      rows.push_back(keys.row(i)[1].text() + "/" + keys.row(i)[2].text());
    return rows;
  }

  NumberSymbols numbers_;
  Keys tracker_{{"cluster", "topic", "partition"}};
};
using Rows = std::vector<std::string>;

TEST_F(NumberedKeysTest, HandsOutTheSameKeySetWhileRowsAreUnchanged) {
  const auto first = offer({{"a", {0, 1}}, {"b", {0}}});
  EXPECT_EQ(rows_of(*first), (Rows{"a/0", "a/1", "b/0"}));
  EXPECT_EQ(offer({{"a", {0, 1}}, {"b", {0}}}), first);
  EXPECT_EQ(offer({{"a", {0, 1}}, {"b", {0}}}), first);
}

TEST_F(NumberedKeysTest, ARowMoreOrLessInTheMiddleKeepsThoseAround) {
  offer({{"a", {0, 1}}, {"b", {0}}});
  EXPECT_EQ(rows_of(*offer({{"a", {0, 1, 2}}, {"b", {0}}})), (Rows{"a/0", "a/1", "a/2", "b/0"}));
  EXPECT_EQ(rows_of(*offer({{"a", {1, 2}}, {"b", {0}}})), (Rows{"a/1", "a/2", "b/0"}));
}

TEST_F(NumberedKeysTest, ASectionOfAnotherNameIsAnotherKeySet) {
  const auto first = offer({{"a", {0, 1}}, {"b", {0}}});
  const auto second = offer({{"x", {0, 1}}, {"b", {0}}});
  EXPECT_NE(second, first);
  EXPECT_EQ(rows_of(*second), (Rows{"x/0", "x/1", "b/0"}));
}

TEST_F(NumberedKeysTest, ARowThatGoesOverToTheNextSectionIsAnother) {
  offer({{"a", {0, 1}}, {"b", {2}}});
  EXPECT_EQ(rows_of(*offer({{"a", {0}}, {"b", {1, 2}}})), (Rows{"a/0", "b/1", "b/2"}));
}

TEST_F(NumberedKeysTest, WhatIsNoLongerOfferedAtTheEndIsGone) {
  offer({{"a", {0}}, {"b", {0, 1}}});
  EXPECT_EQ(rows_of(*offer({{"a", {0}}, {"b", {0}}})), (Rows{"a/0", "b/0"}));
  EXPECT_EQ(rows_of(*offer({{"a", {0}}})), (Rows{"a/0"}));
  EXPECT_EQ(rows_of(*offer({})), Rows{});
}

TEST_F(NumberedKeysTest, ASectionWithoutRowsLeavesNone) {
  offer({{"a", {0}}, {"b", {}}, {"c", {0}}});
  EXPECT_EQ(rows_of(*offer({{"a", {0}}, {"b", {}}, {"c", {0}}})), (Rows{"a/0", "c/0"}));
  EXPECT_EQ(rows_of(*offer({{"a", {0}}, {"b", {7}}, {"c", {0}}})), (Rows{"a/0", "b/7", "c/0"}));
}

}  // namespace
}  // namespace highwater::collectors
