// What an agent judged, and what a replay of its recording says: the same alerts at the same time,
// and the same budgets, also over a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "agent/recording/reader.h"
#include "agent/recording/ring.h"
#include "rules/rehearsal/rerun.h"
#include "tests/agent/recording/recording_support.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using namespace rules::testing;  // NOLINT(google-build-using-namespace)
using rules::Engine;
using rules::Firing;
using rules::KeptBudget;
using rules::RuleSet;

RuleSet some_rules() {
  RuleSet rules;
  rules.alerts = {make_rule("BrokerDown", kFailed, rules::Comparison::equal, 1),
                  make_rule("Leaderless", kLeaderless, rules::Comparison::equal, 1),
                  make_rule("Behind", kLag, rules::Comparison::greater, 500)};
  rules.alerts[1].hold = 7s;
  rules.alerts[2].hold = 20s;
  rules.alerts[2].keep_firing_for = 45s;
  rules::SloRule slo = make_slo("late", kLagSeconds, 0.9);
  slo.sli.good.high = 300;
  slo.window.length = 1h;
  slo.tiers = {{2, 2min, 1min, Severity::page}, {1, 10min, 2min, Severity::ticket}};
  rules.slos = {slo};
  return rules;
}

// An agent's pipeline and its recording, without threads; time goes as the test says.
class RecordedAgent {
 public:
  explicit RecordedAgent(FakeDisk& disk) : disk_(disk) { start({}); }

  // As the pipeline does: what is new is judged at once, and deadlines when they are met.
  void run(Duration duration, FakeCluster* news) {
    const Now until{now_.steady + duration, now_.wall + duration};
    while (const auto deadline = engine_->next_deadline()) {
      const SteadyTime due = std::max(*deadline, now_.steady + 50ms);
      if (due >= until.steady) break;
      judge({due, now_.wall + (due - now_.steady)});
    }
    now_ = until;
    if (news == nullptr) return;
    news->publish(snapshot_, {until.steady - 30ms, until.wall - 30ms});
    judge(until);
    judged_news_ = until;
  }

  // Stopped in order, away for so long, and started again on a clock of its own. The state is that
  // of the last judgement, as the agent writes it.
  void restart(Duration away) {
    const auto state = engine_->state(judged_, true);
    now_ = {SteadyTime(1h), now_.wall + away};
    snapshot_ = {};
    start(state);
  }

  [[nodiscard]] std::vector<Firing> firings() const { return timeline_.firings(); }
  [[nodiscard]] std::vector<KeptBudget> budgets() const {
    return kept_budgets(*engine_, rules_.slos, judged_news_);
  }

