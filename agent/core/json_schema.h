// What the JSON Schemas of our files are made of (draft 2020-12): those of the configuration and of
// rule files speak alike. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace highwater::json_schema {

using Json = nlohmann::ordered_json;

// A duration as parse_duration (agent/core/time.h) reads it: "90s", "1h30m".
inline constexpr std::string_view kDurationPattern = "^(0|([0-9]+(ms|[smhdw]))+)$";

[[nodiscard]] Json described(Json schema, std::string_view description);
[[nodiscard]] Json boolean(std::string_view description);
// Also 0.
[[nodiscard]] Json duration(std::string_view description);
// One of them, or a list of at least `least`.
[[nodiscard]] Json list_of(const Json& item, size_t least = 0);
// Other keys than `properties` are mistakes.
[[nodiscard]] Json object(Json properties, std::vector<std::string> required = {});

}  // namespace highwater::json_schema
