// The head of a request, checked before the library's parser sees it: what is ambiguous, oversized
// or not served here is refused with its status. Pure; used by the intake of the server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace highwater::http {

struct RequestHead {
  int refused = 0;            // the status to answer with; 0: it is fine
  std::string_view why;       // for people, when refused
  std::string text;           // the head as the library shall see it
  std::string path;           // the target of the request line, as sent
  std::string host;           // the Host header, or of an absolute target; empty when there is none
  std::string authorization;  // that header, which `text` is without
  size_t body_bytes = 0;      // that follow the head
  bool expects_continue = false;
};

// `head` is everything up to and including the empty line.
[[nodiscard]] RequestHead check_request_head(std::string_view head, size_t max_body_bytes);

// A complete small reply: plain text, closing the connection.
[[nodiscard]] std::string plain_reply(int status, std::string_view text);

// "Not Found"
[[nodiscard]] std::string_view status_text(int status);

}  // namespace highwater::http
