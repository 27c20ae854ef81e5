// The frame of every page that the agent serves: one stylesheet that reads well on a phone at
// night, and one small script that keeps open pages fresh; every page can be read without it, and
// nothing is loaded from elsewhere. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/time.h"

namespace highwater {

[[nodiscard]] std::string html_escape(std::string_view text);

struct PageFrame {
  std::string_view home = ".";   // the way from the page to the first one
  bool live = false;             // the script reads it again every five seconds
  bool wide = false;             // as wide as a live one; else it is a text to be read
  std::string_view search = {};  // what stands in the search box
};
// `title` is plain text, `body` is HTML.
[[nodiscard]] std::string html_page(std::string_view title, std::string_view body,
                                    const PageFrame& frame = {});
// What a table does on a screen as narrow as a telephone's.
enum class OnNarrow : uint8_t {
  scroll,
  stack,  // one cell below the other: for cells that say by themselves what they are
};
// A table that scrolls by itself where it is wider than the page; `what` says what it lists.
[[nodiscard]] std::string wide_table(std::string_view what, std::string_view head,
                                     std::string_view rows, OnNarrow narrow = OnNarrow::scroll);
// Served at static/highwater.css and static/live.js.
[[nodiscard]] std::string_view stylesheet();
[[nodiscard]] std::string_view live_script();  // live_script.cpp
// The header in which answers to the script say since when the agent runs: "2026-01-31T23:59:59Z".
constexpr std::string_view kStartedHeader = "Highwater-Started";
// "2026-01-31 23:59:59 UTC, 3 min 20 s ago"
[[nodiscard]] std::string since_text(WallTime since, WallTime now);
// "2026-01-31 23:59:59 UTC, in 3 min 20 s"
[[nodiscard]] std::string until_text(WallTime until, WallTime now);
// Said first on a page whose report is old: the agent hangs, and what is shown is not how it is
// now. Empty when it is new.
[[nodiscard]] std::string old_note(WallTime at, WallTime now);
// The line at the end of a page: of when it is, and which version of the program made it.
[[nodiscard]] std::string as_of(WallTime at, WallTime now);

}  // namespace highwater
