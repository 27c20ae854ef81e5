// The types that both directions of Kafka's wire format share: used by Reader, Writer and every
// message.
//
// A message is a plain struct with one description of its layout,
//     template <class Codec> void fields(Codec& codec);
// which lists its fields in wire order. A Reader fills them, a Writer writes them, so that the
// client and the simulator cannot disagree. codec.version() selects what a version has; arrays,
// strings and the tagged fields that end every struct take their classic or compact form by
// codec.flexible(). Values only, any thread.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace highwater::kafka {

using Bytes = std::vector<std::byte>;

// Kafka names topics and directories by 16 random bytes; all zero means "none".
struct Uuid {
  std::array<std::byte, 16> bytes{};

  bool operator==(const Uuid&) const = default;
};

// What an answer says when authorized operations were not asked for, or are not known.
inline constexpr std::int32_t kOperationsUnknown = INT32_MIN;

// Numbers and enumerations that travel as big-endian integers of their own size.
template <class T>
concept WireNumber = (std::integral<T> && !std::same_as<T, bool>) || std::is_enum_v<T>;

template <class T, class Codec>
concept WireStruct = requires(T& value, Codec& codec) {
  value.fields(codec);
};

// A struct that also knows some of its tagged fields: codec.tag(number, field, default) for each.
template <class T, class Codec>
concept HasTaggedFields = requires(T& value, Codec& codec) {
  value.tagged(codec);
};

// The unsigned integer of the same size, for moving a number byte by byte.
template <WireNumber T>
using WireBits = std::conditional_t<
    sizeof(T) == 1, std::uint8_t,
    std::conditional_t<sizeof(T) == 2, std::uint16_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

template <WireNumber T>
constexpr WireBits<T> swap_to_network(WireBits<T> bits) {
  if constexpr (sizeof(T) == 1) {
    return bits;
  } else if constexpr (sizeof(T) == 2) {
    return __builtin_bswap16(bits);
  } else if constexpr (sizeof(T) == 4) {
    return __builtin_bswap32(bits);
  } else {
    return __builtin_bswap64(bits);
  }
}

}  // namespace highwater::kafka
