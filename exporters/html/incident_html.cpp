#include "exporters/html/incident_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/budget_cost.h"
#include "exporters/html/html.h"
#include "exporters/incident_text.h"
#include "exporters/push/budget_text.h"
#include "exporters/web/links.h"

namespace highwater {
namespace {

constexpr std::string_view kClearsAt = "clears_at";  // of the texts of a budget
constexpr size_t kUnfolded = 3;  // alerts that an incident shows without being asked

std::string row(std::string_view name, const std::string& html) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, html);
}

std::string remedy_html(const Remedy& remedy) {
  std::string html = html_escape(remedy.action);
  if (remedy.commands.empty())
    return html + (html.empty() ? "no command: " : ": ") + html_escape(remedy.check);
  html += "<pre tabindex=\"0\"><code>";
  for (const std::string& command : remedy.commands) html += html_escape(command) + "\n";
  return html + "</code></pre>" + html_escape(remedy.check);
}

std::string evidence_list(const Incident& incident, WallTime now) {
  const size_t count = std::max(incident.evidence_count, incident.evidence.size());
  std::string html = fmt::format("<details{}><summary>What belongs to it ({})</summary>\n<ul>\n",
                                 count <= kUnfolded ? " open" : "", count);
  const size_t shown = std::min(incident.evidence.size(), kMaxEvidence);
  for (size_t i = 0; i < shown; ++i) {
    const Evidence& item = incident.evidence[i];
    html += fmt::format("<li>{} <span class=\"soft\">{}, {}{}</span></li>\n",
                        html_escape(item.summary), html_escape(item.rule),
                        since_text(item.since, now), item.ended ? ", ended" : "");
  }
  if (count > shown) html += fmt::format("<li class=\"soft\">and {} more</li>\n", count - shown);
  return html + "</ul></details>\n";
}

// "burn_rate" as people read it: "Burn rate".
std::string heading_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  if (!name.empty() && name.front() >= 'a' && name.front() <= 'z')
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
  return name;
}

// When it will end, as far as that can be said.
std::string end_html(const Incident& incident, WallTime now, const CardParts& parts) {
  if (incident.ended) return {};
  if (incident.cause_over) return over_text(incident);
  const auto& budget = incident.headline.budget;
  if (!budget || !budget->clears_at) return parts.ends;
  return until_text(*budget->clears_at, now) + ", if all is good from now on";
}

}  // namespace

std::string incident_card(const Incident& incident, WallTime now, std::string_view home,
                          const CardParts& parts) {
  const auto anchor = [&](uint64_t id) {
    return fmt::format("<a href=\"{0}/incident?id={1}\">incident {1}</a>", home, id);
  };
  const Alert& headline = incident.headline;
  const std::string_view severity = severity_name(incident.severity);
  std::string html = fmt::format(
      "<section class=\"card {0}\">\n<p class=\"tag\">{0} - {1}</p>\n<h2>{2}</h2>\n<table>\n",
      incident.ended ? "over" : severity, anchor(incident.id),
      html_escape(incident_title(incident)));
  html += row("Since", since_text(incident.opened, now));
  if (incident.ended)
    html +=
        row("Ended", since_text(*incident.ended, now) + ": " + html_escape(incident.resolution));
  if (const std::string end = end_html(incident, now, parts); !end.empty())
    html += row("Ends", end);
  if (incident.direction != nullptr) {
    for (const std::string& silence : incident.direction->silenced_by)
      html += row("Silenced", html_escape(silence));
    if (!incident.direction->acknowledged.empty())
      html += row("Acknowledged", html_escape(incident.direction->acknowledged));
    if (incident.direction->next)
      html += row("Escalation", html_escape(escalation_text(*incident.direction->next)));
  }
  if (!parts.told.empty()) html += row("Notified", parts.told);
  if (!incident.team.empty()) html += row("Team", html_escape(incident.team));
  const std::string impact = impact_text(incident);
  html += row("Who suffers", impact.empty() ? "<span class=\"soft\">nobody that is known</span>"
                                            : html_escape(impact));
  html += row("Cause", fmt::format("{}: {}", html_escape(headline.rule),
                                   web::entity_anchors(home, headline.entity)));
  if (const std::string note = note_text(incident); !note.empty())
    html += row("Seen", html_escape(note));
  if (!parts.changed.empty()) html += row("What changed before", parts.changed);
  if (!headline.description.empty() && !incident.ended)
    html += row("What to do", html_escape(headline.description));
  if (parts.remedy && !incident.ended) html += row("Remedy", remedy_html(*parts.remedy));
  if (const std::string cost = cost_text(incident); incident.ended && !cost.empty())
    html += row("Cost", cost);
  // How fast the budget burns is said while it does.
  if (headline.budget && !incident.ended) {
    for (const auto& [name, text] : budget_texts(*headline.budget)) {
      if (name != kClearsAt) html += row(heading_of(name), html_escape(text));
    }
  }
  for (const IncidentLink& link : incident.links)
    html += row(link.affected ? "May affect" : "See also",
                fmt::format("{}, {}: {}", anchor(link.id), since_text(link.since, now),
                            html_escape(link.title)));
  if (incident.former != 0)
    html += row("Follows", fmt::format("{} <code>{}</code>", anchor(incident.former),
                                       incident.former_correlation.hex()));
  html += row("Correlation id", fmt::format("<code>{}</code>", incident.correlation.hex()));
  html += "</table>\n";
  if (!incident.evidence.empty()) html += evidence_list(incident, now);
  return html + parts.more + "</section>\n";
}

std::string incident_item(const Incident& incident, WallTime now, std::string_view home) {
  const std::string_view severity = incident.ended ? "over" : severity_name(incident.severity);
  return fmt::format(
      "<li class=\"{0}\"><span class=\"tag\">{0}</span> <a href=\"{1}/incident?id={2}\">{3}</a> "
      "<span class=\"soft\">since {4}</span></li>\n",
      severity, home, incident.id, html_escape(incident_title(incident)),
      since_text(incident.opened, now));
}

}  // namespace highwater
