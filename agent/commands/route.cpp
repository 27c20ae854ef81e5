// highwater route: which lines of `routes:` an alert with these labels goes through, and who hears.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/commands/commands.h"
#include "agent/commands/find_config.h"
#include "agent/core/incident_group.h"
#include "agent/load.h"
#include "agent/routing/alert_labels.h"
#include "agent/routing/routed.h"
#include "exporters/status/terminal.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;
using rules::Labels;
using rules::Silence;

constexpr int kMistake = 2;

int mistaken(const std::string& text) {
  std::cerr << "highwater route: " << text << "\n";
  return kMistake;
}

std::vector<std::string> windows_of(const RoutedAlert& answer, WallTime at) {
  std::vector<std::string> texts;
  for (const Silence* const window : answer.maintenance)
    texts.push_back(fmt::format("{} ({})", window->text(at), window->where));
  return texts;
}

std::string line_text(const rules::Route& line) {
  std::string to;
  for (const std::string& receiver : line.to) to += (to.empty() ? "" : ", ") + receiver;
  return fmt::format("{}{} -> {}{}", line.matcher.text(),
                     line.during == nullptr ? "" : " during " + line.during->text(),
                     to.empty() ? "nobody" : to, line.goes_on ? ", and goes on" : "");
}

std::vector<std::string> names_of(const std::vector<Hearer>& hearers) {
  std::vector<std::string> names;
  for (const Hearer& hearer : hearers) names.push_back(hearer.receiver);
  return names;
}

std::string interval_text(const Hearer& hearer) {
  if (!hearer.repeat_interval) return {};
  if (*hearer.repeat_interval == Duration::zero()) return " (once)";
  return fmt::format(" (again every {})", format_duration(*hearer.repeat_interval));
}

std::string group_text(const Hearer& hearer) {
  const GroupPlace& group = *hearer.group;
  const std::string labels = labels_text(group.labels);
  return fmt::format("grouped for {}: {}, after {}, then each {} when something changed\n",
                     hearer.receiver, labels.empty() ? "all of this line" : "what has " + labels,
                     format_duration(group.wait), format_duration(group.interval));
}

Json group_json(const Hearer& hearer) {
  Json labels = Json::object();
  for (const auto& [name, value] : hearer.group->labels) labels[name] = value;
  return {{"receiver", hearer.receiver},
          {"labels", std::move(labels)},
          {"wait", format_duration(hearer.group->wait)},
          {"interval", format_duration(hearer.group->interval)}};
}

std::string plain_text(const Config& config, const RoutedAlert& answer, WallTime at) {
  std::string text = "at " + format_time(at) + ":\n";
  for (const auto& [name, value] : answer.labels) {
    text += fmt::format("  {}={}", name, value);
    if (name == "team" && !answer.owner.empty()) text += "  (" + answer.owner + ")";
    text += "\n";
  }
  for (const size_t line : answer.routed.lines) {
    const rules::Route& route = config.routing.routes[line];
    text += fmt::format("{}: {}\n", route.where, line_text(route));
  }
  if (config.routing.routes.empty()) text += "there are no routes: every receiver is notified\n";
  text += "notified:";
  for (size_t i = 0; i < answer.hearers.size(); ++i)
    text += (i == 0 ? " " : ", ") + answer.hearers[i].receiver + interval_text(answer.hearers[i]);
  text += answer.hearers.empty() ? " nobody\n" : "\n";
  for (const Hearer& hearer : answer.hearers) {
    if (hearer.group) text += group_text(hearer);
  }
  for (const rules::NextStep& next : answer.routed.next)
    text += fmt::format("after {}, unless it is acknowledged: {}\n",
                        format_duration(next.step.after), fmt::join(next.step.to, ", "));
  if (!answer.as_evidence.empty())
    text += fmt::format("as evidence of an incident, of that: {}\n",
                        fmt::join(names_of(answer.as_evidence), ", "));
  for (const std::string& window : windows_of(answer, at)) text += "but not now: " + window + "\n";
  return text;
}

std::string json_text(const Config& config, const RoutedAlert& answer, WallTime at) {
  Json labels = Json::object();
  for (const auto& [name, value] : answer.labels) labels[name] = value;
  Json lines = Json::array();
  for (const size_t line : answer.routed.lines) lines.push_back(config.routing.routes[line].where);
  Json groups = Json::array();
  for (const Hearer& hearer : answer.hearers) {
    if (hearer.group) groups.push_back(group_json(hearer));
  }
  Json steps = Json::array();
  for (const rules::NextStep& next : answer.routed.next)
    steps.push_back({{"after", format_duration(next.step.after)}, {"to", next.step.to}});
  const Json json{{"at", format_time(at)},
                  {"labels", std::move(labels)},
                  {"owner", answer.owner.empty() ? Json() : Json(answer.owner)},
                  {"lines", std::move(lines)},
                  {"receivers", names_of(answer.hearers)},
                  {"receivers_as_evidence", names_of(answer.as_evidence)},
                  {"groups", std::move(groups)},
                  {"escalation", std::move(steps)},
                  {"maintenance", windows_of(answer, at)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Labels that no alert can have; not said when the rules have mistakes, which `check` names.
void warn_of_unknown(const Config& config, const Labels& labels) {
  Diagnostics ignored;
  const auto loaded = load(config, ignored);
  if (!loaded) return;
  std::vector<std::string> names;
  for (const auto& [name, value] : labels) names.push_back(name);
  for (const UnknownLabel& label : unknown_labels(names, alert_labels(config, loaded->rules)))
    std::cerr << fmt::format("highwater route: warning: {}{}\n", clean(label.what),
                             label.advice.empty() ? "" : ": " + label.advice);
}

}  // namespace

int route_command(const RouteOptions& options) {
  Result<Labels> labels = rules::parse_labels(options.labels);
  if (!labels) return mistaken(labels.error().message);
  WallTime at = SystemClock().now().wall;
  if (!options.at.empty()) {
    const Result<WallTime> moment = rules::parse_moment(options.at);
    if (!moment) return mistaken("--at: " + moment.error().message);
    at = *moment;
  }
  Diagnostics diagnostics;
  const auto config = read_found_config(options.config, diagnostics);
  if (!config) {
    print_mistakes(diagnostics);
    return kMistake;
  }
  warn_of_unknown(*config, *labels);
  const RoutedAlert answer = route_alert(*config, std::move(*labels), at);
  std::cout << (options.json ? json_text(*config, answer, at) : plain_text(*config, answer, at));
  return answer.hearers.empty() || !answer.maintenance.empty() ? 1 : 0;
}

}  // namespace highwater::agent
