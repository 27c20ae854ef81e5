// Fields of JSON that somebody else wrote: one that is missing, or of another type, reads as empty,
// because another version may have answered. Used by what shows an agent's answers; pure.
// Templates, so that whoever includes this brings the JSON library along.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "exporters/status/terminal.h"

namespace highwater {

// For a terminal: see clean().
template <class Json>
[[nodiscard]] std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return {};
  return clean(found->template get<std::string>());
}

template <class Json>
[[nodiscard]] std::optional<double> known_number(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->template get<double>();
}

template <class Json>
[[nodiscard]] double number_of(const Json& json, const char* key) {
  return known_number(json, key).value_or(0);
}

template <class Json>
[[nodiscard]] bool is_true(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->template get<bool>();
}

// What of a list is an object.
template <class Json>
[[nodiscard]] std::vector<Json> list_of(const Json& json, const char* key) {
  std::vector<Json> list;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return list;
  for (const Json& entry : *found) {
    if (entry.is_object()) list.push_back(entry);
  }
  return list;
}

// An empty object when there is none.
template <class Json>
[[nodiscard]] const Json& object_of(const Json& json, const char* key) {
  static const Json empty = Json::object();
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : empty;
}

}  // namespace highwater
