#include "agent/self_observation.h"

#include <gtest/gtest.h>

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

notify::ReceiverStats receiver(std::string error) {
  notify::ReceiverStats stats;
  stats.name = "oncall";
  stats.last_error = std::move(error);
  return stats;
}

double failing(const ObservationPtr& observation) {
  return observation->tables.at(0).values.at(0);
}

TEST(SelfObserver, AReceiverFailsOnlyAfterFiveMinutesOfTrying) {
  SelfObserver observer;
  Now now{SteadyTime(1h), WallTime(1h)};
  EXPECT_EQ(failing(observer.observe({receiver("connection refused")}, "", now)), 0);
  now.steady += 4min;
  EXPECT_EQ(failing(observer.observe({receiver("connection refused")}, "", now)), 0);
  now.steady += 1min;
  const auto observation = observer.observe({receiver("connection refused")}, "", now);
  EXPECT_EQ(failing(observation), 1);
  EXPECT_EQ(observation->notes.at(0).text, "connection refused");
}

TEST(SelfObserver, OneSuccessStartsTheClockAnew) {
  SelfObserver observer;
  Now now{SteadyTime(1h), WallTime(1h)};
  (void)observer.observe({receiver("connection refused")}, "", now);
  now.steady += 4min;
  (void)observer.observe({receiver("")}, "", now);
  now.steady += 2min;
  EXPECT_EQ(failing(observer.observe({receiver("connection refused")}, "", now)), 0);
}

TEST(SelfObserver, ARefusalForGoodCountsAtOnce) {
  SelfObserver observer;
  auto stats = receiver("404");
  stats.misconfigured = true;
  EXPECT_EQ(failing(observer.observe({stats}, "", {SteadyTime(1h), WallTime(1h)})), 1);
}

TEST(SelfObserver, AStateThatCannotBeKeptIsSaidAtOnceWithItsReason) {
  SelfObserver observer;
  const auto observation = observer.observe({}, "no space", {SteadyTime(1h), WallTime(1h)});
  EXPECT_EQ(observation->tables.at(1).values.at(0), 1);
  EXPECT_EQ(observation->notes.at(0).text, "no space");
}

}  // namespace
}  // namespace highwater::agent
