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
  EXPECT_EQ(failing(observer.observe({receiver("connection refused")}, "", nullptr, now)), 0);
  now.steady += 4min;
  EXPECT_EQ(failing(observer.observe({receiver("connection refused")}, "", nullptr, now)), 0);
  now.steady += 1min;
  const auto observation = observer.observe({receiver("connection refused")}, "", nullptr, now);
  EXPECT_EQ(failing(observation), 1);
  EXPECT_EQ(observation->notes.at(0).text, "connection refused");
}

TEST(SelfObserver, OneSuccessStartsTheClockAnew) {
  SelfObserver observer;
  Now now{SteadyTime(1h), WallTime(1h)};
  (void)observer.observe({receiver("connection refused")}, "", nullptr, now);
  now.steady += 4min;
  (void)observer.observe({receiver("")}, "", nullptr, now);
  now.steady += 2min;
  EXPECT_EQ(failing(observer.observe({receiver("connection refused")}, "", nullptr, now)), 0);
}

TEST(SelfObserver, ARefusalForGoodCountsAtOnce) {
  SelfObserver observer;
  auto stats = receiver("404");
  stats.misconfigured = true;
  EXPECT_EQ(failing(observer.observe({stats}, "", nullptr, {SteadyTime(1h), WallTime(1h)})), 1);
}

TEST(SelfObserver, AStateThatCannotBeKeptIsSaidAtOnceWithItsReason) {
  SelfObserver observer;
  const auto observation =
      observer.observe({}, "no space", nullptr, {SteadyTime(1h), WallTime(1h)});
  EXPECT_EQ(observation->tables.at(1).values.at(0), 1);
  EXPECT_EQ(observation->notes.at(0).text, "no space");
}

TEST(SelfObservation, CountsWhatIsNotInTheRecording) {
  SelfObserver observer;
  const Now now{SteadyTime(1h), WallTime(1h)};
  const auto dropped = [](const Observation& observation) -> std::optional<double> {
    for (const Table& table : observation.tables) {
      if (table.measure->name == "recording_dropped_total") return table.values[0];
    }
    return std::nullopt;
  };
  EXPECT_FALSE(dropped(*observer.observe({}, "", nullptr, now)));
  const RecorderHealth health{7, "no space left"};
  EXPECT_EQ(dropped(*observer.observe({}, "", &health, now)), 7);
}

}  // namespace
}  // namespace highwater::agent
