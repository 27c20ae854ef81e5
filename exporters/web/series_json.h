// One curve as JSON, for whoever draws it elsewhere. Pure; used by the web pages.
#pragma once

#include <optional>
#include <string>

#include "agent/core/observation.h"
#include "exporters/history/history.h"
#include "exporters/http/server.h"

namespace highwater::web {

// `query` has `measure`, and a value for each of its labels. {"measure", "labels", "from",
// "step_seconds", "points": [{"at", "min", "max", "last"} or {"at", "unknown": "denied"}]}; `at`
// counts seconds since 1970; steps in which nothing was recorded are left out. Nothing: there is no
// such series.
[[nodiscard]] std::optional<std::string> series_json(const Snapshot& snapshot,
                                                     const history::History& history,
                                                     const http::HeaderList& query, WallTime from,
                                                     WallTime until);

}  // namespace highwater::web
