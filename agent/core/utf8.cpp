#include "agent/core/utf8.h"

#include <algorithm>

namespace highwater::utf8 {

size_t sequence_length(std::string_view text) {
  if (text.empty()) return 0;
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

size_t character_length(std::string_view text) {
  return text.empty() ? 0 : std::max<size_t>(sequence_length(text), 1);
}

size_t control_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = sequence_length(text);
  switch (length) {
    case 1:
      return byte(0) < 0x20 || byte(0) == 0x7F ? 1 : 0;
    case 2:
      // U+0080 to U+009F, U+061C
      return (byte(0) == 0xC2 && byte(1) < 0xA0) || text.starts_with("\xD8\x9C") ? 2 : 0;
    case 3: {
      // U+200B to U+200F, U+2028 to U+202E; U+2066 to U+2069; U+FEFF
      const bool general = text.starts_with("\xE2\x80") && byte(2) >= 0x8B && byte(2) <= 0xAE &&
                           (byte(2) <= 0x8F || byte(2) >= 0xA8);
      const bool isolates = text.starts_with("\xE2\x81") && byte(2) >= 0xA6 && byte(2) <= 0xA9;
      return general || isolates || text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    }
    default:
      return 0;
  }
}

size_t count_characters(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); text.remove_prefix(character_length(text))) ++count;
  return count;
}

std::string_view first_characters(std::string_view text, size_t most) {
  std::string_view rest = text;
  for (; most > 0 && !rest.empty(); --most) rest.remove_prefix(character_length(rest));
  return text.substr(0, text.size() - rest.size());
}

std::string_view first_bytes(std::string_view text, size_t most) {
  size_t length = 0;
  while (length < text.size()) {
    const size_t next = length + character_length(text.substr(length));
    if (next > most) break;
    length = next;
  }
  return text.substr(0, length);
}

std::string valid(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    result += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

std::string padded(std::string_view text, size_t width) {
  std::string wide(text);
  wide.append(width - std::min(width, count_characters(text)), ' ');
  return wide;
}

}  // namespace highwater::utf8
