// Writes the body of a request to a collector into the file it is given: the poll that revealed a
// dead broker, the incident's own trace, and the delivery of its page.
#include <fstream>
#include <iostream>

#include "exporters/notify/delivery_span.h"
#include "exporters/otlp/config.h"
#include "exporters/otlp/encode.h"
#include "exporters/otlp/select.h"
#include "tests/exporters/otlp/otlp_samples.h"

int main(int argc, char** argv) {
  using namespace highwater;
  if (argc != 2) {
    std::cerr << "otlp_sample FILE\n";
    return 2;
  }
  const auto poll = samples::poll(1, "connection refused by rack \xff");
  otlp::TraceSelector selector(otlp::Sampler{0});
  std::vector<Span> spans = selector.select(*samples::revealing_report(poll));

  notify::Delivery delivery;
  delivery.notice = samples::notice(1, TransitionKind::opened, samples::broker_down(7));
  spans.push_back(
      notify::delivery_span("oncall", delivery, notify::delivered(200), SpanId::random()));
  spans.back().start = samples::wall(101);

  otlp::TraceConfig config;
  config.resource = {{"deployment.environment", "test"}};
  const auto settings = otlp::trace_settings(
      config, [](const std::string&) -> std::optional<std::string> { return std::nullopt; });
  std::ofstream file(argv[1], std::ios::binary);
  file << otlp::encode_request(spans, settings.config.resource);
  file.close();
  return file.fail() ? 1 : 0;
}
