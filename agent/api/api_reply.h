// What the parts of the API that change something answer with, and who may ask them to: logins with
// the role write, or without `web_config` programs on this machine. Pure; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "exporters/http/server.h"

namespace highwater::agent {

[[nodiscard]] http::Reply json_reply(int status, const nlohmann::ordered_json& json);
// {"error": why}
[[nodiscard]] http::Reply refusal(int status, const std::string& why);

// Of a silence or an incident; 0: it is no number.
[[nodiscard]] uint64_t number_in(std::string_view text);

// For people, when it may not.
[[nodiscard]] std::string_view why_no_change(const http::ServerRequest& request);
// Nothing: it may change things. A page of the web says where it is from.
[[nodiscard]] std::optional<http::Reply> refuse_change(const http::ServerRequest& request);
// The same of one with a body, which must be JSON: what a page can send without asking is not.
[[nodiscard]] std::optional<http::Reply> refuse_json_change(const http::ServerRequest& request);

}  // namespace highwater::agent
