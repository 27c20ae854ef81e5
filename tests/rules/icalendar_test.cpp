// iCalendar files: when their events are, as cases of a table, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "rules/icalendar/parser.h"
#include "rules/routing/moment.h"

namespace highwater::rules::icalendar {
namespace {

using ::testing::HasSubstr;

std::string event(const std::string& lines) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n" + lines +
         "END:VEVENT\r\nEND:VCALENDAR\r\n";
}

WallTime moment(const std::string& text) {
  return parse_moment(text).value();
}

// "12-05T21:00..12-06T01:00" of the year that `from` begins with, one after another.
std::string when(const EventCalendar& calendar, const std::string& from, size_t most) {
  std::string text;
  WallTime at = moment(from);
  for (size_t step = 0; step < 20 && most > 0; ++step) {
    const auto around = calendar.around(at);
    if (around.open) {
      const auto short_time = [](WallTime time) { return format_time(time).substr(5, 11); };
      text += (text.empty() ? "" : " ") + short_time(around.begin) + ".." + short_time(around.end);
      --most;
    }
    at = around.end;
  }
  return text;
}

struct Case {
  const char* name;
  const char* lines;  // of the VEVENT, with \n
  const char* from;   // the first interval that ends after this moment, and those behind it
  size_t most;
  const char* expected;  // in UTC
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"once, in UTC", "DTSTART:20261205T220000Z\nDTEND:20261206T040000Z\n", "2026-11-01", 3,
       "12-05T22:00..12-06T04:00"},
      {"once, in a zone", "DTSTART;TZID=Europe/Berlin:20261205T220000\nDURATION:PT2H30M\n",
       "2026-11-01", 3, "12-05T21:00..12-05T23:30"},
      {"the zone between quotes", "DTSTART;TZID=\"Asia/Kolkata\":20261205T220000\nDURATION:PT1H\n",
       "2026-11-01", 3, "12-05T16:30..12-05T17:30"},
      {"from one zone to another",
       "DTSTART;TZID=Europe/Berlin:20261205T220000\n"
       "DTEND;TZID=Europe/London:20261205T220000\n",
       "2026-11-01", 3, "12-05T21:00..12-05T22:00"},
      {"a floating time is in the zone of the window",
       "DTSTART:20261205T220000\nDTEND:20261205T230000\n", "2026-11-01", 3,
       "12-05T21:00..12-05T22:00"},
      {"a whole day", "DTSTART;VALUE=DATE:20261205\n", "2026-11-01", 3, "12-04T23:00..12-05T23:00"},
      {"two whole days", "DTSTART;VALUE=DATE:20261205\nDTEND;VALUE=DATE:20261207\n", "2026-11-01",
       3, "12-04T23:00..12-06T23:00"},
      {"a whole day of 23 hours", "DTSTART;VALUE=DATE:20260329\n", "2026-03-01", 3,
       "03-28T23:00..03-29T22:00"},
      {"a whole day of 25 hours", "DTSTART;VALUE=DATE:20261025\nDURATION:P1D\n", "2026-10-01", 3,
       "10-24T22:00..10-25T23:00"},
      {"a week", "DTSTART;VALUE=DATE:20261205\nDURATION:P1W\n", "2026-11-01", 3,
       "12-04T23:00..12-11T23:00"},
      // Over midnight and over the changes of the clocks: what DTEND or hours say is exact.
      {"over midnight, each night",
       "DTSTART;TZID=Europe/Berlin:20261201T230000\nDTEND;TZID=Europe/Berlin:20261202T020000\n"
       "RRULE:FREQ=DAILY;COUNT=3\n",
       "2026-11-01", 5,
       "12-01T22:00..12-02T01:00 12-02T22:00..12-03T01:00 12-03T22:00..12-04T01:00"},
      {"asked after midnight, it is the same",
       "DTSTART;TZID=Europe/Berlin:20261201T230000\nDURATION:PT3H\nRRULE:FREQ=DAILY;COUNT=2\n",
       "2026-12-02 00:30", 1, "12-01T22:00..12-02T01:00"},
      {"over new year", "DTSTART:20261231T220000Z\nDURATION:PT4H\nRRULE:FREQ=YEARLY\n",
       "2026-12-31 23:00", 1, "12-31T22:00..01-01T02:00"},
      {"the night in which the clocks are set forward",
       "DTSTART;TZID=Europe/Berlin:20260321T230000\nDTEND;TZID=Europe/Berlin:20260322T050000\n"
       "RRULE:FREQ=WEEKLY;COUNT=3\n",
       "2026-03-01", 5,
       "03-21T22:00..03-22T04:00 03-28T22:00..03-29T04:00 04-04T21:00..04-05T03:00"},
      {"the night in which they are set back",
       "DTSTART;TZID=Europe/Berlin:20261017T230000\nDURATION:PT6H\nRRULE:FREQ=WEEKLY;COUNT=3\n",
       "2026-10-01", 5,
       "10-17T21:00..10-18T03:00 10-24T21:00..10-25T03:00 10-31T22:00..11-01T04:00"},
      {"a begin that the clocks skip is an hour later by the clocks",
       "DTSTART;TZID=Europe/Berlin:20260328T023000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\n",
       "2026-03-01", 5,
       "03-28T01:30..03-28T02:30 03-29T01:30..03-29T02:30 03-30T00:30..03-30T01:30"},
      {"of a begin that comes twice the first",
       "DTSTART;TZID=Europe/Berlin:20261025T023000\nDURATION:PT1H\n", "2026-10-01", 5,
       "10-25T00:30..10-25T01:30"},
      {"a day as the clocks show it, over the change",
       "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1D\n", "2026-03-01", 5,
       "03-28T11:00..03-29T10:00"},
      {"the other half of the world changes otherwise",
       "DTSTART;TZID=America/New_York:20260307T230000\nDURATION:PT6H\nRRULE:FREQ=WEEKLY;COUNT=2\n",
       "2026-03-01", 5, "03-08T04:00..03-08T10:00 03-15T03:00..03-15T09:00"},
      // RRULE.
      {"each third day", "DTSTART:20261201T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=3\n",
       "2026-12-02", 2, "12-04T10:00..12-04T11:00 12-07T10:00..12-07T11:00"},
      {"working days",
       "DTSTART:20261203T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR\n",
       "2026-12-03", 3,
       "12-03T10:00..12-03T11:00 12-04T10:00..12-04T11:00 12-07T10:00..12-07T11:00"},
      {"the day of its begin each week",
       "DTSTART:20261205T100000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\n", "2026-12-06", 2,
       "12-12T10:00..12-12T11:00 12-19T10:00..12-19T11:00"},
      {"each second week, from Monday",
       "DTSTART:20261201T100000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU\n",
       "2026-12-01", 3,
       "12-01T10:00..12-01T11:00 12-06T10:00..12-06T11:00 12-15T10:00..12-15T11:00"},
      {"each second week, from Sunday",
       "DTSTART:20261201T100000Z\nDURATION:PT1H\n"
       "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU\n",
       "2026-12-01", 3,
       "12-01T10:00..12-01T11:00 12-13T10:00..12-13T11:00 12-15T10:00..12-15T11:00"},
      {"the first Sunday of the month",
       "DTSTART:20261206T100000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=1SU\n", "2026-12-07", 2,
       "01-03T10:00..01-03T11:00 02-07T10:00..02-07T11:00"},
      {"the last Friday of the month",
       "DTSTART:20261127T100000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=-1FR\n", "2026-11-28", 2,
       "12-25T10:00..12-25T11:00 01-29T10:00..01-29T11:00"},
      {"the second and the fourth Tuesday",
       "DTSTART:20261208T100000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=2TU,4TU\n", "2026-12-01",
       3, "12-08T10:00..12-08T11:00 12-22T10:00..12-22T11:00 01-12T10:00..01-12T11:00"},
      {"the last day of the month",
       "DTSTART:20261231T100000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1\n", "2027-01-01",
       2, "01-31T10:00..01-31T11:00 02-28T10:00..02-28T11:00"},
      {"the 31st is not in each month",
       "DTSTART:20261231T100000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY\n", "2027-01-01", 2,
       "01-31T10:00..01-31T11:00 03-31T10:00..03-31T11:00"},
      {"Friday the 13th",
       "DTSTART:20261113T100000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13\n",
       "2026-11-14", 1, "08-13T10:00..08-13T11:00"},
      {"each quarter", "DTSTART:20260115T100000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;INTERVAL=3\n",
       "2026-11-01", 2, "01-15T10:00..01-15T11:00 04-15T10:00..04-15T11:00"},
      {"each year", "DTSTART;VALUE=DATE:20241224\nRRULE:FREQ=YEARLY\n", "2026-01-01", 1,
       "12-23T23:00..12-24T23:00"},
      {"the 29th of February", "DTSTART:20240229T100000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY\n",
       "2026-01-01", 1, "02-29T10:00..02-29T11:00"},
      {"the 20th Monday of the year",
       "DTSTART:20260518T100000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYDAY=20MO\n", "2026-06-01", 1,
       "05-17T10:00..05-17T11:00"},
      {"UNTIL is in",
       "DTSTART:20261201T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261202T100000Z\n",
       "2026-12-01", 5, "12-01T10:00..12-01T11:00 12-02T10:00..12-02T11:00"},
      {"UNTIL is a moment before",
       "DTSTART:20261201T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261202T095959Z\n",
       "2026-12-01", 5, "12-01T10:00..12-01T11:00"},
      {"UNTIL a day is until its end",
       "DTSTART;TZID=Europe/"
       "Berlin:20261201T230000\nDURATION:PT30M\nRRULE:FREQ=DAILY;UNTIL=20261202\n",
       "2026-12-01", 5, "12-01T22:00..12-01T22:30 12-02T22:00..12-02T22:30"},
      {"EXDATE does not count against COUNT",
       "DTSTART:20261201T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:"
       "20261202T100000Z\n",
       "2026-12-01", 5, "12-01T10:00..12-01T11:00 12-03T10:00..12-03T11:00"},
      {"EXDATE in another zone, and several",
       "DTSTART;TZID=Europe/Berlin:20261201T110000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4\n"
       "EXDATE:20261202T100000Z,20261203T100000Z\n",
       "2026-12-01", 5, "12-01T10:00..12-01T11:00 12-04T10:00..12-04T11:00"},
      {"EXDATE of a day",
       "DTSTART;VALUE=DATE:20261205\nRRULE:FREQ=WEEKLY;COUNT=2\nEXDATE;VALUE=DATE:20261205\n",
       "2026-12-01", 5, "12-11T23:00..12-12T23:00"},
      {"what touches is one", "DTSTART;VALUE=DATE:20261205\nRRULE:FREQ=DAILY;COUNT=3\n",
       "2026-12-01", 5, "12-04T23:00..12-07T23:00"},
      {"cancelled", "DTSTART:20261205T220000Z\nDTEND:20261206T040000Z\nSTATUS:CANCELLED\n",
       "2026-11-01", 3, ""},
      {"tentative counts", "DTSTART:20261205T220000Z\nDTEND:20261206T040000Z\nSTATUS:TENTATIVE\n",
       "2026-11-01", 3, "12-05T22:00..12-06T04:00"},
      {"folded lines, also within a word",
       "DTSTART;TZID=Eur\n ope/Berlin:2026120\n\t5T220000\nDURATION:PT1H\n", "2026-11-01", 3,
       "12-05T21:00..12-05T22:00"},
      {"what does not say when is passed over",
       "UID:1@example.com\nDTSTAMP:20260101T000000Z\nDESCRIPTION:two\\nlines\nX-APPLE-A;B=c:d\n"
       "DTSTART:20261205T220000Z\nDURATION:PT1H\nBEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT9H\n"
       "END:VALARM\n",
       "2026-11-01", 3, "12-05T22:00..12-05T23:00"},
  };
  return all;
}

