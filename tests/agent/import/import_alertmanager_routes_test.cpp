// Routes and time intervals of Alertmanager: who hears, and what is said to be lost.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/import/alertmanager/conditions.h"
#include "import_alertmanager_support.h"

namespace highwater::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The lines of `routes:`, without the places they come from.
std::vector<std::string> lines_of(const ImportedConfig& imported) {
  std::vector<std::string> lines;
  size_t at = imported.yaml.find("\nroutes:\n");
  if (at == std::string::npos) return lines;
  for (at += 9;
       imported.yaml.compare(at, 4, "  - ") == 0 || imported.yaml.compare(at, 4, "  # ") == 0;) {
    const size_t end = imported.yaml.find('\n', at);
    const std::string line = imported.yaml.substr(at + 2, end - at - 2);
    lines.push_back(line.substr(0, line.find("  # line")));
    at = end + 1;
  }
  return lines;
}

struct Row {
  const char* matcher;
  const char* line;  // what the route becomes; empty: it never matches
};

TEST(ImportAlertmanagerRoutes, EachMatcherHasItsForm) {
  const std::vector<Row> rows{
      {R"(matchers: ['team="a"'])", "- {team: a, to: pager}"},
      {R"(matchers: [team=a])", "- {team: a, to: pager}"},
      {R"(matchers: ['{team="a", topic="t"}'])", "- {team: a, topic: t, to: pager}"},
      {R"(matchers: ['env="x y"'])", R"(- {labels: {env: "x y"}, to: pager})"},
      {R"(match: {severity: critical})", "- {severity: page, to: pager}"},
      {R"(match_re: {severity: critical|warning})", "- {severity: [page, ticket], to: pager}"},
      {R"(matchers: ['severity!="info"'])", "- {severity: [page, ticket], to: pager}"},
      {R"(matchers: ['severity=~"crit.*"'])", "- {severity: page, to: pager}"},
      {R"(matchers: ['team=~"a|b"'])", "- {team: [a, b], to: pager}"},
      {R"y(matchers: ['team=~"(a|b)"'])y", "- {team: [a, b], to: pager}"},
      {R"(matchers: ['topic=~"pay\.in.*"'])", "- {topic: \"pay.in*\", to: pager}"},
      {R"(matchers: ['topic=~"[ab]+"'])", "- {topic: \"/^(?:[ab]+)$/\", to: pager}"},
      {R"(matchers: ['topic="a*"'])", R"(- {topic: "/^a\\*$/", to: pager})"},
      {R"(matchers: ['topic!=""'])", "- {topic: \"*\", to: pager}"},
      {R"(matchers: ['topic=~".+"'])", "- {topic: \"*\", to: pager}"},
      {R"(matchers: ['team="a"', 'team=~"b|c"'])", ""},
      {R"(matchers: ['team!~".*"'])", ""},
  };
  for (const Row& row : rows) {
    const ImportedConfig imported =
        from_routes(fmt::format("  routes: [{{receiver: pager, {}}}]\n", row.matcher));
    EXPECT_THAT(imported.refused, IsEmpty()) << row.matcher;
    EXPECT_THAT(imported.wrong, IsEmpty()) << row.matcher << imported.yaml;
    if (*row.line == '\0')
      EXPECT_THAT(lines_of(imported), ElementsAre("- {to: main}")) << row.matcher;
    else
      EXPECT_THAT(lines_of(imported), ElementsAre(row.line, "- {to: main}")) << row.matcher;
  }
}

TEST(ImportAlertmanagerRoutes, WhatARouteDoesNotMatchIsAMatterOfOrder) {
  const ImportedConfig imported = from_routes(
      "  routes: [{receiver: pager, matchers: ['team!=\"a\"', severity=\"critical\"]}]\n");
  EXPECT_THAT(lines_of(imported), ElementsAre("- {severity: page, team: a, to: main}",
                                              "- {severity: page, to: pager}", "- {to: main}"));
}

TEST(ImportAlertmanagerRoutes, WhoeverARouteThatGoesOnToldIsNotToldByTheRouteAbove) {
  const ImportedConfig imported = from_routes(R"(  routes:
    - {receiver: chat, matchers: [severity="critical"], continue: true}
    - {receiver: pager, matchers: [team="a"]}
)");
  EXPECT_THAT(lines_of(imported),
              ElementsAre("- {severity: page, to: chat, continue: true}", "- {team: a, to: pager}",
                          "- {severity: page, to: chat}", "- {to: main}"));
  EXPECT_THAT(hearers(imported, {"severity=page"}), ElementsAre("chat"));
  EXPECT_THAT(hearers(imported, {"severity=page", "team=a"}), ElementsAre("chat", "pager"));
}

