#include "agent/aliveness.h"

#include <gtest/gtest.h>

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

notify::ReceiverStats receiver(std::string error, bool misconfigured = false) {
  notify::ReceiverStats stats;
  stats.name = "oncall";
  stats.last_error = std::move(error);
  stats.misconfigured = misconfigured;
  return stats;
}

// An agent of which everything works until a test stops a part of it.
class World {
 public:
  World() {
    prod_.cluster = Symbol("prod");
    prod_.part = "groups";
    prod_.cadence = 10s;
  }

  // Its parts go on for so long, each as often as it does.
  void pass(Duration time) {
    for (const SteadyTime end = now_ + time; now_ < end;) {
      now_ += 5s;
      if (polls) alive_.observed(prod_, now_);
      if (judges) alive_.look({receivers}, state, first_round_done, now_);
    }
  }
  [[nodiscard]] std::string problem() const { return alive_.problem(now_); }
  void reload() { alive_.expect_anew(); }

  bool polls = true;
  bool judges = true;
  bool first_round_done = true;
  std::string state;
  std::vector<notify::ReceiverStats> receivers{receiver("")};

 private:
  Aliveness alive_;
  Observation prod_;
  SteadyTime now_{1000h};
};

TEST(Aliveness, IsNotGivenBeforeAnythingWasJudged) {
  World world;
  EXPECT_EQ(world.problem(), "nothing has been judged yet");
  world.first_round_done = false;
  world.pass(5s);
  EXPECT_EQ(world.problem(), "not everything has been polled yet since the start");
  world.first_round_done = true;
  world.pass(5s);
  EXPECT_EQ(world.problem(), "");
}

TEST(Aliveness, EndsWithEachPartThatStopsAndComesBackWithIt) {
  struct Case {
    const char* name;
    void (*set)(World&, bool works);
    const char* problem;
    Duration within;
  };
  const Case cases[] = {
      {"polls", [](World& world, bool works) { world.polls = works; },
       "groups of prod has not been polled for 45 s", Aliveness::poll_within(10s)},
      {"judgement", [](World& world, bool works) { world.judges = works; },
       "nothing has been judged for 15 s", Aliveness::kLookWithin},
      {"state", [](World& world, bool works) { world.state = works ? "" : "disk full"; },
       "the state is not kept: disk full", 0s},
      {"delivery",
       [](World& world, bool works) { world.receivers = {receiver(works ? "" : "HTTP 503")}; },
       "the receiver oncall takes nothing: HTTP 503", Aliveness::kDeliverWithin},
      {"a refusal",
       [](World& world, bool works) {
         world.receivers = {receiver(works ? "" : "HTTP 401", !works)};
       },
       "the receiver oncall takes nothing: HTTP 401", 0s},
  };
  for (const Case& one : cases) {
    World world;
    world.pass(1min);
    ASSERT_EQ(world.problem(), "") << one.name;
    one.set(world, false);
    if (one.within > 0s) {
      world.pass(one.within - 10s);
      EXPECT_EQ(world.problem(), "") << one.name;
    }
    world.pass(20s);
    EXPECT_EQ(world.problem(), one.problem) << one.name;
    // Two periods of the shortest heartbeat that is of use.
    EXPECT_LE(one.within + 20s, 2min) << one.name;
    one.set(world, true);
    world.pass(5s);
    EXPECT_EQ(world.problem(), "") << one.name;
  }
}

TEST(Aliveness, AReceiverThatFailsNowAndThenWorks) {
  World world;
  for (int i = 0; i < 20; ++i) {
    world.receivers = {receiver("HTTP 503")};
    world.pass(20s);
    EXPECT_EQ(world.problem(), "");
    world.receivers = {receiver("")};
    world.pass(5s);
  }
}

TEST(Aliveness, ExpectsNothingOfAClusterThatAReloadLeftOut) {
  World world;
  world.pass(1min);
  world.polls = false;
  world.reload();
  world.pass(10min);
  EXPECT_EQ(world.problem(), "");
}

}  // namespace
}  // namespace highwater::agent
