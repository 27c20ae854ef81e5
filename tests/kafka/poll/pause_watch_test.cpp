#include "collectors/kafka/poll/pause_watch.h"

#include <gtest/gtest.h>

namespace highwater::kafka {
namespace {

using namespace std::chrono_literals;

Now moment(Duration steady, Duration wall) {
  return {SteadyTime(100h + steady), WallTime(490'000h + wall)};
}
Now moment(Duration both) {
  return moment(both, both);
}

TEST(PauseWatch, AThreadThatBeatsIsNotPaused) {
  PauseWatch watch;
  for (Duration t = 0s; t < 60s; t += 1s) EXPECT_FALSE(watch.beat(moment(t)));
  EXPECT_FALSE(watch.beat(moment(66s))) << "it was busy";
  EXPECT_FALSE(watch.paused_since(moment(0s).steady));
}

TEST(PauseWatch, OneThatStoodStillWas) {
  PauseWatch watch;
  watch.beat(moment(0s));
  EXPECT_TRUE(watch.beat(moment(60s)));
  EXPECT_FALSE(watch.beat(moment(61s)));
  EXPECT_TRUE(watch.paused_since(moment(59s).steady));
  EXPECT_FALSE(watch.paused_since(moment(60s).steady));
}

TEST(PauseWatch, AMachineThatSleptShowsOnTheWallClockAlone) {
  PauseWatch watch;
  watch.beat(moment(0s));
  EXPECT_TRUE(watch.beat(moment(1s, 8h)));
  EXPECT_FALSE(watch.beat(moment(2s, 7h))) << "a clock that is set back";
}

}  // namespace
}  // namespace highwater::kafka
