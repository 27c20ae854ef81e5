#include "agent/core/report_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/core/incident_group.h"

namespace highwater {
namespace {

using Json = nlohmann::json;

Json entity_json(const Entity& entity) {
  Json json = Json::object();
  for (const auto& [name, value] : entity.labels) json[name.text()] = value.text();
  return json;
}

Json time_json(WallTime time) {
  return time.time_since_epoch().count();
}

Json number_json(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json budget_json(const BudgetDetail& budget) {
  Json json = {{"objective", budget.objective},
               {"window", budget.window.count()},
               {"tier", budget.tier},
               {"burn", number_json(budget.burn)},
               {"remaining", number_json(budget.remaining)},
               {"remaining_at_start", number_json(budget.remaining_at_start)},
               {"excluded", budget.excluded.count()}};
  if (budget.exhausted_in) json["exhausted_in"] = budget.exhausted_in->count();
  if (budget.clears_at) json["clears_at"] = time_json(*budget.clears_at);
  return json;
}

Json alert_json(const Alert& alert) {
  Json json = {{"rule", alert.rule},
               {"entity", entity_json(alert.entity)},
               {"severity", severity_name(alert.severity)},
               {"firing", alert.state == AlertState::firing},
               {"value", number_json(alert.value)},
               {"summary", alert.summary},
               {"description", alert.description},
               {"note", alert.note},
               {"runbook", alert.runbook},
               {"labels", alert.labels},
               {"unknown", alert.unknown},
               {"active_since", time_json(alert.active_since)},
               {"firing_since", time_json(alert.firing_since)},
               {"incident", alert.incident}};
  if (alert.budget) json["budget"] = budget_json(*alert.budget);
  if (alert.onset != WallTime{}) json["onset"] = time_json(alert.onset);
  for (const Entity& row : alert.rows) json["rows"].push_back(entity_json(row));
  return json;
}

Json evidence_json(const Evidence& evidence) {
  return {{"rule", evidence.rule},
          {"entity", entity_json(evidence.entity)},
          {"severity", severity_name(evidence.severity)},
          {"summary", evidence.summary},
          {"since", time_json(evidence.since)},
          {"ended", evidence.ended},
          {"cause", evidence.cause},
          {"named", evidence.named}};
}

Json impact_json(const Impact& impact) {
  return {{"noun", impact.noun},
          {"state", impact.state},
          {"count", impact.count},
          {"names", impact.names},
          {"in_title", impact.in_title}};
}

Json link_json(const IncidentLink& link) {
  return {{"id", link.id},
          {"correlation", link.correlation.hex()},
          {"title", link.title},
          {"since", time_json(link.since)},
          {"affected", link.affected}};
}

Json change_json(const PriorChange& change) {
  return {{"before", change.before.count()}, {"at", time_json(change.at)}, {"text", change.text}};
}

template <class Items, class ToJson>
Json list_json(const Items& items, ToJson to_json) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(to_json(item));
  return list;
}

Json incident_json(const Incident& incident) {
  Json json = {{"id", incident.id},
               {"correlation", incident.correlation.hex()},
               {"cause", alert_json(incident.cause)},
               {"headline", alert_json(incident.headline)},
               {"title", incident.title},
               {"severity", severity_name(incident.severity)},
               {"team", incident.team},
               {"opened", time_json(incident.opened)},
               {"updated", time_json(incident.updated)},
               {"evidence", list_json(incident.evidence, evidence_json)},
               {"evidence_count", incident.evidence_count},
               {"impact", list_json(incident.impact, impact_json)},
               {"links", list_json(incident.links, link_json)},
               {"changes", list_json(incident.changes, change_json)},
               {"former", incident.former},
               {"former_correlation", incident.former_correlation.hex()},
               {"revealed_by", {incident.revealed_by.trace.hex(), incident.revealed_by.span.hex()}},
               {"resolution", incident.resolution}};
  if (incident.ended) json["ended"] = time_json(*incident.ended);
  if (incident.group) json["group"] = durable_json(*incident.group);
  return json;
}

std::string dump(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.shrink_to_fit();  // thousands of them may wait for the disk
  return text;
}

Entity entity_of(const Json& json) {
  if (!json.is_object()) throw std::invalid_argument("an entity is no object");
  Entity entity;
  for (const auto& [label, value] : json.items())
    entity.labels.emplace_back(Symbol(label), Symbol(value.get<std::string>()));
  std::ranges::sort(entity.labels);
  return entity;
}

// Reads one object; a member of another type than the field's throws, and is caught by decode().
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {
    if (!json.is_object()) throw std::invalid_argument("it is no object");
  }

