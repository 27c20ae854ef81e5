// Numbers and texts of recordings as bytes, and back. Used by their encoder and decoder; pure.
//
// Numbers take as many bytes as they need: seven bits each, the lowest first. What can be negative
// is folded first (0, -1, 1, -2, ...).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "rules/little_endian.h"

namespace highwater::agent {

class RecordWriter {
 public:
  void put_byte(uint8_t value) { out_.put(value); }
  void put(uint64_t value) {
    for (; value >= 0x80; value >>= 7) put_byte(static_cast<uint8_t>(value | 0x80));
    put_byte(static_cast<uint8_t>(value));
  }
  void put_signed(int64_t value) {
    put((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void put_double(double value) { out_.put(value); }
  void put_fixed(int64_t value) { out_.put(value); }
  void put_bytes(std::string_view bytes) { out_.put_bytes(bytes.data(), bytes.size()); }
  [[nodiscard]] std::string take() && { return std::move(out_).take(); }

 private:
  rules::LittleEndianWriter out_;
};

// After the end, and after fail(), everything is 0 and ok() is false.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : in_(bytes) {}

  uint8_t get_byte() { return ok() ? in_.get<uint8_t>() : uint8_t{0}; }
  uint64_t get() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && ok(); shift += 7) {
      const uint8_t byte = get_byte();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return ok() ? value : 0;
    }
    fail("a number is too long");
    return 0;
  }
  int64_t get_signed() {
    const uint64_t folded = get();
    return static_cast<int64_t>((folded >> 1) ^ (~(folded & 1) + 1));
  }
  double get_double() { return ok() ? in_.get<double>() : 0; }
  int64_t get_fixed() { return ok() ? in_.get<int64_t>() : 0; }
  std::string_view get_bytes(uint64_t size) {
    return ok() ? in_.get_bytes(static_cast<size_t>(size)) : std::string_view();
  }
  // A number of things that take `bytes` each at least, so that so many can be there.
  uint64_t get_count(uint64_t bytes = 1) {
    const uint64_t count = get();
    if (count <= in_.left() / bytes) return count;
    fail("it announces more than it holds");
    return 0;
  }

  void fail(std::string_view why) {
    if (ok()) why_ = why;
    failed_ = true;
  }
  [[nodiscard]] bool ok() const { return !failed_ && in_.ok(); }
  [[nodiscard]] size_t left() const { return in_.left(); }
  // `why` is a literal, or outlives the reader.
  [[nodiscard]] std::string_view why() const { return why_.empty() ? "it ends too early" : why_; }

 private:
  rules::LittleEndianReader in_;
  std::string_view why_;
  bool failed_ = false;
};

}  // namespace highwater::agent
