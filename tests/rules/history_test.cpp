// What windows are computed from: thinned readings, and rows that leave and come back.
#include "rules/alerts/history.h"

#include <gtest/gtest.h>

#include <cmath>

#include "rules/alerts/row_memory.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

SteadyTime at(Duration since) {
  return SteadyTime(hours(100) + since);
}

std::shared_ptr<const KeySet> keys(const std::vector<std::string>& names) {
  std::vector<Symbol> cells;
  for (const std::string& name : names) cells.emplace_back(name);
  return std::make_shared<const KeySet>(std::vector<std::string_view>{"name"}, std::move(cells));
}

TEST(History, GrowthIsThatOfTheWindow) {
  History history(minutes(5));
  for (int i = 0; i <= 20; ++i) history.add(at(minutes(i)), true, {10.0 * i});
  const History::Course course = history.courses(1)[0];
  EXPECT_DOUBLE_EQ(course.growth, 50);
  EXPECT_DOUBLE_EQ(course.seconds, 300);
  EXPECT_DOUBLE_EQ(course.known, 300);
  EXPECT_FALSE(course.young);
}

TEST(History, TheBeginOfTheWindowIsJoinedByALine) {
  History history(minutes(5));
  for (int i = 0; i <= 20; ++i) history.add(at(seconds(40 * i)), true, {40.0 * i});
  const History::Course course = history.courses(1)[0];
  EXPECT_DOUBLE_EQ(course.growth, 300);
  EXPECT_DOUBLE_EQ(course.known, 300);
}

TEST(History, BeforeItIsFilledItBeginsWithTheFirstReading) {
  History history(minutes(5));
  history.add(at(minutes(0)), true, {7});
  EXPECT_DOUBLE_EQ(history.courses(1)[0].seconds, 0);
  history.add(at(minutes(2)), true, {27});
  const History::Course course = history.courses(1)[0];
  EXPECT_DOUBLE_EQ(course.growth, 20);
  EXPECT_DOUBLE_EQ(course.seconds, 120);
  EXPECT_TRUE(course.young);
}

TEST(History, WhatCannotBeReadNowHasNoCourse) {
  History history(minutes(5));
  for (int i = 0; i < 10; ++i) history.add(at(minutes(i)), true, {1.0 * i, 2.0 * i});
  history.add(at(minutes(10)), true, {kUnknown, 20});
  EXPECT_DOUBLE_EQ(history.courses(2)[0].seconds, 0);
  EXPECT_DOUBLE_EQ(history.courses(2)[1].growth, 10);
}

TEST(History, AGapIsNotKnownAndWhatGrewInItIsSpreadOverIt) {
  History history(minutes(5));
  for (int i = 0; i <= 5; ++i) history.add(at(minutes(i)), true, {0});
  history.add(at(minutes(13)), false, {800});  // eight minutes without a reading
  history.add(at(minutes(14)), true, {800});
  const History::Course course = history.courses(1)[0];
  EXPECT_DOUBLE_EQ(course.growth, 400) << "the half of the gap that is in the window";
  EXPECT_DOUBLE_EQ(course.seconds, 300);
  EXPECT_DOUBLE_EQ(course.known, 60);
}

