// Who hears of an alert with certain labels at a certain time; and what a configuration may not
// say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config/config.h"
#include "rules/routing/director.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kHead =
    R"(clusters: [{name: prod, bootstrap: "k:1"}, {name: test, bootstrap: "k:2"}]
receivers:
  - {name: pager, command: {path: /bin/true}}
  - {name: slack, command: {path: /bin/true}}
  - {name: mail, command: {path: /bin/true}}
  - {name: night, command: {path: /bin/true}}
  - {name: am, alertmanager: {urls: "http://127.0.0.1:1"}}
)";

constexpr const char* kRouting = R"(
owners:
  - {team: payments, topics: ["payments-*"], groups: ["payments-*", billing]}
  - {team: search, clusters: test, topics: ["/^search/"]}
  - {team: platform, clusters: "*"}
routes:
  - {severity: page, during: {hours: "22:00-06:00", time_zone: Europe/Berlin}, to: night, continue: true}
  - {team: payments, severity: page, to: [pager, slack]}
  - {alertname: ["Replication*", /^Leader/], to: mail, repeat_interval: 1d}
  - {cluster: test, severity: [info, ticket], to: []}
  - {labels: {env: staging}, to: mail}
  - {broker: ["1", "2"], to: pager, repeat_interval: 0s}
  - {severity: ticket, during: {days: sat-sun, time_zone: Europe/Berlin}, to: mail}
  - {to: slack}
maintenance:
  - {name: rack, cluster: prod, broker: "2", from: 2026-06-01 10:00, until: 2026-06-01 11:00, comment: new disks}
)";

std::optional<Config> read(const std::string& text, Diagnostics& diagnostics) {
  return parse_config(kHead + text, "highwater.yaml", diagnostics);
}

struct Row {
  std::vector<std::string> labels;
  const char* at;
  const char* team;
  const char* hears;
};

TEST(Routes, LeadByLabelsAndTime) {
  Diagnostics diagnostics;
  const auto config = read(kRouting, diagnostics);
  ASSERT_TRUE(config) << diagnostics.front().text();
  const char* const noon = "2026-06-01 12:00";  // a Monday
  const std::vector<Row> rows{
      {{"cluster=prod", "severity=page", "topic=payments-in"}, noon, "payments", "pager slack"},
      {{"cluster=prod", "severity=ticket", "topic=payments-in"}, noon, "payments", "slack"},
      {{"cluster=prod", "severity=page", "group=billing"}, noon, "payments", "pager slack"},
      {{"cluster=prod", "severity=page", "group=billing2"}, noon, "platform", "slack"},
      {{"cluster=prod", "severity=page", "topic=orders", "group=billing"},
       noon,
       "payments",
       "pager slack"},
      {{"cluster=test", "severity=page", "topic=search-in"}, noon, "search", "slack"},
      {{"cluster=prod", "severity=page", "topic=search-in"}, noon, "platform", "slack"},
      {{"cluster=test", "severity=page", "topic=research"}, noon, "platform", "slack"},
      {{"severity=page", "topic=orders"}, noon, "", "slack"},
      {{"cluster=prod", "severity=page", "team=payments"}, noon, "payments", "pager slack"},
      {{"cluster=prod", "severity=page", "team=other", "topic=payments-in"},
       noon,
       "other",
       "slack"},
      {{"cluster=prod", "severity=ticket", "alertname=ReplicationAudit"},
       noon,
       "platform",
       "mail/1d"},
      {{"cluster=prod", "severity=page", "alertname=LeaderImbalance"}, noon, "platform", "mail/1d"},
      {{"cluster=prod", "severity=ticket", "alertname=NoLeader"}, noon, "platform", "slack"},
      {{"cluster=test", "severity=ticket"}, noon, "platform", ""},
      {{"cluster=test", "severity=info"}, noon, "platform", ""},
      {{"cluster=test", "severity=page"}, noon, "platform", "slack"},
      {{"cluster=prod", "severity=ticket", "env=staging"}, noon, "platform", "mail"},
      {{"cluster=prod", "severity=ticket", "env=production"}, noon, "platform", "slack"},
      {{"cluster=prod", "severity=page", "broker=2"}, noon, "platform", "pager/0s"},
      {{"cluster=prod", "severity=page", "broker=12"}, noon, "platform", "slack"},
      // The hours of a line; Berlin is two hours ahead of UTC in June, one in December.
      {{"cluster=prod", "severity=page"}, "2026-06-01 19:59", "platform", "slack"},
      {{"cluster=prod", "severity=page"}, "2026-06-01 20:00", "platform", "night slack"},
      {{"cluster=prod", "severity=page"}, "2026-06-02 03:59:59", "platform", "night slack"},
      {{"cluster=prod", "severity=page"}, "2026-06-02 04:00", "platform", "slack"},
      {{"cluster=prod", "severity=page"}, "2026-12-01 20:59", "platform", "slack"},
      {{"cluster=prod", "severity=page"}, "2026-12-01 21:00", "platform", "night slack"},
      // The clocks skip an hour of this night and show one twice in that.
      {{"cluster=prod", "severity=page"}, "2026-03-29 03:59", "platform", "night slack"},
      {{"cluster=prod", "severity=page"}, "2026-03-29 04:00", "platform", "slack"},
      {{"cluster=prod", "severity=page"}, "2026-10-25 04:59", "platform", "night slack"},
      {{"cluster=prod", "severity=page"}, "2026-10-25 05:00", "platform", "slack"},
      {{"cluster=prod", "severity=ticket"}, "2026-06-05 21:59", "platform", "slack"},
      {{"cluster=prod", "severity=ticket"}, "2026-06-05 22:00", "platform", "mail"},
      {{"cluster=prod", "severity=ticket"}, "2026-06-07 21:59", "platform", "mail"},
      {{"cluster=prod", "severity=ticket"}, "2026-06-07 22:00", "platform", "slack"},
  };
  for (const Row& row : rows) {
    rules::Labels labels = *rules::parse_labels(row.labels);
    const rules::Owner* const owner = rules::owner_of(config->routing.owners, labels);
    if (owner != nullptr) labels.emplace("team", owner->team);
    const WallTime at = *rules::parse_moment(row.at);
    const rules::Routes& routes = config->routing.routes;
    std::vector<std::string> heard;
    for (const Hearer& one : rules::route(routes, rules::open_lines(routes, at), labels).hearers)
      heard.push_back(one.receiver +
                      (one.repeat_interval ? "/" + format_duration(*one.repeat_interval) : ""));
    std::ranges::sort(heard);
    std::string hears;
    for (const std::string& one : heard) hears += (hears.empty() ? "" : " ") + one;
    EXPECT_EQ(hears, row.hears) << ::testing::PrintToString(row.labels) << " at " << row.at;
    EXPECT_EQ(labels.contains("team") ? labels.at("team") : "", row.team)
        << ::testing::PrintToString(row.labels);
  }
}

