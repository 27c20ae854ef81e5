// TLS for the HTTP client: certificates are verified against the host's name, versions from 1.2.
// Non-blocking underneath, so that a handshake ends by its deadline too. A session belongs to one
// thread; a context may be shared.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "agent/core/result.h"
#include "exporters/http/address.h"
#include "exporters/http/socket.h"

namespace highwater::http {

class TlsContext {
 public:
  // `ca_file` empty: the system's authorities. Reading them takes some milliseconds: once per
  // client.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> load(const std::string& ca_file,
                                                                      bool verify);
  ~TlsContext();

 private:
  friend class TlsSession;
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class TlsSession {
 public:
  // Shakes hands over a connected, non-blocking socket that outlives the session.
  [[nodiscard]] static Result<TlsSession> open(std::shared_ptr<const TlsContext> context, int fd,
                                               const Url& url, const Limit& limit);
  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;
  ~TlsSession();

  // At least one byte, or 0 at the end of the stream.
  [[nodiscard]] Result<size_t> read(std::span<char> into, const Limit& limit);
  [[nodiscard]] Result<size_t> write(std::span<const char> from, const Limit& limit);

 private:
  struct Impl;
  explicit TlsSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace highwater::http
