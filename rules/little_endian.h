// Numbers as the store keeps them: fixed width, little endian, on every machine. Used by what is
// encoded for the store; pure.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace highwater::rules {

class LittleEndianWriter {
 public:
  template <class T>
  void put(T value) {
    if constexpr (std::is_same_v<T, double>) {
      put(std::bit_cast<uint64_t>(value));
    } else {
      char bytes[sizeof(T)];
      for (size_t i = 0; i < sizeof(T); ++i) {
        bytes[i] = static_cast<char>(static_cast<std::make_unsigned_t<T>>(value) >> (8 * i));
      }
      text_.append(bytes, sizeof(T));
    }
  }
  void put_bytes(const void* bytes, size_t size) {
    text_.append(static_cast<const char*>(bytes), size);
  }
  void reserve(size_t size) { text_.reserve(size); }
  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

// Reads what a writer wrote. After the end everything is 0 and ok() is false.
class LittleEndianReader {
 public:
  explicit LittleEndianReader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T get() {
    if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<double>(get<uint64_t>());
    } else {
      const std::string_view bytes = get_bytes(sizeof(T));
      std::make_unsigned_t<T> value = 0;
      for (size_t i = 0; i < bytes.size(); ++i) {
        value |= static_cast<std::make_unsigned_t<T>>(
            static_cast<std::make_unsigned_t<T>>(static_cast<uint8_t>(bytes[i])) << (8 * i));
      }
      return static_cast<T>(value);
    }
  }
  // Empty when there are not so many left.
  std::string_view get_bytes(size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace highwater::rules
