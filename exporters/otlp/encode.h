// Spans as OTLP protobuf: the body of an ExportTraceServiceRequest, and what a collector answers.
// Used by the trace exporter; pure, any thread. Field numbers: opentelemetry-proto 1.x,
// trace/v1/trace.proto and collector/trace/v1/trace_service.proto.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/span.h"

namespace highwater::otlp {

using Attributes = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kMaxAttributeBytes = 4096;  // of a key or a value; longer ones are cut
constexpr size_t kMaxAttributes = 64;        // of a span; how many were left out is sent

// Every text in it is valid UTF-8, as protobuf demands.
[[nodiscard]] std::string encode_request(std::span<const Span> spans, const Attributes& resource);

struct PartialSuccess {
  uint64_t rejected_spans = 0;
  std::string message;  // may be a warning although nothing was rejected
};
// Empty when the answer says nothing of it, or cannot be read.
[[nodiscard]] PartialSuccess decode_response(std::string_view body);

}  // namespace highwater::otlp