TEST(History, KeepsAboutSixtyReadingsWhateverComes) {
  History history(hours(1));
  for (int i = 0; i < 20'000; ++i) history.add(at(seconds(i)), true, {1.0 * i});
  EXPECT_LE(history.columns(), 63U);
  const History::Course course = history.courses(1)[0];
  EXPECT_NEAR(course.growth, 3600, 1e-6);
  EXPECT_NEAR(course.known, 3600, 1e-6);
}

TEST(History, ReadingsThatAreNotNewerAreIgnored) {
  History history(minutes(5));
  history.add(at(minutes(1)), true, {1});
  history.add(at(minutes(1)), true, {100});
  history.add(at(minutes(0)), true, {100});
  history.add(at(minutes(2)), true, {2});
  EXPECT_DOUBLE_EQ(history.courses(1)[0].growth, 1);
}

TEST(History, ASlotThatIsGivenAwayBeginsAgain) {
  History history(minutes(5));
  for (int i = 0; i <= 10; ++i) history.add(at(minutes(i)), true, {1.0 * i});
  history.forget(0);
  history.add(at(minutes(11)), true, {500});
  EXPECT_DOUBLE_EQ(history.courses(1)[0].growth, 0);
  EXPECT_TRUE(history.courses(1)[0].young);
}

TEST(History, ThePastIsWhatWasReadThen) {
  History history(hours(1));
  for (int i = 0; i < 60; ++i) history.add(at(minutes(i)), true, {1.0 * i, 5});
  EXPECT_TRUE(history.pasts(2)[0].young);
  EXPECT_TRUE(std::isnan(history.pasts(2)[0].value));
  for (int i = 60; i < 90; ++i) history.add(at(minutes(i)), true, {1.0 * i, kUnknown});
  EXPECT_DOUBLE_EQ(history.pasts(2)[0].value, 29);
  EXPECT_DOUBLE_EQ(history.pasts(2)[1].value, 5) << "that it cannot be read now is another matter";
}

TEST(History, ThePastIsUnknownWhereNothingWasReadThen) {
  History history(hours(1));
  for (int i = 0; i < 10; ++i) history.add(at(minutes(i)), true, {1});
  history.add(at(minutes(40)), false, {1});
  for (int i = 41; i < 85; ++i) history.add(at(minutes(i)), true, {1});
  EXPECT_TRUE(std::isnan(history.pasts(1)[0].value)) << "24 minutes is within the gap";
  for (int i = 85; i < 110; ++i) history.add(at(minutes(i)), true, {1});
  EXPECT_DOUBLE_EQ(history.pasts(1)[0].value, 1);
}

TEST(RowMemory, ValuesFollowTheirRows) {
  RowMemory<int> memory(-1);
  (void)memory.follow(keys({"a", "b"}), at(seconds(0)), hours(1));
  memory[0] = 10;
  memory[1] = 20;
  (void)memory.follow(keys({"c", "b", "a"}), at(seconds(1)), hours(1));
  EXPECT_EQ(memory.values(), (std::vector<int>{-1, 20, 10}));
}

TEST(RowMemory, ARowThatComesBackIsItself) {
  RowMemory<int> memory(-1);
  (void)memory.follow(keys({"a", "b"}), at(seconds(0)), hours(1));
  memory[0] = 10;
  EXPECT_TRUE(memory.follow(keys({"b"}), at(seconds(1)), hours(1)).empty());
  EXPECT_TRUE(memory.follow(keys({"a", "b"}), at(minutes(30)), hours(1)).empty());
  EXPECT_EQ(memory[0], 10);
}

TEST(RowMemory, ARowThatStaysAwayIsForgottenAndNamed) {
  RowMemory<int> memory(-1);
  (void)memory.follow(keys({"a", "b"}), at(seconds(0)), hours(1));
  memory[0] = 10;
  (void)memory.follow(keys({"b"}), at(seconds(1)), hours(1));
  EXPECT_EQ(memory.follow(keys({"b", "c"}), at(hours(2)), hours(1)), std::vector<int>{10});
  (void)memory.follow(keys({"a"}), at(hours(3)), hours(1));
  EXPECT_EQ(memory[0], -1);
}

TEST(RowMemory, TheLongestAbsentMakeRoom) {
  RowMemory<int> memory(-1);
  std::vector<std::string> names;
  for (size_t i = 0; i < kMostAbsentRows + 5; ++i) names.push_back(std::to_string(i));
  (void)memory.follow(keys(names), at(seconds(0)), hours(1));
  for (size_t i = 0; i < names.size(); ++i) memory[i] = static_cast<int>(i);
  EXPECT_EQ(memory.follow(keys({}), at(seconds(1)), hours(1)), (std::vector<int>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace highwater::rules
