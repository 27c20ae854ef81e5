// Cases of who hears of what over time: steps, and what is heard after each.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/agent/routing/routing_world.h"

namespace highwater::agent::testing {

struct Step {
  const char* does;
  const char* heard = "";
};

struct Case {
  const char* name;
  const char* receivers;
  const char* config;
  std::vector<Step> steps;

  friend void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }
};

// The cases of each are in several files; that they are tried is said in the one named after it.
class Scenario : public ::testing::TestWithParam<Case> {
 protected:
  static void expect_heard_as_it_should() {
    const Case& one = GetParam();
    RoutingWorld world(one.receivers, one.config);
    for (const Step& step : one.steps)
      EXPECT_EQ(world.step(step.does, step.heard), step.heard) << one.name << ": " << step.does;
  }
};
class RoutingScenario : public Scenario {};
class GroupingScenario : public Scenario {};

inline std::string name_of(const ::testing::TestParamInfo<Case>& one) {
  return one.param.name;
}

inline constexpr const char* kNothing = "";
inline constexpr const char* kTeams = R"(
owners:
  - {team: payments, topics: ["payments-*"], groups: [billing]}
  - {team: platform, clusters: ["*"]}
routes:
  - {team: payments, severity: page, to: [pager, slack]}
  - {team: payments, to: slack}
  - {to: mail}
)";
inline constexpr const char* kByHours = R"(
routes:
  - {severity: ticket, during: {hours: "22:00-06:00", time_zone: Europe/Berlin}, to: []}
  - {severity: page, during: {days: mon-fri, hours: "09:00-17:00", time_zone: Europe/Berlin}, to: slack}
  - {severity: page, to: pager}
  - {to: slack}
)";
inline constexpr const char* kGrouped =
    "routes: [{to: mail, group_by: [cluster], group_wait: 30s, group_interval: 1h}]\n";

}  // namespace highwater::agent::testing
