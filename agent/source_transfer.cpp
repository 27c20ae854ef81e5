#include "agent/source_transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "agent/core/secret.h"
#include "agent/core/web_text.h"
#include "exporters/http/client.h"
#include "exporters/http/peer_text.h"

namespace highwater::agent {
namespace {

using sources::Credentials;
using sources::Page;
using sources::PageFormat;
using sources::Read;
using sources::SourceSettings;
using sources::unreadable;

Read<std::string> read_secret(const std::string& path) {
  auto secret = Secret::in_file(path).value();
  if (!secret) return unreadable(secret.error().message, Unknown::denied);
  return std::move(*secret);
}

Read<std::string> authorization(const Credentials& credentials) {
  if (!credentials.bearer_token_file.empty()) {
    auto token = read_secret(credentials.bearer_token_file);
    if (token) token->insert(0, "Bearer ");
    return token;
  }
  if (credentials.user.empty()) return std::string();
  std::string password = credentials.password;
  if (!credentials.password_file.empty()) {
    auto read = read_secret(credentials.password_file);
    if (!read) return read;
    password = std::move(*read);
  }
  return basic_authorization(credentials.user, password);
}

std::string_view accepted(PageFormat format) {
  switch (format) {
    case PageFormat::prometheus:
      return "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.9,*/*;q=0.1";
    case PageFormat::json:
      return "application/json,*/*;q=0.1";
  }
  return "*/*";
}

Read<Page> check(http::Response response, const http::Request& request) {
  const int status = response.status;
  if (status == 401 || status == 403)
    return unreadable(fmt::format("it answers with status {}", status), Unknown::denied);
  if (status < 200 || status > 299) {
    const std::string moved = http::moved_to(response, request);
    return unreadable(
        fmt::format("it answers with status {}{}{}", status, moved.empty() ? "" : ": ", moved));
  }
  if (response.truncated)
    return unreadable(fmt::format("its page is larger than {} bytes", request.max_response_bytes));
  const std::string_view encoding = response.header("Content-Encoding");
  if (!encoding.empty() && encoding != "identity")
    return unreadable("its page is compressed, although that was not asked for");
  return Page{std::move(response.body), std::string(response.header("Content-Type"))};
}

Read<Page> fetch(const http::Client& client, const SourceSettings& source, std::stop_token stop) {
  http::Request request;
  request.url = source.url;
  request.tls = {source.ca_file, source.verify, source.certificate, source.key, {}};
  request.deadline = source.timeout;
  request.max_response_bytes = source.limit;
  request.stop = std::move(stop);
  request.headers.emplace_back("Accept", accepted(source.format));
  const auto secret = authorization(source.credentials);
  if (!secret) return tl::unexpected(secret.error());
  if (!secret->empty()) request.headers.emplace_back("Authorization", *secret);
  const auto begun = std::chrono::steady_clock::now();
  auto response = client.send(request);
  if (response) return check(std::move(*response), request);
  const bool late = std::chrono::steady_clock::now() - begun >= source.timeout;
  return unreadable(response.error().message, late ? Unknown::timed_out : Unknown::failed);
}

}  // namespace

sources::Transfer make_source_transfer() {
  return [client = std::make_shared<http::Client>()](const SourceSettings& source,
                                                     std::stop_token stop) {
    return fetch(*client, source, std::move(stop));
  };
}

}  // namespace highwater::agent
