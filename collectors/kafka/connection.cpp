#include "collectors/kafka/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <utility>

namespace highwater::kafka {
namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;

// Larger than any answer a cluster of 100,000 partitions gives; a broker that claims more speaks
// another protocol.
constexpr int32_t kMaxFrame = 128 << 20;
// Memory is taken as the bytes arrive, not as the length claims.
constexpr size_t kReadStep = size_t{256} << 10;
// A deadline noticed this late says that our own loop was busy, not that the broker was slow: it
// gets one more chance.
constexpr auto kLoopLate = milliseconds(100);
constexpr auto kSecondChance = milliseconds(250);

asio::awaitable<Answer<std::vector<tcp::endpoint>>> resolve(std::string host, int32_t port) {
  const auto executor = co_await asio::this_coro::executor;
  std::error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (!error)
    co_return std::vector<tcp::endpoint>{tcp::endpoint(address, static_cast<uint16_t>(port))};
  tcp::resolver resolver(executor);
  const std::string service = std::to_string(port);
  const auto found = co_await resolver.async_resolve(
      host, service, asio::redirect_error(asio::use_awaitable, error));
  if (error || found.empty()) {
    co_return fail_with(
        FailureKind::unresolved,
        fmt::format("the host name '{}' has no address: {}", host, error.message()));
  }
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

Failure connect_failure(const std::error_code& error, bool expired, const std::string& where,
                        Duration timeout) {
  if (expired)
    return {FailureKind::no_route,
            fmt::format("no connection to {} within {}", where, describe_duration(timeout))};
  if (error == asio::error::connection_refused)
    return {FailureKind::refused, fmt::format("connection to {} refused", where)};
  if (error == asio::error::connection_reset)
    return {FailureKind::refused, fmt::format("connection to {} reset while connecting", where)};
  return {FailureKind::no_route, fmt::format("no connection to {}: {}", where, error.message())};
}

}  // namespace

asio::awaitable<Answer<std::shared_ptr<Connection>>> Connection::connect(std::string host,
                                                                         int32_t port,
                                                                         Duration timeout) {
  const auto executor = co_await asio::this_coro::executor;
  const Answer<std::vector<tcp::endpoint>> endpoints = co_await resolve(host, port);
  if (!endpoints) co_return tl::unexpected<Failure>(endpoints.error());
  const std::string where = fmt::format("{}:{}", host, port);
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  Failure failure{FailureKind::no_route, "no address to connect to"};
  for (const tcp::endpoint& endpoint : *endpoints) {
    const auto self = std::shared_ptr<Connection>(new Connection(tcp::socket(executor)));
    const auto expired = std::make_shared<bool>(false);
    asio::steady_timer timer(executor, deadline);
    timer.async_wait([self, expired](const std::error_code& cancelled) {
      if (cancelled) return;
      *expired = true;
      std::error_code ignored;
      self->socket_.close(ignored);
    });
    std::error_code error;
    co_await self->socket_.async_connect(endpoint,
                                         asio::redirect_error(asio::use_awaitable, error));
    timer.cancel();
    if (!error && !*expired) {
      self->socket_.set_option(tcp::no_delay(true), error);
      asio::co_spawn(executor, read_loop(self), asio::detached);
      co_return self;
    }
    failure = connect_failure(error, *expired, where, timeout);
  }
  co_return tl::unexpected<Failure>(failure);
}

asio::awaitable<Answer<ApiVersionsResponse>> Connection::handshake(Duration timeout) {
  const auto self = shared_from_this();
  const ApiVersionsRequest request;
  int16_t api_version = 3;
  while (true) {
    const int32_t correlation_id = next_correlation_id_++;
    Bytes frame = encode_request(request, api_version, correlation_id, kClientId);
    const Answer<Bytes> payload =
        co_await exchange(correlation_id, std::move(frame), "ApiVersions", timeout);
    if (!payload) co_return tl::unexpected<Failure>(payload.error());
    Result<ApiVersionsResponse> response = fail("");
    if (const Result<ResponseHeader> header =
            decode_response_header(*payload, ApiKey::kApiVersions, api_version)) {
      // A broker that does not know our version answers in version 0 with error 35, whatever was
      // asked.
      const bool degraded =
          header->body.size() >= 2 && header->body[0] == std::byte{0} &&
          header->body[1] == std::byte{static_cast<uint8_t>(ErrorCode::kUnsupportedVersion)};
      if (degraded && api_version != 0) {
        api_version = 0;
        continue;
      }
      response = decode_response<ApiVersionsResponse>(header->body, api_version);
    }
    if (!response || response->error_code != ErrorCode::kNone || response->api_keys.empty()) {
      close({FailureKind::malformed,
             "the answer to ApiVersions is not Kafka's: is this a Kafka listener without TLS?"});
      co_return tl::unexpected<Failure>(*closed_);
    }
    offered_.clear();
    for (const auto& api : response->api_keys) offered_.push_back(api.range());
    co_return std::move(*response);
  }
}

std::optional<int16_t> Connection::version(ApiKey key) const {
  const std::optional<ApiVersionRange> ours = implemented(key);
  const auto theirs = std::ranges::find(offered_, key, &ApiVersionRange::api_key);
  if (!ours || theirs == offered_.end()) return std::nullopt;
  return common_version(*ours, *theirs);
}

void Connection::close(Failure why) {
  if (closed_) return;
  closed_ = std::move(why);
  std::error_code ignored;
  socket_.close(ignored);
  outgoing_.clear();
  for (auto& [id, waiter] : waiters_) {
    if (!waiter->result) waiter->result = tl::unexpected<Failure>(*closed_);
    waiter->timer.cancel();
  }
  if (on_closed_) on_closed_();
}

asio::awaitable<Answer<Bytes>> Connection::exchange(int32_t correlation_id, Bytes frame,
                                                    std::string_view api, Duration timeout) {
  const auto self = shared_from_this();
  if (closed_) co_return tl::unexpected<Failure>(*closed_);
  const auto executor = co_await asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(executor);
  waiters_.emplace(correlation_id, waiter);
  outgoing_.push_back(std::move(frame));
  if (!writing_) {
    writing_ = true;
    asio::co_spawn(executor, write_loop(self), asio::detached);
  }
  std::error_code ignored;
  waiter->timer.expires_after(timeout);
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!waiter->result && std::chrono::steady_clock::now() - waiter->timer.expiry() > kLoopLate) {
    waiter->timer.expires_after(kSecondChance);
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!waiter->result) {
    close({FailureKind::timed_out,
           fmt::format("no answer to {} within {}", api, describe_duration(timeout))});
  }
  waiters_.erase(correlation_id);
  co_return std::move(*waiter->result);
}