class Icalendar : public ::testing::TestWithParam<size_t> {};

TEST_P(Icalendar, EventsAreWhenTheirAuthorMeans) {
  const Case& one = cases()[GetParam()];
  Diagnostics diagnostics;
  const auto calendar = parse_calendar(event(one.lines), "ops.ics", "Europe/Berlin", diagnostics);
  ASSERT_TRUE(calendar) << one.name << ": " << diagnostics.front().text();
  EXPECT_EQ(when(*calendar, one.from, one.most), one.expected) << one.name;
}

INSTANTIATE_TEST_SUITE_P(All, Icalendar, ::testing::Range<size_t>(0, cases().size()));

struct Mistake {
  const char* text;  // of the VEVENT, or of a whole file when it begins with "BEGIN"
  const char* place;
  const char* what;
};

TEST(IcalendarMistakes, AreSaidWithTheirPlace) {
  const std::vector<Mistake> mistakes{
      {"SUMMARY:a\n", "ops.ics:3:", "has no DTSTART"},
      {"DTSTART:20261205T220000Z\n", ":3:", "has no end: write DTEND"},
      {"DTSTART:20261305T220000Z\nDURATION:PT1H\n", ":4:", "DTSTART '20261305T220000Z' is no time"},
      {"DTSTART:2026-12-05\nDURATION:PT1H\n", ":4:", "is no time"},
      {"DTSTART:+0261205T220000\nDURATION:PT1H\n", ":4:", "is no time"},
      {"DTSTART;VALUE=DATE:20261205T220000\nDURATION:PT1H\n", ":4:", "is no time"},
      {"DTSTART;TZID=W. Europe Standard Time:20261205T220000\nDURATION:PT1H\n",
       ":4:", "the system has no time zone 'W. Europe Standard Time': name one as IANA does"},
      {"DTSTART;TZID=Europe/Berlin:20261205T220000Z\nDURATION:PT1H\n",
       ":4:", "TZID does not go with a time in UTC"},
      {"DTSTART:20261205T220000Z\nDTEND:20261205T220000Z\n", ":5:", "ends before it begins"},
      {"DTSTART:20261205T220000Z\nDTEND;VALUE=DATE:20261206\n", ":5:", "must both be days"},
      {"DTSTART:20261205T220000Z\nDTEND:20261206T000000Z\nDURATION:PT1H\n",
       ":6:", "does not go with DTEND"},
      {"DTSTART:20261205T220000Z\nDURATION:-PT1H\n", ":5:", "DURATION cannot be '-PT1H'"},
      {"DTSTART:20261205T220000Z\nDURATION:PT\n", ":5:", "DURATION cannot be"},
      {"DTSTART:20261205T220000Z\nDURATION:P400D\n", ":5:", "lasts longer than"},
      {"DTSTART;VALUE=DATE:20261205\nDURATION:PT1H\n", ":5:", "lasts whole days"},
      {"DTSTART:20261205T220000Z\nDTSTART:20261205T220000Z\nDURATION:PT1H\n",
       ":5:", "has DTSTART twice"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY\n",
       ":6:", "FREQ=HOURLY is not supported: write DAILY"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYHOUR=3\n",
       ":6:", "BYHOUR of RRULE is not supported"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYSETPOS=1;BYDAY=MO\n",
       ":6:", "BYSETPOS of RRULE is not supported"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:INTERVAL=2\n", ":6:", "RRULE has no FREQ"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;FREQ=DAILY\n",
       ":6:", "FREQ twice"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=0\n",
       ":6:", "COUNT cannot be '0': write 1 to"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2;UNTIL=20261206\n",
       ":6:", "COUNT does not go with UNTIL"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=soon\n",
       ":6:", "UNTIL cannot be 'SOON'"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=1SA\n",
       ":6:", "needs FREQ=MONTHLY or YEARLY"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=SA,XX\n",
       ":6:", "BYDAY cannot be 'XX'"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYMONTHDAY=32\n",
       ":6:", "BYMONTHDAY cannot be '32'"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=1SU\n",
       ":6:", "DTSTART is none of the days of its RRULE"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nRDATE:20261206T220000Z\n",
       ":6:", "RDATE is not supported: write an event for each"},
      {"DTSTART:20261205T220000Z\nDURATION:PT1H\nSTATUS:CANCELLED\nRECURRENCE-ID:"
       "20261205T220000Z\n",
       ":7:", "RECURRENCE-ID is not supported: take the occurrence out"},
      {"DTSTART;VALUE=DATE:20261205\nEXDATE:20261205T000000Z\n",
       ":5:", "EXDATE is a time, and DTSTART a day"},
      {"DTSTART\n", ":4:", "'DTSTART' is no line of an iCalendar file"},
      {"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "ops.ics", "there is no event in it"},
      {"BEGIN:VEVENT\nEND:VEVENT\n", ":1:", "stands outside of a VCALENDAR"},
      {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261205T220000Z\nDURATION:PT1H\n",
       ":4:", "END:VEVENT is missing"},
      {"BEGIN:VCALENDAR\nEND:VEVENT\n", ":2:", "ends what has not begun"},
      {"BEGIN:VCALENDAR\nMETHOD:CANCEL\n", ":2:", "METHOD:CANCEL"},
      {"BEGIN:VCALENDAR\nCALSCALE:JULIAN\n", ":2:", "only the Gregorian"},
  };
  for (const Mistake& mistake : mistakes) {
    const std::string text(mistake.text);
    Diagnostics diagnostics;
    EXPECT_FALSE(parse_calendar(text.starts_with("BEGIN") ? text : event(text), "ops.ics", "UTC",
                                diagnostics))
        << text;
    ASSERT_FALSE(diagnostics.empty()) << text;
    EXPECT_THAT(diagnostics.front().text(), HasSubstr(mistake.what)) << text;
    EXPECT_THAT(diagnostics.front().text(), HasSubstr(mistake.place)) << text;
  }
}

TEST(IcalendarBounds, HoldForEventsAndForHowOftenTheyAre) {
  const std::string one = "BEGIN:VEVENT\nDTSTART:20261205T220000Z\nDURATION:PT1H\nEND:VEVENT\n";
  const std::string daily =
      "BEGIN:VEVENT\nDTSTART:20261205T220000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEND:VEVENT\n";
  const auto mistake = [](const std::string& each, size_t count) {
    std::string text = "BEGIN:VCALENDAR\n";
    for (size_t i = 0; i < count; ++i) text += each;
    Diagnostics diagnostics;
    const auto calendar = parse_calendar(text + "END:VCALENDAR\n", "ops.ics", "UTC", diagnostics);
    EXPECT_EQ(calendar == nullptr, !diagnostics.empty());
    return diagnostics.empty() ? "" : diagnostics.front().text();
  };
  EXPECT_EQ(mistake(one, kMostEvents), "");
  EXPECT_THAT(mistake(one, kMostEvents + 1), HasSubstr("more than 500 events"));
  EXPECT_EQ(mistake(daily, 13), "");
  EXPECT_THAT(mistake(daily, 14), HasSubstr("more than 5000 times in a year"));
  Diagnostics diagnostics;
  std::string bad;
  for (int i = 0; i < 1000; ++i) bad += "nothing\n";
  EXPECT_FALSE(parse_calendar(bad, "ops.ics", "UTC", diagnostics));
  EXPECT_EQ(diagnostics.size(), 20U);
}

TEST(IcalendarSummaries, AreThoseOfTheInterval) {
  Diagnostics diagnostics;
  const auto calendar = parse_calendar(
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Brokers\\, all \x1b[31m\nDTSTART:20261205T220000Z\n"
      "DURATION:PT1H\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Disks\nDTSTART:20261205T223000Z\n"
      "DURATION:PT1H\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:Other\nDTSTART:20261206T223000Z\n"
      "DURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n",
      "/etc/ops.ics", "UTC", diagnostics);
  ASSERT_TRUE(calendar);
  const auto around = calendar->around(moment("2026-12-05 22:10"));
  EXPECT_EQ(format_time(around.end), "2026-12-05T23:30:00.000Z");
  EXPECT_EQ(calendar->summaries({around.begin, around.end}),
            (std::vector<std::string>{"Brokers, all  [31m", "Disks"}));
  EXPECT_EQ(calendar->text(), "3 events of ops.ics");
}

// Whatever is read is refused with a place, or is what the type promises.
TEST(IcalendarMutations, AreRefusedOrRead) {
  std::vector<std::string> seeds;
  for (const Case& one : cases()) seeds.push_back(event(one.lines));
  std::mt19937 random(17);  // NOLINT(cert-msc51-cpp)
  const auto below = [&](size_t most) { return random() % most; };
  size_t read = 0;
  constexpr size_t kTried = 5000;
  for (size_t i = 0; i < kTried; ++i) {
    std::string text = seeds[below(seeds.size())];
    for (size_t change = below(4) + 1; change > 0 && !text.empty(); --change) {
      const size_t at = below(text.size());
      const std::string& other = seeds[below(seeds.size())];
      switch (below(4)) {
        case 0:
          text[at] = static_cast<char>(below(256));
          break;
        case 1:
          text.erase(at, below(12));
          break;
        case 2:
          text.insert(at, std::to_string(below(100000)));
          break;
        case 3:
          text.insert(at, other.substr(below(other.size()), below(80)));
          break;
      }
    }
    Diagnostics diagnostics;
    const auto calendar = parse_calendar(text, "ops.ics", "Europe/Berlin", diagnostics);
    ASSERT_EQ(calendar == nullptr, !diagnostics.empty()) << text;
    for (const Diagnostic& mistake : diagnostics) {
      ASSERT_FALSE(mistake.what.empty());
      ASSERT_LE(mistake.line, std::ranges::count(text, '\n') + 1) << text;
    }
    if (calendar == nullptr) continue;
    ++read;
    WallTime at = moment("2026-01-01");
    for (int step = 0; step < 3; ++step) {
      const auto around = calendar->around(at);
      ASSERT_TRUE(around.begin <= at && at < around.end) << text;
      at = around.end;
    }
  }
  EXPECT_GT(read, kTried / 50);
}

}  // namespace
}  // namespace highwater::rules::icalendar
