// The causality matrix: for each fault of the ground and each other condition, who pages, what is
// evidence of whom, and what is only linked. The table is written by hand, from what Kafka does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "tests/rules/incidents/causality_world.h"

namespace highwater::rules {
namespace {

using namespace testing;

// A condition that is no fault of the ground, or depends on one. `faults`: which of ground_faults()
// can cause it, in their order, when it is about what hangs on them.
struct Condition {
  const char* name;
  Trouble related;    // about orders, or billing
  Trouble unrelated;  // the same about stock, or audit
  const char*
      faults;  // broker 1 (leads), broker 3 (coordinates), disk, offline, min ISR, quorum, cluster
};

std::vector<Condition> conditions() {
  const auto partition = [](const char* rule, const char* measure) {
    return std::pair(Trouble{rule, measure, {"orders", "0"}},
                     Trouble{rule, measure, {"stock", "0"}});
  };
  const auto group = [](const char* rule, const char* measure, double bad) {
    return std::pair(Trouble{rule, measure, {"billing", "orders"}, 0, bad},
                     Trouble{rule, measure, {"audit", "stock"}, 0, bad});
  };
  const auto [under, under2] = partition("UnderReplicated", "partition_under_replicated");
  const auto [at, at2] = partition("AtMinIsr", "partition_at_min_isr");
  const auto [below, below2] = partition("UnderMinIsr", "partition_under_min_isr");
  const auto [leaderless, leaderless2] = partition("LeaderlessPartitions", "partition_leaderless");
  const auto [growing, growing2] = group("LagGrowing", "group_lag_growth_records", 500);
  const auto [stalled, stalled2] = group("GroupStalled", "group_stalled_partitions", 1);
  const Trouble retention{
      "RetentionWillDeleteUnread", "group_retention_left_ratio", {"billing", "orders"}, 1, 0.05};
  const Trouble retention2{
      "RetentionWillDeleteUnread", "group_retention_left_ratio", {"audit", "stock"}, 1, 0.05};
  const Trouble lost{"RecordsLost", "group_records_lost", {"billing", "orders", "0"}, 0, 7};
  const Trouble lost2{"RecordsLost", "group_records_lost", {"audit", "stock", "0"}, 0, 7};
  const Trouble rebalance{"RebalanceSlow", "group_rebalance_seconds", {"billing"}, 0, 31};
  const Trouble rebalance2{"RebalanceSlow", "group_rebalance_seconds", {"audit"}, 0, 31};
  const Trouble hot{"HotPartition", "topic_skewed_partitions", {"orders"}};
  const Trouble hot2{"HotPartition", "topic_skewed_partitions", {"stock"}};
  const Trouble open{"TransactionOpen", "topic_open_transaction_seconds", {"orders"}, 0, 601};
  const Trouble open2{"TransactionOpen", "topic_open_transaction_seconds", {"stock"}, 0, 601};
  const Trouble canary{"CanaryBlocked", "canary_partition_writable", {"orders", "0"}, 1, 0};
  const Trouble canary2{"CanaryBlocked", "canary_partition_writable", {"stock", "0"}, 1, 0};
  const Trouble slo{"write-availability", "topic_unwritable_partitions", {"orders"}};
  const Trouble slo2{"write-availability", "topic_unwritable_partitions", {"stock"}};
  return {{"a replica is out of sync", under, under2, "y-yyy-y"},
          {"no replica to spare", at, at2, "y-yyy-y"},
          {"writes refused", below, below2, "y-yy--y"},
          {"no leader", leaderless, leaderless2, "y-y---y"},
          {"lag grows", growing, growing2, "yyyy--y"},
          {"a group stands still", stalled, stalled2, "yyyy--y"},
          {"retention is near", retention, retention2, "yyyy--y"},
          {"a slow rebalance", rebalance, rebalance2, "-y----y"},
          {"a hot partition", hot, hot2, "-------"},
          {"records lost", lost, lost2, "-------"},
          {"an open transaction", open, open2, "y-yyy-y"},
          {"the canary is blocked", canary, canary2, "y-yyy-y"},
          {"writes burn a budget", slo, slo2, "y-yyy-y"}};
}

// Where an alert of the rule is: as whose evidence ("" when in its own name), and the incident.
struct Whereabouts {
  std::string cause;
  const Incident* incident = nullptr;
};

Whereabouts find(const Report& report, const Trouble& trouble) {
  for (const Alert& alert : report.alerts) {
    if (alert.rule != trouble.rule || alert.state != AlertState::firing) continue;
    for (const Incident& incident : report.incidents) {
      if (incident.id != alert.incident) continue;
      const bool own = incident.cause.rule == alert.rule && incident.cause.entity == alert.entity;
      return {own ? "" : incident.cause.rule, &incident};
    }
  }
  return {"it does not fire", nullptr};
}

bool linked(const Incident& from, const Incident& to) {
  return std::ranges::any_of(from.links,
                             [&](const IncidentLink& link) { return link.id == to.id; });
}

enum class When { long_before, shortly_before, together, after };

void check(size_t fault_number, const Condition& condition, bool related, When when) {
  const Trouble fault = ground_faults()[fault_number];
  const Trouble& other = related ? condition.related : condition.unrelated;
  if (other.rule == fault.rule && other.cells == fault.cells) return;
  // What has no leader has too few replicas in sync: the pair is looked at the other way round.
  if (fault.rule == "UnderMinIsr" && other.rule == "LeaderlessPartitions" && related) return;
  const bool whole = fault.rule == "ClusterUnreachable";
  const bool causes = condition.faults[fault_number] == 'y' && (related || whole);
  // An open transaction has been open for ten minutes when it is an alert; a rebalance for 30 s.
  const bool old_when_seen = other.rule == "TransactionOpen" || other.rule == "RebalanceSlow";
  SCOPED_TRACE(std::string(fault.rule) + " " + (fault.cells.empty() ? "" : fault.cells[0]) + ", " +
               condition.name + (related ? ", related" : ", unrelated") + ", when " +
               std::to_string(static_cast<int>(when)));
  CausalityWorld world;
  Report report;
  const auto begin = [&](const Trouble& trouble, Duration duration) {
    world.set(trouble, true);
    report = world.pass(duration);
  };
  const Duration fires = other.rule == "write-availability" ? seconds(60) : seconds(10);
  switch (when) {
    case When::long_before:
      begin(other, minutes(10));
      begin(fault, seconds(20));
      break;
    case When::shortly_before:
      begin(other, seconds(40));
      begin(fault, seconds(20));
      break;
    case When::together:
      world.set(fault, true);
      begin(other, fires);
      break;
    case When::after:
      begin(fault, old_when_seen ? minutes(12) : seconds(30));
      begin(other, fires);
      break;
  }
  // Partitions that fail within a minute are one incident.
  const bool peers = other.rule == fault.rule && when != When::long_before;
  const bool evidence =
      causes && (when == When::after || (when == When::together && !old_when_seen));
  const Whereabouts where = find(report, other);
  ASSERT_NE(where.incident, nullptr) << where.cause;
  if (peers) {
    EXPECT_EQ(report.incidents.size(), 1U);
    return;
  }
  EXPECT_EQ(where.cause, evidence ? fault.rule : "");
  const Whereabouts ground = find(report, fault);
  ASSERT_NE(ground.incident, nullptr);
  // A fault of the ground has its own name, but for one that is the other's consequence.
  EXPECT_EQ(ground.cause, "");
  EXPECT_EQ(ground.incident->headline.rule, fault.rule);
  if (!evidence) {
    EXPECT_EQ(linked(*where.incident, *ground.incident), causes);
    EXPECT_EQ(linked(*ground.incident, *where.incident), causes);
  }
}

class CausalityMatrix : public ::testing::TestWithParam<size_t> {};

TEST_P(CausalityMatrix, WhoPagesAndWhatIsEvidence) {
  size_t pairs = 0;
  for (const Condition& condition : conditions()) {
    for (const bool related : {true, false}) {
      for (const When when :
           {When::long_before, When::shortly_before, When::together, When::after}) {
        check(GetParam(), condition, related, when);
        ++pairs;
      }
    }
  }
  EXPECT_GE(pairs, 80U);
}

INSTANTIATE_TEST_SUITE_P(Faults, CausalityMatrix, ::testing::Range(size_t{0}, size_t{7}));

// Relations are those at the time: what moved away from a broker long ago does not stand on it.
TEST(Causality, WhatMovedAwayBeforeItBeganIsNoEvidence) {
  const std::vector<Condition> all = conditions();
  for (const size_t which : {size_t{4}, size_t{5}, size_t{12}}) {
    CausalityWorld world;
    world.set(ground_faults()[0], true);
    (void)world.pass(seconds(10));
    world.move_away();
    (void)world.pass(minutes(8));
    world.set(all[which].related, true);
    const Report report = world.pass(seconds(40));
    EXPECT_EQ(find(report, all[which].related).cause, "") << all[which].name;
  }
}

TEST(Causality, WhatBeginsRightAfterItMovedAwayIsEvidence) {
  const std::vector<Condition> all = conditions();
  for (const size_t which : {size_t{4}, size_t{5}, size_t{12}}) {
    CausalityWorld world;
    world.set(ground_faults()[0], true);
    (void)world.pass(seconds(10));
    world.move_away();
    (void)world.pass(minutes(1));
    world.set(all[which].related, true);
    const Report report = world.pass(seconds(40));
    EXPECT_EQ(find(report, all[which].related).cause, "BrokerDown") << all[which].name;
  }
}

// Records lost under "about to be deleted": the incident says the worse fact, at once.
TEST(Causality, TheWorstFactIsTheTitle) {
  const std::vector<Condition> all = conditions();
  CausalityWorld world;
  world.set(all[6].related, true);
  (void)world.pass(minutes(1));
  world.set(all[9].related, true);
  const Report report = world.pass(seconds(20));
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].cause.rule, "RetentionWillDeleteUnread");
  EXPECT_EQ(report.incidents[0].headline.rule, "RecordsLost");
  EXPECT_EQ(report.incidents[0].title, alert_of(report, "RecordsLost").summary);
  EXPECT_THAT(world.heard(), ::testing::ElementsAre("updated RetentionWillDeleteUnread"));
}

