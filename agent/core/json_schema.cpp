#include "agent/core/json_schema.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace highwater::json_schema {

Json described(Json schema, std::string_view description) {
  schema["description"] = description;
  return schema;
}

Json boolean(std::string_view description) {
  return {{"type", "boolean"}, {"description", description}};
}

Json duration(std::string_view description) {
  const Json written{{"type", "string"}, {"pattern", kDurationPattern}};
  return {{"anyOf", {written, {{"const", 0}}}}, {"description", description}};
}

Json list_of(const Json& item, size_t least) {
  Json list{{"type", "array"}, {"items", item}};
  if (least > 0) list["minItems"] = least;
  return {{"anyOf", {item, std::move(list)}}};
}

Json object(Json properties, std::vector<std::string> required) {
  Json schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

}  // namespace highwater::json_schema
