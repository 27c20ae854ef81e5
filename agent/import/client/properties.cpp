#include "agent/import/client/properties.h"

#include <fmt/format.h>

#include <algorithm>

namespace highwater::agent::client {
namespace {

constexpr size_t kMostProperties = 2000;
constexpr std::string_view kBlanks = " \t\f";

// The lines of a file, those that go on in the next one as one.
class LogicalLines {
 public:
  explicit LogicalLines(std::string_view text) : text_(text) {}

  // False at the end. Without blanks in front, and without comments.
  bool next(std::string& line, int& number) {
    std::string_view natural;
    while (next_natural(natural)) {
      number = number_;
      const std::string_view begin = without_blanks(natural);
      if (begin.empty() || begin.front() == '#' || begin.front() == '!') continue;
      line = begin;
      while (goes_on(line)) {
        line.pop_back();
        if (!next_natural(natural)) break;
        line += without_blanks(natural);
      }
      return true;
    }
    return false;
  }

 private:
  bool next_natural(std::string_view& line) {
    if (text_.empty()) return false;
    const size_t end = std::min(text_.find_first_of("\r\n"), text_.size());
    line = text_.substr(0, end);
    const bool two = text_.substr(end).starts_with("\r\n");
    text_.remove_prefix(std::min(end + (two ? 2 : 1), text_.size()));
    ++number_;
    return true;
  }
  static std::string_view without_blanks(std::string_view line) {
    return line.substr(std::min(line.find_first_not_of(kBlanks), line.size()));
  }
  // An odd number of backslashes ends it.
  static bool goes_on(std::string_view line) {
    const size_t last = line.find_last_not_of('\\');
    const size_t backslashes = line.size() - (last == std::string_view::npos ? 0 : last + 1);
    return backslashes % 2 == 1;
  }

  std::string_view text_;
  int number_ = 0;
};

// The four hexadecimal digits of \uXXXX, or nothing.
bool read_hex(std::string_view text, uint32_t& value) {
  if (text.size() < 4) return false;
  value = 0;
  for (const char c : text.substr(0, 4)) {
    const char small = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if (small >= '0' && small <= '9')
      value = value * 16 + static_cast<uint32_t>(small - '0');
    else if (small >= 'a' && small <= 'f')
      value = value * 16 + static_cast<uint32_t>(small - 'a' + 10);
    else
      return false;
  }
  return true;
}

void append_utf8(std::string& out, uint32_t code) {
  const auto byte = [&](uint32_t bits) { out += static_cast<char>(bits); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xE0 | code >> 12);
    } else {
      byte(0xF0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3F));
    }
    byte(0x80 | (code >> 6 & 0x3F));
  }
  byte(0x80 | (code & 0x3F));
}

// The character of \uXXXX at the front of `text`, of two of them beyond U+FFFF; advances.
bool read_character(std::string_view& text, uint32_t& code) {
  constexpr uint32_t kReplacement = 0xFFFD;
  const auto unit = [&](uint32_t& value) {
    if (!text.starts_with("\\u") || !read_hex(text.substr(2), value)) return false;
    text.remove_prefix(6);
    return true;
  };
  if (!unit(code)) return false;
  if (code < 0xD800 || code > 0xDFFF) return true;
  const std::string_view behind = text;
  uint32_t low = 0;
  if (code < 0xDC00 && unit(low) && low >= 0xDC00 && low <= 0xDFFF) {
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else {
    text = behind;
    code = kReplacement;
  }
  return true;
}

Result<std::string> unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("\\u")) {
      uint32_t code = 0;
      if (!read_character(text, code)) return fail("\\u without four hexadecimal digits");
      append_utf8(out, code);
      continue;
    }
    constexpr std::string_view kLetters = "tnrf";
    constexpr std::string_view kMeanings = "\t\n\r\f";
    const bool escaped = text.front() == '\\' && text.size() > 1;
    if (escaped) text.remove_prefix(1);
    const size_t letter = escaped ? kLetters.find(text.front()) : std::string_view::npos;
    out += letter == std::string_view::npos ? text.front() : kMeanings[letter];
    text.remove_prefix(1);
  }
  return out;
}

