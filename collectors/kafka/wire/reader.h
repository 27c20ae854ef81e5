// Reader: decodes one message of Kafka's wire format. Used by decode_request() and
// decode_response().
//
// It trusts nothing. Every length and count is checked against the bytes that remain before memory
// is taken; what a frame may grow to in memory is bounded too (kMemoryPerByte, kMemoryLimit). The
// first fault sticks: everything read after it is skipped, so a caller checks ok() once, at the
// end. Nesting is as deep as the message's types, none of which contains itself. One Reader belongs
// to one thread; the frame must outlive it.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "collectors/kafka/small_list.h"
#include "collectors/kafka/wire/primitives.h"

static_assert(std::endian::native == std::endian::little);

namespace highwater::kafka {

class Reader {
 public:
  // The leanest answers seen (groups with one-letter names) decode to 35 bytes for each of theirs.
  static constexpr std::size_t kMemoryPerByte = 64;
  static constexpr std::size_t kMemoryLimit = std::size_t{128} << 20;

  Reader(std::span<const std::byte> frame, std::int16_t version, bool flexible)
      : begin_(frame.data()),
        position_(frame.data()),
        end_(frame.data() + frame.size()),
        memory_left_(4096 + std::min(frame.size() * kMemoryPerByte, kMemoryLimit)),
        version_(version),
        flexible_(flexible) {}

  std::int16_t version() const { return version_; }
  bool flexible() const { return flexible_; }
  bool ok() const { return problem_ == nullptr; }
  std::size_t remaining() const { return static_cast<std::size_t>(end_ - position_); }
  std::span<const std::byte> rest() const { return {position_, remaining()}; }

  // What went wrong and where; only when !ok().
  Error error() const;

  // Reads each field, in order.
  template <class... Fields>
  void operator()(Fields&... fields) {
    (read(fields), ...);
  }

  // A string that may be null on the wire and for which null and empty mean the same.
  void null_as_empty(std::string& value) {
    if (const auto size = string_size()) {
      read_text(value, *size);
    } else {
      value.clear();
    }
  }

  // A list that this version of the message holds as exactly one element, spelt out in place by
  // `use`.
  template <class T, class Use>
  void single(std::vector<T>& list, Use use) {
    list.resize(1);
    use(list.front());
  }

  // One of the tagged fields of the struct being read; called from its tagged().
  template <class T>
  void tag(std::uint32_t number, T& field, const T& /*default_value*/) {
    if (number == current_tag_) read(field);
  }

  // A struct and, in flexible versions, the tagged fields behind it.
  template <WireStruct<Reader> T>
  void read(T& value) {
    value.fields(*this);
    if (flexible_) read_tagged(value);
  }

  template <WireNumber T>
  void read(T& value) {
    if (remaining() < sizeof(T)) {
      fail("the message ends in the middle of a number");
      return;
    }
    WireBits<T> bits;
    std::memcpy(&bits, position_, sizeof bits);
    position_ += sizeof bits;
    value = static_cast<T>(swap_to_network<T>(bits));
  }

  void read(bool& value) {
    std::uint8_t byte = 0;
    read(byte);
    value = byte != 0;
  }

  void read(Uuid& value) {
    if (remaining() < value.bytes.size()) {
      fail("the message ends in the middle of an id");
      return;
    }
    std::memcpy(value.bytes.data(), position_, value.bytes.size());
    position_ += value.bytes.size();
  }

  void read(std::string& value) {
    if (const auto size = string_size()) {
      read_text(value, *size);
    } else {
      fail("a string is null that must not be");
    }
  }

  void read(std::optional<std::string>& value) {
    if (const auto size = string_size()) {
      read_text(value.emplace(), *size);
    } else {
      value.reset();
    }
  }

  // A struct that may be null.
  template <WireStruct<Reader> T>
  void read(std::optional<T>& value) {
    std::int8_t present = -1;
    read(present);
    if (present < 0) return value.reset();
    read(value.emplace());
  }

  void read(Bytes& value) {
    if (const auto size = array_size(1, 1)) {
      value.assign(position_, position_ + *size);
      position_ += *size;
    } else {
      fail("a block of bytes is null that must not be");
    }
  }

  // Of a block of bytes, null included, what comes first; the rest is passed over.
  void first_bytes(Bytes& value, std::size_t most) {
    value.clear();
    const auto size = array_size(1, 0);
    if (!size) return;
    value.assign(position_, position_ + std::min(*size, most));
    position_ += *size;
  }

  template <class T>
  void read(std::vector<T>& list) {
    if (const auto size = array_size(smallest<T>(), sizeof(T))) {
      read_elements(list, *size);
    } else {
      fail("a list is null that must not be");
    }
  }