struct Mistake {
  const char* text;
  const char* place;
  const char* what;
};

TEST(RoutingConfig, MistakesAreSaidWithTheirPlace) {
  const std::vector<Mistake> mistakes{
      {"routes: [{to: mial}]\n", ":8:15:", "there is no receiver 'mial': did you mean 'mail'?"},
      {"routes: [{to: [mail, mail]}]\n", ":8:16:", "the receiver 'mail' is there twice"},
      {"routes: [{severity: page, to: mail}]\n", ":8:9:", "no line for what no other matches"},
      {"routes: []\n", ":8:9:", "no line for what no other matches"},
      {"routes: {to: mail}\n", ":8:9:", "'routes' must be a list"},
      {"routes: [{severity: page}, {to: mail}]\n", ":8:10:", "a route has no 'to'"},
      {"routes:\n  - {topic: a, to: []}\n  - {to: mail}\n",
       ":9:20:", "a page that comes here reaches nobody"},
      {"routes:\n  - {to: []}\n", ":9:10:", "a page that comes here reaches nobody"},
      {"routes:\n  - {severity: ticket, to: [], continue: true}\n  - {to: mail}\n",
       ":9:28:", "does nothing"},
      {"routes:\n  - {to: mail}\n  - {severity: page, to: pager}\n",
       ":10:5:", "it never matches: line 9 takes everything"},
      {"routes:\n  - {topic: [a, b], to: mail}\n  - {topic: b, severity: page, to: pager}\n  - "
       "{to: mail}\n",
       ":10:5:", "line 9 takes everything"},
      {"routes:\n  - {topic: \"pay-*\", to: mail}\n  - {topic: pay-in, to: pager}\n  - {to: "
       "mail}\n",
       ":10:5:", "line 9 takes everything"},
      {"routes: [{severity: pager, to: mail}, {to: mail}]\n",
       ":8:21:", "'pager' is not a severity: did you mean 'page'?"},
      {"routes: [{topic: \"/(/\", to: mail}, {to: mail}]\n",
       ":8:18:", "is not a regular expression"},
      {"routes: [{severty: page, to: mail}, {to: mail}]\n", ":8:11:", "did you mean 'severity'?"},
      {"routes: [{labels: {topic: a}, to: mail}, {to: mail}]\n",
       ":8:20:", "'topic' has a key of its own"},
      {"routes: [{during: {days: someday}, to: mail}, {to: mail}]\n", ":8:26:", "there is no day"},
      {"routes: [{topic: a, to: mail, repeat_interval: 30d}, {to: mail}]\n",
       ":8:48:", "choose between"},
      {"routes: [{to: mail, group_wait: 30s}]\n",
       ":8:33:", "'group_wait' without 'group_by': name the labels"},
      {"routes: [{to: mail, group_by: [incident]}]\n", ":8:32:", "a group by itself"},
      {"routes: [{to: mail, group_by: [topic, topic]}]\n", ":8:32:", "'topic' is no label, or"},
      {"routes: [{to: mail, group_by: [a, b, c, d, e, f, g, h, i, j, k]}]\n",
       ":8:31:", "more than 10 labels"},
      {"routes: [{to: mail, group_by: topic, group_wait: 2h}]\n", ":8:50:", "choose between"},
      {"routes: [{to: mail, group_by: topic, group_interval: 1s}]\n", ":8:54:", "choose between"},
      {"routes: [{severity: page, to: mail, group_by: topic}, {to: mail}]\n",
       ":8:47:", "a page is sent on its own"},
      {"routes: [{to: [mail, am], group_by: topic}]\n",
       ":8:37:", "'am' is of the kind 'alertmanager', which groups by itself"},
      {"routes: [{topic: a, as_evidence: true, to: mail, group_by: topic}, {to: mail}]\n",
       ":8:60:", "'group_by' does not go with 'as_evidence'"},
      {"routes: [{topic: a, as_evidence: true, to: mail, escalate: [{after: 10m, to: slack}]}, "
       "{to: mail}]\n",
       ":8:60:", "'escalate' does not go with 'as_evidence'"},
      {"routes:\n  - {as_evidence: true, to: mail}\n  - {as_evidence: true, topic: a, to: pager}\n"
       "  - {to: mail}\n",
       ":10:5:", "line 9 takes everything"},
      {"routes: [{as_evidence: true, to: mail}]\n", ":8:9:", "no line for what no other matches"},
      {"owners: [{topics: a}]\n", ":8:10:", "an owner has no 'team'"},
      {"owners:\n  - {team: a, clusters: \"*\"}\n  - {team: b, topics: x}\n",
       ":10:5:", "line 9 owns everything"},
      {"maintenance: [{name: a, topic: x}]\n", ":8:15:", "it never ends"},
      {"maintenance: [{name: a, until: 2026-06-01}]\n",
       ":8:15:", "it does not say what it is about"},
      {"maintenance: [{name: a, topic: x, from: 2026-06-02, until: 2026-06-01}]\n",
       ":8:60:", "it ends before it begins"},
      {"maintenance: [{name: a, topic: x, until: 2026-06-01, budget: exlude}]\n",
       ":8:62:", "'budget' cannot be 'exlude': did you mean 'exclude'"},
      {"maintenance: [{name: a, severity: page, until: 2026-06-01, budget: exclude}]\n",
       ":8:35:", "a budget has none"},
      {"maintenance: [{name: a, topic: x, calendar: a.ics}]\n", "a.ics",
       "the calendar cannot be read: No such file or directory"},
      {"maintenance: [{name: a, topic: x, until: tomorrow}]\n", ":8:42:", "is no moment"},
      {"maintenance: [{name: a, topic: x, until: 2026-06-01, time_zone: Berlin}]\n",
       ":8:65:", "there is no time zone"},
      {"maintenance: [{name: a, topic: x, until: 2026-06-01}, {name: a, topic: y, until: "
       "2026-06-01}]\n",
       ":8:62:", "two windows are named 'a'"},
  };
  for (const Mistake& mistake : mistakes) {
    Diagnostics diagnostics;
    EXPECT_FALSE(read(mistake.text, diagnostics)) << mistake.text;
    ASSERT_FALSE(diagnostics.empty()) << mistake.text;
    EXPECT_THAT(diagnostics.front().text(), HasSubstr(mistake.what)) << mistake.text;
    EXPECT_THAT(diagnostics.front().text(), HasSubstr(mistake.place)) << mistake.text;
    EXPECT_THAT(diagnostics, SizeIs(1)) << mistake.text;
  }
}