// What is gone does not come back when its alert ends.
TEST(Causality, ALossKeepsTheTitleWhileItsIncidentIsOpen) {
  const std::vector<Condition> all = conditions();
  CausalityWorld world;
  world.set(all[6].related, true);
  (void)world.pass(minutes(1));
  world.set(all[9].related, true);
  const std::string title = world.pass(seconds(20)).incidents.at(0).title;
  world.set(all[9].related, false);
  const Report report = world.pass(minutes(10));
  ASSERT_EQ(count_alerts(report, "RecordsLost"), 0U);
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].title, title);
}

TEST(Causality, AnIncidentDoesNotKeepTheNameOfWhatPassed) {
  const std::vector<Condition> all = conditions();
  CausalityWorld world;
  world.set(all[7].related, true);
  (void)world.pass(seconds(40));
  world.set(all[4].related, true);
  (void)world.pass(seconds(20));
  world.set(all[7].related, false);
  const Report report = world.pass(minutes(3));
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].headline.rule, "LagGrowing");
  world.set(all[4].related, false);
  (void)world.pass(seconds(10));
  EXPECT_THAT(world.heard(), ::testing::ElementsAre("resolved RebalanceSlow: the condition ended"));
}

// One broker each five seconds.
TEST(Causality, AClusterThatDiesSlowlyIsOnePage) {
  CausalityWorld world;
  std::vector<std::string> heard;
  const auto die = [&](const Trouble& trouble) {
    world.set(trouble, true);
    (void)world.pass(seconds(10));
    heard.insert(heard.end(), world.heard().begin(), world.heard().end());
  };
  for (const char* broker : {"1", "2", "3"}) die({"BrokerDown", "broker_failed", {broker}});
  die({"QuorumLost", "quorum_lost", {}});
  die({"ClusterUnreachable", "cluster_reachable", {}, 1, 0});
  const Report report = world.pass(minutes(1));
  ASSERT_EQ(report.incidents.size(), 1U);
  EXPECT_EQ(report.incidents[0].headline.rule, "ClusterUnreachable");
  EXPECT_EQ(std::ranges::count(heard, std::string("opened BrokerDown")), 1);
}

