// Who goes on hearing of what together when the agent restarts, clocks jump, routes change or their
// hours end.
#include <gtest/gtest.h>

#include "tests/agent/routing/scenario_support.h"

namespace highwater::agent {
namespace {

using testing::Case;
using testing::GroupingScenario;
using testing::kGrouped;
using testing::name_of;

constexpr const char* kOnSundays = R"(
routes:
  - {severity: ticket, during: {days: sun, time_zone: Europe/Berlin}, to: mail, group_by: [cluster], group_interval: 1h}
  - {to: slack}
)";

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      // Restarts and clocks.
      {"ARestartLosesAndDoublesNothing",
       "mail",
       kGrouped,
       {{"open 1 ticket topic=a"},
        {"wait 10s"},
        {"restart"},
        {"wait 19s"},
        {"wait 1s", "mail+g1(1)"},
        {"restart"},
        {"open 2 ticket topic=b"},
        {"restart"},
        {"wait 3599s"},
        {"wait 1s", "mail~g1(1,2)"},
        {"restart"},
        {"resolve 1"},
        {"restart"},
        {"resolve 2", "mail-g1(-1,-2)"},
        {"restart"},
        {"open 3 ticket topic=c"},
        {"wait 1h", "mail+g2(3)"}}},
      {"WhatCameDueWhileTheAgentWasDownIsToldAtItsStart",
       "mail",
       kGrouped,
       {{"open 1 ticket topic=a"},
        {"down 10m", "mail+g1(1)"},
        {"open 2 ticket topic=b"},
        {"down 1h", "mail~g1(1,2)"}}},
      {"AJumpOfTheWallClockMovesNothing",
       "mail",
       kGrouped,
       {{"open 1 ticket topic=a"},
        {"clock 3h"},
        {"wait 29s"},
        {"clock -5h"},
        {"wait 1s", "mail+g1(1)"},
        {"open 2 ticket topic=b"},
        {"clock 30h"},
        {"wait 3599s"},
        {"wait 1s", "mail~g1(2,1)"}}},  // 2 is the older one by the wall clock
      {"WhatWaitsForAReceiverThatIsDownIsToldInItsNewestFormWithAllThatEnded",
       "mail",
       kGrouped,
       {{"deaf mail"},
        {"open 1 ticket topic=a"},
        {"open 2 ticket topic=b"},
        {"wait 30s"},
        {"resolve 1"},
        {"wait 1h"},
        {"open 3 ticket topic=c"},
        {"wait 1h"},
        {"restart"},
        {"resolve 3"},
        {"wait 1h"},
        {"receivers | mail", "mail+g1(2,-1,-3)"},
        {"resolve 2", "mail-g1(-2)"}}},
      {"AGroupThatBeganAndEndedWhileItsReceiverWasDown",
       "mail",
       kGrouped,
       {{"deaf mail"},
        {"open 1 ticket topic=a"},
        {"wait 30s"},
        {"resolve 1"},
        {"restart"},
        {"receivers | mail", "mail+g1(1) mail-g1(-1)"}}},
      // Other routes.
      {"WhoHeardOfItByItselfGoesOnSo",
       "mail",
       "routes: [{to: mail}]\n",
       {{"open 1 ticket topic=a", "mail+1"},
        {"reload routes: [{to: mail, group_by: [cluster]}]"},
        {"open 2 ticket topic=b"},
        {"update 1", "mail~1"},
        {"wait 30s", "mail+g1(2)"},
        {"restart"},
        {"resolve 1", "mail-1"},
        {"resolve 2", "mail-g1(-2)"}}},
      {"ALineThatDoesNotGroupAnyMoreTellsOfEach",
       "mail",
       kGrouped,
       {{"open 1 ticket topic=a"},
        {"wait 30s", "mail+g1(1)"},
        {"open 2 ticket topic=b"},
        {"reload routes: [{to: mail}]", "mail+1 mail+2 mail-g1()"},
        {"resolve 1", "mail-1"}}},
      {"WithoutRoutesEachIsToldByItself",
       "mail",
       kGrouped,
       {{"open 1 ticket topic=a"},
        {"restart log: {level: info}", "mail+1"},
        {"resolve 1", "mail-1"}}},
      {"WhoHeardOfItHearsOfItsEndAlsoWhenTheRouteLeadsElsewhere",
       "mail slack",
       kGrouped,
       {{"open 1 ticket topic=a"},
        {"wait 30s", "mail+g1(1)"},
        {"open 2 ticket topic=b"},
        {"reload routes: [{to: slack}]", "slack+1 slack+2"},
        {"wait 9h"},
        {"restart"},
        {"resolve 1", "mail-g1(-1) slack-1"},
        {"resolve 2", "slack-2"}}},
      {"OtherIntervalsHoldFromThenOn",
       "mail",
       kGrouped,
       {{"open 1 ticket topic=a"},
        {"reload routes: [{to: mail, group_by: [cluster], group_wait: 2m, group_interval: 10m}]"},
        {"wait 119s"},
        {"wait 1s", "mail+g1(1)"},
        {"open 2 ticket topic=b"},
        {"wait 10m", "mail~g1(1,2)"}}},
      {"AnotherOwnerIsAnotherGroup",
       "mail",
       "owners: [{team: search, topics: a}, {team: shop, clusters: \"*\"}]\n"
       "routes: [{to: mail, group_by: [team]}]\n",
       {{"open 1 ticket topic=a"},
        {"open 2 ticket topic=b"},
        {"wait 30s", "mail+g1(1) mail+g2(2)"},
        {"reload owners: [{team: shop, clusters: \"*\"}]\nroutes: [{to: mail, group_by: [team]}]",
         "mail-g1()"},
        {"wait 5m", "mail~g2(1,2)"},
        {"resolve 1"},
        {"resolve 2", "mail-g2(-1,-2)"}}},
      {"AReceiverThatIsLeftOutHearsNoMore",
       "mail slack",
       kGrouped,
       {{"open 1 ticket topic=a"}, {"receivers slack |"}, {"wait 1h"}, {"resolve 1"}}},
      // Hours, at the changes of the clocks.
      {"WhatWaitsWhenTheHoursEndGoesWhereTheOthersGo",
       "mail slack",
       kOnSundays,  // this one has 23 hours
       {{"at 2026-03-29 21:59:40"},
        {"open 1 ticket topic=a"},
        {"at 2026-03-29 22:00", "slack+1"},
        {"wait 1h"},
        {"resolve 1", "slack-1"}}},
      {"WhatWasToldWhenTheHoursEndStaysThere",
       "mail slack",
       kOnSundays,  // this one has 25 hours
       {{"at 2026-10-25 22:00"},
        {"open 1 ticket topic=a"},
        {"open 2 ticket topic=b"},
        {"at 2026-10-25 22:59:59", "mail+g1(1,2)"},
        {"at 2026-10-25 23:00", "slack+1 slack+2"},
        {"resolve 1", "slack-1"},
        {"wait 1h", "mail~g1(2,-1)"},
        {"wait 9h"},
        {"at 2026-10-31 23:00", "mail=g1(2)"},
        {"wait 4h", "mail=g1(2)"},
        {"resolve 2", "mail-g1(-2) slack-2"}}},
      {"IntervalsAreAsLongAsEverWhenTheClocksChange",
       "mail",
       "routes: [{during: {days: sun, time_zone: Europe/Berlin}, to: mail, group_by: [cluster], "
       "group_interval: 3h}, {to: mail}]\n",
       {{"at 2026-10-25 00:00"},
        {"open 1 ticket topic=a"},
        {"wait 30s", "mail+g1(1)"},
        {"open 2 ticket topic=b"},
        {"wait 10799s"},
        {"wait 1s", "mail~g1(1,2)"}}},
  };
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, GroupingScenario, ::testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace highwater::agent
