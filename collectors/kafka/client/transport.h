// Transport: the bytes of one connection, plain or through TLS. Owned by Connection, on the
// cluster's thread. One read and one write at a time.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "agent/core/time.h"
#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/client/tls_files.h"

namespace highwater::kafka {

class Transport {
 public:
  explicit Transport(asio::ip::tcp::socket socket);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Does the TLS handshake of `ssl`, which all later bytes go through. To be called before anything
  // is read or written; close() ends it.
  asio::awaitable<std::optional<Failure>> secure(Ssl ssl);

  // Fills `into`. The caller keeps what the buffers point to, and this, until it has returned.
  asio::awaitable<std::error_code> read(asio::mutable_buffer into);
  asio::awaitable<std::error_code> write(std::vector<asio::const_buffer> buffers);

  // After a failed write: the moment that a read needs to bring what the other side said of it. At
  // once without TLS.
  asio::awaitable<void> linger();

  // Why reading or writing failed, for people.
  [[nodiscard]] Failure failure(const std::error_code& error) const;
  // What was agreed on, and the certificate that the broker showed, for people; "" without TLS.
  [[nodiscard]] std::string tls_text() const;
  // When the broker's certificate ends; nothing without TLS.
  [[nodiscard]] std::optional<WallTime> certificate_expiry() const;

  void close();

 private:
  struct Tls;

  asio::ip::tcp::socket socket_;
  std::unique_ptr<Tls> tls_;  // null: plain
  bool answered_ = false;     // anything was read
};

}  // namespace highwater::kafka