TEST(Moment, IsReadAsTheClocksShowIt) {
  struct Written {
    const char* text;
    const char* zone;
    const char* means;
  };
  const std::vector<Written> all{
      {"2026-06-01", "UTC", "2026-06-01T00:00:00.000Z"},
      {"2026-06-01 22:00", "UTC", "2026-06-01T22:00:00.000Z"},
      {"2026-06-01T22:00:30.5Z", "Europe/Berlin", "2026-06-01T22:00:30.000Z"},
      {"2026-06-01T22:00+02:00", "UTC", "2026-06-01T20:00:00.000Z"},
      {"2026-06-01 22:00 -05:30", "UTC", "2026-06-02T03:30:00.000Z"},
      {"2026-06-01 22:00", "Europe/Berlin", "2026-06-01T20:00:00.000Z"},
      {"2026-12-01 22:00", "Europe/Berlin", "2026-12-01T21:00:00.000Z"},
      {"2026-03-29 02:30", "Europe/Berlin", "2026-03-29T01:00:00.000Z"},  // skipped
      {"2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"},  // the first of two
  };
  for (const Written& one : all) {
    const auto moment = rules::parse_moment(one.text, one.zone);
    ASSERT_TRUE(moment) << one.text;
    EXPECT_EQ(format_time(*moment), one.means) << one.text << " in " << one.zone;
  }
  for (const char* const wrong :
       {"", "tomorrow", "2026-13-01", "2026-02-30", "2026-06-01 24:00", "2026-06-01 22",
        "2026-06-01T22:00:00ZZ", "2026-06-01 22:00 Europe/Berlin", "1969-01-01"})
    EXPECT_FALSE(rules::parse_moment(wrong)) << wrong;
}

