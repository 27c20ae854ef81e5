#include "exporters/notify/receivers/alertmanager_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "agent/core/budget_cost.h"
#include "agent/core/incident_group.h"
#include "exporters/incident_text.h"
#include "exporters/notify/message.h"
#include "exporters/push/budget_text.h"
#include "exporters/push/utf8.h"

namespace highwater::notify {
namespace {

using Json = nlohmann::ordered_json;
using Texts = std::map<std::string, std::string>;

// How much of it is said.
struct Bounds {
  size_t annotation = 0;  // bytes of each
  size_t grouped = 0;     // alerts of each group
};

constexpr size_t kMaxEvidenceLineBytes = 180;  // 20 of them fit one annotation
constexpr std::string_view kNever = "0001-01-01T00:00:00Z";

// As they are, without bounds: the fingerprint must not confuse two long names.
// As many hex digits of the correlation id as tell incidents apart.
constexpr size_t kIncidentDigits = 12;

Texts raw_labels(const Incident& incident, const Sender& sender) {
  Texts labels;
  if (!sender.cluster.empty()) labels["cluster"] = sender.cluster;
  for (const auto& [name, value] : incident.cause.labels) labels[name] = value;
  for (const auto& [name, value] : incident.cause.entity.labels) labels[name.text()] = value.text();
  if (!incident.team.empty()) labels["team"] = incident.team;
  labels["alertname"] = incident.cause.rule;
  labels["severity"] = severity_name(incident.severity);
  labels["incident"] = sender.by_correlation ? incident.correlation.hex().substr(0, kIncidentDigits)
                                             : std::to_string(incident.id);
  return labels;
}

Texts labels_of(const Incident& incident, const Sender& sender) {
  // These are never the ones that a bound leaves out.
  constexpr std::array<std::string_view, 5> kAlways{"alertname", "cluster", "incident", "severity",
                                                    "team"};
  Texts labels;
  const Texts raw = raw_labels(incident, sender);
  size_t others = 0;
  for (const auto& [name, value] : raw) {
    const bool always = std::find(kAlways.begin(), kAlways.end(), name) != kAlways.end();
    if (!always && ++others > kMaxLabels - kAlways.size()) continue;
    labels[utf8::clean(name, 128, utf8::Lines::join)] =
        utf8::clean(value, kMaxLabelBytes, utf8::Lines::join);
  }
  return labels;
}

std::string cause_text(const Incident& incident) {
  return incident.headline.entity.text_after(incident.headline.rule);
}

// The true count comes first: it survives when the list is cut.
std::string evidence_text(const Incident& incident) {
  const size_t count = std::max(incident.evidence_count, incident.evidence.size());
  if (count == 0) return {};
  const size_t shown = std::min(incident.evidence.size(), kMaxEvidence);
  std::string text = fmt::format("{} alert{}", count, count == 1 ? "" : "s");
  if (shown < count) text += fmt::format(", {} of them", shown);
  text += ":";
  for (size_t i = 0; i < shown; ++i) {
    const Evidence& item = incident.evidence[i];
    const std::string line =
        fmt::format("- [{}] {}{}: {}", severity_name(item.severity), item.ended ? "ended: " : "",
                    item.entity.text_after(item.rule), item.summary);
    text += "\n" + utf8::clean(line, kMaxEvidenceLineBytes, utf8::Lines::join);
  }
  return text;
}

std::string former_text(const Incident& incident) {
  if (incident.former == 0) return {};
  std::string text = fmt::format("incident {}", incident.former);
  if (incident.former_correlation.valid())
    text += fmt::format(" (correlation_id {})", incident.former_correlation.hex());
  return text;
}

Texts annotations_of(const Notice& notice, const Sender& sender, size_t max_bytes) {
  const Incident& incident = notice.transition.incident;
  const Alert& headline = incident.headline;
  Texts annotations{
      {"summary", incident_title(incident)},
      {"runbook_url", runbook_url(incident, sender.external_url)},
      {"cause", cause_text(incident)},
      {"correlation_id", incident.correlation.hex()},
  };
  const auto add = [&](const char* name, std::string text) {
    if (!text.empty()) annotations[name] = std::move(text);
  };
  add("evidence", evidence_text(incident));
  add("impact", impact_text(incident));
  // What holds while it lasts is wrong once it has ended.
  if (notice.transition.kind != TransitionKind::resolved) {
    add("description", headline.description);
    add("note", note_text(incident));
    add("changes", changes_text(incident));
    add("remedy", remedy_line(notice.remedy));
  }
  add("links", links_text(incident));
  add("not_saved", not_saved_text(notice));
  if (notice.identity != nullptr) {
    for (const auto& [name, text] : *notice.identity) {
      if (!annotations.contains(name)) add(name.c_str(), text);
    }
  }
  if (headline.budget) {
    for (auto& [name, text] : budget_texts(*headline.budget)) add(name.c_str(), std::move(text));
  }
  add("former", former_text(incident));
  add("escalated", notice.transition.because);
  add("affected", notice.transition.affected);
  if (notice.transition.kind == TransitionKind::resolved) {
    add("resolution", notice.transition.resolution);
    add("budget_spent", cost_text(incident));
  }
  for (auto& [name, text] : annotations) text = utf8::clean(text, max_bytes);
  return annotations;
}

bool is_resolved(const Notice& notice) {
  return notice.transition.kind == TransitionKind::resolved;
}

Json alert_of(const Notice& notice, const Sender& sender, size_t max_annotation) {
  const Incident& incident = notice.transition.incident;
  Json alert;
  alert["status"] = is_resolved(notice) ? "resolved" : "firing";
  alert["labels"] = labels_of(incident, sender);
  alert["annotations"] = annotations_of(notice, sender, max_annotation);
  alert["startsAt"] = format_time(incident.opened);
  alert["endsAt"] =
      is_resolved(notice) ? format_time(std::max(notice.at, incident.opened)) : std::string(kNever);
  alert["generatorURL"] = incident_url(incident, sender.external_url);
  alert["fingerprint"] = fingerprint(incident, sender);
  return alert;
}

// Another broker that died, the quorum that is lost with it: an alert of its own in the same
// notification, so that whoever looks for its name finds it, and ends it when it ends.
Json named_alert_of(const Notice& notice, const Evidence& item, const Sender& sender,
                    size_t max_annotation) {
  const Incident& incident = notice.transition.incident;
  Incident own = incident;
  own.cause = {};
  own.cause.rule = item.rule;
  own.cause.entity = item.entity;
  own.severity = item.severity;
  const bool over = item.ended || is_resolved(notice);
  Json alert;
  alert["status"] = over ? "resolved" : "firing";
  alert["labels"] = labels_of(own, sender);
  alert["annotations"] = {{"summary", utf8::clean(item.summary, max_annotation)},
                          {"runbook_url", runbook_url(incident, sender.external_url)},
                          {"part_of", utf8::clean(incident_title(incident), max_annotation)},
                          {"correlation_id", incident.correlation.hex()}};
  alert["startsAt"] = format_time(item.since);
  alert["endsAt"] = over ? format_time(std::max(notice.at, item.since)) : std::string(kNever);
  alert["generatorURL"] = incident_url(incident, sender.external_url);
  alert["fingerprint"] = fingerprint(own, sender);
  return alert;
}

// One of several incidents that are told together.
Json grouped_alert_of(const GroupedIncident& grouped, const Sender& sender, size_t max_annotation) {
  const Incident own = ungrouped(grouped);
  Json alert;
  alert["status"] = grouped.ended ? "resolved" : "firing";
  alert["labels"] = labels_of(own, sender);
  alert["annotations"] = {{"summary", utf8::clean(grouped.title, max_annotation)},
                          {"runbook_url", runbook_url(own, sender.external_url)},
                          {"correlation_id", grouped.correlation.hex()}};
  alert["startsAt"] = format_time(grouped.since);
  alert["endsAt"] =
      grouped.ended ? format_time(std::max(*grouped.ended, grouped.since)) : std::string(kNever);
  alert["generatorURL"] = incident_url(own, sender.external_url);
  alert["fingerprint"] = fingerprint(own, sender);
  return alert;
}

// The only incident of a group, as if it were told by itself.
Notice alone(const Notice& notice) {
  Notice one = notice;
  Incident& incident = one.transition.incident;
  const GroupedIncident& grouped = incident.group->listed.front();
  incident.id = grouped.id;
  incident.correlation = grouped.correlation;
  one.transition.incident.group = nullptr;
  return one;
}

// What every alert says alike under `member`.
Json common(const Json& alerts, const char* member) {
  if (alerts.empty()) return Json::object();
  Json shared = alerts.front()[member];
  for (const Json& alert : alerts) {
    for (auto item = shared.begin(); item != shared.end();) {
      const auto found = alert[member].find(item.key());
      const bool alike = found != alert[member].end() && *found == item.value();
      item = alike ? std::next(item) : shared.erase(item);
    }
  }
  return shared;
}

std::string group_key(const Json& group_labels) {
  std::string key = "{}:{";
  for (const auto& [name, value] : group_labels.items()) {
    if (key.back() != '{') key += ", ";
    key += name + "=" + value.dump();
  }
  return key + "}";
}

// The incident's alert, and those of its evidence that are told by their own names; or those of the
// incidents that are told together.
void add_alerts(const Notice& notice, const Sender& sender, Bounds bounds, Json& alerts) {
  const size_t max_annotation = bounds.annotation;
  if (const auto& group = notice.transition.incident.group) {
    if (!is_several(notice.transition.incident))
      return add_alerts(alone(notice), sender, bounds, alerts);
    for (size_t i = 0; i < std::min(group->listed.size(), bounds.grouped); ++i)
      alerts.push_back(grouped_alert_of(group->listed[i], sender, max_annotation));
    return;
  }
  alerts.push_back(alert_of(notice, sender, max_annotation));
  for (const Evidence& item : notice.transition.incident.evidence) {
    if (item.named) alerts.push_back(named_alert_of(notice, item, sender, max_annotation));
  }
}

// Of the incidents of groups, how many are not among the alerts.
size_t left_out_of_groups(std::span<const NoticePtr> notices, size_t most) {
  size_t left_out = 0;
  for (const NoticePtr& notice : notices) {
    const Incident& incident = notice->transition.incident;
    if (!is_several(incident)) continue;
    left_out += incident.group->count() - std::min(incident.group->listed.size(), most);
  }
  return left_out;
}

// Those of a group are what it was made by; else what all alerts have of these.
Json group_labels_of(std::span<const NoticePtr> notices, const Json& common_labels) {
  Json labels = Json::object();
  const Incident& first = notices.front()->transition.incident;
  if (notices.size() == 1 && first.group != nullptr) {
    for (const auto& [name, value] : first.group->labels)
      labels[utf8::clean(name, 128, utf8::Lines::join)] =
          utf8::clean(value, kMaxLabelBytes, utf8::Lines::join);
    labels["group"] = std::to_string(group_number(first.id));
    return labels;
  }
  for (const char* name : {"alertname", "cluster", "incident"}) {
    if (common_labels.contains(name)) labels[name] = common_labels[name];
  }
  return labels;
}

std::string render(std::span<const NoticePtr> notices, size_t left_out, const Sender& sender,
                   Bounds bounds) {
  Json alerts = Json::array();
  for (const NoticePtr& notice : notices) add_alerts(*notice, sender, bounds, alerts);
  const bool firing = std::any_of(notices.begin(), notices.end(),
                                  [](const NoticePtr& notice) { return !is_resolved(*notice); });
  const Json common_labels = common(alerts, "labels");
  const Json group_labels = group_labels_of(notices, common_labels);
  Json payload;
  payload["version"] = "4";
  payload["groupKey"] = group_key(group_labels);
  payload["truncatedAlerts"] = left_out + left_out_of_groups(notices, bounds.grouped);
  payload["status"] = firing ? "firing" : "resolved";
  payload["receiver"] = utf8::clean(sender.receiver, kMaxLabelBytes, utf8::Lines::join);
  payload["groupLabels"] = group_labels;
  payload["commonLabels"] = common_labels;
  payload["commonAnnotations"] = common(alerts, "annotations");
  payload["externalURL"] = sender.external_url;
  payload["alerts"] = std::move(alerts);
  return payload.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string webhook_json(std::span<const NoticePtr> notices, const Sender& sender) {
  size_t shown = notices.size();
  size_t grouped = kMaxGrouped;
  std::string json;
  while (true) {
    for (const size_t max_annotation : {kMaxAnnotationBytes, size_t{1024}, size_t{256}}) {
      json =
          render(notices.first(shown), notices.size() - shown, sender, {max_annotation, grouped});
      if (json.size() <= kMaxPayloadBytes) return json;
    }
    // One alert always fits: its labels and shortened annotations are bounded far below the limit.
    if (shown == 1 && grouped == 1) return json;
    if (shown == 1) grouped = (grouped + 1) / 2;
    shown = (shown + 1) / 2;
  }
}

std::string posted_alerts_json(const Notice& notice, const Sender& sender, WallTime firing_ends,
                               std::string_view told_severity) {
  Json alerts = Json::array();
  add_alerts(notice, sender, {kMaxAnnotationBytes, kMaxGrouped}, alerts);
  for (Json& alert : alerts) {
    if (alert["status"] == "firing") alert["endsAt"] = format_time(firing_ends);
    alert.erase("status");
    alert.erase("fingerprint");
  }
  const Incident& incident = notice.transition.incident;
  if (!told_severity.empty() && told_severity != severity_name(incident.severity)) {
    Json former = alerts.front();
    former["labels"]["severity"] = told_severity;
    former["endsAt"] = format_time(std::max(notice.at, incident.opened));
    alerts.push_back(std::move(former));
  }
  return alerts.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string fingerprint(const Incident& incident, const Sender& sender) {
  uint64_t hash = 14695981039346656037ULL;
  const auto add_byte = [&](unsigned char byte) {
    hash ^= byte;
    hash *= 1099511628211ULL;
  };
  const auto add = [&](const std::string& text) {
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
    add_byte(0xFF);
  };
  for (const auto& [name, value] : raw_labels(incident, sender)) {
    if (name == "severity") continue;
    add(name);
    add(value);
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace highwater::notify
