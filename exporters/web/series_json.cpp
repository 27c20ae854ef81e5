#include "exporters/web/series_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace highwater::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostPoints = 2000;

std::string_view value_of(const http::HeaderList& query, std::string_view name) {
  const auto found = std::ranges::find(query, name, &http::HeaderList::value_type::first);
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

const Measure* find_measure(const Snapshot& snapshot, std::string_view name) {
  for (const auto& [part, observation] : snapshot.observations) {
    for (const Table& table : observation->tables) {
      if (table.measure->name == name) return table.measure;
    }
  }
  return nullptr;
}

int64_t unix_seconds(WallTime at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

}  // namespace

std::optional<std::string> series_json(const Snapshot& snapshot, const history::History& history,
                                       const http::HeaderList& query, WallTime from,
                                       WallTime until) {
  const Measure* const measure = find_measure(snapshot, value_of(query, "measure"));
  if (measure == nullptr) return std::nullopt;
  std::vector<Symbol> cells;
  Json labels = Json::object();
  for (const std::string_view dimension : measure->dimensions) {
    const std::string_view value = value_of(query, dimension);
    cells.emplace_back(value);
    labels[std::string(dimension)] = value;
  }
  const auto curve = history.curve(measure->name, cells, from, until, kMostPoints);
  if (!curve) return std::nullopt;
  Json points = Json::array();
  for (size_t i = 0; i < curve->steps.size(); ++i) {
    const history::Step& step = curve->steps[i];
    if (!step.last.is_recorded() && !step.max.is_recorded()) continue;
    Json point{{"at", unix_seconds(curve->from + curve->step * static_cast<int64_t>(i))}};
    if (step.max.is_number()) {
      point["min"] = step.min.value();
      point["max"] = step.max.value();
    }
    if (step.last.is_number())
      point["last"] = step.last.value();
    else
      point["unknown"] = unknown_name(step.last.reason());
    points.push_back(std::move(point));
  }
  const Json json{
      {"measure", measure->name},
      {"labels", std::move(labels)},
      {"from", unix_seconds(curve->from)},
      {"step_seconds", std::chrono::duration_cast<std::chrono::seconds>(curve->step).count()},
      {"points", std::move(points)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace highwater::web