TEST(Silences, SayUntilWhenTheyHide) {
  rules::Silence silence;
  silence.id = 3;
  silence.author = "ann";
  const WallTime now(std::chrono::seconds(1'700'000'000));
  silence.incidents = {17};
  EXPECT_EQ(silence.text(now), "silence 3 by ann until what it hides has ended");
  silence.ends = now + std::chrono::hours(1);
  silence.comment = "new disks";
  EXPECT_EQ(silence.text(now), "silence 3 by ann until 2023-11-14 23:13:20 UTC: new disks");
}

TEST(Silences, AreRefusedWhenTheySayTooLittleAndAreBounded) {
  const WallTime now = *rules::parse_moment("2026-06-01 12:00");
  const auto made = [&](std::vector<std::string> matchers, const char* author, const char* comment,
                        std::optional<Duration> lasts) {
    rules::Silence silence;
    silence.matcher = *rules::Matcher::parse(matchers);
    silence.author = author;
    silence.comment = comment;
    if (lasts) silence.ends = now + *lasts;
    return silence;
  };
  const Duration hour = std::chrono::hours(1);
  rules::Silences silences;
  EXPECT_FALSE(silences.add(made({}, "ann", "why", hour), now));
  EXPECT_FALSE(silences.add(made({"topic=a"}, "", "why", hour), now));
  EXPECT_FALSE(silences.add(made({"topic=a"}, "ann", " ", hour), now));
  EXPECT_FALSE(silences.add(made({"topic=a"}, "ann", "why", std::nullopt), now));
  EXPECT_FALSE(silences.add(made({"topic=a"}, "ann", "why", -hour), now));
  EXPECT_FALSE(silences.add(made({"topic=a"}, "ann", "why", hour * 24 * 400), now));
  for (size_t i = 0; i < rules::Silences::kMost; ++i)
    ASSERT_TRUE(silences.add(made({"topic=a"}, "ann", "why", hour), now));
  EXPECT_FALSE(silences.add(made({"topic=a"}, "ann", "why", hour), now));
  EXPECT_EQ(silences.all().back().id, rules::Silences::kMost);
  EXPECT_THAT(silences.expire(now + hour, {}), SizeIs(rules::Silences::kMost));
  EXPECT_EQ(*silences.add(made({"topic=a"}, "ann\n\x1B[31m", "why", hour * 2), now + hour),
            rules::Silences::kMost + 1);
  EXPECT_EQ(silences.all().back().author, "ann  [31m");
}

}  // namespace
}  // namespace highwater::agent
