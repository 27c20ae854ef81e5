#include "agent/core/entity_text.h"

namespace highwater {
namespace {

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" =\"\\") != std::string_view::npos;
}

void append_value(std::string& text, std::string_view value) {
  if (!needs_quotes(value)) {
    text += value;
    return;
  }
  text += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  text += '"';
}

// Takes a value off the text; nothing when a quote is not closed.
std::optional<std::string> take_value(std::string_view& text) {
  if (!text.starts_with('"')) {
    const size_t end = text.find(' ');
    const std::string_view value = text.substr(0, end);
    text.remove_prefix(value.size());
    if (needs_quotes(value)) return std::nullopt;
    return std::string(value);
  }
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value += text[i];
  }
  return std::nullopt;
}

}  // namespace

std::string entity_text(const Entity& entity) {
  std::string text;
  for (const auto& [name, value] : entity.labels) {
    if (name.text() == "cluster") continue;
    if (!text.empty()) text += ' ';
    text += name.text();
    text += '=';
    append_value(text, value.text());
  }
  return text;
}

std::optional<EntityLabels> parse_entity_text(std::string_view text) {
  EntityLabels labels;
  while (!text.empty()) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
    std::string name(text.substr(0, equals));
    if (name.find(' ') != std::string::npos) return std::nullopt;
    text.remove_prefix(equals + 1);
    std::optional<std::string> value = take_value(text);
    if (!value) return std::nullopt;
    labels.emplace_back(std::move(name), *std::move(value));
    if (text.empty()) break;
    if (!text.starts_with(' ') || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  return labels;
}

}  // namespace highwater
