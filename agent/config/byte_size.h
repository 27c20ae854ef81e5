// Sizes as people write them. Used by the configuration; pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/core/result.h"

namespace highwater::agent {

// "100MB", "1.5GiB", "4096": a number of bytes. B, kB, MB, GB, TB count by thousands, KiB, MiB,
// GiB, TiB by 1,024; a bare number is bytes. At most 2^62.
[[nodiscard]] Result<uint64_t> parse_bytes(std::string_view text);

}  // namespace highwater::agent
