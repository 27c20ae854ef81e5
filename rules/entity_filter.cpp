#include "rules/entity_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/diagnostic.h"

namespace highwater::rules {
namespace {

constexpr size_t kMostLabels = 5000;

}  // namespace

EntityFilter::EntityFilter(std::string_view asked) : asked_(asked) {
  while (!asked.empty()) {
    const size_t end = std::min(asked.find(' '), asked.size());
    if (end > 0) pieces_.emplace_back(asked.substr(0, end));
    asked.remove_prefix(std::min(end + 1, asked.size()));
  }
}

bool EntityFilter::matches(std::string_view entity_text) const {
  return std::ranges::all_of(pieces_, [&](const std::string& piece) {
    return entity_text.find(piece) != std::string_view::npos;
  });
}

void EntityNames::add(const Entity& entity) {
  for (const auto& [dimension, value] : entity.labels) {
    if (labels_.size() >= kMostLabels) return;
    dimensions_.insert(dimension.text());
    labels_.emplace(dimension.text(), value.text());
  }
}

std::string EntityNames::advice(const EntityFilter& filter) const {
  if (labels_.empty()) return "there is none at all yet";
  for (const std::string& piece : filter.pieces_) {
    const bool found = std::ranges::any_of(labels_, [&](const auto& label) {
      return fmt::format("{}={}", label.first, label.second).find(piece) != std::string::npos;
    });
    if (!found) return advice(piece);
  }
  return "each part of it is there, but nothing has all of them";
}

std::string EntityNames::advice(const std::string& piece) const {
  const size_t equal = piece.find('=');
  std::vector<std::string> near;
  if (equal == std::string::npos) {
    for (const auto& [dimension, value] : labels_) near.push_back(value);
    return did_you_mean(piece, near);
  }
  const std::string dimension = piece.substr(0, equal);
  if (!dimensions_.contains(dimension)) {
    near.assign(dimensions_.begin(), dimensions_.end());
    return fmt::format("'{}' is no dimension of it: {}", dimension, did_you_mean(dimension, near));
  }
  for (const auto& [name, value] : labels_) {
    if (name == dimension) near.push_back(fmt::format("{}={}", name, value));
  }
  return did_you_mean(piece, near);
}

}  // namespace highwater::rules
