#include "collectors/kafka/client/transport.h"

#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <utility>

#include "collectors/kafka/client/tls_context.h"
#include "collectors/kafka/client/tls_failure.h"

namespace highwater::kafka {

using asio::ip::tcp;

namespace {

constexpr auto kLinger = std::chrono::milliseconds(100);

}  // namespace

struct Transport::Tls {
  Tls(tcp::socket& socket, Ssl ssl) : stream(socket, ssl.release()) {}
  asio::ssl::stream<tcp::socket&> stream;
};

Transport::Transport(tcp::socket socket) : socket_(std::move(socket)) {}

Transport::~Transport() = default;

asio::awaitable<std::optional<Failure>> Transport::secure(Ssl ssl) {
  tls_ = std::make_unique<Tls>(socket_, std::move(ssl));
  std::error_code error;
  co_await tls_->stream.async_handshake(asio::ssl::stream_base::client,
                                        asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return std::nullopt;
  co_return handshake_failure(tls_->stream.native_handle(), error, SystemClock().now().wall);
}

asio::awaitable<std::error_code> Transport::read(asio::mutable_buffer into) {
  std::error_code error;
  if (tls_)
    co_await asio::async_read(tls_->stream, into, asio::redirect_error(asio::use_awaitable, error));
  else
    co_await asio::async_read(socket_, into, asio::redirect_error(asio::use_awaitable, error));
  if (!error) answered_ = true;
  co_return error;
}

asio::awaitable<std::error_code> Transport::write(std::vector<asio::const_buffer> buffers) {
  std::error_code error;
  if (tls_)
    co_await asio::async_write(tls_->stream, buffers,
                               asio::redirect_error(asio::use_awaitable, error));
  else
    co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, error));
  co_return error;
}

asio::awaitable<void> Transport::linger() {
  if (!tls_) co_return;
  asio::steady_timer timer(socket_.get_executor(), kLinger);
  std::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Failure Transport::failure(const std::error_code& error) const {
  if (tls_) return stream_failure(tls_->stream.native_handle(), error, answered_);
  if (error == asio::error::eof) return {FailureKind::lost, "the broker closed the connection"};
  return {FailureKind::lost, "connection lost: " + error.message()};
}

std::optional<WallTime> Transport::certificate_expiry() const {
  return tls_ ? TlsContext::peer_expiry(tls_->stream.native_handle()) : std::nullopt;
}

std::string Transport::tls_text() const {
  return tls_ ? TlsContext::peer_text(tls_->stream.native_handle()) : "";
}

// Without a farewell of TLS: the other side may not read any more. Without these marks OpenSSL
// takes the session for one that must not be resumed.
void Transport::close() {
  std::error_code ignored;
  socket_.close(ignored);
  if (tls_)
    SSL_set_shutdown(tls_->stream.native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

}  // namespace highwater::kafka
