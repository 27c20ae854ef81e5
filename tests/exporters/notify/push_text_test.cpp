#include <gtest/gtest.h>

#include "exporters/push/incident_span.h"
#include "exporters/push/retry_after.h"
#include "exporters/push/utf8.h"
#include "tests/exporters/notify/notify_samples.h"

namespace highwater {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(RetryAfter, ReadsSeconds) {
  EXPECT_EQ(parse_retry_after(" 120 ", samples::wall(0)), seconds(120));
}
TEST(RetryAfter, ReadsAnHttpDate) {
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 2026 00:02:00 GMT", samples::wall(0)), minutes(2));
}
TEST(RetryAfter, IsZeroWhenTheDateHasPassed) {
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 2026 00:02:00 GMT", samples::wall(500)),
            Duration::zero());
}
TEST(RetryAfter, BoundsEnormousNumbers) {
  EXPECT_EQ(parse_retry_after("99999999999999999999", samples::wall(0)), hours(365 * 24));
}
TEST(RetryAfter, IgnoresNonsense) {
  for (const char* text : {"", "soon", "-5", "1.5", "Thu, 99 Jan 2026 00:02:00 GMT",
                           "Thu, 01 Foo 2026 00:02:00 GMT", "Thu, 01 Jan 2026 00:02:00 XXX"}) {
    EXPECT_EQ(parse_retry_after(text, samples::wall(0)), std::nullopt) << text;
  }
}

TEST(Utf8, KeepsWhatIsValid) {
  const std::string text = "a\u00e9\u20ac\U0001F600\n\tz";
  EXPECT_EQ(utf8::clean(text, 100), text);
}

TEST(Utf8, JoinsLinesWhenAsked) {
  EXPECT_EQ(utf8::clean("a\nb\tc", 100, utf8::Lines::join), "a b c");
}

TEST(Utf8, ReplacesEachInvalidByte) {
  EXPECT_EQ(utf8::clean("a\x80z", 100), "a\uFFFDz");
  EXPECT_EQ(utf8::clean("\xc0\xaf", 100), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(utf8::clean("\xed\xa0\x80", 100), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(utf8::clean("\xf4\x90\x80\x80", 100).size(), 4 * 3);      // beyond U+10FFFF
  EXPECT_EQ(utf8::clean("\xe2\x82", 100), "\uFFFD\uFFFD");            // cut off
}

TEST(Utf8, NeverExceedsTheBound) {
  for (size_t bound = 3; bound < 12; ++bound) {
    EXPECT_LE(utf8::clean("a\u20ac\U0001F600bcdefgh", bound).size(), bound) << bound;
  }
  EXPECT_EQ(utf8::clean("abcdef", 6), "abcdef");
  EXPECT_EQ(utf8::clean("abcdefg", 6), "abc\u2026");
}

TEST(IncidentSpan, FollowsFromTheCorrelationIdAndIsNeverInvalid) {
  EXPECT_EQ(incident_span(samples::correlation(7)).hex(), "ab00000000000000");
  TraceId awkward;
  awkward.bytes[15] = 1;
  EXPECT_TRUE(incident_span(awkward).valid());
}

}  // namespace
}  // namespace highwater
