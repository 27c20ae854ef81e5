#include "agent/core/ids.h"

#include <algorithm>
#include <charconv>
#include <random>

namespace highwater {
namespace {

// One generator per thread, seeded by the operating system: no lock, no two agents with the same
// sequence.
std::mt19937_64& generator() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return engine;
}

template <size_t N>
void fill(std::array<uint8_t, N>& bytes) {
  do {
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(generator()() >> 56);
  } while (std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; }));
}

template <size_t N>
std::string to_hex(const std::array<uint8_t, N>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(N * 2);
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

template <size_t N>
std::array<uint8_t, N> from_hex_digits(std::string_view digits) {
  std::array<uint8_t, N> bytes{};
  if (digits.size() != N * 2) return bytes;
  for (size_t i = 0; i < N; ++i) {
    const char* const first = digits.data() + i * 2;
    if (std::from_chars(first, first + 2, bytes[i], 16).ptr != first + 2) return {};
  }
  return bytes;
}

template <size_t N>
bool any(const std::array<uint8_t, N>& bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; });
}

}  // namespace

TraceId TraceId::random() {
  TraceId id;
  fill(id.bytes);
  return id;
}
TraceId TraceId::from_hex(std::string_view digits) {
  return {from_hex_digits<16>(digits)};
}
std::string TraceId::hex() const {
  return to_hex(bytes);
}
bool TraceId::valid() const {
  return any(bytes);
}

SpanId SpanId::random() {
  SpanId id;
  fill(id.bytes);
  return id;
}
SpanId SpanId::from_hex(std::string_view digits) {
  return {from_hex_digits<8>(digits)};
}
std::string SpanId::hex() const {
  return to_hex(bytes);
}
bool SpanId::valid() const {
  return any(bytes);
}

std::string traceparent(const TraceId& trace, const SpanId& span) {
  return "00-" + trace.hex() + "-" + span.hex() + "-01";
}

}  // namespace highwater