// The principles, checked from outside while three faults and what may follow come and go.
class Principles {
 public:
  void check(const Report& report) {
    std::map<uint64_t, const Incident*> incidents;
    for (const Incident& incident : report.incidents) incidents.emplace(incident.id, &incident);
    for (const Alert& alert : report.alerts) {
      if (alert.state != AlertState::firing) continue;
      const auto found = incidents.find(alert.incident);
      // A burn for what was has no incident any more when that of its cause has ended.
      if (found == incidents.end()) {
        EXPECT_EQ(alert.rule, "write-availability");
        continue;
      }
      if (is_ground(alert.rule)) check_ground(alert, *found->second);
    }
    for (const Incident& incident : report.incidents) check_order(incident);
  }

 private:
  static bool is_ground(const std::string& rule) { return gravity_of(rule) > 0; }
  static int gravity_of(const std::string& rule) {
    const std::map<std::string, int> gravities{
        {"ClusterUnreachable", 7}, {"QuorumLost", 6},  {"BrokerDown", 5},
        {"LogDirOffline", 4},      {"RecordsLost", 3}, {"LeaderlessPartitions", 2},
        {"UnderMinIsr", 1}};
    const auto found = gravities.find(rule);
    return found == gravities.end() ? 0 : found->second;
  }

  // It has a page whose headline is as grave, and that says page.
  static void check_ground(const Alert& alert, const Incident& incident) {
    EXPECT_EQ(incident.severity, Severity::page) << alert.rule;
    EXPECT_GE(gravity_of(incident.headline.rule), gravity_of(alert.rule))
        << alert.rule << " is a footnote of " << incident.headline.rule;
  }

