#include "agent/config/fields.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
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

std::string from_folder_of(const std::string& file, const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(std::filesystem::path(file).parent_path() / path, ignored)
      .lexically_normal()
      .string();
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

http::TlsOptions read_tls(YamlMap& map, const std::string& file) {
  http::TlsOptions tls;
  for (const auto& [key, into] :
       {std::pair("ca_file", &tls.ca_file), std::pair("certificate", &tls.certificate),
        std::pair("key", &tls.key)}) {
    const YamlNode* const node = map.get(key);
    if (node == nullptr) continue;
    const std::string path = map.text(key).value_or("");
    if (path.empty() || path.find('\0') != std::string::npos) {
      map.error(*node, fmt::format("'{}' is empty", key), "name a file in PEM form");
      continue;
    }
    std::error_code ignored;
    *into = std::filesystem::absolute(std::filesystem::path(file).parent_path() / path, ignored)
                .string();
  }
  if (const auto verify = map.boolean("verify")) tls.verify = *verify;
  if (!tls.key.empty() && map.node().find("certificate") == nullptr)
    map.error(*map.node().find("key"), "there is a 'key', and no 'certificate' that it belongs to",
              "name the client's certificate as well");
  return tls;
}

std::string check_url(YamlMap& map, const std::string& key, const std::string& url) {
  if (const auto parsed = http::parse_url(url); !parsed)
    map.error(*map.node().find(key), fmt::format("'{}': {}", key, parsed.error().message));
  return url;
}

}  // namespace highwater::agent
