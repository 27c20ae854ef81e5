#include "exporters/http/tls.h"

#include <fmt/format.h>
// Brings OpenSSL along: this room has no other way to it.
#include <httplib.h>

#include <algorithm>
#include <climits>
#include <csignal>

namespace highwater::http {
namespace {

std::string openssl_error(const char* otherwise) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return otherwise;
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:x}", code);
}

// What a non-blocking call needs next: 0 when it is not a matter of waiting.
int16_t events_wanted(int ssl_error) {
  if (ssl_error == SSL_ERROR_WANT_READ) return POLLIN;
  if (ssl_error == SSL_ERROR_WANT_WRITE) return POLLOUT;
  return 0;
}

}  // namespace

struct TlsContext::Impl {
  SSL_CTX* context = nullptr;
  bool verify = true;
  ~Impl() { SSL_CTX_free(context); }
};

struct TlsSession::Impl {
  std::shared_ptr<const TlsContext> context;
  SSL* ssl = nullptr;
  int fd = -1;
  ~Impl() { SSL_free(ssl); }
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;
TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;
TlsSession::~TlsSession() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::string& ca_file,
                                                           bool verify) {
  // OpenSSL writes without MSG_NOSIGNAL: a receiver that hangs up must not end the process.
  struct sigaction on_pipe {};
  if (sigaction(SIGPIPE, nullptr, &on_pipe) == 0 && on_pipe.sa_handler == SIG_DFL)
    std::signal(SIGPIPE, SIG_IGN);
  ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->verify = verify;
  impl->context = SSL_CTX_new(TLS_client_method());
  if (impl->context == nullptr) return fail("TLS: " + openssl_error("out of memory"));
  SSL_CTX_set_min_proto_version(impl->context, TLS1_2_VERSION);
  SSL_CTX_set_verify(impl->context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  // Bodies carry their own length; many servers skip the closing alert.
  SSL_CTX_set_options(impl->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(impl->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_AUTO_RETRY |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!verify) return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
  const int loaded = ca_file.empty()
                         ? SSL_CTX_set_default_verify_paths(impl->context)
                         : SSL_CTX_load_verify_locations(impl->context, ca_file.c_str(), nullptr);
  if (loaded != 1) {
    const std::string where = ca_file.empty() ? "of the system" : "in " + ca_file;
    return fail(fmt::format("TLS: read the certificate authorities {}: {}", where,
                            openssl_error("nothing usable there")));
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

Result<TlsSession> TlsSession::open(std::shared_ptr<const TlsContext> context, int fd,
                                    const Url& url, const Limit& limit) {
  ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->fd = fd;
  impl->ssl = SSL_new(context->impl_->context);
  const bool verify = context->impl_->verify;
  impl->context = std::move(context);
  SSL* const ssl = impl->ssl;
  if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1)
    return fail("TLS handshake: " + openssl_error("out of memory"));

  in_addr v4{};
  const bool numeric = url.ipv6 || inet_pton(AF_INET, url.host.c_str(), &v4) == 1;
  if (numeric) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url.host.c_str());
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set_tlsext_host_name(ssl, url.host.c_str()) != 1 ||
        SSL_set1_host(ssl, url.host.c_str()) != 1)
      return fail("TLS handshake: the host's name cannot be used");
  }
  while (true) {
    const int done = SSL_connect(ssl);
    if (done == 1) return TlsSession(std::move(impl));
    const int16_t events = events_wanted(SSL_get_error(ssl, done));
    if (events == 0) {
      const long verdict = SSL_get_verify_result(ssl);
      if (verify && verdict != X509_V_OK) {
        ERR_clear_error();
        return fail(fmt::format("TLS handshake: the certificate is not accepted: {}",
                                X509_verify_cert_error_string(verdict)));
      }
      return fail("TLS handshake: " + openssl_error("the connection was closed"));
    }
    const Waited waited = wait_for(fd, events, limit);
    if (waited == Waited::stopped) return fail("TLS handshake: stopped");
    if (waited == Waited::timed_out) return fail("TLS handshake: not done within the deadline");
  }
}

Result<size_t> TlsSession::read(std::span<char> into, const Limit& limit) {
  while (true) {
    ERR_clear_error();
    const int size = static_cast<int>(std::min<size_t>(into.size(), INT_MAX));
    const int count = SSL_read(impl_->ssl, into.data(), size);
    if (count > 0) return static_cast<size_t>(count);
    const int error = SSL_get_error(impl_->ssl, count);
    if (error == SSL_ERROR_ZERO_RETURN) return size_t{0};
    const int16_t events = events_wanted(error);
    if (events == 0) return fail(openssl_error("the connection was lost"));
    const Waited waited = wait_for(impl_->fd, events, limit);
    if (waited == Waited::stopped) return fail("stopped");
    if (waited == Waited::timed_out) return fail("no complete answer within the deadline");
  }
}

Result<size_t> TlsSession::write(std::span<const char> from, const Limit& limit) {
  while (true) {
    ERR_clear_error();
    const int size = static_cast<int>(std::min<size_t>(from.size(), INT_MAX));
    const int count = SSL_write(impl_->ssl, from.data(), size);
    if (count > 0) return static_cast<size_t>(count);
    const int16_t events = events_wanted(SSL_get_error(impl_->ssl, count));
    if (events == 0) return fail(openssl_error("the connection was lost"));
    const Waited waited = wait_for(impl_->fd, events, limit);
    if (waited == Waited::stopped) return fail("stopped");
    if (waited == Waited::timed_out) return fail("the request was not taken within the deadline");
  }
}

}  // namespace highwater::http
