// Writer: encodes one message of Kafka's wire format, appending to a growing block of bytes.
//
// Used by encode_request() and encode_response(), and the mirror image of Reader: the same fields()
// drives both. One Writer belongs to one thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/kafka/small_list.h"
#include "collectors/kafka/wire/primitives.h"

static_assert(std::endian::native == std::endian::little);

namespace highwater::kafka {

class Writer {
 public:
  Writer(std::int16_t version, bool flexible) : version_(version), flexible_(flexible) {}

  std::int16_t version() const { return version_; }
  bool flexible() const { return flexible_; }
  // From here on: a header is classic where the body behind it is not.
  void set_flexible(bool flexible) { flexible_ = flexible; }
  // What was written so far.
  Bytes& bytes() {
    bytes_.resize(size_);
    return bytes_;
  }

  // Writes each field, in order.
  template <class... Fields>
  void operator()(const Fields&... fields) {
    (write(fields), ...);
  }

  // The mirror image of Reader::null_as_empty(): an empty string becomes null.
  void null_as_empty(const std::string& value) {
    if (value.empty()) {
      string_size(std::nullopt);
    } else {
      write(value);
    }
  }

  // The mirror image of Reader::single(): the list's only element; a default one when there is
  // none.
  template <class T, class Use>
  void single(std::vector<T>& list, Use use) {
    assert(list.size() <= 1 && "this version of the message holds one element");
    if (list.empty()) {
      T blank;
      use(blank);
    } else {
      use(list.front());
    }
  }

  // The mirror image of Reader::first_bytes(): there is no more than what was kept.
  void first_bytes(const Bytes& value, std::size_t /*most*/) { write(value); }

  // One of the tagged fields of the struct being written, left out when it has its default value.
  template <class T>
  void tag(std::uint32_t number, const T& field, const T& default_value) {
    if (field == default_value) return;
    ++tags_;
    if (counting_tags_) return;
    Writer content(version_, flexible_);
    content.write(field);
    uvarint(number);
    uvarint(static_cast<std::uint32_t>(content.size_));
    append(content.bytes_.data(), content.size_);
  }

  template <WireStruct<Writer> T>
  void write(const T& value) {
    // fields() is one function for both directions and so not const; with a Writer it changes
    // nothing.
    T& described = const_cast<T&>(value);
    described.fields(*this);
    if (flexible_) write_tagged(described);
  }

  template <WireNumber T>
  void write(T value) {
    const WireBits<T> bits = swap_to_network<T>(static_cast<WireBits<T>>(value));
    append(&bits, sizeof bits);
  }

  void write(bool value) { write(static_cast<std::uint8_t>(value)); }
  void write(const Uuid& value) { append(value.bytes.data(), value.bytes.size()); }

  // Classic strings hold at most 32,767 bytes; what is longer cannot be a name Kafka accepted, and
  // is cut.
  void write(std::string_view value) {
    if (!flexible_) {
      value = value.substr(0, static_cast<std::size_t>(std::numeric_limits<std::int16_t>::max()));
    }
    string_size(value.size());
    append(value.data(), value.size());
  }

  void write(const std::string& value) { write(std::string_view(value)); }

  void write(const std::optional<std::string>& value) {
    if (value) {
      write(*value);
    } else {
      string_size(std::nullopt);
    }
  }

  template <WireStruct<Writer> T>
  void write(const std::optional<T>& value) {
    write(value ? std::int8_t{1} : std::int8_t{-1});
    if (value) write(*value);
  }

  void write(const Bytes& value) {
    array_size(value.size());
    append(value.data(), value.size());
  }

  template <class T>
  void write(const std::vector<T>& list) {
    array_size(list.size());
    for (const T& element : list) write(element);
  }

  template <WireNumber T, std::uint32_t kInPlace>
  void write(const SmallList<T, kInPlace>& list) {
    array_size(list.size());
    for (const T element : list) write(element);
  }

  template <class T>
  void write(const std::optional<std::vector<T>>& list) {
    if (list) {
      write(*list);
    } else {
      array_size(std::nullopt);
    }
  }

  void uvarint(std::uint32_t value) {
    while (value >= 0x80) {
      write(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    write(static_cast<std::uint8_t>(value));
  }

 private:
  template <class T>
  void write_tagged(T& value) {
    if constexpr (HasTaggedFields<T, Writer>) {
      counting_tags_ = true;
      tags_ = 0;
      value.tagged(*this);
      counting_tags_ = false;
      uvarint(tags_);
      value.tagged(*this);
    } else {
      uvarint(0);
    }
  }

  void string_size(std::optional<std::size_t> size) {
    if (flexible_) {
      array_size(size);
    } else {
      write(size ? static_cast<std::int16_t>(*size) : std::int16_t{-1});
    }
  }

  void array_size(std::optional<std::size_t> size) {
    if (flexible_) {
      uvarint(size ? static_cast<std::uint32_t>(*size + 1) : 0);
    } else {
      write(size ? static_cast<std::int32_t>(*size) : std::int32_t{-1});
    }
  }

  void append(const void* data, std::size_t size) {
    if (size == 0) return;
    if (bytes_.size() - size_ < size) grow(size);
    std::memcpy(bytes_.data() + size_, data, size);
    size_ += size;
  }

  void grow(std::size_t missing) {
    bytes_.resize(std::max({std::size_t{256}, bytes_.size() * 2, size_ + missing}));
  }

  // Inserting number by number at the end of a vector would cost several times as much.
  Bytes bytes_;           // longer than what was written, while it grows
  std::size_t size_ = 0;  // of what was written
  std::uint32_t tags_ = 0;
  bool counting_tags_ = false;
  std::int16_t version_;
  bool flexible_;
};

}  // namespace highwater::kafka
