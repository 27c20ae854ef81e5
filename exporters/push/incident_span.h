// The root span of an incident's trace has an id that follows from the correlation id, so that the
// notifier can hang its spans on it without being told. Pure; any thread.
#pragma once

#include <algorithm>

#include "agent/core/ids.h"

namespace highwater {

[[nodiscard]] inline SpanId incident_span(const TraceId& correlation) {
  SpanId id;
  std::copy_n(correlation.bytes.begin(), id.bytes.size(), id.bytes.begin());
  if (!id.valid()) id.bytes.back() = 1;
  return id;
}

}  // namespace highwater
