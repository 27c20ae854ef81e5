#include "rules/calendar.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace highwater::rules {
namespace {

using Kind = SloWindow::Kind;

WallTime utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute);
}

struct Case {
  Kind kind;
  const char* zone;
  WallTime now;
  WallTime begin;
  WallTime end;
};

void expect(const Case& wanted) {
  const CalendarWindow window = calendar_window(wanted.kind, wanted.zone, wanted.now);
  EXPECT_EQ(format_time(window.begin), format_time(wanted.begin)) << wanted.zone;
  EXPECT_EQ(format_time(window.end), format_time(wanted.end)) << wanted.zone;
  EXPECT_EQ(calendar_begin(wanted.kind, wanted.zone, wanted.now), window.begin);
}

TEST(CalendarTest, KnowsTheZonesOfTheSystemAndNoOthers) {
  for (const char* name : {"UTC", "Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"}) {
    EXPECT_TRUE(is_time_zone(name)) << name;
  }
  for (const char* name : {"", "Europe", "Europe/Berlino", "europe/berlin", "/etc/passwd", "CEST",
                           "../zoneinfo/UTC", "tzdata.zi", "leapseconds", "+02:00", "local"}) {
    EXPECT_FALSE(is_time_zone(name)) << name;
  }
  EXPECT_FALSE(is_time_zone(std::string("UTC\0", 4)));
}

TEST(CalendarTest, AWeekBeginsOnMonday) {
  // 2026-11-16 is a Monday.
  expect({Kind::week, "UTC", utc(2026, 11, 21, 13), utc(2026, 11, 16), utc(2026, 11, 23)});
  expect({Kind::week, "UTC", utc(2026, 11, 16), utc(2026, 11, 16), utc(2026, 11, 23)});
  expect({Kind::week, "UTC", utc(2026, 11, 15, 23, 59), utc(2026, 11, 9), utc(2026, 11, 16)});
}

TEST(CalendarTest, AMonthAndAQuarterBeginOnTheirFirst) {
  expect({Kind::month, "UTC", utc(2024, 2, 29, 12), utc(2024, 2, 1), utc(2024, 3, 1)});
  expect({Kind::month, "UTC", utc(2026, 12, 31, 23, 59), utc(2026, 12, 1), utc(2027, 1, 1)});
  expect({Kind::quarter, "UTC", utc(2026, 11, 21), utc(2026, 10, 1), utc(2027, 1, 1)});
  expect({Kind::quarter, "UTC", utc(2026, 3, 31, 23), utc(2026, 1, 1), utc(2026, 4, 1)});
  expect({Kind::quarter, "UTC", utc(2026, 4, 1), utc(2026, 4, 1), utc(2026, 7, 1)});
}

TEST(CalendarTest, TheZoneDecidesWhenMidnightIs) {
  // 23:30 UTC on the last of the month is the next month already in Berlin, and not in New York.
  expect({Kind::month, "Europe/Berlin", utc(2026, 6, 30, 23, 30), utc(2026, 6, 30, 22),
          utc(2026, 7, 31, 22)});
  expect({Kind::month, "America/New_York", utc(2026, 7, 1, 3, 30), utc(2026, 6, 1, 4),
          utc(2026, 7, 1, 4)});
}

TEST(CalendarTest, AStretchWithAChangeOfClocksIsAnHourLongerOrShorter) {
  // Summer time in Berlin: 2026-03-29 to 2026-10-25.
  expect({Kind::week, "Europe/Berlin", utc(2026, 3, 29, 12), utc(2026, 3, 22, 23),
          utc(2026, 3, 29, 22)});
  expect({Kind::month, "Europe/Berlin", utc(2026, 10, 20), utc(2026, 9, 30, 22),
          utc(2026, 10, 31, 23)});
}

TEST(CalendarTest, AMidnightThatIsSkippedIsTheMomentAfterIt) {
  // Sao Paulo, 2017-10-15 (a Sunday), 00:00 did not exist; the Sunday is no boundary, its week is.
  expect({Kind::week, "America/Sao_Paulo", utc(2017, 10, 15, 12), utc(2017, 10, 9, 3),
          utc(2017, 10, 16, 2)});
  // Amman, Friday 2016-04-01: clocks went from 00:00 to 01:00.
  expect({Kind::month, "Asia/Amman", utc(2016, 4, 10), utc(2016, 3, 31, 22), utc(2016, 4, 30, 21)});
}

TEST(CalendarTest, AMidnightThatComesTwiceIsTheFirst) {
  // Havana, 2026-11-01: 01:00 summer time (05:00 UTC) becomes 00:00.
  for (const WallTime now : {utc(2026, 11, 1, 4, 30), utc(2026, 11, 1, 5, 30)}) {
    expect({Kind::month, "America/Havana", now, utc(2026, 11, 1, 4), utc(2026, 12, 1, 5)});
  }
}

TEST(CalendarTest, AMonthThatHasBegunStaysBegunWhenTheClocksGoBackOverMidnight) {
  // St. John's, 2009-11-01: 00:01 (02:31 UTC) became 23:01 of October.
  expect({Kind::month, "America/St_Johns", utc(2009, 11, 1, 2, 30), utc(2009, 11, 1, 2, 30),
          utc(2009, 12, 1, 3, 30)});
  expect({Kind::month, "America/St_Johns", utc(2009, 11, 1, 3), utc(2009, 11, 1, 2, 30),
          utc(2009, 12, 1, 3, 30)});
}

TEST(CalendarTest, AnUnknownZoneIsReadAsUtc) {
  expect({Kind::month, "Mars/Olympus", utc(2026, 6, 30, 23, 30), utc(2026, 6, 1), utc(2026, 7, 1)});
}

TEST(CalendarTest, StretchesHoldTheirMomentAndFollowEachOtherWithoutGaps) {
  for (const char* zone : {"UTC", "Europe/Berlin", "America/St_Johns", "America/Havana",
                           "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"}) {
    for (const Kind kind : {Kind::week, Kind::month, Kind::quarter}) {
      std::mt19937 random(20261121);
      for (int i = 0; i < 300; ++i) {
        const WallTime now = utc(2005, 1, 1) + std::chrono::minutes(random() % (30u * 525'600u));
        const CalendarWindow window = calendar_window(kind, zone, now);
        ASSERT_LE(window.begin, now) << zone;
        ASSERT_GT(window.end, now) << zone;
        const std::chrono::nanoseconds tick(1);
        ASSERT_EQ(calendar_window(kind, zone, window.end).begin, window.end) << zone;
        ASSERT_EQ(calendar_window(kind, zone, window.begin - tick).end, window.begin) << zone;
        ASSERT_EQ(calendar_window(kind, zone, window.end - tick).begin, window.begin) << zone;
      }
    }
  }
}

}  // namespace
}  // namespace highwater::rules
