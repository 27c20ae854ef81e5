#include "agent/self_observation.h"

#include <gtest/gtest.h>

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

notify::ReceiverStats receiver(std::string error) {
  notify::ReceiverStats stats;
  stats.name = "oncall";
  stats.last_error = std::move(error);
  stats.last_success = WallTime(1h);
  return stats;
}

SelfStatus with(std::vector<notify::ReceiverStats> receivers) {
  SelfStatus status;
  status.receivers = std::move(receivers);
  return status;
}

// As the pipeline does, every few seconds.
ObservationPtr observe_for(SelfObserver& observer, const SelfStatus& status, Now& now,
                           Duration duration) {
  ObservationPtr last;
  for (const SteadyTime end = now.steady + duration; now.steady < end;) {
    now.steady += 5s;
    last = observer.observe(status, now);
  }
  return last;
}

double failing(const ObservationPtr& observation) {
  return observation->tables.at(0).values.at(0);
}

TEST(SelfObserver, AReceiverFailsOnlyAfterFiveMinutesOfTrying) {
  SelfObserver observer;
  Now now{SteadyTime(1h), WallTime(1h)};
  EXPECT_EQ(failing(observer.observe(with({receiver("connection refused")}), now)), 0);
  const SelfStatus refused = with({receiver("connection refused")});
  EXPECT_EQ(failing(observe_for(observer, refused, now, 4min)), 0);
  const auto observation = observe_for(observer, refused, now, 1min);
  EXPECT_EQ(failing(observation), 1);
  EXPECT_EQ(observation->notes.at(0).text, "connection refused");
}

// A restart forgets since when; what cannot be delivered may have failed for hours.
TEST(SelfObserver, AReceiverThatTookNothingSinceTheStartIsUnknown) {
  SelfObserver observer;
  Now now{SteadyTime(1h), WallTime(1h)};
  auto stats = receiver("");
  stats.last_success.reset();
  EXPECT_FALSE(observer.observe(with({stats}), now)->tables.at(0).known(0)) << "nothing was tried";
  stats.last_error = "connection refused";
  const ObservationPtr failing_early = observe_for(observer, with({stats}), now, 4min);
  EXPECT_FALSE(failing_early->tables.at(0).known(0));
  EXPECT_EQ(failing(observe_for(observer, with({stats}), now, 2min)), 1);
  EXPECT_EQ(failing(observer.observe(with({receiver("")}), now)), 0);
}

TEST(SelfObserver, OneSuccessStartsTheClockAnew) {
  SelfObserver observer;
  Now now{SteadyTime(1h), WallTime(1h)};
  (void)observer.observe(with({receiver("connection refused")}), now);
  now.steady += 4min;
  (void)observer.observe(with({receiver("")}), now);
  now.steady += 2min;
  EXPECT_EQ(failing(observer.observe(with({receiver("connection refused")}), now)), 0);
}

TEST(SelfObserver, APauseOfTheAgentIsNoTimeOfTrying) {
  SelfObserver observer;
  Now now{SteadyTime(1h), WallTime(1h)};
  const SelfStatus refused = with({receiver("connection refused")});
  (void)observe_for(observer, refused, now, 1min);
  now.steady += 1h;
  EXPECT_EQ(failing(observe_for(observer, refused, now, 3min)), 0);
  EXPECT_EQ(failing(observe_for(observer, refused, now, 1min)), 1);
}

TEST(SelfObserver, ARefusalForGoodCountsAtOnce) {
  SelfObserver observer;
  auto stats = receiver("404");
  stats.misconfigured = true;
  EXPECT_EQ(failing(observer.observe(with({stats}), {SteadyTime(1h), WallTime(1h)})), 1);
}

// The only row of the measure.
std::optional<double> only(const Observation& observation, std::string_view measure) {
  for (const Table& table : observation.tables) {
    if (table.measure->name == measure) return table.values.at(0);
  }
  return std::nullopt;
}

TEST(SelfObserver, AStateThatCannotBeKeptIsSaidAtOnceWithItsReason) {
  SelfObserver observer;
  SelfStatus status;
  status.state_problem = "no space";
  const auto observation = observer.observe(status, {SteadyTime(1h), WallTime(1h)});
  EXPECT_EQ(only(*observation, "state_failing"), 1);
  EXPECT_EQ(only(*observation, "reload_failing"), 0);
  EXPECT_EQ(observation->notes.at(0).text, "no space");
}

TEST(SelfObserver, AConfigurationThatWasNotTakenOverIsSaidUntilOneIs) {
  SelfObserver observer;
  SelfStatus status;
  status.config_file = "highwater.yaml";
  status.reload_problem = "rules.yaml:3:1: no";
  const Now now{SteadyTime(1h), WallTime(1h)};
  const auto observation = observer.observe(status, now);
  EXPECT_EQ(only(*observation, "reload_failing"), 1);
  EXPECT_EQ(only(*observation, "state_failing"), 0);
  EXPECT_EQ(observation->notes.at(0).text, "rules.yaml:3:1: no");
  EXPECT_EQ(observation->notes.at(0).entity.label("file").text(), "highwater.yaml");
  status.reload_problem = "";
  EXPECT_EQ(only(*observer.observe(status, now), "reload_failing"), 0);
}

TEST(SelfObserver, CountsWhatIsNotInTheRecording) {
  SelfObserver observer;
  SelfStatus status;
  const Now now{SteadyTime(1h), WallTime(1h)};
  EXPECT_EQ(only(*observer.observe(status, now), "recording_dropped_total"), std::nullopt);
  status.recording = RecorderHealth{7, "no space left"};
  EXPECT_EQ(only(*observer.observe(status, now), "recording_dropped_total"), 7);
}

}  // namespace
}  // namespace highwater::agent