  template <WireNumber T, std::uint32_t kInPlace>
  void read(SmallList<T, kInPlace>& list) {
    list.clear();
    const auto size = array_size(sizeof(T), sizeof(T));
    if (!size) return fail("a list is null that must not be");
    list.resize(*size);
    for (T& element : list) read(element);
  }

  template <class T>
  void read(std::optional<std::vector<T>>& list) {
    if (const auto size = array_size(smallest<T>(), sizeof(T))) {
      read_elements(list.emplace(), *size);
    } else {
      list.reset();
    }
  }

  // At most five bytes: no length or tag of the protocol is longer than 32 bits.
  std::uint32_t uvarint() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      if (position_ == end_) {
        fail("the message ends in the middle of a length");
        return 0;
      }
      const auto byte = static_cast<std::uint32_t>(*position_++);
      if (shift == 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail("a length has more than 32 bits");
    return 0;
  }

  // A fault when something is left that was not read.
  void expect_end() {
    if (remaining() != 0) fail("more bytes follow than the message has");
  }

  void skip_tagged() {
    struct Unknown {
    } unknown;
    read_tagged(unknown);
  }

 private:
  // The fewest bytes an element can take on the wire; a struct has at least one field or its count
  // of tags.
  template <class T>
  std::size_t smallest() const {
    if constexpr (WireNumber<T>) {
      return sizeof(T);
    } else if constexpr (std::is_same_v<T, std::string>) {
      return flexible_ ? 1 : 2;
    } else {
      return 1;
    }
  }

  template <class T>
  void read_elements(std::vector<T>& list, std::size_t size) {
    list.clear();
    list.reserve(size);
    for (std::size_t i = 0; i < size && ok(); ++i) read(list.emplace_back());
  }

  template <class T>
  void read_tagged(T& value) {
    const std::uint32_t tags = uvarint();
    if (tags > remaining() / 2) fail("more tagged fields are announced than bytes remain");
    for (std::uint32_t i = 0; i < tags && ok(); ++i) {
      const std::uint32_t number = uvarint();
      const std::uint32_t size = uvarint();
      if (size > remaining()) fail("a tagged field is longer than what remains");
      if (!ok()) return;
      const std::byte* const after = position_ + size;
      if constexpr (HasTaggedFields<T, Reader>) read_known_tag(value, number, after);
      if (ok()) position_ = after;
    }
  }

  // The field cannot read past its own end, only past what it knows of itself.
  template <class T>
  void read_known_tag(T& value, std::uint32_t number, const std::byte* after) {
    const std::byte* const end = std::exchange(end_, after);
    current_tag_ = number;
    value.tagged(*this);
    end_ = end;
    if (!ok()) position_ = end_;
  }

  void read_text(std::string& value, std::size_t size) {
    value.assign(reinterpret_cast<const char*>(position_), size);
    position_ += size;
    // Names become labels, which must be valid UTF-8; Kafka's own brokers send nothing else.
    if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
      make_valid(value);
  }
  static void make_valid(std::string& text);

  // The size that stands before a string; nothing for null, and after a fault.
  std::optional<std::size_t> string_size() {
    if (flexible_) return array_size(1, 1);
    std::int16_t size = 0;
    read(size);
    return checked(size, 1, 1);
  }

  // The count before a list, or the size before bytes; nothing for null, and after a fault.
  std::optional<std::size_t> array_size(std::size_t wire_size, std::size_t memory_size) {
    if (flexible_) return checked(std::int64_t{uvarint()} - 1, wire_size, memory_size);
    std::int32_t size = 0;
    read(size);
    return checked(size, wire_size, memory_size);
  }

  std::optional<std::size_t> checked(std::int64_t size, std::size_t wire_size,
                                     std::size_t memory_size) {
    if (size == -1) return std::nullopt;
    if (size < 0) return fail("a length is negative"), 0;
    const auto count = static_cast<std::size_t>(size);
    // No product overflows: counts have 32 bits. A division here would cost a quarter of all
    // decoding.
    if (count * wire_size > remaining()) return fail("a length is more than what remains"), 0;
    if (count * memory_size > memory_left_) return fail("a list needs too much memory"), 0;
    memory_left_ -= count * memory_size;
    return count;
  }

  void fail(const char* problem) {
    if (!ok()) return;
    problem_ = problem;
    problem_at_ = static_cast<std::size_t>(position_ - begin_);
    position_ = end_;
  }

  const std::byte* begin_;
  const std::byte* position_;
  const std::byte* end_;
  std::size_t memory_left_;
  const char* problem_ = nullptr;
  std::size_t problem_at_ = 0;
  std::uint32_t current_tag_ = 0;
  std::int16_t version_;
  bool flexible_;
};

}  // namespace highwater::kafka
