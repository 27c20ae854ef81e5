#include "rules/slo/composite.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace highwater::rules {
namespace {

bool has_read(const SloWatch* part) {
  return part != nullptr && part->counted_until().has_value();
}

std::vector<uint64_t> numberings_of(std::span<const SloWatch* const> parts) {
  std::vector<uint64_t> numberings;
  for (const SloWatch* part : parts) numberings.push_back(part == nullptr ? 0 : part->numbering());
  return numberings;
}

}  // namespace

ObservationPtr CompositeSource::observe(const SloRule& rule, const Symbol& cluster,
                                        std::span<const SloWatch* const> parts) {
  std::optional<Now> at;
  for (const SloWatch* part : parts) {
    if (has_read(part) && (!at || part->counted_until()->steady > at->steady))
      at = part->counted_until();
  }
  const Measure& measure = *rule.sli.first.measure;
  const bool changed = measure_ != &measure || numberings_of(parts) != numberings_;
  if (!at || (last_ != nullptr && !changed && last_->at.steady >= at->steady)) return last_;
  if (changed) renumber(measure, parts);
  std::vector<uint64_t> bad(keys_->rows(), 0);
  std::vector<uint8_t> unknown(keys_->rows(), 0);
  Duration cadence = Duration::max();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!has_read(parts[i])) {
      std::ranges::fill(unknown, 1);
      continue;
    }
    cadence = std::min(cadence, parts[i]->cadence());
    if (!parts[i]->is_open()) continue;
    size_t place = 0;
    parts[i]->for_each_budget([&](const Budget& budget) {
      const uint32_t row = rows_[i][place++];
      if (!budget.held.known)
        unknown[row] = 1;
      else if (budget.held.first > 0)
        bad[row] |= uint64_t{1} << i;
    });
  }
  TableBuilder table(measure, keys_);
  for (size_t row = 0; row < keys_->rows(); ++row) {
    if (bad[row] == 0 && unknown[row] != 0)
      table.set_unknown(row, Unknown::not_asked);
    else
      table.set(row, static_cast<double>(bad[row]));
  }
  auto observation = std::make_shared<Observation>();
  observation->cluster = cluster;
  observation->part = kCompositePart;
  observation->at = *at;
  observation->cadence = cadence;
  observation->tables.push_back(std::move(table).build());
  return last_ = std::move(observation);
}

void CompositeSource::renumber(const Measure& measure, std::span<const SloWatch* const> parts) {
  measure_ = &measure;
  numberings_ = numberings_of(parts);
  rows_.assign(parts.size(), {});
  std::unordered_map<Entity, uint32_t> numbers;
  std::vector<Symbol> cells;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == nullptr) continue;
    parts[i]->for_each_budget([&](const Budget& budget) {
      const auto [found, is_new] =
          numbers.emplace(budget.entity, static_cast<uint32_t>(numbers.size()));
      rows_[i].push_back(found->second);
      if (!is_new) return;
      for (const std::string_view dimension : measure.dimensions)
        cells.push_back(budget.entity.label(dimension));
    });
  }
  keys_ = std::make_shared<const KeySet>(measure.dimensions, std::move(cells));
}

}  // namespace highwater::rules
