#include "exporters/notify/receivers/http_receiver.h"

#include <fmt/format.h>

#include "exporters/http/peer_text.h"
#include "exporters/push/incident_span.h"
#include "exporters/push/retry_after.h"
#include "exporters/push/utf8.h"

namespace highwater::notify {
namespace {

// A receiver that never ends its answers delays the next notification by so much.
constexpr Duration kLinger = std::chrono::milliseconds(100);
constexpr size_t kMaxAnswerBytes = 4096;
constexpr size_t kMaxSaidBytes = 200;

}  // namespace

Result<http::Request> HttpReceiver::post(const Secret& url, const Delivery& delivery,
                                         const Attempt& attempt) const {
  http::Request request;
  request.method = "POST";
  Result<std::string> address = url.value();
  if (!address) return tl::unexpected(address.error());
  request.url = std::move(*address);
  SecretHeaders headers = settings_.headers("headers");
  if (settings_.has("bearer_token"))
    headers.emplace_back("Authorization", settings_.secret("bearer_token").behind("Bearer "));
  for (const auto& [name, secret] : headers) {
    Result<std::string> value = secret.value();
    if (!value) return tl::unexpected(value.error());
    request.headers.emplace_back(name, std::move(*value));
  }
  request.headers.emplace_back("Idempotency-Key", delivery.id);
  request.headers.emplace_back("traceparent",
                               traceparent(delivery.incident().correlation, attempt.span));
  request.content_type = "application/json";
  request.tls = settings_.tls;
  request.deadline = attempt.limit;
  request.stop = attempt.stop;
  request.max_response_bytes = kMaxAnswerBytes;
  request.linger = kLinger;
  return request;
}

Answer HttpReceiver::send_and_judge(const http::Request& request, const Attempt& attempt) const {
  return judge(request, send(request), attempt.now);
}

Answer not_sent(const Error& why) {
  return retry(why.message);
}

std::string said_by(const http::Response& response, const http::Request& request,
                    const std::vector<std::string>& secrets) {
  std::string said = http::moved_to(response, request);
  if (said.empty()) said = http::without_secrets(response.body, request, secrets);
  return utf8::clean(said, kMaxSaidBytes, utf8::Lines::join);
}

Answer judge(const http::Request& request, const Result<http::Response>& answer, WallTime now,
             const std::vector<std::string>& secrets) {
  if (!answer) return retry(answer.error().message);
  const int status = answer->status;
  if (status >= 200 && status < 300) return delivered(status);
  // What the receiver says about it helps whoever has to mend it.
  std::string why = fmt::format("HTTP {}", status);
  const std::string said = said_by(*answer, request, secrets);
  if (!said.empty()) why += ": " + said;
  if (status == 408 || status == 429 || status >= 500)
    return retry(std::move(why), status, parse_retry_after(answer->header("Retry-After"), now));
  return refused(std::move(why), status);
}

Setting header_setting() {
  return {.key = "headers",
          .type = SettingType::headers,
          .help = "Headers to send along, by name."};
}

Setting bearer_setting() {
  return {.key = "bearer_token",
          .type = SettingType::secret,
          .help = "Sent as `Authorization: Bearer ...`."};
}

}  // namespace highwater::notify
