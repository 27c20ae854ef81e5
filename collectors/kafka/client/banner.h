// What listens on a port that was given for a broker's and speaks another protocol. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace highwater::kafka {

// Of the first four bytes of an answer: "it speaks TLS, ...". Nothing when they are not known to
// begin another protocol.
[[nodiscard]] std::optional<std::string> foreign_protocol(std::span<const std::byte, 4> begin);

}  // namespace highwater::kafka
