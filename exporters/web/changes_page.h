// What changed: as a page, and beside an incident. Pure; used by the pages.
#pragma once

#include <string>

#include "agent/core/report.h"
#include "exporters/changes/ledger.h"

namespace highwater::web {

// HTML: the nearest changes before the incident, or that none is known. `snapshot` says what
// depends on what, and may be null.
[[nodiscard]] std::string changes_before(const changes::Ledger& ledger, const Incident& incident,
                                         const Snapshot* snapshot);
// The newest first.
[[nodiscard]] std::string changes_page(const changes::Ledger& ledger, WallTime now, Duration back);

// {"changes": [{"at", "about": {"cluster", ...}, "text", "mark", "tags"}], "change_count"}, the newest
// first; `at` in RFC 3339. `until` excluded.
[[nodiscard]] std::string changes_json(const changes::Ledger& ledger, WallTime from,
                                       WallTime until);

}  // namespace highwater::web
