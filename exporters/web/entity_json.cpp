#include "exporters/web/entity_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "exporters/incident_text.h"

namespace highwater::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kTooOld = "stale";  // beside the reasons of Kafka's answers

// Numbers by name, and the names of those that are unknown with the reason.
struct Values {
  Json measures = Json::object();
  Json unknown = Json::object();

  void add(const Table& table, size_t row, bool stale) {
    const Measure& measure = *table.measure;
    if (measure.unit == Unit::info) return;
    const bool known = table.known(row) && !stale && std::isfinite(table.values[row]);
    measures[measure.name] = known ? Json(table.values[row]) : Json();
    if (!known)
      unknown[measure.name] = table.known(row) ? kTooOld : unknown_name(table.reason(row));
  }
  void add_to(Json& json) && {
    json["measures"] = std::move(measures);
    json["unknown"] = std::move(unknown);
  }
};

// The open incidents that are about it, or rest on something that is.
Json incidents_of(const Report& report, const Subject& subject) {
  Json list = Json::array();
  for (const Incident& incident : report.incidents) {
    if (is_about(incident, subject))
      list.push_back({{"id", incident.id},
                      {"severity", severity_name(incident.severity)},
                      {"title", incident_title(incident)}});
  }
  return list;
}

Json table_json(const Sheet& sheet, size_t limit) {
  Json rows = Json::array();
  for (const auto& [cells, facts] : sheet.rows) {
    if (rows.size() >= limit) break;
    Json labels = Json::object();
    for (size_t i = 0; i < cells.size(); ++i)
      labels[std::string(sheet.dimensions[i])] = cells[i].text();
    Values values;
    for (const Fact& fact : facts) {
      if (fact.table != nullptr) values.add(*fact.table, fact.row, fact.stale);
    }
    Json row{{"labels", std::move(labels)}};
    std::move(values).add_to(row);
    rows.push_back(std::move(row));
  }
  return {{"dimensions", sheet.dimensions},
          {"row_count", sheet.rows.size()},
          {"rows", std::move(rows)}};
}

// Of each name its place in the answer.
using Places = std::map<std::pair<Symbol, Symbol>, size_t>;

std::vector<Values> values_of(const Snapshot& snapshot, SteadyTime now, Kind kind,
                              const Places& places) {
  std::vector<Values> values(places.size());
  for (const auto& [part, observation] : snapshot.observations) {
    if (part.second == kAgentPart) continue;
    const bool stale = is_stale(*observation, now);
    for (const Table& table : observation->tables) {
      const auto& dimensions = table.measure->dimensions;
      const bool own = kind == Kind::cluster
                           ? dimensions.size() == 1 && dimensions[0] == "cluster"
                           : dimensions.size() == 2 && dimensions[0] == "cluster" &&
                                 dimensions[1] == kind_name(kind);
      if (!own) continue;
      for (size_t row = 0; row < table.rows(); ++row) {
        const auto cells = table.keys->row(row);
        const auto place = places.find({cells.front(), cells.back()});
        if (place != places.end()) values[place->second].add(table, row, stale);
      }
    }
  }
  return values;
}

}  // namespace

Json list_json(const Report& report, Now now, const ListQuestion& question) {
  std::vector<std::pair<Symbol, Symbol>> names =
      names_of(*report.snapshot, question.kind, question.cluster, question.search);
  std::ranges::sort(names, {}, [](const auto& name) {
    return std::pair<std::string_view, std::string_view>(name.first.text(), name.second.text());
  });
  const size_t from = std::min(question.from, names.size());
  const size_t count = std::min(question.limit, names.size() - from);
  Places places;
  for (size_t i = 0; i < count; ++i) places.emplace(names[from + i], i);
  std::vector<Values> values = values_of(*report.snapshot, now.steady, question.kind, places);
  Json list = Json::array();
  for (size_t i = 0; i < count; ++i) {
    Json entry{{"cluster", names[from + i].first.text()}, {"name", names[from + i].second.text()}};
    std::move(values[i]).add_to(entry);
    list.push_back(std::move(entry));
  }
  const bool more = from + count < names.size();
  return {{"now", format_time(now.wall)},
          {std::string(kind_name(question.kind)) + "s", std::move(list)},
          {"count", names.size()},
          {"next", more ? Json(from + count) : Json()}};
}

std::optional<Json> one_json(const Report& report, Now now, const OneQuestion& question) {
  const Facts facts = facts_about(*report.snapshot, now.steady, question.subject);
  if (!facts.found) return std::nullopt;
  Values own;
  for (const Fact& fact : facts.own) own.add(*fact.table, fact.row, fact.stale);
  Json tables = Json::array();
  for (const Sheet& sheet : facts.sheets) tables.push_back(table_json(sheet, question.limit));
  Json json{{"now", format_time(now.wall)},
            {"cluster", question.subject.cluster},
            {"name", question.subject.name},
            {"notes", facts.notes},
            {"incidents", incidents_of(report, question.subject)}};
  std::move(own).add_to(json);
  json["tables"] = std::move(tables);
  return json;
}

}  // namespace highwater::web
