// Random fault sequences over a small world: what must hold after every evaluation, whatever
// happens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;

std::vector<AlertRule> rules() {
  AlertRule down = make_rule("BrokerDown", kFailed, Comparison::equal, 1);
  AlertRule under = make_rule("Under", kUnder, Comparison::equal, 1);
  under.severity = Severity::ticket;
  under.hold = seconds(5);
  AlertRule leaderless = make_rule("Leaderless", kLeaderless, Comparison::equal, 1);
  leaderless.keep_firing_for = seconds(8);
  AlertRule lag = make_rule("Lag", kLag, Comparison::greater, 100);
  lag.aggregated = true;
  lag.per = {0, 1, 2};
  AlertRule unreachable = make_rule("Unreachable", kReachable, Comparison::equal, 0);
  unreachable.hold = seconds(3);
  return {down, under, leaderless, lag, unreachable};
}

class RandomWorld {
 public:
  explicit RandomWorld(unsigned seed) : random_(seed), world_(rules()) {
    world_.add_cluster("other");
    for (int c = 0; c < 2; ++c) {
      for (int p = 0; p < kPartitions; ++p) set_everything(c, p);
    }
  }

  Report step() {
    const int changes = pick(4);
    for (int i = 0; i < changes; ++i) change();
    world_.advance(milliseconds(pick(10) == 0 ? pick(90'000) : 1 + pick(4'000)));
    return pick(3) == 0 ? world_.tick() : world_.poll();
  }
  // Everything turns unknown; the time goes on.
  Report blind_step() {
    for (int c = 0; c < 2; ++c) {
      for (int p = 0; p < kPartitions; ++p) {
        cluster(c).set_unknown(kUnder, partition(p));
        cluster(c).set_unknown(kLeaderless, partition(p));
        cluster(c).set_unknown(kLag, lag(p));
        cluster(c).set_unknown(kFailed, broker(p % kBrokers));
      }
      cluster(c).set_unknown(kReachable, {});
    }
    world_.advance(milliseconds(1 + pick(9'000)));
    return world_.poll();
  }
  Report tick() {
    world_.advance(seconds(100));
    return world_.tick();
  }
  std::optional<SteadyTime> deadline() { return world_.engine().next_deadline(); }
  SteadyTime now() const { return world_.now().steady; }
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

 private:
  static constexpr int kPartitions = 14;
  static constexpr int kBrokers = 3;

  static Cells partition(int p) { return {"orders", std::to_string(p)}; }
  static Cells broker(int b) { return {std::to_string(b)}; }
  static Cells lag(int p) { return {"group" + std::to_string(p % 4), "orders", std::to_string(p)}; }
  FakeCluster& cluster(int c) { return c == 0 ? world_.cluster() : world_.other(); }

  void set_everything(int c, int p) {
    cluster(c).set(kUnder, partition(p), 0);
    cluster(c).set(kLeaderless, partition(p), 0);
    cluster(c).set(kLag, lag(p), 0);
    cluster(c).set(kFailed, broker(p % kBrokers), 0);
    cluster(c).set(kReachable, {}, 1);
    relate(c);
  }

  void relate(int c) {
    std::vector<FakeCluster::Ends> leads;
    std::vector<FakeCluster::Ends> reads;
    for (int p = 0; p < kPartitions; ++p) {
      leads.emplace_back(partition(p), broker(pick(kBrokers)));
      reads.emplace_back(Cells{"group" + std::to_string(p % 4)}, partition(p));
    }
    cluster(c).relate("leads", {"topic", "partition"}, {"broker"}, leads);
    cluster(c).relate("is read by", {"group"}, {"topic", "partition"}, reads);
  }

  void change() {
    const int c = pick(2);
    const int p = pick(kPartitions);
    switch (pick(9)) {
      case 0:
        return cluster(c).set(kFailed, broker(pick(kBrokers)), pick(2));
      case 1:
        return cluster(c).set(kUnder, partition(p), pick(2));
      case 2:
        return cluster(c).set(kLeaderless, partition(p), pick(2));
      case 3:
        return cluster(c).set(kLag, lag(p), pick(2) * 500);
      case 4:
        return cluster(c).set(kReachable, {}, pick(4) > 0);
      case 5:
        return cluster(c).set_unknown(pick(2) ? kUnder : kLeaderless, partition(p));
      case 6:
        return cluster(c).remove(kUnder, partition(p));
      case 7:
        return relate(c);
      default:
        // Many at once.
        for (int i = 0; i < kPartitions; ++i)
          cluster(c).set(kLeaderless, partition(i), pick(3) > 0);
    }
  }

  std::mt19937 random_;
  EngineWorld world_;
};

// What people were told of each incident, seen from outside.
class Listener {
 public:
  void hear(const Report& report) {
    for (const Transition& transition : report.transitions) {
      EXPECT_EQ(transition.sequence, ++sequence_);
      const uint64_t id = transition.incident.id;
      switch (transition.kind) {
        case TransitionKind::opened:
          EXPECT_TRUE(ever_.insert(id).second) << "opened twice";
          EXPECT_TRUE(open_.emplace(id, transition.incident.correlation).second);
          break;
        case TransitionKind::updated:
          EXPECT_TRUE(open_.contains(id)) << "updated but not open";
          break;
        case TransitionKind::resolved:
          EXPECT_EQ(open_.erase(id), 1U) << "resolved but not open";
          EXPECT_FALSE(transition.resolution.empty());
          break;
      }
      if (open_.contains(id)) {
        EXPECT_EQ(open_[id], transition.incident.correlation);
      }
    }
    EXPECT_EQ(open_.size(), report.incidents.size());
    for (const Incident& incident : report.incidents) EXPECT_TRUE(open_.contains(incident.id));
  }

 private:
  std::map<uint64_t, TraceId> open_;
  std::set<uint64_t> ever_;
  uint64_t sequence_ = 0;
};

void check(const Report& report) {
  std::map<uint64_t, const Incident*> incidents;
  std::set<std::pair<std::string, std::string>> causes;
  for (const Incident& incident : report.incidents) {
    incidents.emplace(incident.id, &incident);
    EXPECT_TRUE(causes.emplace(incident.cause.rule, incident.cause.entity.text()).second)
        << "two incidents have one cause";
    EXPECT_LE(incident.evidence.size(), kMaxEvidence);
    EXPECT_GE(incident.evidence_count, incident.evidence.size());
  }
  std::map<uint64_t, size_t> members;
  for (const Alert& alert : report.alerts) {
    if (alert.state == AlertState::pending) {
      EXPECT_EQ(alert.incident, 0U);
      continue;
    }
    ASSERT_TRUE(incidents.contains(alert.incident)) << alert.rule << " " << alert.entity.text();
    ++members[alert.incident];
    const Incident& incident = *incidents[alert.incident];
    EXPECT_GE(incident.severity, alert.severity);
    EXPECT_EQ(incident.cause.entity.label("cluster"), alert.entity.label("cluster"));
    const bool is_cause =
        incident.cause.rule == alert.rule && incident.cause.entity == alert.entity;
    const bool is_evidence =
        std::any_of(incident.evidence.begin(), incident.evidence.end(), [&](const Evidence& e) {
          return e.rule == alert.rule && e.entity == alert.entity && !e.ended;
        });
    if (incident.evidence_count <= kMaxEvidence) {
      EXPECT_TRUE(is_cause || is_evidence) << alert.rule << " " << alert.entity.text();
    }
  }
  // Without one that fires it waits for one that may fire soon.
  for (const auto& [id, incident] : incidents) {
    const bool awaits =
        std::any_of(report.alerts.begin(), report.alerts.end(), [&](const Alert& alert) {
          return alert.state == AlertState::pending &&
                 alert.entity.label("cluster") == incident->cause.entity.label("cluster");
        });
    EXPECT_TRUE(members[id] > 0 || awaits) << "incident " << id << " has no firing alert";
  }
}

class EngineRandom : public ::testing::TestWithParam<unsigned> {};

TEST_P(EngineRandom, EveryFiringAlertBelongsToOneIncidentAndTheStoryOfEachIsWhole) {
  RandomWorld world(GetParam());
  Listener listener;
  size_t heard = 0;
  for (int i = 0; i < 400 && !HasFailure(); ++i) {
    const Report report = world.step();
    listener.hear(report);
    check(report);
    heard += report.transitions.size();
    if (world.deadline()) {
      EXPECT_GT(*world.deadline(), world.now());
    }
  }
  EXPECT_GT(heard, 50U);
}

TEST_P(EngineRandom, NothingOpensOrResolvesWhileAllIsUnknown) {
  RandomWorld world(GetParam());
  for (int i = 0; i < 60; ++i) (void)world.step();
  // What had happened before is still told: updates, and what was over already.
  const Report first = world.blind_step();
  size_t firing = 0;
  for (const Alert& alert : first.alerts) firing += alert.state == AlertState::firing ? 1 : 0;
  for (int i = 0; i < 40; ++i) {
    const Report report = world.blind_step();
    size_t still = 0;
    for (const Alert& alert : report.alerts) {
      EXPECT_TRUE(alert.unknown);
      still += alert.state == AlertState::firing ? 1 : 0;
    }
    EXPECT_EQ(still, firing);
    for (const Transition& transition : report.transitions)
      EXPECT_EQ(transition.kind, TransitionKind::updated);
  }
}

TEST_P(EngineRandom, TheSameHistoryIsToldTheSameWay) {
  RandomWorld first(GetParam());
  RandomWorld second(GetParam());
  for (int i = 0; i < 100; ++i) {
    const Report a = first.step();
    const Report b = second.step();
    ASSERT_EQ(told(a), told(b)) << i;
    ASSERT_EQ(a.alerts.size(), b.alerts.size());
    for (size_t j = 0; j < a.alerts.size(); ++j)
      ASSERT_EQ(a.alerts[j].incident, b.alerts[j].incident);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EngineRandom, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace highwater::rules
