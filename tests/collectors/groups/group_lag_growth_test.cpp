#include <gtest/gtest.h>

#include "collectors/groups/groups.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;
using kafka::GroupView;

// Polls every `cadence` seconds, and returns the growth that the last poll saw. `lag(t)` is the lag
// at t seconds.
template <class Lag>
Cell growth_after(double seconds, int cadence, Lag lag, bool used = true) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "payments", 1, {0});
  if (used) add_member(group, "orders", {0});
  GroupsInterpreter interpreter;
  PollInfo poll;
  poll.cadence = std::chrono::seconds(cadence);
  Cell last;
  for (double t = 0; t <= seconds; t += cadence) {
    orders(view, 0).high_watermark = offset(100'000);
    view.groups[0].committed[0].partitions[0].offset = 100'000 - static_cast<int64_t>(lag(t));
    last = cell(interpreter.interpret(view, poll, at(t)), "group_lag_growth_records",
                {"payments", "orders"});
  }
  return last;
}

TEST(Growth, IsUnknownUntilWatchedForTheWholeWindow) {
  const auto growing = [](double t) { return 10 * t; };
  EXPECT_EQ(growth_after(90, 15, growing), unknown(Unknown::not_asked));
  EXPECT_EQ(growth_after(120, 15, growing).reason, Unknown::known);
  EXPECT_GT(growth_after(120, 15, growing).value, 0);
}

TEST(Growth, OfASteadyLagIsZero) {
  EXPECT_EQ(growth_after(300, 15, [](double) { return 5000; }), is(0));
}

TEST(Growth, OfASawtoothIsZero) {
  // Commits come every 20 s; in between 20 records arrive each second.
  const auto sawtooth = [](double t) { return 20 * (static_cast<int>(t) % 20); };
  for (double end = 120; end < 190; end += 1)
    EXPECT_EQ(growth_after(end, 1, sawtooth), is(0)) << "after " << end << " s";
}

TEST(Growth, IsSeenThroughASawtooth) {
  // Each tooth is 1,000 records high; the lag grows by 5 % of what arrives.
  const auto rising = [](double t) { return 100 * (static_cast<int>(t) % 10) + 5 * t + 1000; };
  const Cell slow = growth_after(300, 1, [&](double t) { return rising(t); });
  EXPECT_EQ(slow, is(0)) << "what the teeth may explain is no growth";
  const auto faster = [](double t) { return 100 * (static_cast<int>(t) % 10) + 20 * t; };
  for (double end = 150; end < 165; end += 1)
    EXPECT_GT(growth_after(end, 1, faster).value, 0) << "after " << end << " s";
}

TEST(Growth, OfAShrinkingLagIsZero) {
  EXPECT_EQ(growth_after(300, 15, [](double t) { return 10'000 - 10 * t; }), is(0));
}

TEST(Growth, IsAtLeastWhatTheQuartersLieApart) {
  const Cell grown = growth_after(300, 15, [](double t) { return 100 * t; });
  EXPECT_GE(grown.value, 6000);
  EXPECT_LE(grown.value, 9000);
}

TEST(Growth, StretchesItsWindowForSlowPolls) {
  const auto growing = [](double t) { return 10 * t; };
  EXPECT_EQ(growth_after(150, 30, growing), unknown(Unknown::not_asked));
  EXPECT_GT(growth_after(300, 30, growing).value, 0);
}

TEST(Growth, IsKnownAlsoWhenPollsComeALittleLate) {
  LagWindow window;
  const Duration length = lag_window_length(std::chrono::seconds(15));
  for (double t = 0; t < 3600; t += 15.1) {
    window.add(at(t).steady, length, t);
    if (t > 130) {
      EXPECT_TRUE(window.growth().has_value()) << "after " << t << " s";
    }
  }
}

// A group whose committed offset stands still while 100 records arrive each second.
class StuckGroup : public testing::Test {
 protected:
  explicit StuckGroup() { add_member(add_group(view, "stuck", 1, {100}), "orders", {0}); }

  void poll(int t) {
    orders(view, 0).high_watermark.offset = 1000 + 100 * t;
    PollInfo poll;
    poll.cadence = std::chrono::seconds(15);
    seen = interpreter.interpret(view, poll, at(t));
  }
  [[nodiscard]] Cell growth() const {
    return cell(seen, "group_lag_growth_records", {"stuck", "orders"});
  }

  ClusterView view = healthy_cluster();
  GroupsInterpreter interpreter;
  Observation seen;
};

TEST_F(StuckGroup, GrowsWhileItHasMembers) {
  for (int t = 0; t <= 300; t += 15) poll(t);
  EXPECT_GT(growth().value, 6000);
}

TEST_F(StuckGroup, DoesNotGrowOnceNobodyUsesIt) {
  view.groups[0].members->clear();
  view.groups[0].state = "Empty";
  for (int t = 0; t <= 300; t += 15) poll(t);
  EXPECT_EQ(growth(), is(0));
  EXPECT_EQ(cell(seen, "group_topic_lag_records", {"stuck", "orders"}), is(30'900));
}

TEST_F(StuckGroup, KeepsItsHistoryWhileOthersComeAndGo) {
  for (int t = 0; t <= 300; t += 15) {
    if (t == 150) {
      add_group(view, "another", 1, {900});
      std::swap(view.groups[0], view.groups[1]);
    }
    poll(t);
    if (t >= 120) {
      EXPECT_GT(growth().value, 5000) << "after " << t << " s";
    }
  }
}

TEST_F(StuckGroup, StartsAnewAfterALongTimeUnknown) {
  for (int t = 0; t <= 480; t += 15) {
    orders(view, 0).high_watermark.reason =
        t >= 150 && t < 300 ? Unknown::timed_out : Unknown::known;
    poll(t);
    if (t >= 300 && t < 390) {
      EXPECT_EQ(growth(), unknown(Unknown::not_asked)) << "after " << t << " s";
    }
  }
  EXPECT_GT(growth().value, 6000);
}

}  // namespace
}  // namespace highwater::collectors
