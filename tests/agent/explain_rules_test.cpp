// What `check --explain` says of rules.
#include "agent/commands/explain_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "agent/agent.h"
#include "rules/language/load.h"

namespace highwater::agent {
namespace {

using testing::HasSubstr;

std::string explained(const std::string& yaml) {
  Diagnostics diagnostics;
  const rules::RuleSet rules = rules::parse_rules(
      yaml, "rules.yaml", catalogue(), [](std::string_view) { return true; }, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.text();
  return explain_rules(rules);
}

constexpr const char* kLag = R"(
slos:
  - name: payments-lag
    sli: group_lag_records_max
    select: {group: "payments-*"}
    per: [group]
    good: "<= 1000"
    objective: 99%
    window: 30d
    runbook: lag-growing
)";

TEST(ExplainRules, GivesTheBudgetOfTheWindowInMinutes) {
  EXPECT_THAT(explained(kLag), HasSubstr("  budget: 432 min (7 h 12 min) of 30d may be bad\n"));
}

TEST(ExplainRules, SaysWhatIsGoodAndOfWhatRows) {
  EXPECT_THAT(explained(kLag),
              HasSubstr("SLO payments-lag (rules.yaml:3)\n"
                        "  group_lag_records_max <= 1000 for 99% (group payments-*); one budget "
                        "for each cluster, group\n"));
}

TEST(ExplainRules, SaysForEachTierHowLongFaultsLastUntilItFiresAndClears) {
  // 14.4 x 1 % of an hour is 8 min 38.4 s; of 5 minutes 43.2 s, which may be left when it clears. A
  // tenth burns at most ten times as fast as the budget allows: the fastest tier never fires.
  EXPECT_THAT(explained(kLag), HasSubstr(R"(
                                   total fault:  cleared      10 % fault:  cleared
  tier    burn rate over   spends  fires after   after end    fires after  after end
  page    14.4x 1h and 5m  2%      8 min 38 s    4 min 16 s   never        -
  page    6x 6h and 30m    5%      21 min 36 s   28 min 12 s  3 h 36 min   12 min
)"));
}

TEST(ExplainRules, ATierThatKeepsFiringClearsThatMuchLater) {
  const std::string yaml = std::string(kLag) + "    keep_firing_for: 10m\n";
  EXPECT_THAT(explained(yaml), HasSubstr("8 min 38 s    14 min 16 s"));
}

TEST(ExplainRules, ACalendarBudgetNamesTheLengthItIsCountedFor) {
  std::string yaml = kLag;
  yaml.replace(yaml.find("window: 30d"), 11, "window: month");
  EXPECT_THAT(explained(yaml),
              HasSubstr("budget: 432 min (7 h 12 min) of a month in UTC may be bad (of one with "
                        "30d)\n"));
}

TEST(ExplainRules, OfASloWithHoursItCountsTheTimeWithin) {
  std::string yaml = kLag;
  yaml.replace(yaml.find("window: 30d"), 11, "window: 28d");
  yaml += "    during: {days: mon-fri, hours: \"08:00-18:00\"}\n";
  const std::string text = explained(yaml);
  EXPECT_THAT(text,
              HasSubstr("time counts only mon-fri 08:00-18:00 UTC (no 'time_zone' is named)"));
  EXPECT_THAT(text,
              HasSubstr("  budget: 120 min (2 h) of 28d, 200 h of which count, may be bad\n"));
  // A hundredth of 56 minutes times 14.4, and of the 30 hours that 67 h 12 min hold at most.
  EXPECT_THAT(text, HasSubstr("  6.72%   8 min 3 s "));
  EXPECT_THAT(text, HasSubstr("  15%     18 min "));
}

TEST(ExplainRules, SaysLoudlyWhichZoneHoursAreIn) {
  const std::string rule = R"(
alerts:
  - name: Silent
    when: topic_newest_record_age_seconds > 0s
    for: 5m
    severity: page
    runbook: topic-silent
    summary: "Silent"
    during: {hours: 8-18)";
  EXPECT_THAT(explained(rule + "}\n"), HasSubstr("(no 'time_zone' is"));
  const std::string named = explained(rule + ", time_zone: Europe/Berlin}\n");
  EXPECT_THAT(named, HasSubstr("08:00-18:00 Europe/Berlin."));
  EXPECT_THAT(named, ::testing::Not(HasSubstr("UTC")));
}

TEST(ExplainRules, SaysInASentenceWhenAnAlertFires) {
  const std::string text = explained(R"(
alerts:
  - name: SlowBroker
    when: broker_response_seconds > 500ms
    select: {broker: ["1", "2"]}
    for: 5m
    keep_firing_for: 2m
    severity: ticket
    runbook: broker-down
    summary: slow
)");
  EXPECT_EQ(text,
            "alert SlowBroker (rules.yaml:3)\n"
            "  fires as ticket when broker_response_seconds > 500ms has held for 5m (broker 1 or "
            "2), and stays 2m\n"
            "    longer than that holds; one alert for each cluster, broker.\n");
}

TEST(ExplainRules, AllBuiltInRulesFitOnAHundredColumns) {
  std::istringstream lines(explained(std::string(rules::builtin_rules_text())) +
                           explained(std::string(rules::builtin_slos_text())));
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 100U) << line;
  EXPECT_GT(count, 60U);
}

}  // namespace
}  // namespace highwater::agent
