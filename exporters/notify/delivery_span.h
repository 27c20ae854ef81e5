// The span of an attempt in the incident's trace. Pure; any thread.
#pragma once

#include <string>

#include "agent/core/span.h"
#include "exporters/notify/receiver.h"

namespace highwater::notify {

// Without its times. `id` is the attempt's.
[[nodiscard]] Span delivery_span(const std::string& receiver, const Delivery& delivery,
                                 const Answer& answer, const SpanId& id);

}  // namespace highwater::notify
