// How long ago something was, for people at a terminal. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace highwater {

// Both as format_time() writes them: "12 s ago", "3 min ago", "5 h ago", "3 d ago". A clock that is
// behind gives "0 s ago"; what is no such time is given back as it is.
[[nodiscard]] std::string ago_text(std::string_view time, std::string_view now);

}  // namespace highwater
