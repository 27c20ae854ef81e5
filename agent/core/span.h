// Span: one timed piece of work for traces. Produced by collectors, rules' caller and exporters;
// carried as plain data inside observations; turned into OTLP by the trace exporter. Any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/core/ids.h"
#include "agent/core/time.h"

namespace highwater {

struct SpanLink {
  TraceId trace;
  SpanId span;
};

enum class SpanKind : uint8_t { internal, client, producer, consumer };

struct Span {
  TraceId trace;
  SpanId id;
  SpanId parent;     // invalid: a root
  std::string name;  // fixed, low cardinality: "kafka.poll", "kafka.request Metadata"
  SpanKind kind = SpanKind::internal;
  WallTime start;
  Duration duration{};
  std::string error;  // empty: it went well
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<SpanLink> links;
};

}  // namespace highwater
