#include "agent/core/time.h"

#include <gtest/gtest.h>

namespace highwater {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsReadWithItsUnits) {
  EXPECT_EQ(parse_duration("30s").value(), 30s);
  EXPECT_EQ(parse_duration("1m30s").value(), 90s);
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("28d").value(), 28 * 24h);
  EXPECT_EQ(parse_duration("0").value(), 0s);
}

TEST(Duration, WithoutAUnitOrWithNonsenseIsRefused) {
  for (const char* text :
       {"", "30", "s", "-5s", "5 s", "5x", "30s1m", "1s1s", "1e3s", "99999999999999w", "200000w"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, IsWrittenInItsShortestExactForm) {
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(-1500ms), "-1s500ms");
  EXPECT_EQ(describe_duration(200s), "3 min 20 s");
  EXPECT_EQ(describe_duration(1500ms), "1.5 s");
  EXPECT_EQ(describe_duration(12h), "12 h");
}

TEST(WallTime, IsWrittenAsRfc3339) {
  EXPECT_EQ(format_time(WallTime(std::chrono::milliseconds(1'769'903'999'123))),
            "2026-01-31T23:59:59.123Z");
}

TEST(WallTime, IsWrittenForPeopleToTheSecond) {
  EXPECT_EQ(describe_time(WallTime(std::chrono::milliseconds(1'769'903'999'123))),
            "2026-01-31 23:59:59 UTC");
  EXPECT_EQ(describe_time("2026-01-31T23:59:59.123Z"), "2026-01-31 23:59:59 UTC");
  EXPECT_EQ(describe_time("2026-01-31T23:59:59Z"), "2026-01-31 23:59:59 UTC");
  for (const char* other : {"", "soon", "2026-01-31T23:59:59+01:00"})
    EXPECT_EQ(describe_time(other), other);
}

}  // namespace
}  // namespace highwater