TEST(ImportAlertmanagerRoutes, IntervalsOfRepetitionAreInherited) {
  const ImportedConfig imported = from_routes(R"(  repeat_interval: 12h
  routes:
    - {receiver: pager, matchers: [team="a"], repeat_interval: 1w}
    - {receiver: mail, matchers: [team="b"], repeat_interval: 1y}
    - {receiver: chat, matchers: [team="c"], repeat_interval: 4h}
)");
  EXPECT_THAT(lines_of(imported),
              ElementsAre("- {team: a, to: pager, repeat_interval: 7d}",
                          "- {team: b, to: mail, repeat_interval: 7d}", "- {team: c, to: chat}",
                          "- {to: main, repeat_interval: 12h}"));
  EXPECT_THAT(imported.losses,
              ElementsAre(HasSubstr("route to 'mail': has a repeat_interval of 1y")));
}

TEST(ImportAlertmanagerRoutes, AMutedRouteBecomesMaintenance) {
  const ImportedConfig imported = from_routes(
      "  routes: [{receiver: pager, matchers: [team=\"a\"], mute_time_intervals: [weekend]}]\n");
  EXPECT_THAT(imported.yaml, HasSubstr("maintenance:\n  - {name: weekend, team: a, during: {days: "
                                       "sat-sun, time_zone: UTC}}  # line"));
  EXPECT_THAT(imported.losses, IsEmpty());
  EXPECT_THAT(hearers(imported, {"severity=page", "team=a"}, "2026-06-06 12:00"), IsEmpty());
  EXPECT_THAT(hearers(imported, {"severity=page", "team=a"}, "2026-06-08 12:00"),
              ElementsAre("pager"));
}

TEST(ImportAlertmanagerRoutes, AMutedRouteThatSharesItsAlertsHasHours) {
  const ImportedConfig imported = from_routes(R"(  routes:
    - {receiver: chat, matchers: [severity=~"warning|critical"], continue: true}
    - {receiver: mail, matchers: [team="a"], active_time_intervals: [office]}
)");
  EXPECT_THAT(imported.wrong, IsEmpty()) << imported.yaml;
  EXPECT_THAT(hearers(imported, {"severity=ticket", "team=a"}, "2026-06-01 17:59"),
              ElementsAre("chat", "mail"));
  EXPECT_THAT(hearers(imported, {"severity=ticket", "team=a"}, "2026-06-01 18:00"),
              ElementsAre("chat"));
  EXPECT_THAT(imported.losses, ElementsAre(HasSubstr("route to 'mail': while it is muted, pages")));
}

TEST(ImportAlertmanagerRoutes, PagesThatAreMutedForEverybodyGoToTheRouteAtTheTop) {
  const ImportedConfig imported = from_routes(R"(  routes:
    - {receiver: chat, matchers: [team="a"]}
    - {receiver: mail, active_time_intervals: [office]}
)");
  EXPECT_THAT(imported.wrong, IsEmpty()) << imported.yaml;
  EXPECT_THAT(hearers(imported, {"severity=page"}, "2026-06-06 12:00"), ElementsAre("main"));
  EXPECT_THAT(hearers(imported, {"severity=ticket"}, "2026-06-06 12:00"), IsEmpty());
  EXPECT_THAT(hearers(imported, {"severity=page"}, "2026-06-01 12:00"), ElementsAre("mail"));
}

TEST(ImportAlertmanagerRoutes, DatesAreLostAndMuteNothing) {
  const ImportedConfig imported = from_routes(R"(  routes:
    - {receiver: pager, matchers: [team="a"], mute_time_intervals: [newyear]}
    - {receiver: mail, matchers: [team="b"], active_time_intervals: [newyear]}
)");
  EXPECT_THAT(imported.losses, Contains(HasSubstr("time interval 'newyear'")));
  EXPECT_THAT(imported.losses, Contains(HasSubstr("it is never muted")));
  EXPECT_THAT(lines_of(imported),
              ElementsAre("- {team: a, to: pager}", "- {team: b, to: mail}", "- {to: main}"));
}

TEST(ImportAlertmanagerRoutes, NobodyIsForTicketsOnly) {
  const ImportedConfig imported =
      from_routes("  routes: [{receiver: \"null\", matchers: [alertname=\"BrokerDown\"]}]\n");
  EXPECT_THAT(imported.wrong, IsEmpty());
  EXPECT_THAT(
      lines_of(imported),
      ElementsAre("- {severity: [ticket, info], alertname: BrokerDown, to: []}", "- {to: main}"));
  EXPECT_THAT(imported.losses, ElementsAre(HasSubstr("pages go on to the lines below")));
}

