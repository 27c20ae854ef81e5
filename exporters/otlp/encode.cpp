#include "exporters/otlp/encode.h"

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "exporters/push/utf8.h"

namespace highwater::otlp {
namespace {

using protozero::pbf_writer;

namespace request_field {
constexpr uint32_t kResourceSpans = 1;
}
namespace resource_spans_field {
constexpr uint32_t kResource = 1;
constexpr uint32_t kScopeSpans = 2;
}  // namespace resource_spans_field
namespace resource_field {
constexpr uint32_t kAttributes = 1;
}
namespace scope_spans_field {
constexpr uint32_t kScope = 1;
constexpr uint32_t kSpans = 2;
}  // namespace scope_spans_field
namespace scope_field {
constexpr uint32_t kName = 1;
constexpr uint32_t kVersion = 2;
}  // namespace scope_field
namespace span_field {
constexpr uint32_t kTraceId = 1;
constexpr uint32_t kSpanId = 2;
constexpr uint32_t kParentSpanId = 4;
constexpr uint32_t kName = 5;
constexpr uint32_t kKind = 6;
constexpr uint32_t kStart = 7;
constexpr uint32_t kEnd = 8;
constexpr uint32_t kAttributes = 9;
constexpr uint32_t kDroppedAttributes = 10;
constexpr uint32_t kLinks = 13;
constexpr uint32_t kStatus = 15;
constexpr uint32_t kFlags = 16;
}  // namespace span_field
namespace link_field {
constexpr uint32_t kTraceId = 1;
constexpr uint32_t kSpanId = 2;
constexpr uint32_t kFlags = 6;
}  // namespace link_field
namespace status_field {
constexpr uint32_t kMessage = 2;
constexpr uint32_t kCode = 3;
}  // namespace status_field
namespace key_value_field {
constexpr uint32_t kKey = 1;
constexpr uint32_t kValue = 2;
}  // namespace key_value_field
namespace any_value_field {
constexpr uint32_t kString = 1;
}
namespace response_field {
constexpr uint32_t kPartialSuccess = 1;
}
namespace partial_success_field {
constexpr uint32_t kRejectedSpans = 1;
constexpr uint32_t kMessage = 2;
}  // namespace partial_success_field

constexpr int32_t kStatusError = 2;
constexpr uint32_t kSampled = 1;

int32_t kind_number(SpanKind kind) {
  switch (kind) {
    case SpanKind::internal:
      return 1;
    case SpanKind::client:
      return 3;
    case SpanKind::producer:
      return 4;
    case SpanKind::consumer:
      return 5;
  }
  return 1;
}

// An instant before 1970 cannot be said.
uint64_t unix_nanoseconds(WallTime time) {
  return static_cast<uint64_t>(std::max<int64_t>(0, time.time_since_epoch().count()));
}

template <size_t N>
void add_id(pbf_writer& writer, uint32_t field, const std::array<uint8_t, N>& bytes) {
  writer.add_bytes(field, reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void add_attribute(pbf_writer& writer, uint32_t field, const std::string& key,
                   const std::string& value) {
  pbf_writer pair(writer, field);
  pair.add_string(key_value_field::kKey, utf8::clean(key, kMaxAttributeBytes, utf8::Lines::join));
  pbf_writer any(pair, key_value_field::kValue);
  any.add_string(any_value_field::kString, utf8::clean(value, kMaxAttributeBytes));
}

void add_link(pbf_writer& writer, const SpanLink& link) {
  if (!link.trace.valid() || !link.span.valid()) return;  // a collector would refuse the span
  pbf_writer message(writer, span_field::kLinks);
  add_id(message, link_field::kTraceId, link.trace.bytes);
  add_id(message, link_field::kSpanId, link.span.bytes);
  message.add_fixed32(link_field::kFlags, kSampled);
}

void add_span(pbf_writer& writer, const Span& span) {
  pbf_writer message(writer, scope_spans_field::kSpans);
  add_id(message, span_field::kTraceId, span.trace.bytes);
  add_id(message, span_field::kSpanId, span.id.bytes);
  if (span.parent.valid()) add_id(message, span_field::kParentSpanId, span.parent.bytes);
  message.add_string(span_field::kName, utf8::clean(span.name, 256, utf8::Lines::join));
  message.add_enum(span_field::kKind, kind_number(span.kind));
  message.add_fixed64(span_field::kStart, unix_nanoseconds(span.start));
  message.add_fixed64(span_field::kEnd,
                      unix_nanoseconds(span.start + std::max(span.duration, Duration::zero())));
  const size_t kept = std::min(span.attributes.size(), kMaxAttributes);
  for (size_t i = 0; i < kept; ++i)
    add_attribute(message, span_field::kAttributes, span.attributes[i].first,
                  span.attributes[i].second);
  if (kept < span.attributes.size())
    message.add_uint32(span_field::kDroppedAttributes,
                       static_cast<uint32_t>(span.attributes.size() - kept));
  for (const SpanLink& link : span.links) add_link(message, link);
  if (!span.error.empty()) {
    pbf_writer status(message, span_field::kStatus);
    status.add_string(status_field::kMessage, utf8::clean(span.error, kMaxAttributeBytes));
    status.add_enum(status_field::kCode, kStatusError);
  }
  message.add_fixed32(span_field::kFlags, kSampled);
}

}  // namespace

std::string encode_request(std::span<const Span> spans, const Attributes& resource) {
  std::string body;
  pbf_writer request(body);
  pbf_writer resource_spans(request, request_field::kResourceSpans);
  {
    pbf_writer message(resource_spans, resource_spans_field::kResource);
    for (const auto& [key, value] : resource)
      add_attribute(message, resource_field::kAttributes, key, value);
  }
  {
    pbf_writer scope_spans(resource_spans, resource_spans_field::kScopeSpans);
    {
      pbf_writer scope(scope_spans, scope_spans_field::kScope);
      scope.add_string(scope_field::kName, "highwater");
      scope.add_string(scope_field::kVersion, HIGHWATER_VERSION);
    }
    for (const Span& span : spans) add_span(scope_spans, span);
  }
  resource_spans.commit();
  return body;
}

PartialSuccess decode_response(std::string_view body) {
  PartialSuccess result;
  try {
    protozero::pbf_reader response(body.data(), body.size());
    while (response.next(response_field::kPartialSuccess)) {
      protozero::pbf_reader partial = response.get_message();
      while (partial.next()) {
        switch (partial.tag()) {
          case partial_success_field::kRejectedSpans:
            result.rejected_spans =
                static_cast<uint64_t>(std::max<int64_t>(0, partial.get_int64()));
            break;
          case partial_success_field::kMessage:
            result.message = utf8::clean(std::string(partial.get_view()), 500, utf8::Lines::join);
            break;
          default:
            partial.skip();
        }
      }
    }
  } catch (const protozero::exception&) {
    return {};  // not protobuf: a proxy's page, say
  }
  return result;
}

}  // namespace highwater::otlp
