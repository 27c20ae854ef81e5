#include "exporters/status/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/core/time.h"
#include "exporters/json_fields.h"
#include "exporters/remedies/remedy_text.h"
#include "exporters/status/ago_text.h"
#include "exporters/status/terminal.h"

namespace highwater {
namespace {

using Json = nlohmann::json;

std::string whole(double value) {
  return fmt::format("{:.0f}", value);
}

// "1 group", "2 groups"
std::string counted(double count, std::string_view noun) {
  return fmt::format("{} {}{}", whole(count), noun, count == 1 ? "" : "s");
}

void write_brokers(const Json& cluster, const std::string& now, TerminalText& out) {
  std::vector<std::vector<TextCell>> rows{
      {{"BROKER", Ink::soft}, {"STATE", Ink::soft}, {"SINCE", Ink::soft}, {"NOTE", Ink::soft}}};
  for (const Json& broker : list_of(cluster, "brokers")) {
    rows.push_back({{text_of(broker, "id")},
                    broker_state(broker),
                    {ago_text(text_of(broker, "since"), now)},
                    {text_of(broker, "note")}});
  }
  if (rows.size() > 1) out.table(rows);
}

// By an agent with `node:`, which does not say how the brokers are.
bool is_seen_from_a_node(const Json& cluster) {
  const auto parts = list_of(cluster, "parts");
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(parts,
                               [&](const Json& part) { return text_of(part, "name") == name; });
  };
  return has("node") && !has("brokers");
}

// Only what a person has to know: parts that are stale, or had problems.
void write_parts(const Json& cluster, TerminalText& out) {
  for (const Json& part : list_of(cluster, "parts")) {
    const auto problems = part.find("problems");
    const double count = number_of(part, "problem_count");
    if (is_true(part, "stale"))
      out.line(fmt::format("  {}: nothing new for {}", text_of(part, "name"),
                           seconds_text(number_of(part, "age_seconds"))),
               Ink::yellow, 4);
    if (problems == part.end() || !problems->is_array()) continue;
    size_t shown = 0;
    for (const Json& problem : *problems) {
      if (!problem.is_string()) continue;
      out.line(fmt::format("  {}: {}", text_of(part, "name"), clean(problem.get<std::string>())),
               Ink::yellow, 4);
      ++shown;
    }
    if (count > static_cast<double>(shown))
      out.line(fmt::format("  {}: and {}", text_of(part, "name"),
                           counted(count - static_cast<double>(shown), "more problem")),
               Ink::soft);
  }
}

void write_groups(const Json& cluster, TerminalText& out) {
  std::vector<std::vector<TextCell>> rows{{{"GROUP", Ink::soft},
                                           {"TOPIC", Ink::soft},
                                           {"LAG (RECORDS)", Ink::soft},
                                           {"LAG (TIME)", Ink::soft}}};
  for (const Json& group : list_of(cluster, "groups")) {
    const auto number_or_unknown = [&](const char* name, auto write) -> std::string {
      const auto lag = group.find(name);
      return lag != group.end() && lag->is_number() ? write(lag->get<double>()) : "unknown";
    };
    rows.push_back({{text_of(group, "group")},
                    {text_of(group, "topic")},
                    {number_or_unknown("lag_records", whole)},
                    {number_or_unknown("lag_seconds", seconds_text)}});
  }
  if (rows.size() > 1) out.table(rows);
}

// ", 2 h excluded"
std::string excluded_text(const Json& budget) {
  const double seconds = number_of(budget, "excluded_seconds");
  return seconds < 1
             ? ""
             : ", " + describe_duration(std::chrono::seconds(std::llround(seconds))) + " excluded";
}

std::string percent_text(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return "unknown";
  return fmt::format("{:.1f}%", found->get<double>() * 100);
}

void write_budgets(const Json& cluster, TerminalText& out) {
  std::vector<std::vector<TextCell>> rows{{{"SLO", Ink::soft},
                                           {"BUDGET LEFT", Ink::soft},
                                           {"COVERAGE", Ink::soft},
                                           {"ENTITY", Ink::soft}}};
  for (const Json& budget : list_of(cluster, "budgets")) {
    const auto remaining = budget.find("remaining");
    if (remaining == budget.end() || !remaining->is_number()) {
      rows.push_back({{text_of(budget, "slo")}, {"no data yet"}, {}, {text_of(budget, "entity")}});
      continue;
    }
    const double left = remaining->get<double>();
    rows.push_back({{text_of(budget, "slo")},
                    {percent_text(budget, "remaining"), budget_ink(left)},
                    {percent_text(budget, "coverage") + excluded_text(budget)},
                    {text_of(budget, "entity")}});
  }
  if (rows.size() > 1) out.table(rows);
}

void write_notices(const Json& status, TerminalText& out) {
  const auto notices = status.find("notices");
  if (notices == status.end() || !notices->is_array() || notices->empty()) return;
  for (const Json& notice : *notices) {
    if (notice.is_string()) out.line("note: " + clean(notice.get<std::string>()), Ink::yellow, 2);
  }
  out.line();
}

}  // namespace