TEST(ImportAlertmanagerRoutes, ALineToAReceiverThatWasNotTakenOverIsAComment) {
  const ImportedConfig imported =
      from_routes("  routes: [{receiver: old, matchers: [team=\"a\"]}]\n");
  EXPECT_THAT(imported.wrong, IsEmpty());
  EXPECT_THAT(lines_of(imported), ElementsAre("# {team: a, to: old}", "- {to: main}"));
  EXPECT_THAT(imported.yaml, HasSubstr("'old' was not taken over (opsgenie)"));
  EXPECT_THAT(imported.losses, Contains(HasSubstr("no receiver of the kind 'opsgenie'")));
}

TEST(ImportAlertmanagerRoutes, NamesThatNoAlertHasAreSaid) {
  const ImportedConfig imported = from_routes(R"(  routes:
    - {receiver: pager, matchers: [namespace="kube", severity="error"]}
    - {receiver: mail, matchers: [namespace="web"]}
    - {receiver: chat, match: {alertname: Watchdog}}
)");
  EXPECT_THAT(
      imported.losses,
      ElementsAre(HasSubstr("no severity of Highwater is like 'error'"),
                  HasSubstr("'namespace' is on no alert of Highwater, unless a rule's 'labels' "
                            "give it (and in 1 more place)"),
                  HasSubstr("no rule of Highwater has a name like 'Watchdog'")));
}

TEST(ImportAlertmanagerRoutes, TwoPatternsOfOneLabelAreSaid) {
  const ImportedConfig imported = from_routes(R"(  routes:
    - receiver: pager
      matchers: ['topic=~".*in"']
      routes: [{receiver: chat, matchers: ['topic=~"pay.*"']}]
)");
  EXPECT_THAT(imported.losses, ElementsAre(HasSubstr("two patterns of 'topic' come together")));
  EXPECT_THAT(lines_of(imported), ElementsAre("- {topic: \"pay*\", to: chat}",
                                              "- {topic: \"*in\", to: pager}", "- {to: main}"));
}

TEST(ImportAlertmanagerRoutes, WhatWeDoOtherwiseIsSaidOnce) {
  const ImportedConfig imported = from_routes(R"(  group_by: [alertname]
  group_wait: 30s
  routes: [{receiver: pager, matchers: [team="a"], group_interval: 1m}]
templates: ["*.tmpl"]
inhibit_rules: [{source_matchers: [severity="critical"], target_matchers: [severity="warning"]}]
tracing: {endpoint: x}
)");
  EXPECT_THAT(imported.losses, ElementsAre(HasSubstr("a page is sent on its own, at once"),
                                           HasSubstr("templates: "), HasSubstr("inhibit_rules: "),
                                           HasSubstr("the file: 'tracing' was not taken over")));
}

TEST(ImportAlertmanagerRoutes, GroupsAreTakenOver) {
  const ImportedConfig imported = from_routes(R"(  group_by: [alertname, cluster, cluster]
  group_wait: 30s
  group_interval: 10m
  routes:
    - {receiver: pager, matchers: [severity="critical"], group_wait: 10s}
    - {receiver: chat, matchers: [team="a"], group_by: ['...'], group_wait: 10s}
    - {receiver: mail, matchers: [team="b"], group_by: [], group_wait: 2h, group_interval: 10s}
    - {receiver: mail, matchers: [team="c"], group_by: [shard], group_interval: 5m}
)");
  EXPECT_THAT(lines_of(imported),
              ElementsAre("- {severity: page, to: pager}", "- {team: a, to: chat}",
                          "- {team: b, to: mail, group_by: [], group_wait: 1h, group_interval: 1m}",
                          "- {team: c, to: mail, group_by: [shard]}",
                          "- {to: main, group_by: [alertname, cluster], group_interval: 10m}"));
  EXPECT_THAT(imported.losses,
              ElementsAre(HasSubstr("a page is sent on its own, at once (and in 2 more places)"),
                          HasSubstr("route to 'mail': has a group_wait of 2h: 1h is the longest"),
                          HasSubstr("has a group_interval of 10s: 1m is the shortest"),
                          HasSubstr("the label 'shard' is on no alert of Highwater")));
  EXPECT_THAT(imported.wrong, IsEmpty());
}

