// The page that finds a cluster, broker, topic or group by a part of its name, or a
// broker by its address. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/observation.h"

namespace highwater::web {

constexpr size_t kMaxFound = 200;

// Letters of either case are the same. `snapshot` may be null: nothing is found then.
[[nodiscard]] std::string search_page(const Snapshot* snapshot, std::string_view text);

}  // namespace highwater::web
