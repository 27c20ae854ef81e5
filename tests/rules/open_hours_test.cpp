#include "rules/open_hours.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

WallTime utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return std::chrono::sys_days(date) + hours(hour) + minutes(minute);
}

During::Hours from_to(int begin, int end) {
  return {minutes(begin), minutes(end)};
}

During every_day(std::vector<During::Hours> ranges, std::string zone = "Europe/Berlin") {
  During during;
  during.hours = std::move(ranges);
  during.time_zone = std::move(zone);
  return during;
}

During working_days() {
  During during = every_day({from_to(8 * 60, 18 * 60)});
  during.days = {true, true, true, true, true, false, false};
  return during;
}

void expect_stretch(const OpenHours& open, WallTime at, bool is_open, WallTime begin,
                    WallTime end) {
  const OpenHours::Interval interval = open.around(at);
  EXPECT_EQ(interval.open, is_open) << format_time(at);
  EXPECT_EQ(format_time(interval.begin), format_time(begin));
  EXPECT_EQ(format_time(interval.end), format_time(end));
}

TEST(OpenHoursTest, OpensAndClosesByTheClocksOfItsZone) {
  const OpenHours open(working_days());
  // 2026-11-20 is a Friday.
  expect_stretch(open, utc(2026, 11, 20, 7), true, utc(2026, 11, 20, 7), utc(2026, 11, 20, 17));
  expect_stretch(open, utc(2026, 11, 20, 16, 59), true, utc(2026, 11, 20, 7),
                 utc(2026, 11, 20, 17));
  expect_stretch(open, utc(2026, 11, 20, 17), false, utc(2026, 11, 20, 17), utc(2026, 11, 23, 7));
  expect_stretch(open, utc(2026, 7, 1, 12), true, utc(2026, 7, 1, 6), utc(2026, 7, 1, 16));
}

TEST(OpenHoursTest, ANightBelongsToTheDayOnWhichItBegins) {
  During during = every_day({from_to(22 * 60, 30 * 60)}, "UTC");
  during.days = {false, false, false, false, true, false, false};
  expect_stretch(OpenHours(during), utc(2026, 11, 21, 3), true, utc(2026, 11, 20, 22),
                 utc(2026, 11, 21, 6));
  during.except = {std::chrono::local_days(std::chrono::year(2026) / std::chrono::November / 20)};
  EXPECT_FALSE(OpenHours(during).around(utc(2026, 11, 21, 3)).open);
  EXPECT_TRUE(OpenHours(during).around(utc(2026, 11, 28, 3)).open);
}

TEST(OpenHoursTest, WhatTouchesIsOneStretch) {
  During during = every_day({During::Hours{}}, "UTC");
  during.days = {true, true, true, true, true, false, false};
  expect_stretch(OpenHours(during), utc(2026, 11, 18, 12), true, utc(2026, 11, 16),
                 utc(2026, 11, 21));
  EXPECT_EQ(OpenHours(during).longest(), hours(5 * 24));
  const OpenHours two(every_day({from_to(480, 720), from_to(720, 1080)}, "UTC"));
  EXPECT_EQ(two.longest(), hours(10));
  const OpenHours over_new_year(every_day({from_to(22 * 60, 30 * 60)}, "UTC"));
  expect_stretch(over_new_year, utc(2027, 1, 1), true, utc(2026, 12, 31, 22), utc(2027, 1, 1, 6));
}

TEST(OpenHoursTest, NightsAreAsLongAsTheClocksMakeThem) {
  const OpenHours open(every_day({from_to(22 * 60, 30 * 60)}));
  expect_stretch(open, utc(2026, 3, 29, 1), true, utc(2026, 3, 28, 21), utc(2026, 3, 29, 4));
  expect_stretch(open, utc(2026, 10, 25, 1), true, utc(2026, 10, 24, 20), utc(2026, 10, 25, 5));
}

TEST(OpenHoursTest, AnHourThatComesTwiceLastsFromTheFirstBeginToTheLastEnd) {
  const auto at_night = [](int begin, int end) {
    return OpenHours(every_day({from_to(begin, end)}));
  };
  const WallTime before = utc(2026, 10, 24, 12);
  const WallTime after = utc(2026, 10, 25, 12);
  EXPECT_EQ(at_night(135, 165).inside(before, after), minutes(90));
  EXPECT_EQ(at_night(60, 120).inside(before, after), hours(1));
  EXPECT_EQ(at_night(60, 150).inside(before, after), minutes(150));
  EXPECT_EQ(at_night(120, 180).inside(before, after), hours(2));
  EXPECT_EQ(at_night(180, 240).inside(before, after), hours(1));
}

