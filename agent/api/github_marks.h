// What a webhook of GitHub says of a deployment or a release, as a mark. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "agent/core/result.h"

namespace highwater::agent {

// {"text", "at"} as POST /api/v1/marks takes them; nothing: the event says of no change that took
// place (a deployment that is under way, a draft). `event` is the header X-GitHub-Event. An error:
// the payload is not what GitHub documents of that event.
[[nodiscard]] Result<std::optional<nlohmann::ordered_json>> mark_of_github(
    std::string_view event, const nlohmann::ordered_json& payload);

}  // namespace highwater::agent
