#include "exporters/web/request.h"

#include <algorithm>
#include <charconv>

namespace highwater::web {

size_t number_of(const http::ServerRequest& request, std::string_view name, size_t otherwise,
                 size_t most) {
  const std::string_view text = request.query_value(name);
  size_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
    return otherwise;
  return std::min(value, most);
}

Duration hours_back(const http::ServerRequest& request, size_t otherwise) {
  return std::chrono::hours(
      std::max<size_t>(number_of(request, "hours", otherwise, kMostHours), 1));
}

}  // namespace highwater::web