std::string seconds_text(double seconds) {
  const double bounded = std::clamp(seconds, 0.0, 1e9);
  return describe_duration(std::chrono::milliseconds(std::llround(bounded * 1000)));
}

TextCell broker_state(const Json& broker) {
  const auto up = broker.find("up");
  const bool known = up != broker.end() && up->is_boolean();
  std::string state = text_of(broker, "status");
  if (state.empty()) state = !known ? "unknown" : is_true(broker, "up") ? "up" : "down";
  return {state, !known ? Ink::yellow : is_true(broker, "up") ? Ink::green : Ink::red};
}

Ink budget_ink(double left) {
  return left <= 0 ? Ink::red : left < 0.25 ? Ink::yellow : Ink::plain;
}

Ink severity_ink(const std::string& severity) {
  if (severity == "page") return Ink::red;
  return severity == "ticket" ? Ink::yellow : Ink::soft;
}

void write_cluster_state(const Json& cluster, const std::string& now, TerminalText& out) {
  const double unknown = number_of(cluster, "unread_rows");
  const double unknown_groups = number_of(cluster, "unknown_group_count");
  std::string head = fmt::format("CLUSTER {}: {} of {} up, {}", text_of(cluster, "name"),
                                 whole(number_of(cluster, "brokers_up")),
                                 counted(number_of(cluster, "broker_count"), "broker"),
                                 counted(number_of(cluster, "group_count"), "group"));
  if (is_seen_from_a_node(cluster))
    head = fmt::format("CLUSTER {}: what one node reaches of it, and nothing else",
                       text_of(cluster, "name"));
  if (unknown_groups > 0) head += fmt::format(", {} of them unknown", whole(unknown_groups));
  if (unknown > 0) head += fmt::format(", {} unknown", counted(unknown, "value"));
  out.line(head, Ink::bold);
  write_brokers(cluster, now, out);
  write_parts(cluster, out);
}

