// Connection: one TCP connection to one broker. Lives on its cluster's thread, shared between the
// coroutines that use it.
//
// A read is always pending, so an end or a reset is noticed within milliseconds, not at the next
// request. Requests may be pipelined; the broker answers in order. Every request has a deadline;
// when one passes, the connection is closed and everything in flight fails: a late answer must
// never be taken for a fresh one.
//
// Who makes a connection greets it before anything is asked: see greeting.h.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/core/time.h"
#include "collectors/kafka/client/connection_places.h"
#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/client/name_lookup.h"
#include "collectors/kafka/client/transport.h"
#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/frame.h"

namespace highwater::kafka {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Looks the host up and connects, both within `timeout`. Fails with refused, no_route or
  // unresolved.
  static asio::awaitable<Answer<std::shared_ptr<Connection>>> connect(
      std::shared_ptr<NameLookup> names, std::string host, int32_t port, Duration timeout);

  // Does the TLS handshake of `ssl`, before anything else. Fails with timed_out, or as
  // Transport::secure() does; the connection is closed then.
  asio::awaitable<Answer<void>> secure(Ssl ssl, Duration timeout);

  // Learns the versions the broker offers; must succeed before ask(). Fails with timed_out, lost or
  // malformed.
  asio::awaitable<Answer<ApiVersionsResponse>> handshake(Duration timeout);

  // One request in the highest version both sides know.
  template <class Request>
  asio::awaitable<Answer<typename Request::Response>> ask(Request request, Duration timeout);

  // The version ask() would use; nothing when there is none in common.
  [[nodiscard]] std::optional<int16_t> version(ApiKey key) const;
  // How many APIs the broker offers, and in which versions, by the handshake.
  [[nodiscard]] size_t offered_apis() const { return offered_.size(); }
  [[nodiscard]] std::optional<ApiVersionRange> offered(ApiKey key) const;

  [[nodiscard]] bool is_open() const { return !closed_; }
  [[nodiscard]] const Failure& why_closed() const { return *closed_; }
  // Requests without an answer yet.
  [[nodiscard]] size_t in_flight() const { return waiters_.size(); }
  // Everything in flight fails with `why`. The first call wins; later ones do nothing.
  void close(Failure why);
  // Called once, when the connection closes for whatever reason; at once when it is closed already.
  void on_closed(std::function<void()> callback);

  // While it is held only a login is sent; what else is asked waits for release(). The broker
  // answers in order, so what is in flight disturbs no login.
  void hold();
  void release();

  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] int32_t port() const { return port_; }
  // The steps of the greeting so far, with the time at which each began; see greeting.h.
  using Step = std::pair<std::string_view, SteadyTime>;
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  // What the greeting waits for.
  [[nodiscard]] std::string_view step() const { return steps_.empty() ? "" : steps_.back().first; }
  void enter_step(std::string_view step) {
    steps_.emplace_back(step, std::chrono::steady_clock::now());
  }
  // When the broker's certificate ends; nothing without TLS.
  [[nodiscard]] std::optional<WallTime> certificate_expiry() const {
    return transport_.certificate_expiry();
  }
  // "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate for kafka-1, valid until 2027-01-31"; "" without.
  [[nodiscard]] std::string tls_text() const { return transport_.tls_text(); }

  [[nodiscard]] uint64_t bytes_received() const { return bytes_received_; }

 private:
  struct Waiter {
    explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;  // the deadline; cancelled when the answer is there
    std::optional<Answer<Bytes>> result;
  };

  Connection(asio::ip::tcp::socket socket, std::string host, int32_t port);

  asio::awaitable<void> wait_for_release();

  // Sends a frame and waits for the payload with the same correlation id.
  asio::awaitable<Answer<Bytes>> exchange(int32_t correlation_id, Bytes frame, std::string_view api,
                                          Duration timeout);
  static asio::awaitable<void> read_loop(std::shared_ptr<Connection> self);
  static asio::awaitable<void> write_loop(std::shared_ptr<Connection> self);
  asio::awaitable<std::optional<Bytes>> read_frame(std::error_code& error);
  void deliver(Bytes payload);

  asio::steady_timer gate_;  // cancelled by release()
  const std::string host_;
  const int32_t port_;
  std::vector<Step> steps_;
  Transport transport_;
  ConnectionPlaces::Place place_;
  std::vector<ApiVersionRange> offered_;
  int32_t next_correlation_id_ = 1;
  std::unordered_map<int32_t, std::shared_ptr<Waiter>> waiters_;
  std::vector<Bytes> outgoing_;  // not yet given to the socket
  bool writing_ = false;
  bool reading_ = false;
  bool held_ = false;
  std::optional<Failure> closed_;
  std::vector<std::function<void()>> on_closed_;
  uint64_t bytes_received_ = 0;
};

inline constexpr std::string_view kClientId = "highwater";

template <class Request>
asio::awaitable<Answer<typename Request::Response>> Connection::ask(Request request,
                                                                    Duration timeout) {
  using Response = typename Request::Response;
  const auto self = shared_from_this();
  constexpr bool kOfLogin =
      Request::kApiKey == ApiKey::kSaslHandshake || Request::kApiKey == ApiKey::kSaslAuthenticate;
  if (held_ && !kOfLogin) co_await wait_for_release();
  const std::optional<int16_t> api_version = version(Request::kApiKey);
  if (!api_version) {
    co_return fail_with(FailureKind::unsupported, "the broker offers no version of " +
                                                      std::string(api_name(Request::kApiKey)) +
                                                      " that this client speaks");
  }
  const int32_t correlation_id = next_correlation_id_++;
  Bytes frame = encode_request(request, *api_version, correlation_id, kClientId);
  const Answer<Bytes> payload =
      co_await exchange(correlation_id, std::move(frame), api_name(Request::kApiKey), timeout);
  if (!payload) co_return tl::unexpected<Failure>(payload.error());
  const Result<ResponseHeader> header =
      decode_response_header(*payload, Request::kApiKey, *api_version);
  if (header) {
    Result<Response> response = decode_response<Response>(header->body, *api_version);
    if (response) co_return std::move(*response);
    close({FailureKind::malformed, response.error().message});
  } else {
    close({FailureKind::malformed, header.error().message});
  }
  co_return tl::unexpected<Failure>(*closed_);
}

}  // namespace highwater::kafka
