// A mail of plain text and HTML as RFC 5322 and MIME write it. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/time.h"

namespace highwater::mail {

struct Draft {
  std::string from;              // an address without a name
  std::string from_name;         // may be empty
  std::vector<std::string> to;   // addresses without names
  std::string subject;           // UTF-8, one line
  std::string text;              // UTF-8
  std::string html;              // UTF-8, a whole document
  std::string id;                // of the Message-ID, without angle brackets
  std::string answers;           // the id of the mail that this one answers; may be empty
  WallTime date;
  bool urgent = false;
};

// Lines end in CR LF; no line is longer than 998 bytes, and no byte is above 127.
[[nodiscard]] std::string compose(const Draft& draft);

// "Sun, 29 Nov 2026 20:20:00 +0000"
[[nodiscard]] std::string mail_date(WallTime time);
// A header's text: as it is, or as encoded words (RFC 2047).
[[nodiscard]] std::string header_text(std::string_view text);

// Whether it is an address that may stand in a header and an envelope: user@example.org.
[[nodiscard]] bool is_address(std::string_view text);

}  // namespace highwater::mail
