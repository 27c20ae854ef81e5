#include "agent/ask_http.h"

#include <memory>
#include <utility>

#include "exporters/http/client.h"

namespace highwater::agent {
namespace {

constexpr size_t kLargestAnswer = size_t{256} * 1024;

Result<HttpAnswer> ask(const http::Client& client, const HttpQuestion& question) {
  http::Request request;
  request.method = question.method;
  request.url = question.url;
  request.headers = question.headers;
  request.body = question.body;
  request.content_type = question.content_type;
  request.tls.ca_file = question.ca_file;
  request.deadline = question.within;
  request.max_response_bytes = kLargestAnswer;
  request.stop = question.stop;
  auto response = client.send(request);
  if (!response) return tl::unexpected(response.error());
  return HttpAnswer{response->status, std::move(response->body)};
}

}  // namespace

AskHttp make_ask_http() {
  return [client = std::make_shared<http::Client>()](const HttpQuestion& question) {
    return ask(*client, question);
  };
}

}  // namespace highwater::agent
