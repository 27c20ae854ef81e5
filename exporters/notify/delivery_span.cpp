#include "exporters/notify/delivery_span.h"

#include "agent/core/incident_group.h"
#include "exporters/push/incident_span.h"

namespace highwater::notify {

Span delivery_span(const std::string& receiver, const Delivery& delivery, const Answer& answer,
                   const SpanId& id) {
  const Incident& incident = delivery.incident();
  Span span;
  span.trace = incident.correlation;
  span.id = id;
  span.parent = incident_span(incident.correlation);
  span.name = "notify.deliver";
  span.kind = SpanKind::client;
  if (answer.outcome != Outcome::delivered) span.error = answer.text;
  span.attributes = {{"receiver", receiver},
                     {"attempt", std::to_string(delivery.attempt)},
                     {"highwater.incident", id_text(incident.id)},
                     {"status", delivery.resolved() ? "resolved" : "firing"}};
  if (answer.status != 0)
    span.attributes.emplace_back("http.response.status_code", std::to_string(answer.status));
  return span;
}

}  // namespace highwater::notify
