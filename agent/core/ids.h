// Identifiers that find one thing everywhere: in traces, log lines, payloads and pages. Any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace highwater {

// A W3C trace id; also the correlation id of an incident. Never all zero once made by random().
struct TraceId {
  std::array<uint8_t, 16> bytes{};

  [[nodiscard]] static TraceId random();
  [[nodiscard]] static TraceId from_hex(std::string_view digits);  // not valid() when it is none
  [[nodiscard]] std::string hex() const;                           // 32 lower-case digits
  [[nodiscard]] bool valid() const;                                // not all zero
  auto operator<=>(const TraceId&) const = default;
};

// A W3C span id. Never all zero once made by random().
struct SpanId {
  std::array<uint8_t, 8> bytes{};

  [[nodiscard]] static SpanId random();
  [[nodiscard]] static SpanId from_hex(std::string_view digits);  // not valid() when it is none
  [[nodiscard]] std::string hex() const;                          // 16 lower-case digits
  [[nodiscard]] bool valid() const;
  auto operator<=>(const SpanId&) const = default;
};

// "00-<trace>-<span>-01": the W3C header of a sampled span.
[[nodiscard]] std::string traceparent(const TraceId& trace, const SpanId& span);

}  // namespace highwater
