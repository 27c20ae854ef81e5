// Incidents and transitions for the tests of what is pushed out.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/incident_group.h"
#include "agent/core/report.h"
#include "exporters/notify/notice.h"

namespace highwater::samples {

inline WallTime wall(int64_t seconds_after_2026) {
  return WallTime(std::chrono::seconds(1'767'225'600 + seconds_after_2026));  // 2026-01-01T00:00Z
}

inline Entity entity(const std::vector<std::pair<std::string, std::string>>& labels) {
  Entity made;
  for (const auto& [name, value] : labels) made.labels.emplace_back(Symbol(name), Symbol(value));
  return made;
}

inline TraceId correlation(uint64_t incident) {
  TraceId id;
  id.bytes[0] = 0xab;
  id.bytes[15] = static_cast<uint8_t>(incident);
  return id;
}

inline Incident broker_down(uint64_t id, Severity severity = Severity::page) {
  Incident incident;
  incident.id = id;
  incident.correlation = correlation(id);
  incident.severity = severity;
  incident.opened = wall(100);
  incident.updated = wall(100);
  incident.cause.rule = "BrokerDown";
  incident.cause.entity = entity({{"broker", "3"}, {"cluster", "prod"}});
  incident.cause.severity = severity;
  incident.cause.state = AlertState::firing;
  incident.cause.summary = "Broker 3 of prod is down";
  incident.cause.description = "Its connection was lost and cannot be opened again.";
  incident.cause.note = "connection refused since 00:01:38";
  incident.cause.runbook = "broker-down";
  incident.cause.labels = {{"team", "streaming"}};
  incident.cause.incident = id;
  incident.headline = incident.cause;
  incident.title = incident.cause.summary;
  return incident;
}

// As large and as foreign as an incident can be: a description of 100 KB, 400 alerts of evidence,
// emoji, writing from right to left, what markup would take for its own, and bytes that are no
// text.
inline Incident huge(uint64_t id) {
  Incident incident = broker_down(id);
  incident.title = "<b>*_`@everyone`_*</b> & \xF0\x9F\x94\xA5 ";
  for (int i = 0; i < 300; ++i) incident.title += "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D <!channel> ";
  incident.headline.description.clear();
  while (incident.headline.description.size() < 100'000)
    incident.headline.description += "\xF0\x9F\x94\xA5 <a href=\"x\">[x](y)</a> & \"q\" \\ \n";
  incident.headline.note = "\xFF\xFE \x1B[31m";
  incident.evidence_count = 400;
  for (size_t i = 0; i < kMaxEvidence; ++i) {
    Evidence item;
    item.rule = "ConsumerLag";
    item.entity = entity({{"group", "payments-\xF0\x9F\x94\xA5"}, {"cluster", "prod"}});
    item.summary = "Group <payments> & co is *behind* by 100_000 records " + std::string(400, 'x');
    item.since = wall(101);
    incident.evidence.push_back(std::move(item));
  }
  return incident;
}

// Group 3 of so many tickets, each with a large and foreign name; as many as fit are listed.
inline Incident group_of(size_t count, size_t ended = 0) {
  auto group = std::make_shared<IncidentGroup>();
  group->receiver = "oncall";
  group->labels = {{"cluster", "prod"}};
  group->open = count - ended;
  group->ended = ended;
  group->total = count;
  group->news = group->open;
  for (size_t i = 0; i < std::min(count, kMaxGrouped); ++i) {
    GroupedIncident one;
    one.id = 100 + i;
    one.correlation = correlation(100 + i);
    one.rule = "ConsumerLag";
    one.entity = entity({{"cluster", "prod"}, {"group", "g" + std::to_string(i)}});
    one.title = "Group <g" + std::to_string(i) + "> & *co* lags \xF0\x9F\x94\xA5 \xD7\xA9";
    if (count > 2) one.title += " " + std::string(300, 'x') + "\n@everyone `_";
    one.severity = Severity::ticket;
    one.runbook = "consumer-lag";
    one.since = wall(static_cast<int64_t>(i));
    if (i >= group->open) one.ended = wall(1000);
    group->listed.push_back(std::move(one));
  }
  Incident incident;
  incident.id = kFirstGroupId + 3;
  incident.correlation = correlation(3);
  incident.title = std::to_string(group->open) + " incidents (cluster=prod)";
  incident.severity = Severity::ticket;
  incident.opened = wall(0);
  incident.cause.rule = "ConsumerLag";
  incident.cause.entity = entity({{"cluster", "prod"}});
  incident.cause.runbook = "consumer-lag";
  incident.headline = incident.cause;
  incident.group = std::move(group);
  return incident;
}

// The only one of its group.
inline Incident group_of_one() {
  Incident incident = broker_down(7, Severity::ticket);
  auto group = std::make_shared<IncidentGroup>();
  group->receiver = "oncall";
  group->labels = {{"cluster", "prod"}};
  group->open = group->total = group->news = 1;
  GroupedIncident& one = group->listed.emplace_back();
  one.id = 7;
  one.correlation = correlation(7);
  one.rule = incident.cause.rule;
  one.entity = incident.cause.entity;
  one.labels = incident.cause.labels;
  one.title = incident.title;
  one.runbook = "broker-down";
  one.since = incident.opened;
  incident.id = kFirstGroupId + 3;
  incident.correlation = correlation(3);
  incident.group = std::move(group);
  return incident;
}

// Code points.
inline size_t characters(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return count;
}

inline Transition transition(uint64_t sequence, TransitionKind kind, Incident incident) {
  Transition made;
  made.sequence = sequence;
  made.kind = kind;
  made.incident = std::move(incident);
  if (kind == TransitionKind::resolved) made.resolution = "the condition ended";
  return made;
}

inline notify::NoticePtr notice(uint64_t sequence, TransitionKind kind, Incident incident,
                                WallTime at = wall(101)) {
  return std::make_shared<notify::Notice>(
      notify::Notice{transition(sequence, kind, std::move(incident)), at});
}

}  // namespace highwater::samples
