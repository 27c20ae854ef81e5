#include "exporters/incident_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/core/time.h"

namespace highwater {

namespace {

// "02:39:47 UTC"
std::string clock_text(WallTime at) {
  return format_time(at).substr(11, 8) + " UTC";
}

}  // namespace

std::string incident_title(const Incident& incident) {
  if (!incident.title.empty()) return incident.title;
  const Alert& cause = incident.cause;
  return cause.summary.empty() ? cause.entity.text_after(cause.rule) : cause.summary;
}

std::string impact_text(const Incident& incident) {
  std::string text;
  for (const Impact& impact : incident.impact) {
    if (!text.empty()) text += "; ";
    text += fmt::format("{} {} {}", impact.count, impact.noun, impact.state);
    for (size_t i = 0; i < impact.names.size(); ++i)
      text += (i == 0 ? ": " : ", ") + impact.names[i];
    if (!impact.names.empty() && impact.names.size() < impact.count)
      text += fmt::format(" and {} more", impact.count - impact.names.size());
  }
  return text;
}

std::string note_text(const Incident& incident) {
  const std::string& note = incident.headline.note;
  const auto says = [&](const std::string& text) { return text.find(note) != std::string::npos; };
  return says(incident_title(incident)) || says(incident.headline.description) ? "" : note;
}

std::string links_text(const Incident& incident) {
  std::string text;
  for (const IncidentLink& link : incident.links) {
    if (!text.empty()) text += "\n";
    text += fmt::format("{} incident {} (since {}): {}", link.affected ? "may affect" : "see also",
                        link.id, describe_time(link.since), link.title);
  }
  return text;
}

std::string over_text(const Incident& incident) {
  if (incident.ended || !incident.cause_over) return {};
  return fmt::format(
      "what caused it is over since {}: it ends by itself when what followed from it is over, too",
      clock_text(*incident.cause_over));
}

std::string before_text(Duration before, WallTime at) {
  const std::string clock = clock_text(at);
  if (before < std::chrono::seconds(1)) return clock + ", as it began";
  return fmt::format("{}, {} before it began", clock, describe_duration(before));
}

std::string changes_text(const Incident& incident) {
  std::string text;
  for (const PriorChange& change : incident.changes)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", before_text(change.before, change.at),
                        change.text);
  return text;
}

std::string escalation_text(const EscalationStep& step) {
  return fmt::format("{} at {} unless somebody acknowledges it", fmt::join(step.to, ", "),
                     describe_time(step.at));
}

}  // namespace highwater
