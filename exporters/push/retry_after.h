// The Retry-After header of HTTP, as webhooks and OTLP collectors send it. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "agent/core/time.h"

namespace highwater {

// Seconds ("120") or an HTTP date ("Wed, 21 Oct 2026 07:28:00 GMT", counted from `now`, zero when
// it has passed). Nothing when the text is neither. Not capped, except that it fits a Duration.
[[nodiscard]] std::optional<Duration> parse_retry_after(std::string_view text, WallTime now);

}  // namespace highwater
