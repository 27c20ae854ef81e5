#include "agent/core/table.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>

namespace highwater {
namespace {

constexpr uint32_t kFree = std::numeric_limits<uint32_t>::max();

// Of a power of two of places. Addresses differ in few bits: the lowest ones of their hash are
// weak.
size_t first_place(size_t hash, size_t places) {
  return places == 1 ? 0 : hash >> (std::numeric_limits<size_t>::digits - std::countr_zero(places));
}

}  // namespace

std::string_view unknown_name(Unknown reason) {
  switch (reason) {
    case Unknown::known:
      return "known";
    case Unknown::broker_unreachable:
      return "broker_unreachable";
    case Unknown::timed_out:
      return "timed_out";
    case Unknown::leaderless:
      return "leaderless";
    case Unknown::no_coordinator:
      return "no_coordinator";
    case Unknown::coordinator_loading:
      return "coordinator_loading";
    case Unknown::no_commit:
      return "no_commit";
    case Unknown::beyond_end:
      return "beyond_end";
    case Unknown::denied:
      return "denied";
    case Unknown::contradicted:
      return "contradicted";
    case Unknown::unsupported:
      return "unsupported";
    case Unknown::not_asked:
      return "not_asked";
    case Unknown::failed:
      return "failed";
    case Unknown::may_be_marker:
      return "may_be_marker";
  }
  return "failed";
}

std::string_view unknown_sentence(Unknown reason) {
  switch (reason) {
    case Unknown::known:
      return "it is known";
    case Unknown::broker_unreachable:
      return "the broker that would answer cannot be reached";
    case Unknown::timed_out:
      return "the broker did not answer in time";
    case Unknown::leaderless:
      return "the partition has no leader";
    case Unknown::no_coordinator:
      return "no broker coordinates the group";
    case Unknown::coordinator_loading:
      return "the group's coordinator is loading its offsets";
    case Unknown::no_commit:
      return "the group never committed an offset";
    case Unknown::beyond_end:
      return "the committed offset is beyond the end of the log";
    case Unknown::denied:
      return "Kafka denied access";
    case Unknown::contradicted:
      return "what is seen contradicts what Kafka says";
    case Unknown::unsupported:
      return "the broker is too old to tell";
    case Unknown::not_asked:
      return "it was not read yet";
    case Unknown::failed:
      return "Kafka answered with an error";
    case Unknown::may_be_marker:
      return "what is unread may be a transaction marker; READ on the topic would tell";
  }
  return "it could not be read";
}

bool is_fault(Unknown reason) {
  switch (reason) {
    case Unknown::known:
    case Unknown::no_commit:
    case Unknown::beyond_end:
    case Unknown::unsupported:
    case Unknown::not_asked:
    case Unknown::may_be_marker:
      return false;
    case Unknown::broker_unreachable:
    case Unknown::timed_out:
    case Unknown::leaderless:
    case Unknown::no_coordinator:
    case Unknown::coordinator_loading:
    case Unknown::denied:
    case Unknown::contradicted:
    case Unknown::failed:
      return true;
  }
  return true;
}

size_t hash_cells(std::span<const Symbol> cells) {
  size_t hash = 0xcbf29ce484222325U;
  for (const Symbol& cell : cells) hash = (hash ^ cell.hash()) * 0x9e3779b97f4a7c15U + (hash >> 29);
  return hash;
}

KeySet::KeySet(std::vector<std::string_view> dimensions, std::vector<Symbol> cells)
    : dimensions_(std::move(dimensions)), cells_(std::move(cells)) {
  assert(!dimensions_.empty() && cells_.size() % dimensions_.size() == 0);
  cells_.shrink_to_fit();
  places_.assign(std::bit_ceil(rows() + rows() / 2 + 1), kFree);
  for (size_t i = 0; i < rows(); ++i) {
    size_t place = first_place(hash_cells(row(i)), places_.size());
    while (places_[place] != kFree) place = (place + 1) % places_.size();
    places_[place] = static_cast<uint32_t>(i);
  }
}

std::optional<uint32_t> KeySet::find(std::span<const Symbol> cells) const {
  size_t place = first_place(hash_cells(cells), places_.size());
  for (; places_[place] != kFree; place = (place + 1) % places_.size()) {
    if (std::ranges::equal(row(places_[place]), cells)) return places_[place];
  }
  return std::nullopt;
}

TableBuilder::TableBuilder(const Measure& measure, std::shared_ptr<const KeySet> keys) {
  assert(std::ranges::equal(measure.dimensions, keys->dimensions()));
  table_.measure = &measure;
  table_.values.assign(keys->rows(), 0.0);
  table_.keys = std::move(keys);
}

void TableBuilder::set_unknown(size_t row, Unknown reason, double last_value) {
  if (table_.unknown.empty()) table_.unknown.assign(table_.values.size(), Unknown::known);
  table_.unknown[row] = reason;
  table_.values[row] = last_value;
}

Entity::Entity(std::span<const std::string_view> dimensions, std::span<const Symbol> cells) {
  assert(dimensions.size() == cells.size());
  labels.reserve(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) labels.emplace_back(Symbol(dimensions[i]), cells[i]);
  std::sort(labels.begin(), labels.end());
}

Symbol Entity::label(std::string_view dimension) const {
  for (const auto& [name, value] : labels) {
    if (name.text() == dimension) return value;
  }
  return {};
}

size_t Entity::hash() const {
  size_t hash = labels.size();
  for (const auto& [name, value] : labels)
    hash = hash * 0x9e3779b97f4a7c15U + (name.hash() ^ (value.hash() << 1));
  return hash;
}

std::string Entity::text_after(std::string_view rule) const {
  return std::string(rule) + (labels.empty() ? "" : " " + text());
}

std::string Entity::text() const {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ' ';
    text += name.text() + "=" + value.text();
  }
  return text;
}

}  // namespace highwater
