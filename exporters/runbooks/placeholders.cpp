#include "exporters/runbooks/placeholders.h"

#include <algorithm>
#include <cstdint>

namespace highwater {
namespace {

enum class Quotes : uint8_t { none, single, twofold };

const std::string* find(const PlaceholderValues& values, std::string_view name) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
  return found == values.end() ? nullptr : &found->second;
}

// The name of the placeholder that begins at `text`, or empty.
std::string_view placeholder_at(std::string_view text) {
  if (!text.starts_with('{')) return {};
  const size_t end = text.find('}');
  if (end == std::string_view::npos || end < 2) return {};
  const std::string_view name = text.substr(1, end - 1);
  const bool known = std::all_of(name.begin(), name.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return known ? name : std::string_view();
}

bool is_harmless(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:,/@+-=").find(c) != std::string_view::npos;
  });
}

std::string without_controls(std::string_view value) {
  std::string out(value);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return out;
}

// What stands for the value at a place within such quotes.
std::string quoted(std::string_view value, Quotes quotes) {
  if (is_harmless(value)) return std::string(value);
  std::string out;
  for (const char c : without_controls(value)) {
    if (quotes == Quotes::twofold) {
      if (std::string_view("\"\\$`").find(c) != std::string_view::npos) out += '\\';
      out += c;
    } else if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return quotes == Quotes::none ? "'" + out + "'" : out;
}

void follow(Quotes& quotes, char c, char before) {
  switch (quotes) {
    case Quotes::none:
      if (before == '\\') return;
      if (c == '\'') quotes = Quotes::single;
      if (c == '"') quotes = Quotes::twofold;
      return;
    case Quotes::single:
      if (c == '\'') quotes = Quotes::none;
      return;
    case Quotes::twofold:
      if (c == '"' && before != '\\') quotes = Quotes::none;
      return;
  }
}

template <class Fill>
std::string fill(std::string_view text, const PlaceholderValues& values, Fill fill_one) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view name = placeholder_at(text.substr(i));
    const std::string* value = name.empty() ? nullptr : find(values, name);
    if (value == nullptr) {
      fill_one(out, text[i], nullptr);
      continue;
    }
    fill_one(out, '\0', value);
    i += name.size() + 1;
  }
  return out;
}

}  // namespace

void add_address(std::string_view address, PlaceholderValues& values) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == address.size()) return;
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  values.emplace_back("address", address);
  values.emplace_back("host", host);
  values.emplace_back("port", address.substr(colon + 1));
}

std::string fill_text(std::string_view text, const PlaceholderValues& values) {
  return fill(text, values, [](std::string& out, char c, const std::string* value) {
    if (value == nullptr) {
      out += c;
    } else {
      out += without_controls(*value);
    }
  });
}

std::string fill_command(std::string_view text, const PlaceholderValues& values) {
  Quotes quotes = Quotes::none;
  char before = '\n';
  return fill(text, values, [&](std::string& out, char c, const std::string* value) {
    if (value != nullptr) {
      out += quoted(*value, quotes);
      before = 'x';
      return;
    }
    // Each line is a command of its own; an apostrophe in a comment must not reach further.
    if (c == '\n') {
      quotes = Quotes::none;
    } else {
      follow(quotes, c, before);
    }
    before = c == '\\' && before == '\\' ? 'x' : c;
    out += c;
  });
}

}  // namespace highwater
