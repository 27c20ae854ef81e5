#include "exporters/remedies/cluster_facts.h"

#include <algorithm>

namespace highwater {
namespace {

// As tables have them: the cluster first.
std::vector<Symbol> cells_of(const Symbol& cluster, ClusterFacts::Cells cells) {
  std::vector<Symbol> symbols{cluster};
  for (const std::string_view cell : cells) symbols.emplace_back(cell);
  return symbols;
}

bool begins_with(std::span<const Symbol> row, std::span<const Symbol> first) {
  return row.size() >= first.size() && std::equal(first.begin(), first.end(), row.begin());
}

}  // namespace

ClusterFacts::ClusterFacts(const Snapshot& snapshot, std::string_view cluster, SteadyTime now)
    : cluster_(cluster) {
  for (const auto& [key, observation] : snapshot.observations) {
    if (!(key.first == cluster_) || is_stale(*observation, now)) continue;
    for (const Table& table : observation->tables) tables_.emplace(table.measure->name, &table);
    for (const Relation& relation : observation->relations)
      relations_.emplace(relation.name, &relation);
  }
}

std::optional<ClusterFacts::Place> ClusterFacts::find(std::string_view measure, Cells cells) const {
  const auto found = tables_.find(measure);
  if (found == tables_.end()) return std::nullopt;
  const auto row = found->second->keys->find(cells_of(cluster_, cells));
  if (!row) return std::nullopt;
  return Place{found->second, *row};
}

std::optional<double> ClusterFacts::value(std::string_view measure, Cells cells) const {
  const auto place = find(measure, cells);
  if (!place || !place->table->known(place->row)) return std::nullopt;
  return place->table->values[place->row];
}

std::optional<double> ClusterFacts::last_value(std::string_view measure, Cells cells) const {
  const auto place = find(measure, cells);
  if (!place || std::isnan(place->table->values[place->row])) return std::nullopt;
  return place->table->values[place->row];
}

void ClusterFacts::for_each(std::string_view measure, Cells first,
                            const std::function<void(const Row&)>& visit) const {
  const auto found = tables_.find(measure);
  if (found == tables_.end()) return;
  const Table& table = *found->second;
  const std::vector<Symbol> wanted = cells_of(cluster_, first);
  for (size_t row = 0; row < table.rows(); ++row) {
    const std::span<const Symbol> cells = table.keys->row(row);
    if (!begins_with(cells, wanted)) continue;
    Row found_row{cells.subspan(1), std::nullopt, table.reason(row)};
    if (table.known(row)) found_row.value = table.values[row];
    visit(found_row);
  }
}

std::vector<ClusterFacts::Row> ClusterFacts::rows(std::string_view measure, Cells first) const {
  std::vector<Row> rows;
  for_each(measure, first, [&](const Row& row) { rows.push_back(row); });
  return rows;
}

std::string ClusterFacts::broker_address(std::string_view broker) const {
  const auto infos = rows("broker_info", {broker});
  return infos.empty() ? "" : infos.front().cell(1);
}

std::vector<std::string> ClusterFacts::related(std::string_view relation, Cells from) const {
  std::vector<std::string> names;
  const auto found = relations_.find(relation);
  if (found == relations_.end()) return names;
  const Relation& between = *found->second;
  const auto row = between.from->find(cells_of(cluster_, from));
  if (!row) return names;
  for (const auto& [one, other] : between.pairs) {
    if (one == *row) names.push_back(between.to->row(other)[1].text());
  }
  return names;
}

}  // namespace highwater
