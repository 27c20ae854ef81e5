#include "exporters/push/utf8.h"

namespace highwater::utf8 {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

// The length of the well-formed sequence that `text` starts with, 0 when it starts with none:
// overlong forms, surrogates and code points beyond U+10FFFF are not well-formed.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  size_t length = 0;
  unsigned char lowest = 0x80;
  unsigned char highest = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) lowest = 0xA0;
    if (first == 0xED) highest = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) lowest = 0x90;
    if (first == 0xF4) highest = 0x8F;
  }
  if (length == 0 || text.size() < length) return 0;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

std::string_view next_piece(std::string_view text, Lines lines, size_t& consumed) {
  const size_t length = sequence_length(text);
  consumed = length == 0 ? 1 : length;
  if (length == 0) return kReplacement;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first == '\n' || first == '\t') return lines == Lines::keep ? text.substr(0, 1) : " ";
  if (first < 0x20 || first == 0x7F) return kReplacement;
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
