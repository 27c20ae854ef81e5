// Text from the network made fit for JSON and protobuf: both demand valid UTF-8, and Kafka's names
// (groups, client ids, racks) are whatever bytes somebody sent. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace highwater::utf8 {

enum class Lines : uint8_t { keep, join };

// Valid UTF-8 of at most `max_bytes` (at least 3): every invalid byte and every control character
// becomes U+FFFD; line feeds and tabs stay with Lines::keep and become spaces with Lines::join.
// What does not fit is cut between characters and ends in an ellipsis.
[[nodiscard]] std::string clean(std::string_view text, size_t max_bytes, Lines lines = Lines::keep);

}  // namespace highwater::utf8
