// What alerts say.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "rules/text.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;

std::string filled(std::string_view text, std::string_view note = "it hangs") {
  const Entity entity = FakeCluster("prod").entity({{"broker", "3"}});
  const StandIn values[] = {{"value", "12"},
                            {"count", "4"},
                            {"note", std::string(note)},
                            {"for", "30 s"},
                            {"since", "3 min 20 s"}};
  return Template(text).fill(entity, values);
}

TEST(AlertText, PlaceholdersAreFilledIn) {
  EXPECT_EQ(filled("{broker} of {cluster}: {value}, {count} rows, {for}, {since}, {note}."),
            "3 of prod: 12, 4 rows, 30 s, 3 min 20 s, it hangs.");
}

TEST(AlertText, WhatIsNoPlaceholderStays) {
  EXPECT_EQ(filled("{topic} {} {broker"), "{topic} {} {broker");
}

TEST(AlertText, AnEmptyNoteLeavesNoPunctuationBehind) {
  EXPECT_EQ(filled("broker {broker} is down: {note}", ""), "broker 3 is down");
  EXPECT_EQ(filled("broker {broker} is down ({note}) now", ""), "broker 3 is down now");
  EXPECT_EQ(filled("down: {note}. Look.", ""), "down. Look.");
  EXPECT_EQ(filled("down: {note} {broker}", ""), "down:  3");
}

TEST(AlertText, ANumberBringsItsWords) {
  const auto text = [](std::string_view form, double number) {
    const StandIn values[] = {{"count", fmt::format("{}", number), number},
                              {"kind", number == 0 ? "" : "hangs"}};
    return Template(form).fill({}, values);
  };
  EXPECT_EQ(text("{count:topic|topics}", 1), "1 topic");
  EXPECT_EQ(text("{count:topic|topics}", 3), "3 topics");
  EXPECT_EQ(text("{count:# is|# are} late", 1), "1 is late");
  EXPECT_EQ(text("{count:# is|# are} late", 2), "2 are late");
  EXPECT_EQ(text("it {kind:is down}", 1), "it hangs");
  EXPECT_EQ(text("it {kind:is down}", 0), "it is down");
}

TEST(AlertText, AnEmptyBudgetLeavesNoCommaBehind) {
  const StandIn values[] = {{"budget", ""}};
  EXPECT_EQ(Template("it was late (prod), {budget}").fill({}, values), "it was late (prod)");
}

TEST(AlertText, NamesAreListedWithTheTrueCount) {
  const std::vector<Symbol> names{Symbol("a"), Symbol("b"), Symbol("c"), Symbol("d"), Symbol("e")};
  const std::span<const Symbol> all(names);
  EXPECT_EQ(name_list(all.first(1), 1), "a");
  EXPECT_EQ(name_list(all.first(2), 2), "a and b");
  EXPECT_EQ(name_list(all.first(3), 3), "a, b and c");
  EXPECT_EQ(name_list(all, 5), "a, b, c, d and e");
  EXPECT_EQ(name_list(all, 8), "a, b, c, d, e and 3 more");
}