 private:
  void start(const std::vector<rules::StateRecord>& state) {
    engine_ = std::make_unique<Engine>(rules_);
    EXPECT_TRUE(engine_->restore(state, now_).empty());
    ring_.emplace(std::make_unique<FakeFolder>(disk_), 300'000, TraceId::random());
    // The first thing that it sees is itself.
    Observation self;
    self.cluster = Symbol("highwater");
    self.part = kAgentPart;
    self.at = now_;
    snapshot_.observations[{self.cluster, self.part}] =
        std::make_shared<const Observation>(std::move(self));
    judge(now_);
  }

  void judge(Now now) {
    now_ = judged_ = now;
    const Report report = engine_->evaluate(std::make_shared<const Snapshot>(snapshot_), now);
    if (!begin_) begin_ = now.wall;
    timeline_.take(report, now.wall - *begin_);
    EXPECT_TRUE(ring_->write(*report.snapshot, now, false));
  }

  FakeDisk& disk_;
  const RuleSet rules_ = some_rules();
  std::unique_ptr<Engine> engine_;
  std::optional<RecordingRing> ring_;
  Snapshot snapshot_;
  Now now_ = moment(0s);
  Now judged_;
  Now judged_news_;
  std::optional<WallTime> begin_;
  rules::Timeline timeline_;
};

class RecordingGapTest : public RecordingTest {};
class RecordingReplayTest : public RecordingTest, public testing::WithParamInterface<unsigned> {};

std::vector<std::string> lines_of(const std::vector<Firing>& firings) {
  std::vector<std::string> lines;
  for (const Firing& firing : firings)
    lines.push_back(firing.rule + " " + firing.entity.text() + " " + firing.tier + " " +
                    std::string(severity_name(firing.severity)) + " from " +
                    format_duration(firing.from) + " until " +
                    (firing.until ? format_duration(*firing.until) : "-") + " by " +
                    firing.explained_by);
  return lines;
}

TEST_P(RecordingReplayTest, AReplaySaysWhatTheAgentSaid) {
  std::mt19937 random(GetParam());
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  FakeDisk disk;
  FakeCluster cluster;
  cluster.set_cadence(2s);
  for (int i = 0; i < 6; ++i) {
    const std::string number = std::to_string(i);
    cluster.set(kFailed, {number}, 0);
    cluster.set(kLeaderless, {"orders", number}, 0);
    cluster.set(kLag, {"payments", "orders", number}, 0);
    cluster.set(kLagSeconds, {"group-" + number}, 0);
  }
  cluster.relate("leads", {"topic", "partition"}, {"broker"},
                 {{{"orders", "0"}, {"0"}}, {{"orders", "1"}, {"1"}}, {{"orders", "2"}, {"2"}}});
  cluster.put_in_part(kFailed, "brokers");
  cluster.put_in_part(kLagSeconds, "groups");
  RecordedAgent agent(disk);
  for (int step = 0; step < 800; ++step) {
    const std::string one = std::to_string(pick(6));
    switch (pick(24)) {
      case 0:
        cluster.set(kFailed, {one}, pick(2));
        break;
      case 1:
        cluster.set(kLeaderless, {"orders", one}, pick(2));
        break;
      case 2:
        cluster.set(kLag, {"payments", "orders", one}, pick(2) * 1000);
        break;
      case 3:
        cluster.set(kLagSeconds, {"group-" + one}, pick(2) * 600);
        break;
      case 4:
        cluster.set_unknown(kLagSeconds, {"group-" + one});
        break;
      case 5:
        cluster.remove(kLag, {"payments", "orders", one});
        break;
      default:
        break;
    }
    if (pick(300) == 0) agent.restart(Duration(1min) * (1 + pick(10)));
    if (pick(200) == 0) agent.run(Duration(1s) * pick(90), nullptr);  // nothing is read
    agent.run(Duration(1ms) * (100 + pick(4000)), pick(20) == 0 ? nullptr : &cluster);
  }

  lay_out(disk);
  const auto reader = RecordingReader::open(folder_, world_catalogue());
  ASSERT_TRUE(reader);
  rules::Rerun rerun(some_rules());
  while (true) {
    const auto moment = (*reader)->next();
    ASSERT_TRUE(moment) << moment.error().message;
    if (!*moment) break;
    rerun.judge((*moment)->now, (*moment)->news, (*moment)->after_gap);
  }
  EXPECT_GT(agent.firings().size(), 10U);
  EXPECT_THAT(lines_of(rerun.firings()), ::testing::ContainerEq(lines_of(agent.firings())));
  const auto live = agent.budgets();
  const auto played = rerun.budgets();
  ASSERT_EQ(live.size(), played.size());
  for (size_t i = 0; i < live.size(); ++i) {
    EXPECT_EQ(live[i].entity, played[i].entity);
    EXPECT_NEAR(live[i].lifetime.bad, played[i].lifetime.bad, 1e-6);
    EXPECT_NEAR(live[i].lifetime.total, played[i].lifetime.total, 1e-6);
    EXPECT_NEAR(live[i].status.remaining, played[i].status.remaining, 1e-9);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RecordingReplayTest, testing::Range(1U, 7U));

TEST_F(RecordingGapTest, WhatHappenedInAGapIsUnknown) {
  FakeDisk disk;
  FakeCluster cluster;
  cluster.set_cadence(2s);
  cluster.set(kLagSeconds, {"payments"}, 600);
  RecordedAgent agent(disk);
  for (int i = 0; i < 10; ++i) agent.run(1s, &cluster);
  agent.restart(1h);
  for (int i = 0; i < 10; ++i) agent.run(1s, &cluster);
  lay_out(disk);
  const auto reader = RecordingReader::open(folder_, world_catalogue());
  ASSERT_TRUE(reader);
  rules::Rerun rerun(some_rules());
  for (auto moment = (*reader)->next(); moment && *moment; moment = (*reader)->next())
    rerun.judge((*moment)->now, (*moment)->news, (*moment)->after_gap);
  ASSERT_EQ(rerun.budgets().size(), 1U);
  EXPECT_NEAR(rerun.budgets()[0].lifetime.bad, 18, 0.1);
}

}  // namespace
}  // namespace highwater::agent
