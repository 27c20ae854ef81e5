// Pauses: of the collector, of the pipeline, of both, as SIGSTOP, the cgroup freezer, a debugger or
// a starved machine make them. Whatever the schedule, no second counts as known beyond the time for
// which a reading holds: not in a budget, not for `for`, not for keep_firing_for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "rules/state.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Duration kCadence = seconds(10);
constexpr Duration kHolds = kCadence * kStaleCadences;

AlertRule down_rule(Duration hold, Duration keep = Duration::zero()) {
  AlertRule rule = make_rule("BrokerDown", kFailed, Comparison::equal, 1);
  rule.hold = hold;
  rule.keep_firing_for = keep;
  rule.summary = "down for {since}";
  return rule;
}

SloRule lag_slo() {
  SloRule rule = make_slo("payments-lag", kLagSeconds, 0.99);
  rule.sli.good.high = 300;
  return rule;
}

Sums lifetime_of(EngineWorld& world) {
  for (const StateRecord& record : world.engine().state(world.now(), true)) {
    if (record.kind != kBudgetKind) continue;
    return (*decode_saved_budget(decode_key(record.key)->entity, record.value))->lifetime;
  }
  return {};
}

TEST(EnginePause, APauseIsNoTimeForAPendingAlert) {
  EngineWorld world({down_rule(seconds(60))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  // The next reading comes after a minute in which nobody looked.
  EXPECT_THAT(told(world.poll_after(seconds(62))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(seconds(20))), IsEmpty());
  // 30 s that the first reading held, and 30 s since the pause.
  EXPECT_THAT(told(world.poll_after(seconds(10))), ElementsAre("opened BrokerDown"));
}

TEST(EnginePause, APauseIsNoTimeForKeepFiringFor) {
  EngineWorld world({down_rule(seconds(0), seconds(60))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  world.cluster().set(kFailed, {"2"}, 0);
  (void)world.poll_after(seconds(10));
  EXPECT_THAT(told(world.poll_after(seconds(120))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(seconds(29))), IsEmpty());
  EXPECT_THAT(told(world.poll_after(seconds(1))),
              ElementsAre("resolved BrokerDown: the condition ended"));
}

TEST(EnginePause, WhatWasBadBeforeAPauseIsBadOnlyAsLongAsItsReadingHeld) {
  EngineWorld world(RuleSet({}, {lag_slo()}));
  world.cluster().set(kLagSeconds, {"payments"}, 10);
  (void)world.poll();
  world.cluster().set(kLagSeconds, {"payments"}, 400);
  (void)world.poll_after(seconds(10));
  world.cluster().set(kLagSeconds, {"payments"}, 10);
  (void)world.poll_after(seconds(62));
  const Sums sums = lifetime_of(world);
  EXPECT_DOUBLE_EQ(sums.bad, 30);
  EXPECT_DOUBLE_EQ(sums.total, 40);
  EXPECT_EQ(sums.known, seconds(40));
}

TEST(EnginePause, AShortTimeWithoutAnAnswerCountsWhenItWasConfirmed) {
  EngineWorld world({down_rule(seconds(60))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  for (int i = 0; i < 3; ++i) {
    world.cluster().set_unknown(kFailed, {"2"});
    EXPECT_THAT(told(world.poll_after(seconds(10))), IsEmpty());
    world.cluster().set(kFailed, {"2"}, 1);
    const Report report = world.poll_after(seconds(10));
    EXPECT_EQ(told(report).size(), i == 2 ? 1U : 0U);
  }
}

TEST(EnginePause, AfterAReloadNothingHoldsForLonger) {
  EngineWorld world(RuleSet({}, {lag_slo()}));
  world.cluster().set(kLagSeconds, {"payments"}, 400);
  (void)world.poll();
  world.engine().replace_rules(RuleSet({}, {lag_slo()}));
  for (int i = 0; i < 20; ++i) (void)world.tick_after(seconds(10));
  EXPECT_EQ(lifetime_of(world).known, kHolds);
}

TEST(EnginePause, WhatFiresSaysAtLeastTheTimeItHadToWait) {
  EngineWorld world({down_rule(seconds(25))});
  world.cluster().set(kFailed, {"2"}, 1);
  (void)world.poll();
  (void)world.poll_after(seconds(10));
  const Report report = world.tick_after(seconds(15));
  ASSERT_THAT(told(report), ElementsAre("opened BrokerDown"));
  EXPECT_EQ(report.incidents[0].cause.summary, "down for 25 s");
}

// What may count as known, worked out from the readings alone.
class Oracle {
 public:
  enum class State { good, bad, unknown };

  // The engine judged a reading of `at`.
  void judged(SteadyTime at, State state) {
    if (at_) close(at);
    at_ = at;
    state_ = state;
    if (state == State::unknown) return;
    if (confirmed_ && confirmed_state_ == state)
      streak_ += std::min(at - *confirmed_, kHolds);
    else
      streak_ = Duration::zero();
    confirmed_ = at;
    confirmed_state_ = state;
  }
  // Until `now`, unless a later reading is judged.
  void finish(SteadyTime now) {
    if (at_) close(now);
    at_ = now;
  }
  [[nodiscard]] Duration bad() const { return bad_; }
  [[nodiscard]] Duration known() const { return known_; }
  // For how long the last known state is known to last.
  [[nodiscard]] Duration streak(SteadyTime now) const {
    return streak_ + std::min(now - *confirmed_, kHolds);
  }

 private:
  void close(SteadyTime until) {
    const Duration held = std::min(until - *at_, kHolds);
    if (state_ == State::unknown) return;
    known_ += held;
    if (state_ == State::bad) bad_ += held;
  }

  std::optional<SteadyTime> at_;
  State state_ = State::unknown;
  Duration bad_{};
  Duration known_{};
  std::optional<SteadyTime> confirmed_;
  State confirmed_state_ = State::unknown;
  Duration streak_{};
};

int seeds() {
  const char* wanted = std::getenv("HIGHWATER_PAUSE_SEEDS");
  return wanted == nullptr ? 10 : std::max(1, std::atoi(wanted));
}

// The collector and the pipeline each go on, or stand still for up to three minutes.
void run_schedule(unsigned seed) {
  const auto tolerance = milliseconds(1);
  const Duration hold = seconds(45);
  const Duration keep = seconds(50);
  AlertRule rule = down_rule(hold, keep);
  EngineWorld world(RuleSet({rule}, {lag_slo()}));
  std::mt19937 random(seed);
  const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
  Oracle oracle;
  Oracle::State state = Oracle::State::good;
  std::optional<SteadyTime> read_at;  // the newest reading in the snapshot
  Oracle::State read = Oracle::State::unknown;
  std::optional<SteadyTime> judged_at;
  SteadyTime collector_next = world.now().steady;
  SteadyTime pipeline_next = world.now().steady;
  bool firing = false;
  const auto pause = [&](Duration usual) -> Duration {
    return chance(8) ? milliseconds(random() % 180'000) : usual;
  };
  for (int i = 0; i < 3000; ++i) {
    const SteadyTime next = std::min(collector_next, pipeline_next);
    world.advance(std::max(next - world.now().steady, Duration::zero()));
    const SteadyTime now = world.now().steady;
    if (now >= collector_next) {
      if (chance(20)) state = static_cast<Oracle::State>(random() % 3);
      if (state == Oracle::State::unknown) {
        world.cluster().set_unknown(kFailed, {"2"});
        world.cluster().set_unknown(kLagSeconds, {"payments"});
      } else {
        world.cluster().set(kFailed, {"2"}, state == Oracle::State::bad ? 1 : 0);
        world.cluster().set(kLagSeconds, {"payments"}, state == Oracle::State::bad ? 400 : 10);
      }
      world.cluster().publish(world.snapshot(), world.now());
      read_at = now;
      read = state;
      collector_next = now + pause(kCadence);
      if (!chance(30)) continue;  // else both at once, in either order
    }
    if (now < pipeline_next && !chance(30)) continue;
    pipeline_next = now + pause(milliseconds(1 + random() % 2000));
    const Report report = world.tick();
    if (read_at && read_at != judged_at && now - *read_at <= kHolds) {
      oracle.judged(*read_at, read);
      judged_at = read_at;
    }
    const bool fires = std::ranges::any_of(report.alerts, [](const Alert& alert) {
      return alert.rule == "BrokerDown" && alert.state == AlertState::firing;
    });
    if (fires != firing) {
      EXPECT_GE(oracle.streak(now), (fires ? hold : keep) - tolerance) << "seed " << seed;
    }
    firing = fires;
    if (i % 8 != 0) continue;
    // A stop of the pipeline is over when it looks again: it never made more of it.
    Oracle until = oracle;
    until.finish(now);
    const Sums sums = lifetime_of(world);
    EXPECT_LE(sums.known, until.known() + tolerance) << "seed " << seed << " step " << i;
    EXPECT_LE(sums.bad, to_seconds(until.bad() + tolerance)) << "seed " << seed << " step " << i;
    if (::testing::Test::HasFailure()) return;
  }
  // ... nor less.
  world.advance(kHolds * 2);
  (void)world.tick();
  oracle.finish(world.now().steady);
  const Sums sums = lifetime_of(world);
  EXPECT_NEAR(sums.bad, to_seconds(oracle.bad()), 0.01) << "seed " << seed;
  EXPECT_NEAR(to_seconds(sums.known), to_seconds(oracle.known()), 0.01) << "seed " << seed;
  EXPECT_GT(sums.bad, 0);
}

TEST(EnginePause, NoScheduleOfPausesGivesAKnownSecondBeyondWhatReadingsHold) {
  for (int seed = 1; seed <= seeds() && !HasFailure(); ++seed)
    run_schedule(static_cast<unsigned>(seed));
}

}  // namespace
}  // namespace highwater::rules::testing
