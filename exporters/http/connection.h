// A client's connection, plain or TLS, that ends by its deadline in every phase. Belongs to one
// thread.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "agent/core/result.h"
#include "exporters/http/address.h"
#include "exporters/http/socket.h"
#include "exporters/http/tls.h"

namespace highwater::http {

class Connection {
 public:
  // Looks the host up, tries its addresses in turn, and shakes hands when `tls` is given.
  [[nodiscard]] static Result<Connection> open(const Url& url,
                                               std::shared_ptr<const TlsContext> tls,
                                               const Limit& limit);

  [[nodiscard]] Result<size_t> read(std::span<char> into);  // 0: the end of the stream
  [[nodiscard]] Result<size_t> write(std::span<const char> from);
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  Connection(Descriptor socket, Limit limit) : socket_(std::move(socket)), limit_(limit) {}
  [[nodiscard]] bool past_deadline() const;

  Descriptor socket_;
  std::optional<TlsSession> tls_;
  Limit limit_;
};

}  // namespace highwater::http