  template <class T>
  void read(const char* name, T& into) const {
    if (const Json* found = find(name)) into = found->get<T>();
  }
  void read(const char* name, double& into) const {
    if (const Json* found = find(name)) into = found->get<double>();
  }
  void read(const char* name, WallTime& into) const {
    if (const Json* found = find(name)) into = WallTime(Duration(found->get<int64_t>()));
  }
  void read(const char* name, std::optional<WallTime>& into) const {
    if (const Json* found = find(name)) into = WallTime(Duration(found->get<int64_t>()));
  }
  void read(const char* name, Duration& into) const {
    if (const Json* found = find(name)) into = Duration(found->get<int64_t>());
  }
  void read(const char* name, std::optional<Duration>& into) const {
    if (const Json* found = find(name)) into = Duration(found->get<int64_t>());
  }
  void read(const char* name, TraceId& into) const {
    if (const Json* found = find(name)) into = TraceId::from_hex(found->get<std::string>());
  }
  void read(const char* name, Severity& into) const {
    const Json* found = find(name);
    if (found == nullptr) return;
    for (const Severity severity : {Severity::info, Severity::ticket, Severity::page}) {
      if (found->get<std::string>() == severity_name(severity)) {
        into = severity;
        return;
      }
    }
    throw std::invalid_argument("an unknown severity");
  }
  void read(const char* name, Entity& into) const {
    if (const Json* found = find(name)) into = entity_of(*found);
  }
  // Null when missing or null.
  [[nodiscard]] const Json* find(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }

