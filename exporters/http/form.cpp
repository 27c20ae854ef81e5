#include "exporters/http/form.h"

#include <algorithm>
#include <charconv>

namespace highwater::http {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '+') {
      out += ' ';
    } else if (const char* const digits = text.data() + i + 1;
               text[i] == '%' && i + 2 < text.size() &&
               std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

HeaderList parse_form(std::string_view body) {
  HeaderList fields;
  while (!body.empty()) {
    const std::string_view field = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), field.size() + 1));
    if (field.empty()) continue;
    const size_t equals = std::min(field.find('='), field.size());
    fields.emplace_back(decoded(field.substr(0, equals)),
                        decoded(field.substr(std::min(equals + 1, field.size()))));
  }
  return fields;
}

std::string form_value(const HeaderList& form, std::string_view name) {
  const auto found = std::ranges::find(
      form, name, [](const auto& field) -> std::string_view { return field.first; });
  return found == form.end() ? std::string() : found->second;
}

}  // namespace highwater::http
