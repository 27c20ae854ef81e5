#include "exporters/incident_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/html.h"
#include "exporters/push/budget_text.h"

namespace highwater {
namespace {

std::string row(std::string_view name, const std::string& html) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, html);
}

std::string evidence_list(const Incident& incident, WallTime now) {
  const size_t count = std::max(incident.evidence_count, incident.evidence.size());
  std::string html = fmt::format("<p>Evidence ({}):</p>\n<ul>\n", count);
  const size_t shown = std::min(incident.evidence.size(), kMaxEvidence);
  for (size_t i = 0; i < shown; ++i) {
    const Evidence& item = incident.evidence[i];
    html += fmt::format("<li>{} <span class=\"soft\">{}, {}{}</span></li>\n",
                        html_escape(item.summary), html_escape(item.rule),
                        since_text(item.since, now), item.ended ? ", ended" : "");
  }
  if (count > shown) html += fmt::format("<li class=\"soft\">and {} more</li>\n", count - shown);
  return html + "</ul>\n";
}

// "burn_rate" as people read it: "Burn rate".
std::string heading_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  if (!name.empty() && name.front() >= 'a' && name.front() <= 'z')
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
  return name;
}

}  // namespace

std::string incident_card(const Incident& incident, WallTime now) {
  const Alert& cause = incident.cause;
  const std::string_view severity = severity_name(incident.severity);
  std::string html = fmt::format(
      "<section class=\"card {}\">\n<p class=\"tag\">{} - incident {}</p>\n<h2>{}</h2>\n<table>\n",
      severity, severity, incident.id, html_escape(cause.summary));
  html += row("Since", since_text(incident.opened, now));
  html += row("Cause",
              fmt::format("{} on {}", html_escape(cause.rule), html_escape(cause.entity.text())));
  if (!cause.note.empty()) html += row("Seen", html_escape(cause.note));
  if (!cause.description.empty()) html += row("Description", html_escape(cause.description));
  if (cause.budget) {
    for (const auto& [name, text] : budget_texts(*cause.budget))
      html += row(heading_of(name), html_escape(text));
  }
  std::string impact;
  for (const auto& [what, count] : incident.impact)
    impact += fmt::format("{}{}: {}", impact.empty() ? "" : ", ", html_escape(what), count);
  if (!impact.empty()) html += row("Impact", impact);
  if (incident.former != 0)
    html += row("Follows", fmt::format("incident {} <code>{}</code>", incident.former,
                                       incident.former_correlation.hex()));
  html += row("Correlation id", fmt::format("<code>{}</code>", incident.correlation.hex()));
  html += "</table>\n";
  if (!incident.evidence.empty()) html += evidence_list(incident, now);
  return html + "</section>\n";
}

}  // namespace highwater