asio::awaitable<void> Connection::write_loop(std::shared_ptr<Connection> self) {
  while (!self->outgoing_.empty()) {
    // What waits goes out in one call: with small frames the call is what costs.
    const std::vector<Bytes> frames = std::exchange(self->outgoing_, {});
    std::vector<asio::const_buffer> buffers;
    for (const Bytes& frame : frames) buffers.push_back(asio::buffer(frame));
    std::error_code error;
    co_await asio::async_write(self->socket_, buffers,
                               asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      self->close({FailureKind::lost, "connection lost while sending: " + error.message()});
      break;
    }
  }
  self->writing_ = false;
}

asio::awaitable<void> Connection::read_loop(std::shared_ptr<Connection> self) {
  std::error_code error;
  while (true) {
    std::optional<Bytes> payload = co_await self->read_frame(error);
    if (!payload) break;
    self->deliver(std::move(*payload));
  }
  if (error == asio::error::eof) {
    self->close({FailureKind::lost, "the broker closed the connection"});
  } else {
    self->close({FailureKind::lost, "connection lost: " + error.message()});
  }
}

asio::awaitable<std::optional<Bytes>> Connection::read_frame(std::error_code& error) {
  std::array<std::byte, kFrameLengthSize> prefix{};
  co_await asio::async_read(socket_, asio::buffer(prefix),
                            asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::nullopt;
  const int32_t length = frame_length(prefix);
  if (length < 4 || length > kMaxFrame) {
    close({FailureKind::malformed,
           fmt::format("a frame of {} bytes is announced: this is not Kafka's protocol", length)});
    co_return std::nullopt;
  }
  Bytes payload;
  const size_t wanted = static_cast<size_t>(length);
  while (payload.size() < wanted) {
    const size_t at = payload.size();
    payload.resize(std::min(wanted, at + kReadStep));
    co_await asio::async_read(socket_, asio::buffer(payload.data() + at, payload.size() - at),
                              asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return std::nullopt;
  }
  bytes_received_ += kFrameLengthSize + wanted;
  co_return payload;
}

void Connection::deliver(Bytes payload) {
  // Every response header starts with the correlation id; an id nobody waits for ends the
  // connection.
  const Result<ResponseHeader> header = decode_response_header(payload, ApiKey::kApiVersions, 0);
  const auto found = header ? waiters_.find(header->correlation_id) : waiters_.end();
  if (found == waiters_.end() || found->second->result) {
    close({FailureKind::malformed, "an answer to a question that was not asked"});
    return;
  }
  found->second->result = std::move(payload);
  found->second->timer.cancel();
}

}  // namespace highwater::kafka
