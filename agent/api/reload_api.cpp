#include "agent/api/reload_api.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/api_reply.h"

namespace highwater::agent {
void add_reload_api(http::Server& server, std::function<std::vector<std::string>()> reload) {
  server.add("POST", "/-/reload", [reload = std::move(reload)](const http::ServerRequest& request) {
    if (auto refused = refuse_change(request)) return std::move(*refused);
    const std::vector<std::string> mistakes = reload();
    if (mistakes.empty()) return json_reply(200, {{"reloaded", true}});
    return json_reply(400, {{"error", "the configuration has mistakes, nothing was changed"},
                            {"mistakes", mistakes}});
  });
}

}  // namespace highwater::agent
