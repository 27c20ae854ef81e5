// ArchiveWriter and ArchiveReader: values as bytes and back, little-endian, for what survives a
// restart in a file of our own. A reader never reads beyond its bytes: after a mistake everything
// is 0 or empty, and ok() says so. Plain objects, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace highwater {

class ArchiveWriter {
 public:
  template <class T>
  requires std::is_integral_v<T>
  void number(T value) {
    auto bits = static_cast<std::make_unsigned_t<T>>(value);
    std::array<char, sizeof(T)> bytes{};
    for (char& byte : bytes) {
      byte = static_cast<char>(bits & 0xFFU);
      if constexpr (sizeof(T) > 1) bits = static_cast<std::make_unsigned_t<T>>(bits >> 8U);
    }
    bytes_.append(bytes.data(), bytes.size());
  }
  void text(std::string_view text) {
    number(static_cast<uint32_t>(text.size()));
    bytes_ += text;
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ArchiveReader {
 public:
  explicit ArchiveReader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  requires std::is_integral_v<T>
  [[nodiscard]] T number() {
    const std::string_view part = take(sizeof(T));
    std::make_unsigned_t<T> bits = 0;
    for (size_t i = part.size(); i > 0; --i) {
      if constexpr (sizeof(T) > 1) bits = static_cast<std::make_unsigned_t<T>>(bits << 8U);
      bits |= static_cast<std::make_unsigned_t<T>>(static_cast<unsigned char>(part[i - 1]));
    }
    return static_cast<T>(bits);
  }
  [[nodiscard]] std::string_view text() { return take(number<uint32_t>()); }
  [[nodiscard]] bool ok() const { return ok_; }
  void fail() { ok_ = false; }

 private:
  std::string_view take(size_t size) {
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace highwater
