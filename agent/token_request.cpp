#include "agent/token_request.h"

#include <chrono>
#include <memory>
#include <utility>

#include "agent/basic_authorization.h"
#include "exporters/http/client.h"

namespace highwater::agent {
namespace {

constexpr auto kWithin = std::chrono::seconds(5);
constexpr size_t kLargestAnswer = size_t{256} * 1024;

// RFC 6749, section 2.3.1: both parts are encoded as in a form.
std::string form_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
  }
  return result;
}

Result<kafka::TokenResponse> post(const http::Client& client, const kafka::TokenRequest& asked) {
  http::Request request;
  request.method = "POST";
  request.url = asked.url;
  request.body = asked.form;
  request.content_type = "application/x-www-form-urlencoded";
  request.headers.emplace_back("Accept", "application/json");
  request.headers.emplace_back(
      "Authorization",
      basic_authorization(form_encoded(asked.client_id), form_encoded(asked.client_secret)));
  request.tls.ca_file = asked.ca_file;
  request.deadline = kWithin;
  request.max_response_bytes = kLargestAnswer;
  request.stop = asked.stop;
  auto response = client.send(request);
  if (!response) return tl::unexpected(response.error());
  return kafka::TokenResponse{response->status, std::move(response->body)};
}

}  // namespace

kafka::PostTokenRequest make_token_request() {
  return [client = std::make_shared<http::Client>()](const kafka::TokenRequest& request) {
    return post(*client, request);
  };
}

}  // namespace highwater::agent
