#include "exporters/notify/delivery.h"

#include <fmt/format.h>

#include "exporters/push/incident_span.h"
#include "exporters/push/retry_after.h"
#include "exporters/push/utf8.h"

namespace highwater::notify {

http::Request request_of(const ReceiverConfig& config, const Delivery& delivery,
                         const PayloadContext& context, const SpanId& span) {
  http::Request request;
  request.method = "POST";
  request.url = config.url;
  request.headers = config.headers;
  request.headers.emplace_back("Idempotency-Key", delivery.id);
  request.headers.emplace_back("traceparent", traceparent(delivery.incident().correlation, span));
  request.content_type = "application/json";
  request.body = webhook_json(std::span(&delivery.notice, 1), context);
  request.deadline = config.timeout;
  request.max_response_bytes = 4096;
  return request;
}

Verdict judge(const Result<http::Response>& answer, WallTime now) {
  Verdict verdict;
  if (!answer) {
    verdict.error = answer.error().message;
    return verdict;
  }
  verdict.status = answer->status;
  if (answer->status >= 200 && answer->status < 300) {
    verdict.result.outcome = Outcome::delivered;
    return verdict;
  }
  // What the receiver says about it helps whoever has to mend it.
  verdict.error = fmt::format("HTTP {}", answer->status);
  const std::string said = utf8::clean(answer->body, 200, utf8::Lines::join);
  if (!said.empty()) verdict.error += ": " + said;
  const bool later = answer->status == 408 || answer->status == 429 || answer->status >= 500;
  verdict.result.outcome = later ? Outcome::retry : Outcome::rejected;
  if (later) verdict.result.retry_after = parse_retry_after(answer->header("Retry-After"), now);
  return verdict;
}

Span delivery_span(const ReceiverConfig& config, const Delivery& delivery, const Verdict& verdict,
                   const SpanId& id) {
  const Incident& incident = delivery.incident();
  Span span;
  span.trace = incident.correlation;
  span.id = id;
  span.parent = incident_span(incident.correlation);
  span.name = "notify.deliver";
  span.kind = SpanKind::client;
  span.error = verdict.error;
  span.attributes = {{"receiver", config.name},
                     {"attempt", std::to_string(delivery.attempt)},
                     {"highwater.incident", std::to_string(incident.id)},
                     {"status", delivery.resolved() ? "resolved" : "firing"}};
  if (verdict.status != 0)
    span.attributes.emplace_back("http.response.status_code", std::to_string(verdict.status));
  return span;
}

}  // namespace highwater::notify
