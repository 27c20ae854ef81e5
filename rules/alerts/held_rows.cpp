// What a rule with `per` keeps over a restart: which rows met its condition when they were last
// known. They hold their subject while they are unknown, whatever is known of the others.
#include <algorithm>

#include "rules/alerts/conditions.h"

namespace highwater::rules {

HeldRows Sampler::held_rows(uint32_t subject) const {
  HeldRows held;
  if (!groups_rows() || index_.rows() == nullptr) return held;
  for (const uint32_t row : last_met_rows_) {
    if (held.size() == kMostHeldRows) return held;
    if (index_.subject_of(row) != subject || !index_.selected(row)) continue;
    const auto cells = index_.rows()->row(row);
    held.emplace_back(cells.begin(), cells.end());
  }
  for (const auto& cells : awaited_) {
    if (held.size() == kMostHeldRows) return held;
    if (subject_of(cells) == subject) held.push_back(cells);
  }
  return held;
}

void Sampler::take_over(HeldRows rows) {
  if (!groups_rows()) return;
  const size_t dimensions = rule_.when.left->dimensions.size();
  for (std::vector<Symbol>& cells : rows) {
    if (cells.size() == dimensions) awaited_.push_back(std::move(cells));
  }
  find_awaited();
}

void Sampler::find_awaited() {
  if (index_.rows() == nullptr) return;
  std::erase_if(awaited_, [&](const std::vector<Symbol>& cells) {
    const auto row = index_.rows()->find(cells);
    if (!row) return false;
    if (index_.selected(*row) && !is_known(*row)) last_met_rows_.push_back(*row);
    return true;
  });
  std::ranges::sort(last_met_rows_);
  last_met_rows_.erase(std::ranges::unique(last_met_rows_).begin(), last_met_rows_.end());
  surveyed_ = false;
}

void Sampler::forget_awaited(const std::function<bool(const Entity&)>& is_gone) {
  const auto forgotten = std::erase_if(awaited_, [&](const std::vector<Symbol>& cells) {
    return is_gone(Entity(rule_.when.left->dimensions, cells));
  });
  if (forgotten > 0) surveyed_ = false;
}

std::optional<uint32_t> Sampler::subject_of(const std::vector<Symbol>& cells) const {
  std::vector<Symbol> subject;
  for (const std::string_view dimension : index_.subjects()->dimensions())
    subject.push_back(cells[static_cast<size_t>(dimension_index(*rule_.when.left, dimension))]);
  return index_.subjects()->find(subject);
}

}  // namespace highwater::rules