 private:
  const Json& json_;
};

BudgetDetail budget_of(const Json& json) {
  const Reader reader(json);
  BudgetDetail budget;
  reader.read("objective", budget.objective);
  reader.read("window", budget.window);
  reader.read("tier", budget.tier);
  reader.read("burn", budget.burn);
  reader.read("remaining", budget.remaining);
  budget.remaining_at_start = budget.remaining;
  reader.read("remaining_at_start", budget.remaining_at_start);
  reader.read("excluded", budget.excluded);
  reader.read("exhausted_in", budget.exhausted_in);
  reader.read("clears_at", budget.clears_at);
  return budget;
}

template <class Item>
void read_list(const Reader& reader, const char* name, std::vector<Item>& into,
               Item (*read)(const Json&)) {
  const Json* const found = reader.find(name);
  if (found == nullptr) return;
  // What an earlier version of the program wrote in another form is left out.
  for (const Json& item : *found) {
    if (item.is_object()) into.push_back(read(item));
  }
}

Alert alert_of(const Json& json) {
  const Reader reader(json);
  Alert alert;
  bool firing = false;
  reader.read("rule", alert.rule);
  reader.read("entity", alert.entity);
  reader.read("severity", alert.severity);
  reader.read("firing", firing);
  alert.state = firing ? AlertState::firing : AlertState::pending;
  reader.read("value", alert.value);
  reader.read("summary", alert.summary);
  reader.read("description", alert.description);
  reader.read("note", alert.note);
  reader.read("runbook", alert.runbook);
  reader.read("labels", alert.labels);
  reader.read("unknown", alert.unknown);
  reader.read("active_since", alert.active_since);
  reader.read("firing_since", alert.firing_since);
  reader.read("incident", alert.incident);
  if (const Json* budget = reader.find("budget")) alert.budget = budget_of(*budget);
  reader.read("onset", alert.onset);
  read_list(reader, "rows", alert.rows, entity_of);
  return alert;
}

Evidence evidence_of(const Json& json) {
  const Reader reader(json);
  Evidence evidence;
  reader.read("rule", evidence.rule);
  reader.read("entity", evidence.entity);
  reader.read("severity", evidence.severity);
  reader.read("summary", evidence.summary);
  reader.read("since", evidence.since);
  reader.read("ended", evidence.ended);
  reader.read("cause", evidence.cause);
  reader.read("named", evidence.named);
  return evidence;
}

Impact impact_of(const Json& json) {
  const Reader reader(json);
  Impact impact;
  reader.read("noun", impact.noun);
  reader.read("state", impact.state);
  reader.read("count", impact.count);
  reader.read("names", impact.names);
  reader.read("in_title", impact.in_title);
  return impact;
}

IncidentLink link_of(const Json& json) {
  const Reader reader(json);
  IncidentLink link;
  reader.read("id", link.id);
  reader.read("correlation", link.correlation);
  reader.read("title", link.title);
  reader.read("since", link.since);
  reader.read("affected", link.affected);
  return link;
}

PriorChange change_of(const Json& json) {
  const Reader reader(json);
  PriorChange change;
  int64_t before = 0;
  reader.read("before", before);
  change.before = Duration(before);
  reader.read("at", change.at);
  reader.read("text", change.text);
  return change;
}

Incident incident_of(const Json& json) {
  const Reader reader(json);
  Incident incident;
  reader.read("id", incident.id);
  reader.read("correlation", incident.correlation);
  if (const Json* cause = reader.find("cause")) incident.cause = alert_of(*cause);
  const Json* const headline = reader.find("headline");
  incident.headline = headline != nullptr ? alert_of(*headline) : incident.cause;
  incident.title = incident.headline.summary;
  reader.read("title", incident.title);
  reader.read("severity", incident.severity);
  reader.read("team", incident.team);
  reader.read("opened", incident.opened);
  reader.read("updated", incident.updated);
  read_list(reader, "evidence", incident.evidence, evidence_of);
  reader.read("evidence_count", incident.evidence_count);
  read_list(reader, "impact", incident.impact, impact_of);
  read_list(reader, "links", incident.links, link_of);
  read_list(reader, "changes", incident.changes, change_of);
  reader.read("ended", incident.ended);
  reader.read("resolution", incident.resolution);
  reader.read("former", incident.former);
  reader.read("former_correlation", incident.former_correlation);
  std::vector<std::string> revealed_by;
  reader.read("revealed_by", revealed_by);
  if (revealed_by.size() == 2)
    incident.revealed_by = {TraceId::from_hex(revealed_by[0]), SpanId::from_hex(revealed_by[1])};
  if (const Json* group = reader.find("group"))
    incident.group = std::make_shared<const IncidentGroup>(durable_group(*group));
  if (incident.id == 0 || !incident.correlation.valid())
    throw std::invalid_argument("an incident without an id");
  return incident;
}

Transition transition_of(const Json& json) {
  const Reader reader(json);
  Transition transition;
  std::string kind;
  reader.read("sequence", transition.sequence);
  reader.read("kind", kind);
  reader.read("resolution", transition.resolution);
  reader.read("because", transition.because);
  reader.read("affected", transition.affected);
  if (const Json* incident = reader.find("incident")) transition.incident = incident_of(*incident);
  for (const TransitionKind known :
       {TransitionKind::opened, TransitionKind::updated, TransitionKind::resolved}) {
    if (kind != transition_name(known)) continue;
    transition.kind = known;
    if (transition.sequence > 0 && transition.incident.id > 0) return transition;
  }
  throw std::invalid_argument("a transition of no kind, or of nothing");
}

template <class Read>
auto decode(std::string_view text, Read read) -> Result<decltype(read(Json()))> {
  try {
    return read(Json::parse(text));
  } catch (const std::exception& error) {
    return fail(std::string("it cannot be read: ") + error.what());
  }
}

}  // namespace

std::string encode_incident(const Incident& incident) {
  return dump(incident_json(incident));
}
Result<Incident> decode_incident(std::string_view json) {
  return decode(json, incident_of);
}

nlohmann::json durable_json(const Alert& alert) {
  return alert_json(alert);
}
nlohmann::json durable_json(const Incident& incident) {
  return incident_json(incident);
}
Alert durable_alert(const nlohmann::json& json) {
  return alert_of(json);
}
Incident durable_incident(const nlohmann::json& json) {
  return incident_of(json);
}

std::string encode_transition(const Transition& transition) {
  return dump({{"sequence", transition.sequence},
               {"kind", transition_name(transition.kind)},
               {"incident", incident_json(transition.incident)},
               {"resolution", transition.resolution},
               {"because", transition.because},
               {"affected", transition.affected}});
}
Result<Transition> decode_transition(std::string_view json) {
  return decode(json, transition_of);
}

}  // namespace highwater
