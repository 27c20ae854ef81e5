#include "collectors/kafka/login/login.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <mutex>
#include <random>
#include <span>
#include <utility>

#include "collectors/kafka/client/deadline.h"
#include "collectors/kafka/login/gssapi.h"
#include "collectors/kafka/wire/sasl.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

constexpr size_t kLongestText = 200;  // of a broker's, in a sentence of ours
constexpr int kMostMessages = 8;      // no mechanism needs more
// The login is repeated when so much of the session is over, at random so that not all connections
// do so at once.
constexpr double kRepeatFrom = 0.75;
constexpr double kRepeatTo = 0.85;

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

Duration until_repetition(Duration session) {
  thread_local std::minstd_rand engine{std::random_device{}()};
  std::uniform_real_distribution<double> part(kRepeatFrom, kRepeatTo);
  return std::chrono::duration_cast<Duration>(session * part(engine));
}

Bytes to_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string_view to_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string names(const std::vector<std::string>& mechanisms) {
  std::string text;
  for (const std::string& mechanism : mechanisms)
    text += (text.empty() ? "" : ", ") + printable_excerpt(mechanism, 20);
  return text.empty() ? "none" : text;
}

}  // namespace

struct Login::Workshop {
  Workshop(SaslSettings login, const AskHttp& ask)
      : settings(std::move(login)),
        tokens(settings.oauth, ask),
        msk_tokens(settings.aws, aws::process_environment(), ask) {}

  Result<Begun> begin(const std::string& host, std::stop_token stop) {
    forget_refused_token();
    auto secret = this->secret(host, std::move(stop));
    {
      const std::lock_guard lock(mutex);
      problem =
          settings.mechanism == Mechanism::aws_msk_iam ? msk_tokens.problem() : tokens.problem();
    }
    if (!secret) return fail(secret.error().message);
    Begun begun;
    // A token that is made anew each time is still the same credentials.
    if (settings.oauth.token_url.empty() && settings.mechanism != Mechanism::aws_msk_iam)
      begun.secret = std::hash<std::string>{}(*secret);
    begun.exchange = make(host, std::move(*secret));
    auto first = begun.exchange->first();
    if (!first) return fail(first.error().message);
    begun.first = std::move(*first);
    return begun;
  }

  // What our side knows; "" for Kerberos, which has tickets.
  Result<std::string> secret(const std::string& host, std::stop_token stop) {
    if (settings.mechanism == Mechanism::oauthbearer)
      return tokens.current(SystemClock().now(), std::move(stop));
    if (settings.mechanism == Mechanism::aws_msk_iam)
      return msk_tokens.current(host, SystemClock().now(), std::move(stop));
    if (settings.mechanism == Mechanism::gssapi) return std::string();
    return settings.password.value();
  }

  void forget_refused_token() {
    const std::lock_guard lock(mutex);
    if (!std::exchange(token_refused, false)) return;
    tokens.forget();
    msk_tokens.forget();
    // A broker whose keytab was renewed cannot read them.
    if (settings.mechanism == Mechanism::gssapi) forget_tickets(ticket_cache);
  }

  std::shared_ptr<SaslExchange> make(const std::string& host, std::string secret) const {
    switch (settings.mechanism) {
      case Mechanism::plain:
        return make_plain(settings.username, std::move(secret));
      case Mechanism::scram_sha_256:
      case Mechanism::scram_sha_512:
        return make_scram(settings.mechanism, settings.username, std::move(secret), memory);
      case Mechanism::oauthbearer:
      case Mechanism::aws_msk_iam:
        return make_oauthbearer(std::move(secret), settings.oauth);
      case Mechanism::gssapi:
        return make_gssapi(settings.kerberos, host, ticket_cache);
    }
    return make_plain(settings.username, std::move(secret));
  }

  const SaslSettings settings;
  // Of this cluster's tickets, in this process alone.
  const std::string ticket_cache = fmt::format("MEMORY:highwater-{}", fmt::ptr(this));
  OauthTokens tokens;
  MskTokens msk_tokens;
  const std::shared_ptr<ScramMemory> memory = std::make_shared<ScramMemory>();
  std::mutex mutex;
  // Under the mutex:
  std::string problem;
  bool token_refused = false;
};

Login::Login(SaslSettings settings, const AskHttp& ask)
    : settings_(std::move(settings)), workshop_(std::make_shared<Workshop>(settings_, ask)) {}

std::string Login::problem() const {
  const std::lock_guard lock(workshop_->mutex);
  return workshop_->problem;
}

asio::awaitable<Answer<Duration>> Login::log_in(std::shared_ptr<Connection> connection,
                                                SteadyTime deadline) {
  const auto self = shared_from_this();
  const std::string address = fmt::format("{}:{}", connection->host(), connection->port());
  auto begun = co_await begin(connection->host(), deadline);
  if (!begun) co_return tl::unexpected<Failure>(begun.error());
  const size_t secret = begun->secret;
  if (auto closed = gate_.closed(address, secret, steady_now()))
    co_return tl::unexpected<Failure>(std::move(*closed));
  Begun exchange = std::move(*begun);
  auto session = co_await converse(std::move(connection), std::move(exchange), deadline);
  if (session)
    gate_.accepted(address, secret, steady_now());
  else if (session.error().kind == FailureKind::credentials)
    note_refusal(address, secret, session.error());
  co_return session;
}

