#include "exporters/remedies/remedy.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/remedies/case.h"
#include "exporters/remedies/registry.h"

namespace highwater {
namespace {

using remedies::no_remedy;

constexpr size_t kLongestCommands = 600;  // bytes in a notification

bool names_can_be_typed(const Entity& entity) {
  return std::ranges::all_of(
      entity.labels, [](const auto& label) { return remedies::can_be_typed(label.second.text()); });
}

bool asks_kafka(const Remedy& remedy) {
  return std::ranges::any_of(remedy.commands, [](const std::string& command) {
    return command.find(" --bootstrap-server ") != std::string::npos;
  });
}

// Of one alert of the incident.
Remedy remedy_of(const Incident& incident, const Alert& alert, const Report& report,
                 const ToolAccess& access) {
  const remedies::RuleRemedy* const rule = remedies::find_rule(alert.rule);
  if (rule == nullptr) return no_remedy("it is a rule of your own: its runbook may have one");
  if (rule->make == nullptr) return no_remedy(std::string(rule->why_none));
  if (report.snapshot == nullptr) return no_remedy("nothing was read yet");
  if (alert.unknown) return no_remedy("what it rests on cannot be read at the moment");
  if (!names_can_be_typed(alert.entity))
    return no_remedy("a name in it has characters that a terminal would not show as they are");
  const ClusterFacts facts(*report.snapshot, alert.entity.label("cluster").text(),
                           report.at.steady);
  Remedy remedy = rule->make({incident, alert, facts, access});
  if (!asks_kafka(remedy)) return remedy;
  if (access.bootstrap.empty()) return no_remedy("the cluster's servers are not known any more");
  if (access.secured) remedy.check += "; client.properties stands for a file with your login";
  return remedy;
}

}  // namespace

Remedy remedy_of(const Incident& incident, const Report& report, const ToolAccess& access) {
  if (incident.cause_over) return no_remedy("what caused it is over, and it ends by itself");
  if (!incident.headline.budget) return remedy_of(incident, incident.headline, report, access);
  // A budget burns for many reasons: one that is known is among what belongs to the incident.
  bool any = false;
  for (const Evidence& evidence : incident.evidence) {
    if (evidence.ended) continue;
    any = true;
    Alert alert;
    alert.rule = evidence.rule;
    alert.entity = evidence.entity;
    Remedy remedy = remedy_of(incident, alert, report, access);
    if (!remedy.action.empty()) return remedy;
  }
  if (any)
    return no_remedy("an error budget burns for more than one reason: see what belongs to it");
  return no_remedy(
      "what uses up this error budget is not known: start with the runbook, which says how to find "
      "it");
}

std::string remedy_line(const Remedy& remedy) {
  if (remedy.action.empty() && remedy.commands.empty()) return {};
  size_t bytes = 0;
  for (const std::string& command : remedy.commands) bytes += command.size();
  std::string text = remedy.action;
  if (bytes > kLongestCommands) {
    text += ": with the command on the incident's page";
  } else {
    for (size_t i = 0; i < remedy.commands.size(); ++i)
      text += (i == 0 ? ": " : "; then: ") + remedy.commands[i];
  }
  return fmt::format("{} ({})", text, remedy.check);
}

}  // namespace highwater
