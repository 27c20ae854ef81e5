// One attempt to deliver: the request it makes, and what the answer means. Used by the Notifier's
// workers; pure, any thread.
#pragma once

#include <string>

#include "exporters/http/client.h"
#include "exporters/notify/receiver.h"

namespace highwater::notify {

// A POST of the payload with the receiver's own headers, `Idempotency-Key` (the delivery's id) and
// `traceparent` (the incident's correlation id as trace, `span` as parent).
[[nodiscard]] http::Request request_of(const ReceiverConfig& config, const Delivery& delivery,
                                       const PayloadContext& context, const SpanId& span);

struct Verdict {
  AttemptResult result;
  int status = 0;     // 0: no answer came
  std::string error;  // empty: delivered; never contains a secret
};
[[nodiscard]] Verdict judge(const Result<http::Response>& answer, WallTime now);

// The span of an attempt in the incident's trace.
[[nodiscard]] Span delivery_span(const ReceiverConfig& config, const Delivery& delivery,
                                 const Verdict& verdict, const SpanId& id);

}  // namespace highwater::notify