asio::awaitable<Answer<Login::Begun>> Login::begin(std::string host, SteadyTime deadline) {
  using Outcome = Result<Begun>;
  std::function<Outcome(std::stop_token)> work = [workshop = workshop_,
                                                  host](std::stop_token stop) {
    return workshop->begin(host, std::move(stop));
  };
  auto outcome = co_await worker_.run<Outcome>(std::move(work), deadline);
  if (!outcome) co_return tl::unexpected<Failure>(impossible(too_late()));
  if (!*outcome) co_return tl::unexpected<Failure>(impossible(outcome->error().message));
  co_return std::move(**outcome);
}

std::string Login::too_late() const {
  if (settings_.mechanism == Mechanism::oauthbearer)
    return "the token server has not answered in time";
  if (settings_.mechanism == Mechanism::gssapi)
    return "no KDC has answered in time: see [realms] in krb5.conf";
  if (settings_.mechanism == Mechanism::aws_msk_iam) return "no keys of AWS could be had in time";
  return "the secret could not be read in time";
}

asio::awaitable<Answer<Duration>> Login::converse(std::shared_ptr<Connection> connection,
                                                  Begun begun, SteadyTime deadline) {
  const auto self = shared_from_this();
  SaslHandshakeRequest handshake{std::string(wire_name(settings_.mechanism))};
  const auto accepted = co_await connection->ask(std::move(handshake), remaining(deadline));
  if (!accepted) co_return tl::unexpected<Failure>(accepted.error());
  if (accepted->error_code == ErrorCode::kUnsupportedSaslMechanism)
    co_return tl::unexpected<Failure>(
        impossible(fmt::format("it is not among what the broker has enabled on this listener: {}",
                               names(accepted->mechanisms))));
  if (accepted->error_code == ErrorCode::kIllegalSaslState)
    co_return tl::unexpected<Failure>(impossible(
        "this listener of the broker wants no login: set `protocol` to PLAINTEXT or SSL"));
  if (accepted->error_code != ErrorCode::kNone)
    co_return tl::unexpected<Failure>(impossible(describe(accepted->error_code)));
  std::string message = std::move(begun.first);
  for (int count = 0; count < kMostMessages; ++count) {
    SaslAuthenticateRequest request{to_bytes(message)};
    auto answer = co_await connection->ask(std::move(request), remaining(deadline));
    if (!answer) co_return tl::unexpected<Failure>(answer.error());
    if (answer->error_code != ErrorCode::kNone)
      co_return tl::unexpected<Failure>(
          refusal(answer->error_message.value_or(describe(answer->error_code))));
    using Outcome = Result<std::optional<std::string>>;
    std::function<Outcome(std::stop_token)> work =
        [exchange = begun.exchange, text = std::string(to_text(answer->auth_bytes))](
            const std::stop_token&) { return exchange->next(text); };
    auto outcome = co_await worker_.run<Outcome>(std::move(work), deadline);
    if (!outcome)
      co_return fail_with(FailureKind::timed_out, "the login was not completed in time");
    if (!*outcome)
      co_return fail_with(FailureKind::untrusted,
                          fmt::format("SASL/{}: {}", mechanism_name(settings_.mechanism),
                                      outcome->error().message));
    if (!**outcome)
      co_return std::chrono::milliseconds(std::max<int64_t>(0, answer->session_lifetime_ms));
    message = std::move(***outcome);
  }
  co_return tl::unexpected<Failure>(refusal("it does not end the login"));
}

// A token that was refused is not tried again: the server may have a better one.
void Login::note_refusal(const std::string& address, size_t secret, const Failure& why) {
  gate_.refused(address, secret, why, steady_now());
  const std::lock_guard lock(workshop_->mutex);
  workshop_->token_refused = true;
}

Failure Login::refusal(const std::string& broker_text) const {
  std::string who = fmt::format("the login of '{}'", settings_.username);
  if (wire_name(settings_.mechanism) == mechanism_name(Mechanism::oauthbearer)) who = "our token";
  if (settings_.mechanism == Mechanism::gssapi)
    who =
        "our ticket" +
        (settings_.kerberos.principal.empty() ? "" : " of '" + settings_.kerberos.principal + "'");
  return {FailureKind::credentials,
          fmt::format("SASL/{}: it refuses {}: {}", mechanism_name(settings_.mechanism),
                      printable_excerpt(who, kLongestText),
                      printable_excerpt(broker_text, kLongestText))};
}

Failure Login::impossible(const std::string& what) const {
  return {FailureKind::no_login,
          fmt::format("SASL/{}: {}", mechanism_name(settings_.mechanism), what)};
}

asio::awaitable<void> Login::stay_logged_in(std::shared_ptr<Login> self,
                                            std::shared_ptr<Connection> connection,
                                            Duration session, Duration timeout) {
  const auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor);
  connection->on_closed([timer] { timer->cancel(); });
  while (session > Duration::zero() && connection->is_open()) {
    std::error_code ignored;
    timer->expires_after(until_repetition(session));
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!connection->is_open()) co_return;
    connection->hold();
    const auto again = co_await self->log_in(connection, steady_now() + timeout);
    if (again)
      session = *again;
    else
      connection->close(again.error());
    connection->release();
  }
}

}  // namespace highwater::kafka