TEST(OpenHoursTest, AnHourThatIsSkippedIsNotThere) {
  const auto at_night = [](int begin, int end) {
    return OpenHours(every_day({from_to(begin, end)}));
  };
  const WallTime before = utc(2026, 3, 28, 12);
  const WallTime after = utc(2026, 3, 29, 12);
  EXPECT_EQ(at_night(135, 165).inside(before, after), Duration::zero());
  EXPECT_EQ(at_night(60, 150).inside(before, after), hours(1));
  EXPECT_EQ(at_night(150, 240).inside(before, after), hours(1));
  expect_stretch(at_night(135, 165), utc(2026, 3, 29, 1), false, utc(2026, 3, 28, 1, 45),
                 utc(2026, 3, 30, 0, 15));
}

TEST(OpenHoursTest, TheMostOfAWindowIsThatOfAnOrdinaryWeek) {
  const OpenHours open(working_days());
  EXPECT_EQ(open.most_within(hours(1)), hours(1));
  EXPECT_EQ(open.most_within(hours(24)), hours(10));
  EXPECT_EQ(open.most_within(hours(3 * 24)), hours(30));
  EXPECT_EQ(open.most_within(hours(7 * 24)), hours(50));
  EXPECT_EQ(open.most_within(hours(28 * 24)), hours(200));
  EXPECT_EQ(open.most_within(hours(30 * 24)), hours(220));
  EXPECT_EQ(OpenHours(every_day({from_to(22 * 60, 30 * 60)})).most_within(hours(26)), hours(10));
}

TEST(OpenHoursTest, SaysItselfBack) {
  During during = working_days();
  for (const unsigned day : {24U, 25U, 26U, 31U})
    during.except.push_back(std::chrono::local_days(std::chrono::year(2026) /
                                                    std::chrono::December / std::chrono::day(day)));
  EXPECT_EQ(OpenHours(during).text(),
            "mon-fri 08:00-18:00 Europe/Berlin, except 2026-12-24, 2026-12-25, 2026-12-26 and 1 "
            "more dates");
  EXPECT_EQ(OpenHours(every_day({from_to(0, 90), from_to(22 * 60, 30 * 60)}, "UTC")).text(),
            "daily 00:00-01:30 and 22:00-06:00 UTC");
  During some = every_day({During::Hours{}}, "UTC");
  some.days = {true, false, true, true, false, true, true};
  EXPECT_EQ(OpenHours(some).text(), "mon, wed, thu, sat, sun UTC");
}

TEST(OpenHoursTest, StretchesSumsAndMomentsAgreeInAnyZone) {
  std::mt19937 random(7);
  const auto below = [&](int limit) {
    return std::uniform_int_distribution<int>(0, limit - 1)(random);
  };
  const char* const zones[] = {"Europe/Berlin",  "America/New_York", "Australia/Lord_Howe",
                               "Asia/Kathmandu", "America/St_Johns", "UTC",
                               "Pacific/Apia"};
  for (int round = 0; round < 60; ++round) {
    During during;
    during.hours.clear();
    for (int i = below(3); i >= 0; --i) {
      const int begin = below(1440);
      during.hours.push_back(from_to(begin, begin + 1 + below(1440)));
    }
    for (bool& day : during.days) day = below(3) > 0;
    during.days[static_cast<size_t>(below(7))] = true;
    during.time_zone = zones[below(7)];
    const OpenHours open(during);
    const WallTime from = utc(2011, 12, 1) + minutes(below(60 * 24 * 365 * 3));
    const WallTime to = from + minutes(below(60 * 24 * 200));
    Duration sum{};
    WallTime at = from;
    bool state = !open.around(from).open;
    while (at < to) {
      const OpenHours::Interval interval = open.around(at);
      ASSERT_LE(interval.begin, at);
      ASSERT_GT(interval.end, at);
      ASSERT_NE(interval.open, state) << during.time_zone << " " << format_time(at);
      state = interval.open;
      const WallTime end = std::min(interval.end, to);
      if (interval.open) sum += end - at;
      at = end;
    }
    ASSERT_EQ(open.inside(from, to), sum) << during.time_zone << " " << format_time(from);
    const Duration part = sum / 3;
    ASSERT_EQ(open.inside(from, open.after(from, part)), part) << format_time(from);
  }
}

}  // namespace
}  // namespace highwater::rules
