// The agent restarts while an alert fires: for every built-in rule and SLO, told to stop or killed,
// away for a while. While the cause is there the alert fires or is unknown, and nobody hears that
// it is over; when the cause ended meanwhile people hear that once.
//
// HIGHWATER_RESTART_SEEDS=100 adds restarts at random moments, of random length.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <ostream>
#include <random>

#include "tests/week/restart_faults.h"

namespace highwater::testing {
namespace {

constexpr Duration kWatched = minutes(25);  // after a restart; a row may take ten of them
constexpr Duration kQuietAfter = minutes(12);

struct Restart {
  Stop how = Stop::told;
  Duration away{};
  bool ended = false;  // the cause
};

std::string words(const Restart& restart) {
  return std::string(restart.how == Stop::told ? "told to stop" : "killed") + ", away for " +
         describe_duration(restart.away) + (restart.ended ? ", its cause ended" : "");
}

std::vector<Restart> restarts() {
  std::vector<Restart> all;
  for (const Stop how : {Stop::told, Stop::killed}) {
    for (const Duration away : {Duration(seconds(5)), Duration(minutes(1)), Duration(minutes(10))})
      for (const bool ended : {false, true}) all.push_back({how, away, ended});
  }
  return all;
}

// As many as HIGHWATER_RESTART_SEEDS says, none by default.
std::vector<Restart> random_restarts(std::mt19937& random) {
  const char* const seeds = std::getenv("HIGHWATER_RESTART_SEEDS");
  std::vector<Restart> all(seeds == nullptr ? 0 : std::strtoul(seeds, nullptr, 10));
  for (Restart& restart : all) {
    restart.how = std::bernoulli_distribution(0.5)(random) ? Stop::told : Stop::killed;
    restart.away = seconds(std::uniform_int_distribution(1, 1200)(random));
    restart.ended = std::bernoulli_distribution(0.5)(random);
  }
  return all;
}

std::vector<RuleFault> all_faults() {
  std::vector<RuleFault> all;
  for (auto some : {broker_faults(), group_faults(), other_faults(), slo_faults()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

bool fires(const World& world, const std::string& rule) {
  return std::ranges::any_of(world.report().alerts, [&](const Alert& alert) {
    return alert.rule == rule && alert.state == AlertState::firing;
  });
}

bool speaks_of(const Incident& incident, const std::string& rule) {
  return incident.cause.rule == rule || incident.headline.rule == rule;
}

// What people hear of the rule's incidents.
struct Heard {
  std::map<uint64_t, int> resolved;  // by incident
  int opened = 0;
  std::string all;

  [[nodiscard]] int most_resolved() const {
    int most = 0;
    for (const auto& [incident, times] : resolved) most = std::max(most, times);
    return most;
  }
};

class RestartWhileFiring : public ::testing::TestWithParam<RuleFault> {
 protected:
  // Until the alert fires; false when it does not.
  static bool plant(World& world, const RuleFault& fault) {
    fault.plant(world);
    const Duration until = world.time() + fault.fires_within;
    while (!fires(world, fault.rule) && world.time() < until) world.pass(kStep);
    return fires(world, fault.rule);
  }

  // The world goes on without an agent, and then with a new one.
  static void restart(const World& world, const RuleFault& fault, const Restart& one,
                      Duration planted) {
    SCOPED_TRACE(words(one));
    World branch = world.without_agent(one.how);
    if (one.ended) fault.heal(branch);
    branch.pass(one.away);
    branch.start_agent();
    if (one.ended) {
      const Heard heard = hear(branch, fault, fault.clears_within, false);
      EXPECT_FALSE(fires(branch, fault.rule)) << heard.all;
      EXPECT_LE(heard.opened, fault.outlives_cause ? 1 : 0) << heard.all;
      EXPECT_LE(heard.most_resolved(), 1) << heard.all;
      return;
    }
    const Duration stands =
        fault.told_for ? std::min(kWatched, planted + *fault.told_for - branch.time()) : kWatched;
    const Heard heard = hear(branch, fault, stands, true);
    EXPECT_EQ(heard.opened, 0) << heard.all;
    EXPECT_EQ(heard.most_resolved(), 0) << heard.all;
  }

  static Heard hear(World& world, const RuleFault& fault, Duration length, bool must_stand) {
    Heard heard;
    Duration until = world.time() + length;
    bool stands = true;
    while (world.time() < until) {
      world.pass(kStep);
      note(world, fault.rule, heard);
      if (!stands || fires(world, fault.rule)) continue;
      stands = false;
      if (must_stand)
        ADD_FAILURE() << "no alert any more at " << describe_duration(world.time()) << "\n"
                      << heard.all;
      else  // whether it comes back is seen soon
        until = std::min(until, world.time() + kQuietAfter);
    }
    return heard;
  }

  static void note(const World& world, const std::string& rule, Heard& heard) {
    for (const Transition& news : world.news()) {
      heard.all += fmt::format("{}: {} {} ({})\n", describe_duration(world.time()),
                               transition_name(news.kind), news.incident.title, news.resolution);
      if (!speaks_of(news.incident, rule)) continue;
      heard.opened += news.kind == TransitionKind::opened ? 1 : 0;
      heard.resolved[news.incident.id] += news.kind == TransitionKind::resolved ? 1 : 0;
    }
  }
};

TEST_P(RestartWhileFiring, IsNeitherForgottenNorToldTwice) {
  const RuleFault& fault = GetParam();
  World world(builtin_rules_with(fault.slos.empty() ? "" : "slos:\n" + fault.slos));
  world.add_topic("orders", 6, 3, 20, false);
  world.add_topic("payments", 6, 3, 50, false);
  world.add_topic("refunds", 6, 3, 5, false);
  world.add_group({.name = "orders-service", .topic = "orders", .capacity = 600});
  world.add_group({.name = "payments-service", .topic = "payments", .capacity = 300});
  world.add_group({.name = "refunds-service", .topic = "refunds", .capacity = 50});
  if (fault.prepare) fault.prepare(world);
  world.pass(hours(4));
  ASSERT_THAT(world.told(), ::testing::IsEmpty()) << "before the fault";
  const Duration planted = world.time();
  ASSERT_TRUE(plant(world, fault))
      << "it does not fire: " << ::testing::PrintToString(world.told());
  world.pass(kStep);
  for (const Restart& one : restarts()) restart(world, fault, one, planted);
  std::mt19937 random(20'261);
  for (const Restart& one : random_restarts(random)) {
    // At any moment, while it lasts.
    if (!fault.told_for) world.pass(kStep * std::uniform_int_distribution(0, 4)(random));
    if (fires(world, fault.rule)) restart(world, fault, one, planted);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryRule, RestartWhileFiring, ::testing::ValuesIn(all_faults()),
                         [](const auto& fault) {
                           std::string name = fault.param.rule + fault.param.kind;
                           std::erase(name, '-');
                           return name;
                         });

TEST(RestartMatrix, HasAFaultForEveryBuiltinRule) {
  std::vector<std::string> covered;
  for (const RuleFault& fault : all_faults()) covered.push_back(fault.rule);
  for (const Excused& excused : excused_rules()) covered.push_back(excused.rule);
  for (const rules::AlertRule& rule : builtin_rules_with("").alerts)
    EXPECT_THAT(covered, ::testing::Contains(rule.name));
  for (const std::string& slo : builtin_slo_names()) EXPECT_THAT(covered, ::testing::Contains(slo));
}

}  // namespace

void PrintTo(const RuleFault& fault, std::ostream* out) {
  *out << fault.rule << fault.kind;
}

}  // namespace highwater::testing
