#include "agent/import/yaml_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/utf8.h"

namespace highwater::agent {
namespace {

constexpr size_t kLongestLine = 400;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What some reader of YAML takes for a truth value or for nothing.
bool is_reserved(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  constexpr std::string_view kReserved[] = {"true", "false", "yes", "no", "on",
                                            "off",  "null",  "y",   "n"};
  return std::ranges::find(kReserved, lower) != std::end(kReserved);
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line(utf8::first_characters(text, kLongestLine));
  std::ranges::replace_if(line, is_control, ' ');
  return line;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (is_control(c))
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string plain_or_quoted(std::string_view text) {
  const bool plain =
      !text.empty() && is_letter(text.front()) && !is_reserved(text) &&
      std::ranges::all_of(text, [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
      });
  return plain ? std::string(text) : quoted(text);
}

std::string one_or_list(std::span<const std::string> texts) {
  if (texts.size() == 1) return plain_or_quoted(texts.front());
  std::string list = "[";
  for (const std::string& text : texts)
    list += (list.size() == 1 ? "" : ", ") + plain_or_quoted(text);
  return list + "]";
}

}  // namespace highwater::agent
