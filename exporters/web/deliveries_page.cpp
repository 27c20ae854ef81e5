#include "exporters/web/deliveries_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/core/incident_group.h"
#include "exporters/html/html.h"

namespace highwater::web {
namespace {

using notify::DeliveryEntry;
using notify::Outcome;

constexpr std::string_view kHome = ".";
constexpr size_t kMostLinks = 5;  // of the incidents of a group

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::delivered:
      return "delivered";
    case Outcome::retry:
      return "failed";
    case Outcome::refused:
      return "refused";
  }
  return "failed";
}

std::string_view what_name(const DeliveryEntry& entry) {
  return entry.resolved ? "resolved" : severity_name(entry.severity);
}

std::string failure_text(const DeliveryEntry& entry) {
  const std::string tries =
      entry.attempts > 1 ? fmt::format(" {} times", entry.attempts) : std::string();
  return fmt::format("{}{}: {}", outcome_name(entry.outcome), tries,
                     entry.text.empty() ? "no reason was given" : entry.text);
}

// "lead: sent 2026-11-29 02:14:07 UTC, 3 min ago" of the newest that was tried.
std::string told_text(const DeliveryEntry& entry, uint64_t incident, WallTime now) {
  const notify::DeliveredPart* const part = entry.part(incident);
  if (entry.outcome != Outcome::delivered)
    return fmt::format("{}: <strong>not delivered</strong>, {}", html_escape(entry.receiver),
                       html_escape(failure_text(entry)));
  return fmt::format("{}: {} {}", html_escape(entry.receiver),
                     (part != nullptr ? part->ended : entry.resolved) ? "end sent" : "sent",
                     since_text(entry.at, now)) +
         (part != nullptr ? ", with others" : "");
}

// What one receiver was told of an incident.
struct Told {
  const DeliveryEntry* newest = nullptr;  // that was tried
  const DeliveryEntry* first = nullptr;   // that was delivered
};

std::string told_text(const Told& told, uint64_t incident, WallTime now) {
  std::string html = told_text(*told.newest, incident, now);
  if (told.first != nullptr && told.first != told.newest && told.first->at != told.newest->at)
    html += "; first sent " + since_text(told.first->at, now);
  return html;
}

std::string delay_text(Duration delay) {
  return delay < std::chrono::milliseconds(1) ? "at once" : "after " + describe_duration(delay);
}

// The delay of a repeat would count from when the incident was sent first.
std::string outcome_html(const DeliveryEntry& entry) {
  if (entry.outcome != Outcome::delivered)
    return "<strong>" + html_escape(failure_text(entry)) + "</strong>";
  const std::string html = entry.repeat ? "repeated" : "delivered " + delay_text(entry.delay);
  return entry.text.empty() ? html : html + ", but " + html_escape(entry.text);
}

std::string incident_links(const DeliveryEntry& entry) {
  const auto link = [](uint64_t incident, const std::string& correlation) {
    return fmt::format("<a href=\"incident?id={}\">incident {}</a>", correlation, incident);
  };
  if (!is_group(entry.incident)) return link(entry.incident, entry.correlation);
  std::string links = id_text(entry.incident);
  for (size_t i = 0; i < std::min(entry.parts.size(), kMostLinks); ++i)
    links += (i == 0 ? ": " : ", ") + link(entry.parts[i].incident, entry.parts[i].correlation);
  if (entry.parts.size() > kMostLinks)
    links += fmt::format(" and {} more", entry.parts.size() - kMostLinks);
  return links;
}

}  // namespace

std::string told_of(const notify::DeliveryLog& log, const Incident& incident, WallTime now) {
  std::map<std::string_view, Told> receivers;
  const std::vector<DeliveryEntry> entries = log.newest(incident.id, kMostDeliveries);
  const std::string correlation = incident.correlation.hex();
  for (const DeliveryEntry& entry : entries) {
    // Numbers begin anew when the state was lost.
    const notify::DeliveredPart* const part = entry.part(incident.id);
    if ((part != nullptr ? part->correlation : entry.correlation) != correlation) continue;
    Told& told = receivers[entry.receiver];
    if (told.newest == nullptr) told.newest = &entry;
    if (entry.outcome == Outcome::delivered) told.first = &entry;
  }
  std::string html;
  for (const auto& [receiver, told] : receivers)
    html += (html.empty() ? "" : "<br>\n") + told_text(told, incident.id, now);
  return html;
}

std::string deliveries_page(const notify::DeliveryLog& log, WallTime now) {
  std::string rows;
  for (const DeliveryEntry& entry : log.newest(std::nullopt, kMostDeliveries)) {
    rows +=
        fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    since_text(entry.at, now), html_escape(entry.receiver), incident_links(entry),
                    what_name(entry), html_escape(entry.title), outcome_html(entry));
  }
  std::string body = "<h1>Deliveries</h1>\n";
  if (rows.empty())
    body += "<p class=\"calm\">No notification was sent yet.</p>\n";
  else
    body += wide_table("Deliveries",
                       "<th>When</th><th>Receiver</th><th>Incident</th><th>Sent</th>"
                       "<th>Title</th><th>Outcome</th>",
                       rows, OnNarrow::stack);
  return html_page("Deliveries", body, {.home = kHome, .live = true});
}

namespace {

// The incidents of a group.
nlohmann::ordered_json parts_of(const DeliveryEntry& entry) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const notify::DeliveredPart& one : entry.parts) list.push_back(one.incident);
  return list;
}

}  // namespace

std::string deliveries_json(const notify::DeliveryLog& log, WallTime now,
                            std::optional<uint64_t> incident, size_t most) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const DeliveryEntry& entry : log.newest(incident, most)) {
    list.push_back(
        {{"at", format_time(entry.at)},
         {"begun", format_time(entry.begun)},
         {"receiver", entry.receiver},
         {"incident", is_group(entry.incident) ? Json() : Json(entry.incident)},
         {"group", is_group(entry.incident) ? Json(group_number(entry.incident)) : Json()},
         {"incidents", parts_of(entry)},
         {"correlation_id", entry.correlation},
         {"title", entry.title},
         {"severity", severity_name(entry.severity)},
         {"status", entry.resolved ? "resolved" : "firing"},
         {"repeat", entry.repeat},
         {"outcome", outcome_name(entry.outcome)},
         {"attempts", entry.attempts},
         {"code", entry.status == 0 ? Json() : Json(entry.status)},
         {"why", entry.text},
         {"seconds", to_seconds(entry.delay)}});
  }
  const Json json{{"now", format_time(now)}, {"deliveries", std::move(list)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace highwater::web
