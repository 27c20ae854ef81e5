#include "agent/config/schema_parts.h"

#include <nlohmann/json.hpp>

namespace highwater::agent::schema_parts {

using json_schema::boolean;
using json_schema::described;

Json list_of(const Json& item, std::string_view description) {
  return described(json_schema::list_of(item), description);
}

Json text(std::string_view description) {
  return {{"type", "string"}, {"minLength", 1}, {"description", description}};
}

Json url(std::string_view description) {
  return {{"type", "string"}, {"pattern", "^https?://"}, {"description", description}};
}

Json texts(std::string_view description) {
  return list_of({{"type", {"string", "number"}}}, description);
}

Json bytes(std::string_view description) {
  return {{"anyOf",
           {{{"type", "string"}, {"pattern", "^[0-9]+([.][0-9]+)? ?([kKMGT]?B|[KMGT]iB)$"}},
            {{"type", "integer"}, {"minimum", 1}}}},
          {"description", description}};
}

// Written as `text`, or where it is.
Json secret(const Json& text, std::string_view description) {
  const Json elsewhere{
      {"type", "object"},
      {"properties",
       {{"file",
         described({{"type", "string"}, {"minLength", 1}}, "The file whose first line it is.")},
        {"env", described({{"type", "string"}, {"minLength", 1}}, "The variable that holds it.")}}},
      {"minProperties", 1},
      {"maxProperties", 1},
      {"additionalProperties", false}};
  return {{"anyOf", {text, elsewhere}}, {"description", description}};
}

// A text, or where it is: {env: POD_NAME}.
Json from(std::string_view description) {
  return secret(Json{{"type", "string"}, {"minLength", 1}}, description);
}

Json headers(const Json& value) {
  return {{"type", "object"},
          {"additionalProperties", value},
          {"description", "Headers to send along."}};
}

Json header_text() {
  return {{"type", {"string", "number", "boolean"}}};
}

// What an https address may need.
Json with_tls(Json schema) {
  schema["properties"].update(
      {{"ca_file", text("Certificate authorities, as PEM.")},
       {"verify", boolean("false accepts any certificate.")},
       {"certificate", text("The client's certificate with its chain, as PEM.")},
       {"key", text("Its key, as PEM; without it the key is in the same file.")}});
  return schema;
}

}  // namespace highwater::agent::schema_parts