  // No effect is older than the oldest of its causes, but for what one poll can tell.
  // A cause that ends and comes back keeps its incident: its first begin counts.
  void check_order(const Incident& incident) {
    const auto known = oldest_.try_emplace(incident.id, incident.cause.active_since).first;
    WallTime& oldest = known->second;
    oldest = std::min(oldest, incident.cause.active_since);
    for (const Evidence& item : incident.evidence) {
      if (item.cause) oldest = std::min(oldest, item.since);
    }
    constexpr Duration kSlack = seconds(15);
    for (const Evidence& item : incident.evidence)
      EXPECT_GE(item.since + kSlack, oldest) << item.rule << " in " << incident.cause.rule;
  }

  std::map<uint64_t, WallTime> oldest_;  // of the causes, by incident
};

size_t seeds() {
  const char* const nightly = std::getenv("HIGHWATER_CAUSALITY_SEEDS");
  return nightly != nullptr ? std::strtoul(nightly, nullptr, 10) : 500;
}

TEST(Causality, HoldsForRandomSchedulesOfThreeFaults) {
  const std::vector<Condition> all = conditions();
  for (size_t seed = 1; seed <= seeds() && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto pick = [&](size_t below) { return random() % below; };
    struct Event {
      Duration at;
      Trouble trouble;
      bool wrong;
    };
    std::vector<Event> events;
    const auto plan = [&](const Trouble& trouble) {
      const Duration at = seconds(10) * static_cast<int>(pick(60));
      events.push_back({at, trouble, true});
      events.push_back({at + seconds(10) * static_cast<int>(1 + pick(60)), trouble, false});
    };
    const std::vector<Trouble> faults = ground_faults();
    for (int i = 0; i < 3; ++i) plan(faults[pick(faults.size())]);
    for (size_t i = 0; i < 4; ++i) {
      const Condition& condition = all[pick(all.size())];
      plan(pick(3) == 0 ? condition.unrelated : condition.related);
    }
    CausalityWorld world;
    Principles principles;
    for (Duration now{}; now < minutes(22); now += seconds(10)) {
      for (const Event& event : events) {
        if (event.at == now) world.set(event.trouble, event.wrong);
      }
      if (pick(40) == 0) world.move_away();
      principles.check(world.pass(seconds(10)));
    }
  }
}

}  // namespace
}  // namespace highwater::rules
