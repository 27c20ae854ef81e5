// The greeting of a new connection: TLS, the versions that the broker offers, and the login, under
// one deadline. Whoever opens a connection greets it before anything else. On the cluster's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "agent/core/time.h"
#include "collectors/kafka/client/connection.h"
#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/client/tls_context.h"
#include "collectors/kafka/login/login.h"

namespace highwater::kafka {

// The steps, as failures and people name them.
inline constexpr std::string_view kTlsStep = "the TLS handshake";
inline constexpr std::string_view kVersionsStep = "ApiVersions";
inline constexpr std::string_view kLoginStep = "the login";

// How the connections of a cluster are secured.
struct Security {
  std::shared_ptr<TlsContext> tls;  // null: they are not encrypted
  std::shared_ptr<Login> login;     // null: there is no login
};
[[nodiscard]] Security make_security(const SecuritySettings& settings, const AskHttp& ask);

// Fails as the step that failed does; Failure::what names the step.
asio::awaitable<Answer<ApiVersionsResponse>> greet(std::shared_ptr<Connection> connection,
                                                   Security security, Duration timeout);

}  // namespace highwater::kafka
