#include "agent/import/client/reading.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agent/import/client/known_properties.h"

namespace highwater::agent::client {

std::string flow_map(const Settings& settings) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : settings) pairs.push_back(fmt::format("{}: {}", key, value));
  return fmt::format("{{{}}}", fmt::join(pairs, ", "));
}

const Property* Reading::find(std::string_view key) const {
  const auto found = std::ranges::find(properties_, key, &Property::key);
  return found == properties_.end() ? nullptr : &*found;
}

std::optional<std::string> Reading::take(std::string_view key) {
  const Property* const property = find(key);
  if (property == nullptr) return std::nullopt;
  taken_.push_back(property);
  if (property->value.empty()) return std::nullopt;
  return property->value;
}

std::optional<std::string> Reading::take_first(std::initializer_list<std::string_view> keys) {
  std::optional<std::string> value;
  for (const std::string_view key : keys) {
    if (std::optional<std::string> one = take(key); one && !value) value = std::move(one);
  }
  return value;
}

std::vector<const Property*> Reading::left() const {
  std::vector<const Property*> left;
  for (const Property& property : properties_) {
    if (std::ranges::find(taken_, &property) == taken_.end()) left.push_back(&property);
  }
  return left;
}

void Reading::lose(std::string_view key, const std::string& why) {
  const Property* const property = find(key);
  losses_.push_back({property == nullptr ? 1 : property->line, fmt::format("{}: {}", key, why)});
}

std::string Reading::secret(std::string_view key, const std::string& value, const char* variable) {
  if (const auto elsewhere = secret_elsewhere(value)) {
    if (!elsewhere->empty()) return *elsewhere;
    lose(key,
         fmt::format("its value comes from a provider of Java's configuration: set {}", variable));
  }
  const Property* const property = find(key);
  variables_.push_back(fmt::format("{} is the secret of line {} ({})", variable,
                                   property == nullptr ? 1 : property->line, key));
  return fmt::format("{{env: {}}}", variable);
}

}  // namespace highwater::agent::client