TEST(AlertText, TitlesRoundNumbers) {
  EXPECT_EQ(spoken_value(42, Unit::seconds), "42 s");
  EXPECT_EQ(spoken_value(100, Unit::seconds), "1 min 40 s");
  EXPECT_EQ(spoken_value(479, Unit::seconds), "7 min");
  EXPECT_EQ(spoken_value(9000, Unit::seconds), "2 h 30 min");
  EXPECT_EQ(spoken_value(50'000, Unit::seconds), "13 h");
  EXPECT_EQ(spoken_value(13.0 * 86'400 + 9000, Unit::seconds), "13 d");
  EXPECT_EQ(spoken_value(0.031, Unit::ratio), "3.1 %");
  EXPECT_EQ(spoken_value(0.004, Unit::ratio), "0.4 %");
  EXPECT_EQ(spoken_value(0.424, Unit::ratio), "42 %");
  EXPECT_EQ(spoken_value(1.5 * 1024 * 1024, Unit::bytes), "1.5 MiB");
  EXPECT_EQ(spoken_value(12'345, Unit::records), "12345");
  EXPECT_EQ(spoken_value(std::numeric_limits<double>::infinity(), Unit::bytes), "unlimited");
}

TEST(AlertText, NumbersReadAsPeopleWriteThem) {
  EXPECT_EQ(format_value(412, Unit::count), "412");
  EXPECT_EQ(format_value(12'345'678, Unit::records), "12345678");
  EXPECT_EQ(format_value(1, Unit::boolean), "1");
  EXPECT_EQ(format_value(0.25, Unit::ratio), "0.25");
  EXPECT_EQ(format_value(0.012345, Unit::ratio), "0.0123");
  EXPECT_EQ(format_value(3.14159, Unit::none), "3.14");
  EXPECT_EQ(format_value(2.5, Unit::none), "2.5");
  EXPECT_EQ(format_value(-3, Unit::none), "-3");
  EXPECT_EQ(format_value(200, Unit::seconds), "3 min 20 s");
  EXPECT_EQ(format_value(std::numeric_limits<double>::infinity(), Unit::bytes), "unlimited");
  EXPECT_EQ(format_value(1e300, Unit::seconds).substr(0, 4), "1000");
}

TEST(AlertText, AnAlertSaysItsLatestKnownSample) {
  AlertRule rule = make_rule("LateGroup", kLagSeconds, Comparison::greater, 60);
  rule.summary = "{group} is {value} late for {since}";
  EngineWorld world({rule});
  world.cluster().set(kLagSeconds, {"billing"}, 90);
  EXPECT_EQ(alert_of(world.poll(), "LateGroup").summary, "billing is 1 min 30 s late for 0 s");
  world.cluster().set(kLagSeconds, {"billing"}, 100);
  EXPECT_EQ(alert_of(world.poll_after(seconds(10)), "LateGroup").summary,
            "billing is 1 min 40 s late for 10 s");
  world.cluster().set_unknown(kLagSeconds, {"billing"});
  const Report report = world.poll_after(seconds(10));
  EXPECT_EQ(alert_of(report, "LateGroup").value, 100);
  EXPECT_EQ(incident_of(report, "LateGroup").cause.summary, "billing is 1 min 40 s late for 10 s");
}

TEST(AlertText, WhatIsSentWhenItResolvesSaysWhatWasWrong) {
  AlertRule rule = make_rule("LateGroup", kLagSeconds, Comparison::greater, 60);
  EngineWorld world({rule});
  world.cluster().set(kLagSeconds, {"billing"}, 90);
  (void)world.poll();
  world.cluster().set(kLagSeconds, {"billing"}, 0);
  const Report report = world.poll_after(seconds(10));
  EXPECT_EQ(report.transitions.at(0).incident.cause.value, 90);
}

TEST(AlertText, ANoteIsForAlertsThatHaveAllItsLabels) {
  AlertRule down = make_rule("BrokerDown", kFailed, Comparison::equal, 1);
  down.summary = "down: {note}";
  EngineWorld world({down, make_rule("QuorumLost", kQuorumLost, Comparison::equal, 1)});
  world.cluster().set(kFailed, {"1"}, 1);
  world.cluster().set(kFailed, {"2"}, 1);
  world.cluster().set(kQuorumLost, {}, 1);
  world.cluster().note({{"broker", "1"}}, "it hangs");
  world.cluster().note({}, "the quorum is lost");
  const Report report = world.poll();
  EXPECT_EQ(report.alerts.at(0).note, "it hangs");
  EXPECT_EQ(report.alerts.at(0).summary, "down: it hangs");
  EXPECT_EQ(report.alerts.at(1).note, "");
  EXPECT_EQ(alert_of(report, "QuorumLost").note, "the quorum is lost");
}

TEST(AlertText, AnAlertCarriesWhatItsRuleSays) {
  AlertRule rule = make_rule("BrokerDown", kFailed, Comparison::equal, 1);
  rule.severity = Severity::ticket;
  rule.description = "Look at {broker}.";
  rule.labels = {{"team", "storage"}};
  EngineWorld world({rule});
  world.cluster().set(kFailed, {"1"}, 1);
  const Alert alert = alert_of(world.poll(), "BrokerDown");
  EXPECT_EQ(alert.severity, Severity::ticket);
  EXPECT_EQ(alert.description, "Look at 1.");
  EXPECT_EQ(alert.runbook, "broker-down");
  EXPECT_EQ(alert.labels, rule.labels);
}

}  // namespace
}  // namespace highwater::rules
