// Who hears of it when nobody acknowledges it, and how an acknowledgement ends.
#include <gtest/gtest.h>

#include "tests/agent/routing/scenario_support.h"

namespace highwater::agent {
namespace {

using testing::Case;
using testing::kNothing;
using testing::name_of;
using testing::RoutingScenario;
using testing::RoutingWorld;

constexpr const char* kEscalating = R"(
routes:
  - {severity: page, to: pager, escalate: [{after: 30m, to: [boss, mail]}, {after: 10m, to: lead}]}
  - {to: slack}
)";

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      // Escalation.
      {"WhatNobodyAcknowledgesIsEscalatedStepByStep",
       "pager:page lead boss mail slack",
       kEscalating,
       {{"open 1 page topic=a", "pager+1"},
        {"wait 599s"},
        {"wait 1s", "lead+1"},
        {"update 1", "lead~1 pager~1"},
        {"wait 19m"},
        {"wait 1m", "boss+1 mail+1"},
        {"wait 3h"},
        {"resolve 1", "boss-1 lead-1 mail-1 pager-1"}}},
      {"AnAcknowledgedIncidentIsNotEscalated",
       "pager lead boss mail slack",
       kEscalating,
       {{"open 1 page topic=a", "pager+1"},
        {"wait 9m"},
        {"ack 1"},
        {"wait 3h"},
        {"resolve 1", "pager-1"}}},
      {"AfterAnAcknowledgementItCountsAnew",
       "pager lead boss mail slack",
       kEscalating,
       {{"open 1 page topic=a", "pager+1"},
        {"wait 10m", "lead+1"},
        {"ack 1 1h"},
        {"wait 59m"},
        {"wait 1m"},
        {"wait 599s"},
        {"wait 1s", "lead=1"},
        {"wait 20m", "boss+1 mail+1"},
        {"resolve 1", "boss-1 lead-1 mail-1 pager-1"}}},
      {"AnAcknowledgementThatIsTakenBackCountsAnew",
       "pager lead boss mail slack",
       kEscalating,
       {{"open 1 page topic=a", "pager+1"},
        {"wait 8m"},
        {"ack 1"},
        {"wait 1h"},
        {"unack 1"},
        {"wait 9m"},
        {"wait 1m", "lead+1"}}},
      {"ATicketThatBecomesAPageIsEscalatedFromThenOn",
       "pager lead boss mail slack",
       kEscalating,
       {{"open 1 ticket topic=a", "slack+1"},
        {"wait 3h"},
        {"worse 1 page", "pager+1 slack~1"},
        {"wait 9m"},
        {"wait 1m", "lead+1"},
        {"resolve 1", "lead-1 pager-1 slack-1"}}},
      {"WhatIsWorseEndsTheAcknowledgementAndCountsAnew",
       "pager lead slack",
       "routes: [{to: slack, escalate: [{after: 10m, to: lead}]}]\n",
       {{"open 1 ticket topic=a", "slack+1"},
        {"ack 1"},
        {"wait 1h"},
        {"worse 1 page", "slack~1"},
        {"wait 9m"},
        {"wait 1m", "lead+1"}}},
      {"ASilencedIncidentIsNotEscalatedUntilTheSilenceEnds",
       "pager lead boss mail slack",
       kEscalating,
       {{"open 1 page topic=a", "pager+1"},
        {"wait 5m"},
        {"silence topic=a for=1h"},
        {"wait 1h", "pager=1"},
        {"wait 9m"},
        {"wait 1m", "lead+1"},
        {"resolve 1", "lead-1 pager-1"}}},
      {"EscalationGoesOnOverARestart",
       "pager lead boss mail slack",
       kEscalating,
       {{"open 1 page topic=a", "pager+1"},
        {"wait 5m"},
        {"restart"},
        {"wait 4m"},
        {"wait 1m", "lead+1"},
        {"restart"},
        {"wait 19m"},
        {"wait 1m", "boss+1 mail+1"},
        {"restart"},
        {"wait 1h"},
        {"resolve 1", "boss-1 lead-1 mail-1 pager-1"}}},
      {"WhatCameDueWhileTheAgentWasDownIsEscalatedAtItsStart",
       "pager lead boss mail slack",
       kEscalating,
       {{"open 1 page topic=a", "pager+1"},
        {"down 12m", "lead+1"},
        {"down 1h", "boss+1 mail+1"},
        {"resolve 1", "boss-1 lead-1 mail-1 pager-1"}}},
      {"AJumpOfTheWallClockMovesNoStep",
       "pager lead boss mail slack",
       kEscalating,
       {{"open 1 page topic=a", "pager+1"},
        {"clock 3h"},
        {"wait 9m"},
        {"clock -5h"},
        {"wait 30s"},
        {"wait 30s", "lead+1"}}},
      {"EscalationThatAReloadBringsCountsFromThen",
       "pager lead boss mail slack",
       "routes: [{to: pager}]\n",
       {{"open 1 page topic=a", "pager+1"},
        {"wait 1h"},
        {"reload routes: [{to: pager, escalate: [{after: 10m, to: lead}]}]"},
        {"wait 9m"},
        {"wait 1m", "lead+1"},
        {"reload routes: [{to: pager}]"},
        {"resolve 1", "lead-1 pager-1"}}},
      {"ALineWhoseHoursBeginCountsFromThen",
       "pager slack lead",
       "routes: [{severity: page, during: {hours: \"22:00-06:00\"}, to: pager, "
       "escalate: [{after: 10m, to: lead}]}, {to: slack}]\n",
       {{"at 2026-06-01 19:00"},
        {"open 1 page topic=a", "slack+1"},
        {"at 2026-06-01 22:00", "pager+1"},
        {"restart"},
        {"wait 9m"},
        {"wait 1m", "lead+1"},
        {"resolve 1", "lead-1 pager-1 slack-1"}}},
      {"TwoCausesEscalateByTheirOwnLines",
       "pager lead boss slack",
       "routes: [{topic: a, to: pager, escalate: [{after: 10m, to: lead}]}, "
       "{to: slack, escalate: [{after: 20m, to: boss}]}]\n",
       {{"open 1 page topic=a", "pager+1"},
        {"cause 1 topic=b", "slack+1"},
        {"wait 10m", "lead+1"},
        {"wait 10m", "boss+1"}}},
      // Acknowledged.
      {"WhatIsAcknowledgedStillTellsChangesAndItsEnd",
       "slack",
       kNothing,
       {{"open 1 ticket topic=a", "slack+1"},
        {"ack 1"},
        {"update 1", "slack~1"},
        {"resolve 1", "slack-1"}}},
  };
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, RoutingScenario, ::testing::ValuesIn(cases()), name_of);

