#include "agent/recording/frames.h"

#include <algorithm>
#include <array>

#include "rules/little_endian.h"

namespace highwater::agent {
namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320U : 0);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = make_table();

uint16_t header_check(std::string_view header) {
  return static_cast<uint16_t>(crc32(header));
}

bool all_zero(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char byte) { return byte == 0; });
}

}  // namespace

uint32_t crc32(std::string_view bytes) {
  uint32_t value = ~0U;
  for (const char byte : bytes)
    value = (value >> 8) ^ kTable[(value ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~value;
}

void append_frame(std::string& file, std::string_view payload) {
  rules::LittleEndianWriter fields;
  fields.put(static_cast<uint32_t>(payload.size()));
  fields.put(crc32(payload));
  const std::string header = std::move(fields).take();
  rules::LittleEndianWriter check;
  check.put(header_check(header));
  file += header;
  file += std::move(check).take();
  file += payload;
}

Frame FrameReader::next() {
  const std::string_view rest = file_.substr(at_);
  if (rest.empty()) return {FrameOutcome::end, {}, at_};
  // A crash of the machine can leave a file that was made longer and never written.
  if (rest.size() < kFrameHeader || all_zero(rest)) return {FrameOutcome::cut_off, {}, at_};
  rules::LittleEndianReader in(rest);
  const auto length = in.get<uint32_t>();
  const auto checksum = in.get<uint32_t>();
  const auto check = in.get<uint16_t>();
  if (check != header_check(rest.substr(0, kFrameHeader - sizeof check)) ||
      length > kMostFrameBytes)
    return {FrameOutcome::damaged, {}, at_};
  if (length > rest.size() - kFrameHeader) return {FrameOutcome::cut_off, {}, at_};
  const std::string_view payload = rest.substr(kFrameHeader, length);
  if (crc32(payload) != checksum) return {FrameOutcome::damaged, {}, at_};
  const size_t begin = at_;
  at_ += kFrameHeader + length;
  return {FrameOutcome::frame, payload, begin};
}

}  // namespace highwater::agent
