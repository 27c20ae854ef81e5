#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporters/notify/message.h"
#include "exporters/notify/receivers/alertmanager_json.h"
#include "tests/exporters/notify/notify_samples.h"

namespace highwater::notify {
namespace {

using nlohmann::json;
using samples::broker_down;
using samples::entity;
using samples::notice;
using samples::wall;

const Sender kContext{"oncall", "http://watch.example:9877", ""};

json rendered(const std::vector<NoticePtr>& notices, const Sender& context = kContext) {
  return json::parse(webhook_json(notices, context));
}

Evidence evidence(const std::string& rule, const std::string& partition) {
  Evidence item;
  item.rule = rule;
  item.entity = entity({{"cluster", "prod"}, {"partition", partition}, {"topic", "orders"}});
  item.severity = Severity::page;
  item.summary = "orders-" + partition + " has no leader";
  item.since = wall(100);
  return item;
}

TEST(Payload, OfAFiringIncidentIsExactlyThis) {
  Incident incident = broker_down(7);
  incident.evidence = {evidence("LeaderlessPartitions", "4")};
  incident.evidence_count = 412;
  incident.impact = {{"partitions", "offline", 412, {}, true},
                     {"groups", "got another coordinator", 37, {"billing"}, true}};
  incident.former = 5;
  incident.former_correlation = samples::correlation(5);
  const json expected = json::parse(R"golden({
  "version": "4",
  "groupKey": "{}:{alertname=\"BrokerDown\", cluster=\"prod\", incident=\"7\"}",
  "truncatedAlerts": 0,
  "status": "firing",
  "receiver": "oncall",
  "groupLabels": {
    "alertname": "BrokerDown",
    "cluster": "prod",
    "incident": "7"
  },
  "commonLabels": {
    "alertname": "BrokerDown",
    "broker": "3",
    "cluster": "prod",
    "incident": "7",
    "severity": "page",
    "team": "streaming"
  },
  "commonAnnotations": {
    "summary": "Broker 3 of prod is down",
    "description": "Its connection was lost and cannot be opened again.",
    "runbook_url": "http://watch.example:9877/runbooks/broker-down?incident=7",
    "cause": "BrokerDown broker=3 cluster=prod",
    "correlation_id": "ab000000000000000000000000000007",
    "evidence": "412 alerts, 1 of them:\n- [page] LeaderlessPartitions cluster=prod partition=4 topic=orders: orders-4 has no leader",
    "impact": "412 partitions offline; 37 groups got another coordinator: billing and 36 more",
    "note": "connection refused since 00:01:38",
    "former": "incident 5 (correlation_id ab000000000000000000000000000005)"
  },
  "externalURL": "http://watch.example:9877",
  "alerts": [
    {
      "status": "firing",
      "labels": {
        "alertname": "BrokerDown",
        "broker": "3",
        "cluster": "prod",
        "incident": "7",
        "severity": "page",
        "team": "streaming"
      },
      "annotations": {
        "summary": "Broker 3 of prod is down",
        "description": "Its connection was lost and cannot be opened again.",
        "runbook_url": "http://watch.example:9877/runbooks/broker-down?incident=7",
        "cause": "BrokerDown broker=3 cluster=prod",
        "correlation_id": "ab000000000000000000000000000007",
        "evidence": "412 alerts, 1 of them:\n- [page] LeaderlessPartitions cluster=prod partition=4 topic=orders: orders-4 has no leader",
        "impact": "412 partitions offline; 37 groups got another coordinator: billing and 36 more",
        "note": "connection refused since 00:01:38",
        "former": "incident 5 (correlation_id ab000000000000000000000000000005)"
      },
      "startsAt": "2026-01-01T00:01:40.000Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "http://watch.example:9877/?incident=7",
      "fingerprint": "FINGERPRINT"
    }
  ]
})golden");
  json actual = rendered({notice(1, TransitionKind::opened, incident)});
  EXPECT_THAT(actual["alerts"][0]["fingerprint"].get<std::string>(),
              testing::MatchesRegex("[0-9a-f]{16}"));
  actual["alerts"][0]["fingerprint"] = "FINGERPRINT";
  EXPECT_EQ(actual, expected) << actual.dump(2);
}

TEST(Payload, OfAResolvedIncidentSaysWhenAndWhyItEnded) {
  const json payload = rendered({notice(2, TransitionKind::resolved, broker_down(7), wall(160))});
  EXPECT_EQ(payload["status"], "resolved");
  const json& alert = payload["alerts"][0];
  EXPECT_EQ(alert["status"], "resolved");
  EXPECT_EQ(alert["startsAt"], "2026-01-01T00:01:40.000Z");
  EXPECT_EQ(alert["endsAt"], "2026-01-01T00:02:40.000Z");
  EXPECT_EQ(alert["annotations"]["resolution"], "the condition ended");
  // What the page said of the present is wrong now.
  for (const char* name : {"description", "note", "changes", "remedy"})
    EXPECT_FALSE(alert["annotations"].contains(name)) << name;
}

TEST(Payload, OfSeveralIncidentsSharesOnlyWhatTheyHaveInCommon) {
  Incident other = broker_down(8);
  other.cause.entity = entity({{"broker", "4"}, {"cluster", "prod"}});
  const json payload = rendered({notice(1, TransitionKind::resolved, broker_down(7)),
                                 notice(2, TransitionKind::opened, other)});
  EXPECT_EQ(payload["status"], "firing");
  EXPECT_EQ(payload["alerts"].size(), 2);
  EXPECT_EQ(payload["groupLabels"], json({{"alertname", "BrokerDown"}, {"cluster", "prod"}}));
  EXPECT_EQ(payload["groupKey"], R"({}:{alertname="BrokerDown", cluster="prod"})");
  EXPECT_FALSE(payload["commonLabels"].contains("broker"));
  EXPECT_EQ(payload["commonLabels"]["team"], "streaming");
}

TEST(Payload, TakesARunbookThatIsAUrlAsItIs) {
  Incident incident = broker_down(7);
  incident.headline.runbook = "https://wiki.example/kafka#down";
  EXPECT_EQ(runbook_url(incident, "http://watch"), "https://wiki.example/kafka#down");
}

TEST(Payload, NamesTheDefaultClusterWhereTheEntityHasNone) {
  Incident incident = broker_down(7);
  incident.cause.entity = {};
  const json payload =
      rendered({notice(1, TransitionKind::opened, incident)}, {"oncall", "http://watch", "prod"});
  EXPECT_EQ(payload["commonLabels"]["cluster"], "prod");
}

TEST(Payload, LabelsOfTheRuleNeverHideTheIncidentsOwn) {
  Incident incident = broker_down(7);
  incident.cause.labels = {{"severity", "low"}, {"broker", "none"}, {"alertname", "x"}};
  const json labels = rendered({notice(1, TransitionKind::opened, incident)})["commonLabels"];
  EXPECT_EQ(labels["severity"], "page");
  EXPECT_EQ(labels["broker"], "3");
  EXPECT_EQ(labels["alertname"], "BrokerDown");
}

TEST(Fingerprint, IsFnv1aOverTheSortedLabelsWithoutSeverity) {
  Incident incident = broker_down(7);
  incident.cause.labels.clear();
  std::string bytes;
  for (const char* text :
       {"alertname", "BrokerDown", "broker", "3", "cluster", "prod", "incident", "7"}) {
    bytes += text;
    bytes += '\xff';
  }
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  EXPECT_EQ(std::stoull(fingerprint(incident, {}), nullptr, 16), hash);
}

TEST(Fingerprint, StaysWhenTheSeverityRises) {
  EXPECT_EQ(fingerprint(broker_down(7, Severity::ticket), {}),
            fingerprint(broker_down(7, Severity::page), {}));
}

TEST(Fingerprint, DiffersBetweenIncidents) {
  EXPECT_NE(fingerprint(broker_down(7), {}), fingerprint(broker_down(8), {}));
}

TEST(Payload, IsValidUtf8WhateverKafkaCallsItsGroups) {
  const std::string hostile("pay\xff\xc3(\xed\xa0\x80\x00\x1b[31m\"\\\n\xf0\x9f", 18);
  Incident incident = broker_down(7);
  incident.cause.entity = entity({{"cluster", "prod"}, {"group", hostile}});
  incident.title = "group " + hostile + " lags";
  incident.headline.note = hostile;
  incident.cause.labels = {{"owner", hostile}};
  incident.evidence = {evidence(hostile, hostile)};
  incident.evidence_count = 1;
  const std::string text =
      webhook_json(std::vector{notice(1, TransitionKind::opened, incident)}, kContext);
  const json payload = json::parse(text);  // refuses invalid UTF-8
  const std::string group = payload["commonLabels"]["group"];
  EXPECT_THAT(group, testing::StartsWith("pay\xEF\xBF\xBD"));
  EXPECT_THAT(group, testing::Not(testing::HasSubstr("\n")));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("\\u001b")));
}

