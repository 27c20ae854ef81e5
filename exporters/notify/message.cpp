#include "exporters/notify/message.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/budget_cost.h"
#include "agent/core/incident_group.h"
#include "agent/core/utf8.h"
#include "exporters/incident_text.h"
#include "exporters/push/budget_text.h"
#include "exporters/push/utf8.h"

namespace highwater::notify {
namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr size_t kMaxTextBytes = size_t{16} * 1024;
constexpr size_t kMaxFactBytes = 2048;
constexpr size_t kMaxEvidenceBytes = 300;
constexpr size_t kMaxTitleBytes = 160;  // of one of several incidents

std::string line(std::string_view text, size_t most = kMaxFactBytes) {
  return utf8::clean(text, most, utf8::Lines::join);
}

std::string status_text(const Delivery& delivery) {
  std::string status = "RESOLVED";
  if (!delivery.resolved()) {
    status = severity_name(delivery.incident().severity);
    std::ranges::transform(status, status.begin(),
                           [](char c) { return static_cast<char>(c - 32); });
  }
  return delivery.notice->test ? "TEST " + status : status;
}

// "error_budget_remaining" as people read it.
std::string fact_name(std::string name) {
  std::ranges::replace(name, '_', ' ');
  name[0] = static_cast<char>(name[0] - 32);
  return name;
}

std::vector<Fact> facts_of(const Delivery& delivery) {
  const Incident& incident = delivery.incident();
  std::vector<Fact> facts;
  const auto add = [&](std::string name, std::string_view text) {
    if (!text.empty()) facts.push_back({std::move(name), line(text)});
  };
  if (delivery.resolved()) {
    add("Resolved", delivery.notice->transition.resolution);
    const WallTime end = std::max(delivery.notice->at, incident.opened);
    add("Lasted", fmt::format("{}, from {} to {}", describe_duration(end - incident.opened),
                              format_time(incident.opened), format_time(end)));
    add("Budget spent", cost_text(incident));
  } else {
    add("Affected", delivery.notice->transition.affected);
    add("Escalated", delivery.notice->transition.because);
    add("Since", format_time(incident.opened));
  }
  add("Impact", impact_text(incident));
  if (!delivery.resolved()) add("Remedy", remedy_line(delivery.notice->remedy));
  // What holds while it lasts is wrong once it has ended.
  if (!delivery.resolved()) add("Note", note_text(incident));
  if (!delivery.resolved()) add("Changed", changes_text(incident));
  add("Cause", incident.cause.entity.text_after(incident.cause.rule));
  add("Team", incident.team);
  if (incident.headline.budget) {
    for (const auto& [name, text] : budget_texts(*incident.headline.budget))
      add(fact_name(name), text);
  }
  add("Other incidents", links_text(incident));
  add("Not saved", not_saved_text(*delivery.notice));
  if (delivery.notice->identity != nullptr) {
    for (const auto& [name, text] : *delivery.notice->identity) add(fact_name(name), text);
  }
  return facts;
}

void add_evidence(const Incident& incident, Message& message) {
  const size_t count = std::max(incident.evidence_count, incident.evidence.size());
  if (count == 0) return;
  const size_t listed = std::min(incident.evidence.size(), kMaxEvidence);
  message.evidence_title = fmt::format("{} alert{}{}:", count, count == 1 ? "" : "s",
                                       listed < count ? fmt::format(", {} of them", listed) : "");
  for (size_t i = 0; i < listed; ++i) {
    const Evidence& item = incident.evidence[i];
    message.evidence.push_back(
        line(fmt::format("[{}] {}{}: {}", severity_name(item.severity), item.ended ? "ended: " : "",
                         item.rule, item.summary),
             kMaxEvidenceBytes));
  }
}

// What is said of several incidents that are told together.
std::vector<Fact> facts_of_several(const Delivery& delivery) {
  const Incident& incident = delivery.incident();
  const IncidentGroup& group = *incident.group;
  std::vector<Fact> facts;
  if (delivery.resolved()) {
    facts.push_back({"Resolved", line(delivery.notice->transition.resolution)});
    const WallTime end = std::max(delivery.notice->at, incident.opened);
    facts.push_back(
        {"Lasted", fmt::format("{}, from {} to {}", describe_duration(end - incident.opened),
                               format_time(incident.opened), format_time(end))});
  } else {
    facts.push_back({"Since", format_time(incident.opened)});
  }
  std::string counts = fmt::format("{} open", group.open);
  if (group.news > 0 && group.news < group.open) counts += fmt::format(" ({} new)", group.news);
  if (group.ended > 0) counts += fmt::format(", {} ended", group.ended);
  facts.push_back({"Incidents", counts + fmt::format(", {} in all", group.total)});
  if (!incident.team.empty()) facts.push_back({"Team", line(incident.team)});
  return facts;
}

void add_several(const IncidentGroup& group, const std::string& external_url, Message& message) {
  const size_t listed = std::min(group.listed.size(), kMaxEvidence);
  if (listed == 0) return;
  message.evidence_title =
      fmt::format("{} incident{}{}:", group.count(), group.count() == 1 ? "" : "s",
                  listed < group.count() ? fmt::format(", {} of them", listed) : "");
  for (size_t i = 0; i < listed; ++i) {
    const GroupedIncident& one = group.listed[i];
    const std::string when = one.ended ? fmt::format(", from {} to {}: ", format_time(one.since),
                                                     format_time(*one.ended))
                                       : fmt::format(", since {}: ", format_time(one.since));
    // The address stays whole.
    message.evidence.push_back(
        line(fmt::format("[{}] {}", one.ended ? "ended" : severity_name(one.severity), one.title),
             kMaxTitleBytes) +
        when + incident_url(ungrouped(one), external_url));
  }
}

size_t units_of(std::string_view character, Unit unit) {
  if (unit == Unit::bytes) return character.size();
  return character.size() == 4 ? 2 : 1;
}

// As many whole characters as fit.
std::string_view first_units(std::string_view text, Limit limit) {
  size_t end = 0;
  size_t units = 0;
  while (end < text.size()) {
    const size_t bytes = utf8::character_length(text.substr(end));
    units += units_of(text.substr(end, bytes), limit.unit);
    if (units > limit.most) break;
    end += bytes;
  }
  return text.substr(0, end);
}

// The lines that are never cut.
std::string footer(const Message& message, Limit limit) {
  const std::string id = "Correlation id: " + message.correlation;
  const std::string whole = fmt::format(
      "Runbook: {}\nIncident: {}\n{}{}", message.runbook, message.page,
      message.acknowledge.empty() ? "" : "Acknowledge: " + message.acknowledge + "\n", id);
  if (length(whole, limit.unit) <= limit.most) return whole;
  return length(id, limit.unit) <= limit.most ? id : cut(id, limit);
}

}  // namespace

