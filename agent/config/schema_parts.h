// What the sections of the configuration have in common in its JSON Schema. Pure; main's thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "agent/core/json_schema.h"

namespace highwater::agent::schema_parts {

using json_schema::Json;

[[nodiscard]] Json list_of(const Json& item, std::string_view description);
[[nodiscard]] Json text(std::string_view description);
[[nodiscard]] Json url(std::string_view description);
[[nodiscard]] Json texts(std::string_view description);
[[nodiscard]] Json bytes(std::string_view description);
// Written as `text`, or where it is.
[[nodiscard]] Json secret(const Json& text, std::string_view description);
// A text, or where it is: {env: POD_NAME}.
[[nodiscard]] Json from(std::string_view description);
[[nodiscard]] Json headers(const Json& value);
[[nodiscard]] Json header_text();
// What an https address may need.
[[nodiscard]] Json with_tls(Json schema);

}  // namespace highwater::agent::schema_parts
