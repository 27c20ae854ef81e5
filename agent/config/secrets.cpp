#include "agent/config/secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "agent/core/plain_text.h"
#include "exporters/http/address.h"

namespace highwater::agent {
namespace {

constexpr size_t kShortestKey = 16;

bool names_a_secret(std::string_view name) {
  const std::string small = lower_case(name);
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"auth", "token", "secret", "key", "password",
                                              "cookie", "sig"},
      [&](std::string_view word) { return small.find(word) != std::string::npos; });
}

// "kafka-alerts-production" is typed, "XXq3TbZ9a8Kd0mPw" is copied.
bool is_key(std::string_view segment) {
  const bool digits = std::ranges::any_of(segment, [](char c) { return c >= '0' && c <= '9'; });
  const bool letters = std::ranges::any_of(
      segment, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  return segment.size() >= kShortestKey && digits && letters;
}

template <class Piece>
bool any_piece(std::string_view text, char separator, Piece wanted) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (wanted(text.substr(0, end))) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

bool is_name_of_a_variable(std::string_view text) {
  return !text.empty() &&
         text.find_first_of(std::string_view("=\0 $", 4)) == std::string_view::npos;
}

}  // namespace

Secret read_secret(YamlMap& map, const std::string& key, const std::string& file,
                   Diagnostics& diagnostics) {
  const YamlNode* const node = map.get(key);
  return node != nullptr ? read_secret(*node, key, file, diagnostics) : Secret();
}

Secret read_secret(const YamlNode& node, const std::string& key, const std::string& file,
                   Diagnostics& diagnostics) {
  if (node.kind == YamlNode::Kind::scalar) return node.scalar;
  YamlMap place(node, fmt::format("'{}'", key), file, diagnostics);
  if (!place.valid()) return {};
  const auto path = place.text("file");
  const auto variable = place.text("env");
  place.finish();
  if ((node.find("file") == nullptr) == (node.find("env") == nullptr)) {
    place.error(node, fmt::format("'{}' needs either 'file' or 'env'", key),
                "write it like {file: /run/secrets/oncall} or {env: ONCALL_URL}");
    return {};
  }
  if (path) {
    if (path->empty() || path->find('\0') != std::string::npos) {
      place.error(*node.find("file"), "'file' is empty", "name the file whose first line it is");
      return {};
    }
    std::error_code ignored;
    return Secret::in_file(
        std::filesystem::absolute(std::filesystem::path(file).parent_path() / *path, ignored)
            .lexically_normal()
            .string());
  }
  if (!variable) return {};
  if (!is_name_of_a_variable(*variable)) {
    place.error(*node.find("env"),
                fmt::format("'env': '{}' is not the name of a variable", *variable),
                "write it without '$', like ONCALL_URL");
    return {};
  }
  return Secret::in_environment(*variable);
}

std::vector<std::pair<std::string, Secret>> read_headers(const YamlNode& node, Config& config,
                                                         Diagnostics& diagnostics) {
  std::vector<std::pair<std::string, Secret>> headers;
  YamlMap map(node, "'headers'", config.file, diagnostics);
  for (const auto& [name, value] : node.entries) {
    const Secret secret = read_secret(map, name.scalar, config.file, diagnostics);
    if ((name.scalar + secret.written()).find_first_of("\r\n") != std::string::npos)
      map.error(value, fmt::format("the header '{}' holds a line break", name.scalar),
                "write it on one line");
    if (!secret.is_elsewhere() && is_secret_header(name.scalar))
      note_written_secret(value, fmt::format("the header '{}'", name.scalar), config);
    headers.emplace_back(name.scalar, secret);
  }
  return headers;
}

bool is_secret_header(std::string_view name) {
  return names_a_secret(name);
}

bool is_secret_url(std::string_view url) {
  const auto parsed = http::parse_url(url);
  if (!parsed) return false;
  const std::string_view target = parsed->target;
  const size_t question = std::min(target.find('?'), target.size());
  const std::string_view query = target.substr(std::min(question + 1, target.size()));
  return any_piece(target.substr(0, question), '/', is_key) ||
         any_piece(query, '&', [](std::string_view pair) {
           return names_a_secret(pair.substr(0, pair.find('=')));
         });
}

void note_written_secret(const YamlNode& at, std::string_view what, Config& config) {
  config.written_secrets.push_back(
      {config.file, at.line, at.column,
       fmt::format("{} is a secret, and everybody on this machine can read this file", what),
       "write it as {file: PATH} or {env: NAME}, or 'chmod o-r' this file"});
}

}  // namespace highwater::agent
