// Fields of JSON that somebody else wrote: one that is missing, or of another type, reads as empty,
// because another version may have answered. Used by what shows an agent's answers; pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace highwater {

[[nodiscard]] std::string text_of(const nlohmann::json& json, const char* key);  // clean()
[[nodiscard]] double number_of(const nlohmann::json& json, const char* key);     // or 0
[[nodiscard]] std::optional<double> known_number(const nlohmann::json& json, const char* key);
[[nodiscard]] bool is_true(const nlohmann::json& json, const char* key);
[[nodiscard]] std::vector<nlohmann::json> list_of(const nlohmann::json& json, const char* key);
// An empty object when there is none.
[[nodiscard]] const nlohmann::json& object_of(const nlohmann::json& json, const char* key);

}  // namespace highwater