TEST(ImportAlertmanagerRoutes, TimesOfGroupsWithoutLabelsAreSaid) {
  const ImportedConfig imported = from_routes("  group_wait: 30s\n  group_interval: 5m\n");
  EXPECT_THAT(imported.losses, ElementsAre(HasSubstr("without 'group_by': each incident is sent")));
  EXPECT_THAT(lines_of(imported), ElementsAre("- {to: main}"));
}

struct Refusal {
  std::string text;
  const char* says;
};

TEST(ImportAlertmanagerRoutes, WhatAlertmanagerRefusesIsRefused) {
  std::string many;
  for (int i = 0; i < 51; ++i) many += fmt::format("l{}=x,", i);
  const std::vector<Refusal> rows{
      {"  routes: [{receiver: nobody}]\n", "there is no receiver 'nobody'"},
      {"  routes: [{receiver: main, mute_time_intervals: [never]}]\n",
       "there is no time interval 'never'"},
      {"  routes: [{receiver: main, matchers: ['team=~\"(\"']}]\n", "is no regular expression"},
      {"  routes: [{receiver: main, matchers: ['team']}]\n", "'team' is no matcher"},
      {"  routes: [{receiver: main, matchers: ['team=\"a']}]\n", "is no matcher"},
      {"  routes: [hello]\n", "a route is no map"},
      {"  routes: [{receiver: main, matchers: ['" + many + "']}]\n", "more than 50 matchers"},
  };
  for (const Refusal& row : rows)
    EXPECT_THAT(from_routes(row.text).refused, Contains(HasSubstr(row.says))) << row.text;
}

TEST(ImportAlertmanagerRoutes, FilesOfAnotherKindAreToldWhatToDo) {
  EXPECT_THAT(from_alertmanager("").refused, ElementsAre(HasSubstr("the file is empty")));
  EXPECT_THAT(from_alertmanager("groups: []\n").refused,
              ElementsAre(HasSubstr("no configuration of Alertmanager")));
  EXPECT_THAT(
      from_alertmanager("apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\n")
          .refused,
      ElementsAre(HasSubstr("amtool --alertmanager.url=URL config show")));
  EXPECT_THAT(from_alertmanager("route: &r {receiver: a}\nother: *r\n").refused,
              ElementsAre(HasSubstr(
                  "anchors (&name) are not allowed: import what Alertmanager has made of it")));
}

TEST(ImportAlertmanagerRoutes, HugeTreesAreRefusedWithAPlace) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "{receiver: main, routes: [";
  std::string close;
  for (int i = 0; i < 40; ++i) close += "]}";
  EXPECT_THAT(from_routes("  routes: [" + deep + close + "]\n").refused,
              ElementsAre(HasSubstr("nested deeper than 32 levels")));
  std::string wide;
  for (int i = 0; i < 3000; ++i)
    wide += fmt::format("    - {{receiver: pager, matchers: [topic=\"t{}\"]}}\n", i);
  std::string regexes;
  for (int i = 0; i < 2001; ++i)
    regexes +=
        fmt::format("    - {{receiver: pager, matchers: ['topic=~\"[a-{}]\"']}}\n", "xyz"[i % 3]);
  EXPECT_THAT(from_routes("  routes:\n" + regexes).refused,
              ElementsAre(HasSubstr("more than 2000 regular expressions")));
  EXPECT_THAT(from_routes("  routes:\n" + wide).refused,
              ElementsAre(HasSubstr("the routes become more than 500 lines")));
  std::string branching;
  for (int i = 0; i < 40; ++i)
    branching += fmt::format(
        "    - {{receiver: pager, matchers: [a{}=x], continue: true, routes: [{{receiver: chat, "
        "matchers: [b{}=y]}}]}}\n",
        i, i);
  EXPECT_THAT(from_routes("  routes:\n" + branching).refused,
              ElementsAre(HasSubstr("the routes become more than 500 lines")));
}

// Bytes that are no UTF-8 are no regular expression, here as there.
TEST(ImportAlertmanagerRoutes, ARegexThatIsNoneIsAnErrorAlsoWithAlternatives) {
  for (const char* regex : {"\x9d|b", "a|\xff", "(a|b", "a|b)"})
    EXPECT_FALSE(alertmanager::LabelValues::like_regex(regex)) << regex;
  EXPECT_TRUE(alertmanager::LabelValues::like_regex("a|b"));
}

TEST(ImportAlertmanagerRoutes, APathBetweenSlashesIsNoRegexOfOurs) {
  const auto values = alertmanager::LabelValues::like_regex("/a.*/");
  ASSERT_TRUE(values);
  EXPECT_TRUE(values->takes("/abc/"));
  EXPECT_FALSE(values->takes("abc"));
}

}  // namespace
}  // namespace highwater::agent
