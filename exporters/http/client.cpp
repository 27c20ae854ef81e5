#include "exporters/http/client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "agent/core/small_file.h"
#include "exporters/http/address.h"
#include "exporters/http/authorities.h"
#include "exporters/http/lookup_budget.h"
#include "exporters/http/session.h"

namespace highwater::http {
namespace {

// Each is three file descriptors: the connection, and what wakes its thread.
constexpr size_t kMaxIdle = 64;
constexpr Duration kIdleLife = std::chrono::minutes(2);
constexpr size_t kMaxCertificate = size_t{256} * 1024;

bool same_name(std::string_view a, std::string_view b);
bool is_token(std::string_view text);
Result<void> check_form(const Request& request);
Result<TlsMaterial> read_material(const TlsOptions& options, AuthorityCache& authorities);

void prepare_library() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(done);
}

}  // namespace

struct Client::Impl {
  AuthorityCache authorities;
  LookupBudget lookups;
  std::mutex mutex;
  std::vector<std::unique_ptr<Session>> idle;  // the longest idle first; under mutex

  std::unique_ptr<Session> take(SessionKey key) {
    {
      const std::lock_guard lock(mutex);
      const auto found = std::ranges::find(
          idle, key, [](const auto& session) -> const SessionKey& { return session->key(); });
      if (found != idle.end()) {
        auto session = std::move(*found);
        idle.erase(found);
        return session;
      }
    }
    return Session::create(std::move(key));
  }

  void give_back(std::unique_ptr<Session> session) {
    const SteadyTime now = std::chrono::steady_clock::now();
    session->used = now;
    std::vector<std::unique_ptr<Session>> old;  // closed without the lock
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(session));
    const auto fresh =
        std::ranges::find_if(idle, [&](const auto& one) { return now - one->used < kIdleLife; });
    const auto too_many = static_cast<std::ptrdiff_t>(idle.size()) - std::ptrdiff_t{kMaxIdle};
    const auto keep = std::max(fresh, idle.begin() + std::max(too_many, std::ptrdiff_t{0}));
    std::move(idle.begin(), keep, std::back_inserter(old));
    idle.erase(idle.begin(), keep);
  }
};

Client::Client() : impl_(std::make_unique<Impl>()) {
  prepare_library();
}
Client::~Client() = default;

Result<Response> Client::send(const Request& request) const {
  const auto url = parse_url(request.url);
  if (!url) return tl::unexpected(url.error());
  const auto failed = [&](const std::string& why) {
    return fail(fmt::format("{} {}: {}", request.method, url->origin(), why));
  };
  if (const auto checked = check_form(request); !checked) return failed(checked.error().message);
  TlsMaterial material;
  if (url->scheme == Scheme::https) {
    auto read = read_material(request.tls, impl_->authorities);
    if (!read) return failed(read.error().message);
    material = std::move(*read);
  }
  auto session = impl_->take({url->origin(), request.tls});
  if (session == nullptr) return failed("no memory or no file descriptor is left");
  auto response = session->run(request, *url, material, impl_->lookups);
  if (session->clean()) impl_->give_back(std::move(session));
  if (!response) return failed(response.error().message);
  return response;
}

Result<void> Client::check(const TlsOptions& options) const {
  const auto read = read_material(options, impl_->authorities);
  if (!read) return tl::unexpected(read.error());
  return {};
}

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

namespace {

Result<TlsMaterial> read_material(const TlsOptions& options, AuthorityCache& authorities) {
  TlsMaterial material;
  if (options.verify && options.public_key.empty()) {
    auto read = authorities.get(options.ca_file);
    if (!read) return tl::unexpected(read.error());
    material.authorities = std::move(*read);
  }
  const auto read_into = [](const std::string& path, std::string& into) -> Result<void> {
    if (path.empty()) return {};
    auto text = read_small_file(path, kMaxCertificate);
    if (!text) return tl::unexpected(text.error().in("TLS: read " + path));
    into = std::move(*text);
    return {};
  };
  if (auto read = read_into(options.certificate, material.certificate); !read)
    return tl::unexpected(read.error());
  if (auto read = read_into(options.key, material.key); !read) return tl::unexpected(read.error());
  return material;
}

Result<void> check_form(const Request& request) {
  if (request.method != "GET" && request.method != "POST" && request.method != "PUT")
    return fail("the method is unknown");
  const auto value_ok = [](std::string_view value) {
    return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  };
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !value_ok(value))
      return fail("a header's name or value contains a forbidden character");
    for (const std::string_view own :
         {"Host", "Content-Length", "Connection", "Transfer-Encoding", "Expect"}) {
      if (same_name(name, own)) return fail(fmt::format("the header {} cannot be set", own));
    }
  }
  if (!value_ok(request.content_type)) return fail("the content type contains a line break");
  return {};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

}  // namespace
}  // namespace highwater::http
