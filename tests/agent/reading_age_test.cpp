// The age of readings when the machine sleeps.
#include "agent/reading_age.h"

#include <gtest/gtest.h>

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

constexpr Now kRead{SteadyTime(100h), WallTime(490'000h)};

Now later(Duration steady, Duration wall) {
  return {kRead.steady + steady, kRead.wall + wall};
}

ObservationPtr reading() {
  Observation observation;
  observation.at = kRead;
  observation.cadence = 5s;
  return std::make_shared<const Observation>(std::move(observation));
}

TEST(ReadingAge, IsWhatTheSteadyClockSays) {
  const ObservationPtr read = reading();
  EXPECT_EQ(aged(read, later(10s, 10s)), read);
  EXPECT_EQ(aged(read, later(10s, 11s)), read) << "a clock that is slewed";
  EXPECT_EQ(aged(read, later(10s, -1h)), read) << "a clock that is set back";
}

TEST(ReadingAge, CountsTheTimeInWhichTheMachineSlept) {
  const Now now = later(3s, 8h);
  const ObservationPtr older = aged(reading(), now);
  EXPECT_EQ(now.steady - older->at.steady, 8h);
  EXPECT_TRUE(is_stale(*older, now.steady));
  EXPECT_EQ(aged(older, now), older) << "once";
}

}  // namespace
}  // namespace highwater::agent
