// What the pages and the API read of a request's query. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "agent/core/time.h"
#include "exporters/http/server.h"

namespace highwater::web {

constexpr size_t kLongestQuestion = 300;  // of a name that is asked for
constexpr size_t kMostHours = 24 * 14;

// A number of the query, at most `most`; `otherwise` when there is none.
[[nodiscard]] size_t number_of(const http::ServerRequest& request, std::string_view name,
                               size_t otherwise, size_t most);
// "hours": how far back, from one hour to two weeks.
[[nodiscard]] Duration hours_back(const http::ServerRequest& request, size_t otherwise);

}  // namespace highwater::web
