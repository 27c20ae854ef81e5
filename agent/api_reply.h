// What the parts of the API that change something answer with, and who may ask them to. Pure; any
// thread.
//
// Until `listen` knows logins, only programs on this machine may change anything.
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

// Nothing: it may change things. A proxy on this machine comes from here, and brings others; a page
// of the web says where it is from.
[[nodiscard]] std::optional<http::Reply> refuse_change(const http::ServerRequest& request);
// The same of one with a body, which must be JSON: what a page can send without asking is not.
[[nodiscard]] std::optional<http::Reply> refuse_json_change(const http::ServerRequest& request);

}  // namespace highwater::agent
