// What the kinds of receivers that speak HTTP have in common: the request with its headers and
// certificates, and what an answer means unless the kind knows better.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

class HttpReceiver : public Receiver {
 public:
  HttpReceiver(Settings settings, ReceiverContext context)
      : settings_(std::move(settings)), context_(std::move(context)) {}

 protected:
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const Sender& sender() const { return context_.sender; }

  // A POST of JSON, still without a body, with the `headers` and the `bearer_token` of the settings,
  // `Idempotency-Key` (the delivery's id) and `traceparent` (the incident's correlation id as trace,
  // the attempt as parent). The error says which secret cannot be read.
  [[nodiscard]] Result<http::Request> post(const Secret& url, const Delivery& delivery,
                                           const Attempt& attempt) const;
  [[nodiscard]] Result<http::Response> send(const http::Request& request) const {
    return context_.transport(request);
  }
  [[nodiscard]] Answer send_and_judge(const http::Request& request, const Attempt& attempt) const;

 private:
  const Settings settings_;
  const ReceiverContext context_;
};

// Nothing could be sent; it is tried again.
[[nodiscard]] Answer not_sent(const Error& why);
// Any status 2xx is delivered, whatever follows it; no answer, 408, 429 and 5xx are tried again.
// `secrets` are those that only the body of the request holds.
[[nodiscard]] Answer judge(const http::Request& request, const Result<http::Response>& answer,
                           WallTime now, const std::vector<std::string>& secrets = {});
// What the other side said, fit to be shown.
[[nodiscard]] std::string said_by(const http::Response& response, const http::Request& request,
                                  const std::vector<std::string>& secrets = {});

// `headers` and `bearer_token`.
[[nodiscard]] Setting header_setting();
[[nodiscard]] Setting bearer_setting();

template <class Kind>
std::unique_ptr<Receiver> make_receiver(const Settings& settings, const ReceiverContext& context) {
  return std::make_unique<Kind>(settings, context);
}

}  // namespace highwater::notify