Message message_of(const Delivery& delivery, const std::string& external_url,
                   const MessageForm& form) {
  const Incident& incident = delivery.incident();
  Message message;
  message.status = status_text(delivery);
  message.title = line(incident_title(incident));
  if (!delivery.resolved())
    message.text = utf8::clean(incident.headline.description, kMaxTextBytes);
  if (is_several(incident)) {
    message.facts = facts_of_several(delivery);
    add_several(*incident.group, external_url, message);
  } else {
    message.facts = facts_of(delivery);
    add_evidence(incident, message);
  }
  message.page = incident_url(incident, external_url);
  message.runbook = runbook_url(incident, external_url);
  if (message.runbook.size() > kMaxUrlBytes) message.runbook = message.page;
  message.acknowledge = delivery.notice->acknowledge;
  message.correlation = incident.correlation.hex();
  message.severity = incident.severity;
  message.resolved = delivery.resolved();
  message.loud = is_several(incident) && incident.group->news > 0;
  if (form.title) message.title = line(form.title->render(delivery, external_url));
  // What a body says is of one incident.
  if (form.body && !is_several(incident)) {
    message.text = utf8::clean(form.body->render(delivery, external_url), kMaxTextBytes);
    message.facts.clear();
    message.evidence_title.clear();
    message.evidence.clear();
  }
  return message;
}

std::string runbook_url(const Incident& incident, const std::string& external_url) {
  const std::string& runbook = incident.headline.runbook;
  if (runbook.starts_with("http://") || runbook.starts_with("https://")) return runbook;
  return fmt::format("{}/runbooks/{}?incident={}", external_url, runbook, shown_id(incident));
}

std::string not_saved_text(const Notice& notice) {
  if (notice.state_problem.empty()) return {};
  return fmt::format("a restart of the agent would forget this: it cannot write its state ({})",
                     notice.state_problem);
}

std::string incident_url(const Incident& incident, const std::string& external_url) {
  if (is_several(incident)) return external_url + "/";
  return fmt::format("{}/?incident={}", external_url, shown_id(incident));
}

size_t length(std::string_view text, Unit unit) {
  if (unit == Unit::bytes) return text.size();
  size_t units = 0;
  while (!text.empty()) {
    const size_t bytes = utf8::character_length(text);
    units += units_of(text.substr(0, bytes), unit);
    text.remove_prefix(bytes);
  }
  return units;
}

std::string cut(std::string_view text, Limit limit) {
  if (length(text, limit.unit) <= limit.most) return std::string(text);
  const size_t ellipsis = length(kEllipsis, limit.unit);
  if (limit.most < ellipsis) return {};
  std::string_view kept = first_units(text, {limit.most - ellipsis, limit.unit});
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
  if (!is_space(text[kept.size()])) {
    const size_t space = kept.find_last_of(" \n\t");
    if (space != std::string_view::npos && space > 0) kept = kept.substr(0, space);
  }
  while (!kept.empty() && is_space(kept.back())) kept.remove_suffix(1);
  return std::string(kept) + std::string(kEllipsis);
}

std::string cut_escaped(std::string_view text, Limit limit, const Escape& escape) {
  Limit raw = limit;
  while (true) {
    std::string escaped = escape(cut(text, raw));
    const size_t size = length(escaped, limit.unit);
    if (size <= limit.most || raw.most == 0) return escaped;
    raw.most -= std::min(raw.most, std::max<size_t>((size - limit.most) / 8, 1));
  }
}

std::string body_text(const Message& message) {
  std::string body = message.text;
  if (!body.empty()) body += "\n\n";
  for (const Fact& fact : message.facts) body += fact.name + ": " + fact.text + "\n";
  if (!message.evidence_title.empty()) body += "\n" + message.evidence_title + "\n";
  for (const std::string& item : message.evidence) body += "- " + item + "\n";
  while (body.ends_with('\n')) body.pop_back();
  return body;
}

std::string plain_text(const Message& message, Limit limit) {
  const std::string end = footer(message, limit);
  const size_t used = length(end, limit.unit) + 2;
  if (used >= limit.most) return end;
  const std::string body = cut(body_text(message), {limit.most - used, limit.unit});
  return body.empty() ? end : body + "\n\n" + end;
}

}  // namespace highwater::notify
