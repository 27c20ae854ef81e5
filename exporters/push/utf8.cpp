#include "exporters/push/utf8.h"

#include "agent/core/utf8.h"

namespace highwater::utf8 {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

std::string_view next_piece(std::string_view text, Lines lines, size_t& consumed) {
  const size_t length = sequence_length(text);
  consumed = length == 0 ? 1 : length;
  if (length == 0) return kReplacement;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first == '\n' || first == '\t') return lines == Lines::keep ? text.substr(0, 1) : " ";
  if (control_length(text) != 0) return kReplacement;
  return text.substr(0, length);
}

}  // namespace

std::string clean(std::string_view text, size_t max_bytes, Lines lines) {
  std::string out;
  size_t cut = 0;  // where the ellipsis goes when the rest does not fit
  while (!text.empty()) {
    size_t consumed = 0;
    const std::string_view piece = next_piece(text, lines, consumed);
    if (out.size() + piece.size() > max_bytes) {
      out.resize(cut);
      out += kEllipsis;
      return out;
    }
    out += piece;
    if (out.size() + kEllipsis.size() <= max_bytes) cut = out.size();
    text.remove_prefix(consumed);
  }
  return out;
}

}  // namespace highwater::utf8
