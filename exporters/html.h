// The frame of every page that the agent serves: one small stylesheet that reads well on a phone at
// night, no script, nothing loaded from elsewhere. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/time.h"

namespace highwater {

[[nodiscard]] std::string html_escape(std::string_view text);
// `title` is plain text, `body` is HTML.
[[nodiscard]] std::string html_page(std::string_view title, std::string_view body);
// "2026-01-31 23:59:59 UTC, 3 min 20 s ago"
[[nodiscard]] std::string since_text(WallTime since, WallTime now);

}  // namespace highwater
