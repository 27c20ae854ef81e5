// Connection: one TCP connection to one broker. Lives on its cluster's thread, shared between the
// coroutines that use it.
//
// A read is always pending, so an end or a reset is noticed within milliseconds, not at the next
// request. Requests may be pipelined; the broker answers in order. Every request has a deadline;
// when one passes, the connection is closed and everything in flight fails: a late answer must
// never be taken for a fresh one.
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
#include <vector>

#include "agent/core/time.h"
#include "collectors/kafka/failure.h"
#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/frame.h"

namespace highwater::kafka {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Resolves and connects within `timeout`. Fails with refused, no_route or unresolved.
  static asio::awaitable<Answer<std::shared_ptr<Connection>>> connect(std::string host,
                                                                      int32_t port,
                                                                      Duration timeout);

  // Learns the versions the broker offers; must succeed before ask(). Fails with timed_out, lost or
  // malformed.
  asio::awaitable<Answer<ApiVersionsResponse>> handshake(Duration timeout);

  // One request in the highest version both sides know.
  template <class Request>
  asio::awaitable<Answer<typename Request::Response>> ask(Request request, Duration timeout);

  // The version ask() would use; nothing when there is none in common.
  [[nodiscard]] std::optional<int16_t> version(ApiKey key) const;

  [[nodiscard]] bool is_open() const { return !closed_; }
  [[nodiscard]] const Failure& why_closed() const { return *closed_; }
  // Requests without an answer yet.
  [[nodiscard]] size_t in_flight() const { return waiters_.size(); }
  // Everything in flight fails with `why`. The first call wins; later ones do nothing.
  void close(Failure why);
  // Called once, when the connection closes for whatever reason.
  void on_closed(std::function<void()> callback) { on_closed_ = std::move(callback); }

  [[nodiscard]] uint64_t bytes_received() const { return bytes_received_; }

 private:
  struct Waiter {
    explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;  // the deadline; cancelled when the answer is there
    std::optional<Answer<Bytes>> result;
  };

  explicit Connection(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  // Sends a frame and waits for the payload with the same correlation id.
  asio::awaitable<Answer<Bytes>> exchange(int32_t correlation_id, Bytes frame, std::string_view api,
                                          Duration timeout);
  static asio::awaitable<void> read_loop(std::shared_ptr<Connection> self);
  static asio::awaitable<void> write_loop(std::shared_ptr<Connection> self);
  asio::awaitable<std::optional<Bytes>> read_frame(std::error_code& error);
  void deliver(Bytes payload);

  asio::ip::tcp::socket socket_;
  std::vector<ApiVersionRange> offered_;
  int32_t next_correlation_id_ = 1;
  std::unordered_map<int32_t, std::shared_ptr<Waiter>> waiters_;
  std::vector<Bytes> outgoing_;  // not yet given to the socket
  bool writing_ = false;
  std::optional<Failure> closed_;
  std::function<void()> on_closed_;
  uint64_t bytes_received_ = 0;
};

inline constexpr std::string_view kClientId = "highwater";

template <class Request>
asio::awaitable<Answer<typename Request::Response>> Connection::ask(Request request,
                                                                    Duration timeout) {
  using Response = typename Request::Response;
  const auto self = shared_from_this();
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
