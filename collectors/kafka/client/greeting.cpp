#include "collectors/kafka/client/greeting.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>
#include <utility>

#include "collectors/kafka/client/deadline.h"

namespace highwater::kafka {
namespace {

// The login is repeated on connections that work, with a limit of its own.
constexpr auto kRepetitionWithin = std::chrono::seconds(5);

asio::awaitable<Answer<void>> begin_tls(std::shared_ptr<Connection> connection,
                                        std::shared_ptr<TlsContext> tls, SteadyTime deadline) {
  connection->enter_step(kTlsStep);
  auto ssl = tls->client(connection->host(), connection->port());
  if (!ssl) {
    connection->close(ssl.error());
    co_return tl::unexpected<Failure>(ssl.error());
  }
  Ssl own = std::move(*ssl);
  co_return co_await connection->secure(std::move(own), remaining(deadline));
}

asio::awaitable<Answer<void>> begin_session(std::shared_ptr<Connection> connection,
                                            std::shared_ptr<Login> login, SteadyTime deadline) {
  connection->enter_step(kLoginStep);
  const auto session = co_await login->log_in(connection, deadline);
  if (!session) {
    connection->close(session.error());
    co_return tl::unexpected<Failure>(session.error());
  }
  if (*session > Duration::zero())
    asio::co_spawn(co_await asio::this_coro::executor,
                   Login::stay_logged_in(login, connection, *session, kRepetitionWithin),
                   asio::detached);
  co_return Answer<void>();
}

}  // namespace

Security make_security(const SecuritySettings& settings, const AskHttp& ask) {
  Security security;
  if (settings.tls) security.tls = std::make_shared<TlsContext>(*settings.tls);
  if (settings.sasl) security.login = std::make_shared<Login>(*settings.sasl, ask);
  return security;
}

asio::awaitable<Answer<ApiVersionsResponse>> greet(std::shared_ptr<Connection> connection,
                                                   Security security, Duration timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  if (security.tls) {
    const auto secured = co_await begin_tls(connection, security.tls, deadline);
    if (!secured) co_return tl::unexpected<Failure>(secured.error());
  }
  connection->enter_step(kVersionsStep);
  auto versions = co_await connection->handshake(remaining(deadline));
  if (!versions || !security.login) co_return versions;
  const auto session = co_await begin_session(connection, security.login, deadline);
  if (!session) co_return tl::unexpected<Failure>(session.error());
  co_return versions;
}

}  // namespace highwater::kafka