void write_incident(const Json& incident, const std::string& now, TerminalText& out) {
  const std::string severity = text_of(incident, "severity");
  const auto headline = incident.find("headline");
  const Json empty = Json::object();
  const Json& alert = headline != incident.end() && headline->is_object() ? *headline : empty;
  std::string tag = severity;
  std::transform(tag.begin(), tag.end(), tag.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  out.line(
      fmt::format("{} {}: {}", tag, whole(number_of(incident, "id")), text_of(incident, "title")),
      severity_ink(severity), 2);
  const auto detail = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out.line(fmt::format("  {:<12} {}", name, value), Ink::plain, 15);
  };
  if (const std::string opened = text_of(incident, "opened"); !opened.empty())
    detail("since", fmt::format("{} ({})", ago_text(opened, now), describe_time(opened)));
  detail("team", text_of(incident, "team"));
  if (const auto silences = incident.find("silenced_by");
      silences != incident.end() && silences->is_array()) {
    for (const Json& silence : *silences) {
      if (silence.is_string()) detail("silenced", clean(silence.get<std::string>()));
    }
  }
  detail("acknowledged", text_of(incident, "acknowledged"));
  detail("ends", text_of(incident, "over_text"));
  if (const auto next = incident.find("escalates"); next != incident.end() && next->is_object())
    detail("escalates", text_of(*next, "text"));
  detail("seen", text_of(alert, "note"));
  detail("changed", text_of(incident, "changes_text"));
  if (const auto budget = alert.find("budget"); budget != alert.end() && budget->is_object()) {
    const Json texts = budget->value("texts", Json::object());
    detail("objective", text_of(texts, "objective"));
    detail("burn rate", text_of(texts, "burn_rate"));
    detail("budget left", text_of(texts, "error_budget_remaining"));
    detail("exhausted", text_of(texts, "error_budget_exhausted"));
    detail("clears", text_of(texts, "clears_at"));
  }
  detail("impact", text_of(incident, "impact_text"));
  for (const Json& link : list_of(incident, "links"))
    detail(is_true(link, "affected") ? "may affect" : "see also",
           fmt::format("incident {}: {}", whole(number_of(link, "id")), text_of(link, "title")));
  const double evidence = number_of(incident, "evidence_count");
  if (evidence > 0) detail("evidence", whole(evidence));
  for (const Json& item : list_of(incident, "evidence"))
    out.line(fmt::format("               {}{}", is_true(item, "ended") ? "ended: " : "",
                         text_of(item, "summary")),
             Ink::soft, 17);
  write_remedy(incident, out);
  detail("runbook", text_of(alert, "runbook"));
  detail("correlation", text_of(incident, "correlation_id"));
}

std::string why_unsure(const Json& status) {
  if (!is_true(status, "ready")) return "the agent has not finished its first round";
  const auto clusters = list_of(status, "clusters");
  if (clusters.empty()) return "it has seen no cluster";
  for (const Json& cluster : clusters) {
    for (const Json& part : list_of(cluster, "parts")) {
      if (is_true(part, "stale")) return "what was read is too old to speak for the present";
    }
    // An incident comes only when this lasts.
    if (number_of(cluster, "brokers_up") <= 0 && !is_seen_from_a_node(cluster))
      return fmt::format("no broker of {} answers", text_of(cluster, "name"));
    for (const Json& part : list_of(cluster, "parts")) {
      if (const std::string why = text_of(part, "unreadable"); !why.empty())
        return fmt::format("{} of {} cannot be read: {}", text_of(part, "name"),
                           text_of(cluster, "name"), why);
    }
  }
  return "";
}

Result<StatusView> render_status(std::string_view json, TextStyle style) {
  const Json status = Json::parse(json, nullptr, false);
  if (!status.is_object() || !status.contains("ready") || !status.contains("clusters"))
    return fail("what answered is no status of Highwater");
  TerminalText out(style);
  StatusView view;
  const std::string unsure = why_unsure(status);
  const auto incidents = list_of(status, "incidents");
  view.exit_code = !incidents.empty() ? 1 : unsure.empty() ? 0 : 2;
  const std::string now = text_of(status, "now");
  if (view.exit_code == 0) out.line("healthy: no incident is open", Ink::green);
  if (view.exit_code == 2) out.line("cannot say: " + unsure, Ink::yellow, 2);
  if (view.exit_code != 1) out.line();
  for (const Json& incident : incidents) {
    write_incident(incident, now, out);
    out.line();
  }
  const double count = number_of(status, "incident_count");
  if (count > static_cast<double>(incidents.size())) {
    out.line("and " + counted(count - static_cast<double>(incidents.size()), "more incident"));
    out.line();
  }
  write_notices(status, out);
  for (const Json& cluster : list_of(status, "clusters")) {
    write_cluster_state(cluster, now, out);
    write_groups(cluster, out);
    write_budgets(cluster, out);
    out.line();
  }
  std::string text = out.take();
  while (text.ends_with("\n\n")) text.pop_back();
  view.text = std::move(text);
  return view;
}

}  // namespace highwater
