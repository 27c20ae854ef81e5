#include "exporters/json_fields.h"

#include <nlohmann/json.hpp>

#include "exporters/terminal.h"

namespace highwater {

using Json = nlohmann::json;

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? clean(found->get<std::string>())
                                                   : std::string();
}

double number_of(const Json& json, const char* key) {
  return known_number(json, key).value_or(0);
}

std::optional<double> known_number(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

bool is_true(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

std::vector<Json> list_of(const Json& json, const char* key) {
  std::vector<Json> list;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return list;
  for (const Json& entry : *found) {
    if (entry.is_object()) list.push_back(entry);
  }
  return list;
}

const Json& object_of(const Json& json, const char* key) {
  static const Json empty = Json::object();
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : empty;
}

}  // namespace highwater
