#include "agent/config/fields.h"

#include <fmt/format.h>

#include <utility>

#include "exporters/http/address.h"

namespace highwater::agent {

void read_duration(YamlMap& map, const std::string& key, Duration lowest, Duration highest,
                   Duration& into) {
  const std::optional<Duration> duration = map.duration(key);
  if (!duration) return;
  if (*duration < lowest || *duration > highest) {
    map.error(
        *map.node().find(key), fmt::format("'{}' is {}", key, format_duration(*duration)),
        fmt::format("choose between {} and {}", format_duration(lowest), format_duration(highest)));
    return;
  }
  into = *duration;
}

void read_patterns(YamlMap& map, const std::string& key, std::vector<Pattern>& into) {
  for (const std::string& text : map.texts(key)) {
    if (Result<Pattern> pattern = Pattern::parse(text)) {
      into.push_back(std::move(*pattern));
    } else {
      map.error(*map.node().find(key), fmt::format("'{}': {}", key, pattern.error().message));
    }
  }
}

std::string check_url(YamlMap& map, const std::string& key, const std::string& url) {
  if (const auto parsed = http::parse_url(url); !parsed)
    map.error(*map.node().find(key), fmt::format("'{}': {}", key, parsed.error().message));
  return url;
}

}  // namespace highwater::agent