// An acknowledgement is over when it was made for so long, or the incident got worse.
TEST(Acknowledged, EndsByItself) {
  const auto is_acked = [](RoutingWorld& world) {
    const auto& direction = world.incidents().at(1).direction;
    return direction != nullptr && !direction->acknowledged.empty();
  };
  struct Ending {
    const char* ack;
    const char* then;
    const char* heard;
    bool acked;
  };
  const std::vector<Ending> endings{{"ack 1 2h", "wait 1h", "", true},
                                    {"ack 1 2h", "wait 2h", "", false},
                                    {"ack 1", "wait 48h", "", true},
                                    {"ack 1", "update 1", "slack~1", true},
                                    {"ack 1", "worse 1 page", "slack~1", false},
                                    {"ack 1", "update 1 alertname=BrokerDown", "slack~1", false},
                                    {"ack 1", "restart", "", true}};
  for (const Ending& ending : endings) {
    RoutingWorld world("slack", kNothing);
    world.step("open 1 ticket topic=a", "slack+1");
    world.step(ending.ack);
    EXPECT_TRUE(is_acked(world));
    EXPECT_EQ(world.step(ending.then, ending.heard), ending.heard) << ending.then;
    EXPECT_EQ(is_acked(world), ending.acked) << ending.ack << ", " << ending.then;
  }
}

}  // namespace
}  // namespace highwater::agent