// Where the key ends: at the first blank or separator that no backslash precedes.
size_t end_of_key(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\')
      ++i;
    else if (line[i] == '=' || line[i] == ':' || kBlanks.find(line[i]) != std::string_view::npos)
      return i;
  }
  return line.size();
}

Result<Property> read_property(std::string_view line) {
  const size_t end = end_of_key(line);
  std::string_view rest = line.substr(end);
  const auto skip_blanks = [&] {
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  };
  skip_blanks();
  if (!rest.empty() && (rest.front() == '=' || rest.front() == ':')) rest.remove_prefix(1);
  skip_blanks();
  Result<std::string> key = unescaped(line.substr(0, end));
  if (!key) return fail(key.error().message);
  Result<std::string> value = unescaped(rest);
  if (!value) return fail(value.error().message);
  // Java keeps blanks at the end; Kafka's clients cut them off.
  value->erase(value->find_last_not_of(" \t\f\r\n") + 1);
  return Property{0, std::move(*key), std::move(*value)};
}

class JaasReader {
 public:
  explicit JaasReader(std::string_view text) : text_(text) {}

  Result<JaasEntry> read() {
    JaasEntry entry;
    entry.module = word();
    if (entry.module.empty()) return fail("no login module");
    entry.module.erase(0, entry.module.rfind('.') + 1);
    const std::string flag = word();
    if (flag != "required" && flag != "requisite" && flag != "sufficient" && flag != "optional")
      return fail("'required' does not follow the login module");
    while (!at(';')) {
      if (text_.empty()) return fail("it does not end with ';'");
      std::string name = word();
      if (name.empty() || !at('=')) return fail("an option without '='");
      text_.remove_prefix(1);
      Result<std::string> value = value_of_option();
      if (!value) return fail(value.error().message);
      entry.options.emplace_back(std::move(name), std::move(*value));
    }
    text_.remove_prefix(1);
    skip();
    if (!text_.empty()) return fail("it has more than one entry");
    return entry;
  }

 private:
  void skip() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n\f"), text_.size())); }
  bool at(char c) {
    skip();
    return !text_.empty() && text_.front() == c;
  }
  std::string word() {
    skip();
    const size_t end = std::min(text_.find_first_of(" \t\r\n\f=;\"'"), text_.size());
    std::string found(text_.substr(0, end));
    text_.remove_prefix(end);
    return found;
  }
  Result<std::string> value_of_option() {
    skip();
    if (text_.empty() || (text_.front() != '"' && text_.front() != '\'')) return word();
    const char quote = text_.front();
    std::string value;
    for (size_t i = 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        text_.remove_prefix(i + 1);
        return value;
      }
      if (text_[i] == '\\' && i + 1 < text_.size()) ++i;
      value += text_[i];
    }
    return fail("a quote is not closed");
  }

  std::string_view text_;
};

}  // namespace

Result<std::vector<Property>> read_properties(std::string_view text) {
  std::vector<Property> properties;
  LogicalLines lines(text);
  std::string line;
  int number = 0;
  while (lines.next(line, number)) {
    Result<Property> property = read_property(line);
    if (!property) return fail(fmt::format("line {}: {}", number, property.error().message));
    property->line = number;
    const auto known = std::ranges::find(properties, property->key, &Property::key);
    if (known != properties.end())
      *known = std::move(*property);
    else
      properties.push_back(std::move(*property));
    if (properties.size() > kMostProperties)
      return fail(fmt::format("line {}: more than {} properties", number, kMostProperties));
  }
  return properties;
}

Result<JaasEntry> read_jaas(std::string_view text) {
  return JaasReader(text).read();
}

}  // namespace highwater::agent::client
