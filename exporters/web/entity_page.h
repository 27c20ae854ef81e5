// The page of a cluster, a broker, a topic or a group: what is wrong with it, how it went, and all
// that is known of it. Pure.
#pragma once

#include <optional>
#include <string>

#include "agent/core/report.h"
#include "exporters/history/history.h"
#include "exporters/web/facts.h"

namespace highwater::web {

struct EntityQuestion {
  Subject subject;
  Duration back = std::chrono::hours(6);  // how far plots go back
  size_t page = 0;                        // of the longest table, from 0
};

// Nothing: there is no such thing now. `report` has a snapshot.
[[nodiscard]] std::optional<std::string> entity_page(const Report& report, Now now,
                                                     const history::History& history,
                                                     const EntityQuestion& question);

}  // namespace highwater::web
