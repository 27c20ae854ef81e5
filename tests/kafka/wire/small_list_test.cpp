#include "collectors/kafka/small_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using List = SmallList<int, 2>;

TEST(SmallList, HoldsMoreThanFitInPlace) {
  List list;
  for (int i = 0; i < 9; ++i) list.push_back(i);
  EXPECT_THAT(list, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
}

TEST(SmallList, ACopyIsItsOwn) {
  List list{1, 2, 3};
  List copy = list;
  copy[0] = 7;
  EXPECT_THAT(list, ElementsAre(1, 2, 3));
  EXPECT_THAT(copy, ElementsAre(7, 2, 3));
  copy = List{4};
  EXPECT_THAT(copy, ElementsAre(4));
}

TEST(SmallList, WhatWasMovedFromIsEmptyAndCanBeUsed) {
  for (List list : {List{1}, List{1, 2, 3}}) {
    const List before = list;
    List moved = std::move(list);
    EXPECT_EQ(moved, before);
    list = {5, 6, 7};
    EXPECT_THAT(list, ElementsAre(5, 6, 7));
    moved = std::move(list);
    EXPECT_THAT(moved, ElementsAre(5, 6, 7));
  }
}

TEST(SmallList, NewElementsOfAResizeAreZero) {
  List list{1, 2};
  list.clear();
  list.resize(5);
  EXPECT_THAT(list, ElementsAre(0, 0, 0, 0, 0));
}

TEST(SmallList, RemovesWhatAPredicateNames) {
  List list{1, 2, 3, 4};
  list.remove_if([](int value) { return value % 2 == 1; });
  EXPECT_THAT(list, ElementsAre(2, 4));
  list.remove_if([](int) { return true; });
  EXPECT_THAT(list, IsEmpty());
}

}  // namespace
}  // namespace highwater::kafka
