#include "agent/source_transfer.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <utility>

#include "exporters/http/client.h"

namespace highwater::agent {
namespace {

using sources::Credentials;
using sources::Page;
using sources::PageFormat;
using sources::Read;
using sources::SourceSettings;
using sources::unreadable;

constexpr std::streamsize kLongestSecret = 16 * 1024;

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k)
      text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

// The first line.
Read<std::string> read_secret(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string secret(static_cast<size_t>(kLongestSecret), '\0');
  file.read(secret.data(), kLongestSecret);
  if (!file.is_open() || file.bad())
    return unreadable(fmt::format("the secret in {} cannot be read", path), Unknown::denied);
  secret.resize(static_cast<size_t>(file.gcount()));
  secret.resize(std::min(secret.find_first_of("\r\n"), secret.size()));
  if (secret.empty())
    return unreadable(fmt::format("the secret in {} is empty", path), Unknown::denied);
  return secret;
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
  return "Basic " + base64(credentials.user + ":" + password);
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

Read<Page> check(http::Response response, const SourceSettings& source) {
  const int status = response.status;
  if (status == 401 || status == 403)
    return unreadable(fmt::format("it answers with status {}", status), Unknown::denied);
  if (status < 200 || status > 299)
    return unreadable(fmt::format("it answers with status {}", status));
  if (response.truncated)
    return unreadable(fmt::format("its page is larger than {} bytes", source.limit));
  const std::string_view encoding = response.header("Content-Encoding");
  if (!encoding.empty() && encoding != "identity")
    return unreadable("its page is compressed, although that was not asked for");
  return Page{std::move(response.body), std::string(response.header("Content-Type"))};
}

using Clients = std::map<std::pair<std::string, bool>, http::Client>;

Read<Page> fetch(const Clients& clients, const SourceSettings& source, std::stop_token stop) {
  http::Request request;
  request.url = source.url;
  request.deadline = source.timeout;
  request.max_response_bytes = source.limit;
  request.stop = std::move(stop);
  request.headers.emplace_back("Accept", accepted(source.format));
  const auto secret = authorization(source.credentials);
  if (!secret) return tl::unexpected(secret.error());
  if (!secret->empty()) request.headers.emplace_back("Authorization", *secret);
  const auto begun = std::chrono::steady_clock::now();
  auto response = clients.at({source.ca_file, source.verify}).send(request);
  if (response) return check(std::move(*response), source);
  const bool late = std::chrono::steady_clock::now() - begun >= source.timeout;
  return unreadable(response.error().message, late ? Unknown::timed_out : Unknown::failed);
}

}  // namespace

sources::Transfer make_source_transfer(const sources::SourcePlan& plan) {
  const auto clients = std::make_shared<Clients>();
  for (const SourceSettings& source : plan.sources) {
    http::ClientOptions options;
    options.ca_file = source.ca_file;
    options.verify = source.verify;
    clients->try_emplace({source.ca_file, source.verify}, std::move(options));
  }
  return [clients = std::shared_ptr<const Clients>(clients)](const SourceSettings& source,
                                                             std::stop_token stop) {
    return fetch(*clients, source, std::move(stop));
  };
}

}  // namespace highwater::agent