TEST(Payload, CutsLongAnnotationsBetweenCharacters) {
  Incident incident = broker_down(7);
  for (int i = 0; i < 5000; ++i) incident.headline.description += "\u00e9";
  const json payload = rendered({notice(1, TransitionKind::opened, incident)});
  const std::string description = payload["commonAnnotations"]["description"];
  EXPECT_LE(description.size(), kMaxAnnotationBytes);
  EXPECT_GT(description.size(), kMaxAnnotationBytes - 4);
  EXPECT_THAT(description, testing::EndsWith("\u00e9\u2026"));
}

TEST(Payload, ShowsAtMostTwentyPiecesOfEvidenceAndTheirTrueCount) {
  Incident incident = broker_down(7);
  for (int i = 0; i < 30; ++i)
    incident.evidence.push_back(evidence("LeaderlessPartitions", std::to_string(i)));
  incident.evidence_count = 1000;
  const json payload = rendered({notice(1, TransitionKind::opened, incident)});
  const std::string text = payload["commonAnnotations"]["evidence"];
  EXPECT_THAT(text, testing::StartsWith("1000 alerts, 20 of them:\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20);
}

TEST(Payload, StaysWithinItsBoundHoweverLongEverythingIs) {
  Incident incident = broker_down(7);
  incident.title = incident.headline.description = incident.headline.note =
      std::string(100'000, '"');
  for (int i = 0; i < 50; ++i)
    incident.cause.labels.emplace_back("label" + std::to_string(i), std::string(5'000, '"'));
  const std::string one =
      webhook_json(std::vector{notice(1, TransitionKind::opened, incident)}, kContext);
  EXPECT_LE(one.size(), kMaxPayloadBytes);
  const json labels = json::parse(one)["alerts"][0]["labels"];
  EXPECT_LE(labels.size(), kMaxLabels);
  EXPECT_TRUE(labels.contains("severity") && labels.contains("incident"));

  const std::vector many(12, notice(1, TransitionKind::opened, incident));
  const std::string text = webhook_json(many, kContext);
  EXPECT_LE(text.size(), kMaxPayloadBytes);
  const json payload = json::parse(text);
  EXPECT_GT(payload["alerts"].size(), 0);
  EXPECT_EQ(payload["alerts"].size() + payload["truncatedAlerts"].get<size_t>(), 12);
}

TEST(Payload, OfAGroupHasAnAlertForEachIncident) {
  const json payload = rendered({notice(1, TransitionKind::updated, samples::group_of(4, 1))});
  EXPECT_EQ(payload["status"], "firing");
  EXPECT_EQ(payload["groupKey"], "{}:{cluster=\"prod\", group=\"3\"}");
  EXPECT_EQ(payload["groupLabels"], json({{"cluster", "prod"}, {"group", "3"}}));
  EXPECT_EQ(payload["commonLabels"],
            json({{"alertname", "ConsumerLag"}, {"cluster", "prod"}, {"severity", "ticket"}}));
  ASSERT_EQ(payload["alerts"].size(), 4);
  const json& first = payload["alerts"][0];
  EXPECT_EQ(first["labels"]["incident"], "100");
  EXPECT_EQ(first["labels"]["group"], "g0");
  EXPECT_EQ(first["startsAt"], "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(first["generatorURL"], "http://watch.example:9877/?incident=100");
  EXPECT_EQ(first["annotations"]["correlation_id"], samples::correlation(100).hex());
  EXPECT_EQ(payload["alerts"][3]["status"], "resolved");
  EXPECT_EQ(payload["alerts"][3]["endsAt"], "2026-01-01T00:16:40.000Z");
}

TEST(Payload, OfAGroupOfOneIsThatOfTheIncidentButForItsGroup) {
  json grouped = rendered({notice(1, TransitionKind::opened, samples::group_of_one())});
  json alone = rendered({notice(1, TransitionKind::opened, broker_down(7, Severity::ticket))});
  for (json* const one : {&grouped, &alone}) {
    one->erase("groupKey");
    one->erase("groupLabels");
  }
  EXPECT_EQ(grouped, alone);
}

TEST(Payload, OfAGroupWhoseIncidentsAreToldOtherwiseIsEmpty) {
  Incident left = samples::group_of(2);
  auto group = std::make_shared<IncidentGroup>(*left.group);
  group->listed.clear();
  group->open = 0;
  left.group = group;
  const json payload = rendered({notice(2, TransitionKind::resolved, left)});
  EXPECT_EQ(payload["status"], "resolved");
  EXPECT_EQ(payload["alerts"], json::array());
}

TEST(Payload, OfAGroupStaysWithinItsLimitAndCountsWhatIsLeftOut) {
  Incident large = samples::group_of(400);
  auto group = std::make_shared<IncidentGroup>(*large.group);
  for (GroupedIncident& one : group->listed) {
    for (int i = 0; i < 40; ++i)
      one.labels.emplace_back("label" + std::to_string(i), std::string(5'000, '"'));
  }
  large.group = group;
  const std::string text =
      webhook_json(std::vector{notice(1, TransitionKind::opened, large)}, kContext);
  EXPECT_LE(text.size(), kMaxPayloadBytes);
  const json payload = json::parse(text);
  EXPECT_GT(payload["alerts"].size(), 0);
  EXPECT_EQ(payload["alerts"].size() + payload["truncatedAlerts"].get<size_t>(), 400);
}

}  // namespace
}  // namespace highwater::notify
