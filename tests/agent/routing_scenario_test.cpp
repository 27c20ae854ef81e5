// Who hears of what over time: each case is a list of steps and what is heard after each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/routing_world.h"

namespace highwater::agent {
namespace {

using testing::RoutingWorld;

struct Step {
  const char* does;
  const char* heard = "";
};

struct Case {
  const char* name;
  const char* receivers;
  const char* config;
  std::vector<Step> steps;
};

constexpr const char* kNothing = "";
constexpr const char* kTeams = R"(
owners:
  - {team: payments, topics: ["payments-*"], groups: [billing]}
  - {team: platform, clusters: ["*"]}
routes:
  - {team: payments, severity: page, to: [pager, slack]}
  - {team: payments, to: slack}
  - {to: mail}
)";
constexpr const char* kAllToMail = "routes: [{to: mail}]\n";
constexpr const char* kByHours = R"(
routes:
  - {severity: ticket, during: {hours: "22:00-06:00", time_zone: Europe/Berlin}, to: []}
  - {severity: page, during: {days: mon-fri, hours: "09:00-17:00", time_zone: Europe/Berlin}, to: slack}
  - {severity: page, to: pager}
  - {to: slack}
)";
constexpr const char* kEscalating = R"(
routes:
  - {severity: page, to: pager, escalate: [{after: 30m, to: [boss, mail]}, {after: 10m, to: lead}]}
  - {to: slack}
)";
constexpr const char* kPatchNight = R"(
maintenance:
  - {name: patch-night, broker: ["1", "2"], during: {days: sat, hours: "23:00-02:00", time_zone: Europe/Berlin}}
  - {name: move, cluster: "*", from: 2026-06-02 10:00, until: 2026-06-02 12:00, time_zone: Europe/Berlin}
)";

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      // Without a word of it everything is as it was.
      {"WithoutRoutesEveryReceiverHears",
       "pager:page slack",
       kNothing,
       {{"open 1 ticket topic=a", "slack+1"},
        {"open 2 page topic=a", "pager+2 slack+2"},
        {"worse 1 page", "pager+1 slack~1"},
        {"wait 1h"},
        {"resolve 1", "pager-1 slack-1"},
        {"resolve 2", "pager-2 slack-2"}}},
      // Routes.
      {"TeamsHearOfWhatIsTheirs",
       "pager slack mail",
       kTeams,
       {{"open 1 page topic=payments-in", "pager+1 slack+1"},
        {"open 2 page topic=orders", "mail+2"},
        {"open 3 ticket group=billing", "slack+3"},
        {"resolve 1", "pager-1 slack-1"},
        {"resolve 2", "mail-2"}}},
      {"WorseReachesNewReceiversAndEndsForAll",
       "pager slack mail",
       kTeams,
       {{"open 1 ticket topic=payments-in", "slack+1"},
        {"worse 1 page", "pager+1 slack~1"},
        {"resolve 1", "pager-1 slack-1"}}},
      {"WhoHeardOfItHearsWhatChangesAlsoWhenTheRouteLeadsElsewhere",
       "pager slack mail",
       "routes: [{severity: page, to: pager}, {to: slack}]\n",
       {{"open 1 ticket topic=a", "slack+1"},
        {"worse 1 page", "pager+1 slack~1"},
        {"update 1", "pager~1 slack~1"},
        {"resolve 1", "pager-1 slack-1"}}},
      {"ContinueAddsReceivers",
       "pager slack mail",
       "routes: [{severity: page, to: pager, continue: true}, {topic: a, to: slack}, {to: mail}]\n",
       {{"open 1 page topic=a", "pager+1 slack+1"},
        {"open 2 page topic=b", "mail+2 pager+2"},
        {"open 3 ticket topic=b", "mail+3"}}},
      {"AReceiversOwnSeverityStillCounts",
       "pager:page slack",
       "routes: [{to: [pager, slack]}]\n",
       {{"open 1 ticket topic=a", "slack+1"}, {"worse 1 page", "pager+1 slack~1"}}},
      {"EachCauseOfAnIncidentLeadsSomewhere",
       "pager slack mail",
       kTeams,
       {{"open 1 page topic=orders", "mail+1"},
        {"cause 1 topic=payments-in", "pager+1 slack+1"},
        {"resolve 1", "mail-1 pager-1 slack-1"}}},
      {"ATitleOfAnotherFaultLeadsToWhomItConcerns",
       "pager slack mail",
       "routes: [{alertname: BrokerDown, to: pager}, {to: slack}]\n",
       {{"open 1 page topic=a", "slack+1"},
        {"update 1 alertname=BrokerDown broker=3", "pager+1 slack~1"}}},
      {"ALineToNobodyHoldsUntilItCloses",
       "pager slack",
       kByHours,
       {{"at 2026-06-01 21:00"},
        {"open 1 ticket topic=a"},
        {"at 2026-06-02 03:59"},
        {"at 2026-06-02 04:00", "slack+1"},
        {"resolve 1", "slack-1"}}},
      {"WhatEndsWhileNobodyHearsIsNeverTold",
       "pager slack",
       kByHours,
       {{"at 2026-06-01 21:00"},
        {"open 1 ticket topic=a"},
        {"resolve 1"},
        {"at 2026-06-02 05:00"}}},
      {"ALineThatBeginsTakesOverWhatIsOpen",
       "pager slack",
       kByHours,
       {{"at 2026-06-01 14:00"},
        {"open 1 page topic=a", "slack+1"},
        {"at 2026-06-01 15:00", "pager+1"},
        {"resolve 1", "pager-1 slack-1"}}},
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
      {"TwoCausesEscalateByTheirOwnLines",
       "pager lead boss slack",
       "routes: [{topic: a, to: pager, escalate: [{after: 10m, to: lead}]}, "
       "{to: slack, escalate: [{after: 20m, to: boss}]}]\n",
       {{"open 1 page topic=a", "pager+1"},
        {"cause 1 topic=b", "slack+1"},
        {"wait 10m", "lead+1"},
        {"wait 10m", "boss+1"}}},
      // Restarts and reloads.
      {"AfterARestartWithOtherRoutesTheFormerHearOfTheEnd",
       "pager slack mail",
       kTeams,
       {{"open 1 page topic=payments-in", "pager+1 slack+1"},
        {"restart routes: [{to: mail}]", "mail+1"},
        {"resolve 1", "mail-1 pager-1 slack-1"}}},
      {"AfterARestartWithTheSameRoutesNobodyHearsAgain",
       "pager slack mail",
       kTeams,
       {{"open 1 page topic=payments-in", "pager+1 slack+1"},
        {"restart"},
        {"wait 1h"},
        {"restart"},
        {"resolve 1", "pager-1 slack-1"}}},
      {"AfterAReloadTheNewReceiversHearAndTheFormerHearOfTheEnd",
       "pager slack mail",
       kTeams,
       {{"open 1 ticket topic=payments-in", "slack+1"},
        {"reload routes: [{to: mail}]", "mail+1"},
        {"reload routes: [{to: slack}]"},
        {"resolve 1", "mail-1 slack-1"}}},
      {"RoutesThatComeWithARestart",
       "pager slack mail",
       kNothing,
       {{"open 1 page topic=a", "mail+1 pager+1 slack+1"},
        {"restart routes: [{to: mail}]"},
        {"open 2 page topic=a", "mail+2"},
        {"resolve 1", "mail-1 pager-1 slack-1"}}},
      {"RoutesThatGoWithARestart",
       "slack mail",
       kAllToMail,
       {{"open 1 page topic=a", "mail+1"},
        {"restart log: {level: info}", "slack+1"},
        {"resolve 1", "mail-1 slack-1"}}},
      // Silences.
      {"ASilenceHidesAndItsEndTells",
       "slack mail",
       kNothing,
       {{"silence topic=a for=2h"},
        {"open 1 page topic=a"},
        {"open 2 page topic=b", "mail+2 slack+2"},
        {"wait 119m"},
        {"wait 1m", "mail+1 slack+1"},
        {"resolve 1", "mail-1 slack-1"}}},
      {"ASilenceThatIsEndedByHandTells",
       "slack",
       kNothing,
       {{"silence topic=a for=2h"}, {"open 1 page topic=a"}, {"end 1", "slack+1"}}},
      {"WhatEndsWhileSilencedAndWasNotToldIsNotTold",
       "slack",
       kNothing,
       {{"silence topic=a for=2h"}, {"open 1 page topic=a"}, {"resolve 1"}, {"wait 3h"}}},
      {"ASilenceDoesNotSwallowTheEndOfWhatWasTold",
       "slack",
       kNothing,
       {{"open 1 page topic=a", "slack+1"}, {"silence topic=a for=2h"}, {"resolve 1", "slack-1"}}},
      {"WhatChangesWhileSilencedIsToldAfterwards",
       "slack",
       kNothing,
       {{"open 1 page topic=a", "slack+1"},
        {"silence topic=a for=2h"},
        {"update 1"},
        {"update 1"},
        {"wait 2h", "slack=1"},
        {"resolve 1", "slack-1"}}},
      {"WorseWhileSilencedIsToldWhenTheSilenceIsOfTickets",
       "pager:page slack",
       kNothing,
       {{"silence topic=a severity=ticket for=2h"},
        {"open 1 ticket topic=a"},
        {"worse 1 page", "pager+1 slack+1"},
        {"resolve 1", "pager-1 slack-1"}}},
      {"WorseWhileSilencedIsHiddenWhenTheSilenceIsOfAll",
       "pager:page slack",
       kNothing,
       {{"silence topic=a for=2h"},
        {"open 1 ticket topic=a"},
        {"worse 1 page"},
        {"wait 2h", "pager+1 slack+1"}}},
      {"WorseAfterItWasToldAndSilencedAsATicket",
       "slack",
       kNothing,
       {{"open 1 ticket topic=a", "slack+1"},
        {"silence topic=a severity=ticket for=2h"},
        {"update 1"},
        {"worse 1 page", "slack~1"}}},
      {"OverlappingSilencesHideUntilTheLastEnds",
       "slack",
       kNothing,
       {{"silence topic=a for=2h"},
        {"silence cluster=prod for=3h"},
        {"open 1 page topic=a"},
        {"wait 2h"},
        {"wait 1h", "slack+1"}}},
      {"ASilenceThatBeginsLater",
       "slack",
       kNothing,
       {{"silence topic=a from=1h for=1h"},
        {"open 1 page topic=a", "slack+1"},
        {"wait 1h"},
        {"open 2 page topic=a"},
        {"wait 1h", "slack+2 slack=1"}}},
      {"UntilResolvedHidesWhatItHidThenAndNothingNew",
       "slack",
       kNothing,
       {{"open 1 ticket topic=a", "slack+1"},
        {"silence topic=a until=resolved"},
        {"update 1"},
        {"open 2 ticket topic=a", "slack+2"},
        {"resolve 1", "slack-1"},
        {"open 3 ticket topic=a", "slack+3"}}},
      {"ASilenceOfOneIncident",
       "slack",
       kNothing,
       {{"open 1 ticket topic=a", "slack+1"},
        {"silence incident=1 for=1h"},
        {"open 2 ticket topic=a", "slack+2"},
        {"update 1"},
        {"update 2", "slack~2"}}},
      {"ASilenceOfATeam",
       "pager slack mail",
       kTeams,
       {{"silence team=payments for=1h"},
        {"open 1 page topic=payments-in"},
        {"open 2 page topic=orders", "mail+2"},
        {"wait 1h", "pager+1 slack+1"}}},
      {"OneCauseThatIsNotSilencedIsEnoughToTell",
       "slack",
       kNothing,
       {{"silence alertname=BrokerDown broker=2 for=2h"},
        {"open 1 page alertname=BrokerDown broker=2"},
        {"cause 1 alertname=BrokerDown broker=3", "slack+1"},
        {"resolve 1", "slack-1"}}},
      {"ACauseThatIsSilencedLeadsNowhere",
       "pager slack mail",
       kTeams,
       {{"silence topic=orders for=2h"},
        {"open 1 page topic=orders"},
        {"cause 1 topic=payments-in", "pager+1 slack+1"},
        {"wait 2h", "mail+1"},
        {"resolve 1", "mail-1 pager-1 slack-1"}}},
      {"TwoSilencesMayHideTheCausesTogether",
       "slack",
       kNothing,
       {{"silence broker=2 for=2h"},
        {"silence broker=3 for=3h"},
        {"open 1 page alertname=BrokerDown broker=2"},
        {"cause 1 alertname=BrokerDown broker=3"},
        {"wait 2h", "slack+1"}}},
      {"CausesThatAreNotListedAreNotHiddenByASilenceOfOthers",
       "slack",
       kNothing,
       {{"silence topic=a for=2h"}, {"open 1 page topic=a"}, {"cause 1 unlisted", "slack+1"}}},
      {"CausesThatAreNotListedAreHiddenWithTheWholeCluster",
       "slack",
       kNothing,
       {{"silence cluster=prod for=2h"}, {"open 1 page topic=a"}, {"cause 1 unlisted"}}},
      {"AWorseTitleThatTheSilenceDoesNotCoverIsTold",
       "slack",
       kNothing,
       {{"silence alertname=Lag for=2h"},
        {"open 1 page topic=a"},
        {"update 1 alertname=BrokerDown broker=3", "slack+1"}}},
      {"ASilenceSurvivesARestart",
       "slack",
       kNothing,
       {{"open 1 page topic=a", "slack+1"},
        {"silence topic=a for=2h"},
        {"open 2 page topic=a"},
        {"restart"},
        {"open 3 page topic=a"},
        {"resolve 1", "slack-1"},
        {"wait 2h", "slack+2 slack+3"}}},
      {"ASilenceThatEndsWhileTheAgentIsDown",
       "slack",
       kNothing,
       {{"open 1 page topic=a", "slack+1"},
        {"silence topic=a for=2h"},
        {"open 2 page topic=a"},
        {"wait 119m"},
        {"restart"},
        {"wait 1m", "slack+2 slack=1"}}},
      // Maintenance.
      {"MaintenanceOverMidnightBelongsToItsDay",
       "slack",
       kPatchNight,
       {{"at 2026-06-06 20:59"},
        {"open 1 page alertname=BrokerDown broker=1", "slack+1"},
        {"at 2026-06-06 21:00"},
        {"open 2 page alertname=BrokerDown broker=2"},
        {"open 3 page alertname=BrokerDown broker=3", "slack+3"},
        {"at 2026-06-06 23:59"},
        {"resolve 1", "slack-1"},
        {"at 2026-06-07 00:00", "slack+2"}}},
      {"MaintenanceOnceFromAndUntil",
       "slack",
       kPatchNight,
       {{"at 2026-06-02 08:00"},
        {"open 1 page topic=a"},
        {"at 2026-06-02 09:59"},
        {"at 2026-06-02 10:00", "slack+1"}}},
      {"MaintenanceWhenTheClocksAreSetForward",
       "slack",
       kPatchNight,  // 2026-03-28 is the Saturday before; until 02:00, when the clocks skip to
                     // 03:00
       {{"at 2026-03-28 21:59"},
        {"at 2026-03-28 22:00"},
        {"open 1 page broker=1"},
        {"at 2026-03-29 00:59"},
        {"at 2026-03-29 01:00", "slack+1"}}},
      {"MaintenanceWhenTheClocksAreSetBack",
       "slack",
       "maintenance: [{name: night, broker: 1, during: {days: sun, hours: \"01:00-02:30\", "
       "time_zone: Europe/Berlin}}]\n",
       {{"at 2026-10-24 23:00"},  // 01:00 in summer time
        {"open 1 page broker=1"},
        {"at 2026-10-25 00:45"},  // 02:45 for the first time: 02:30 comes once more
        {"at 2026-10-25 01:29"},
        {"at 2026-10-25 01:30", "slack+1"}}},
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

class RoutingScenario : public ::testing::TestWithParam<size_t> {};

TEST_P(RoutingScenario, IsHeardAsItShould) {
  const Case& one = cases()[GetParam()];
  RoutingWorld world(one.receivers, one.config);
  for (const Step& step : one.steps)
    EXPECT_EQ(world.step(step.does, step.heard), step.heard) << one.name << ": " << step.does;
}

INSTANTIATE_TEST_SUITE_P(All, RoutingScenario, ::testing::Range<size_t>(0, cases().size()),
                         [](const auto& one) { return std::string(cases()[one.param].name); });

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
