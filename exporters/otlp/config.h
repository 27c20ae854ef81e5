// Where traces go and which: from the configuration file and the OTEL_* variables. Used by the
// agent at start; pure but for process_environment().
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/ids.h"
#include "agent/core/time.h"
#include "exporters/http/client.h"
#include "exporters/otlp/encode.h"

namespace highwater::otlp {

// Which of the ordinary polls are kept; failed, slow and incident polls always are.
struct Sampler {
  double ratio = 0.01;  // 0: none, 1: all

  // The same for every span of a trace, and in every agent: by the trace id alone.
  [[nodiscard]] bool keeps(const TraceId& trace) const;
};

struct TraceConfig {
  std::string endpoint;  // http or https; empty: no traces. Without a path, /v1/traces is meant
  std::vector<std::pair<std::string, std::string>> headers;  // may hold secrets: never logged
  http::TlsOptions tls;
  Duration timeout = std::chrono::seconds(10);  // of one request
  Attributes resource;  // beside service.name and what else this agent says of itself
  Sampler sampler;
  size_t queue_size = 2048;                            // spans that wait; beyond it the oldest go
  size_t batch_size = 512;                             // spans in a request
  Duration delay = std::chrono::seconds(5);            // a span waits at most so long for others
  Duration export_timeout = std::chrono::seconds(30);  // of one batch, attempts and waits together
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct TraceSettings {
  TraceConfig config;                 // with the final endpoint and the whole resource
  std::vector<std::string> warnings;  // what a variable says that cannot be done, in words
};

// A variable that is set wins over the configuration file. Honoured: OTEL_SDK_DISABLED,
// OTEL_TRACES_EXPORTER (otlp, none), OTEL_EXPORTER_OTLP_[TRACES_]ENDPOINT, _HEADERS, _TIMEOUT,
// _CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
// OTEL_TRACES_SAMPLER[_ARG], OTEL_BSP_*. What asks for another protocol or compression is a
// warning.
[[nodiscard]] TraceSettings trace_settings(TraceConfig configured, const Environment& environment);

[[nodiscard]] Environment process_environment();

}  // namespace highwater::otlp
