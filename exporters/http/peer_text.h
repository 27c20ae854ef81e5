// What the other side says, made fit to be shown: without the secrets of the request that it may
// repeat, and where a redirect leads. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "exporters/http/client.h"

namespace highwater::http {

// Parts of the path that are no common words, values of the query and of headers become "***",
// whatever their case, escaped or not; so do `more`, the secrets that its body holds.
[[nodiscard]] std::string without_secrets(std::string text, const Request& request,
                                          const std::vector<std::string>& more = {});

// "moved to https://hooks.example.com/v2: use that address", with the scheme and the host that a
// relative address leaves out; empty for answers that are no redirect.
[[nodiscard]] std::string moved_to(const Response& response, const Request& request);

}  // namespace highwater::http
