#include "collectors/kafka/client/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "collectors/kafka/client/banner.h"
#include "collectors/kafka/client/deadline.h"
#include "collectors/kafka/client/dial.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;

// Larger than any answer a cluster of 100,000 partitions gives; a broker that claims more speaks
// another protocol.
constexpr int32_t kMaxFrame = 128 << 20;
constexpr int32_t kMaxPort = 65535;
constexpr size_t kLongestHost = 253;  // of a name in DNS
// Memory is taken as the bytes arrive, not as the length claims.
constexpr size_t kReadStep = size_t{256} << 10;
// A deadline noticed this late says that our own loop was busy, not that the broker was slow: it
// gets one more chance.
constexpr auto kLoopLate = milliseconds(100);
constexpr auto kSecondChance = milliseconds(250);
// An answer that we come to read this much after its deadline was written before our process was
// stopped or the machine slept: it does not say how things are now.
constexpr auto kTooOld = std::chrono::seconds(8);

// What one answer takes while it is being read.
struct AnswerBytes {
  ConnectionPlaces& places;
  size_t taken = 0;

  bool take(size_t more) {
    if (!places.take_answer(more)) return false;
    taken += more;
    return true;
  }
  ~AnswerBytes() { places.give_back_answer(taken); }
};

}  // namespace

asio::awaitable<Answer<std::shared_ptr<Connection>>> Connection::connect(
    std::shared_ptr<NameLookup> names, std::string host, int32_t port, Duration timeout) {
  const std::string name = host;
  const std::string where = fmt::format("{}:{}", printable_excerpt(host, kLongestHost), port);
  if (port < 1 || port > kMaxPort)
    co_return fail_with(FailureKind::no_route,
                        fmt::format("{} is no address: no such port", where));
  auto& places = asio::use_service<ConnectionPlaces>(
      asio::query(co_await asio::this_coro::executor, asio::execution::context));
  const ConnectionPlaces::Place place = places.take();
  if (!place)
    co_return fail_with(
        FailureKind::not_usable,
        fmt::format("the {} connections that this agent may hold to one cluster are "
                    "taken: raise its limit of open files",
                    places.most()));
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  const auto addresses = co_await names->find(std::move(host), timeout);
  if (!addresses) co_return tl::unexpected<Failure>(addresses.error());
  std::vector<tcp::endpoint> endpoints;
  for (const asio::ip::address& address : *addresses)
    endpoints.emplace_back(address, static_cast<uint16_t>(port));
  auto socket = co_await dial(std::move(endpoints), where, remaining(deadline));
  if (!socket) co_return tl::unexpected<Failure>(socket.error());
  std::error_code ignored;
  socket->set_option(tcp::no_delay(true), ignored);
  const auto self = std::shared_ptr<Connection>(new Connection(std::move(*socket), name, port));
  self->place_ = place;
  co_return self;
}

Connection::Connection(tcp::socket socket, std::string host, int32_t port)
    : gate_(socket.get_executor()),
      host_(std::move(host)),
      port_(port),
      transport_(std::move(socket)) {}

asio::awaitable<Answer<void>> Connection::secure(Ssl ssl, Duration timeout) {
  const auto self = shared_from_this();
  const auto deadline =
      std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, timeout);
  deadline->async_wait([self, timeout](const std::error_code& cancelled) {
    if (!cancelled)
      self->close({FailureKind::timed_out, fmt::format("no answer to the TLS handshake within {}",
                                                       describe_duration(timeout))});
  });
  auto failure = co_await transport_.secure(std::move(ssl));
  deadline->cancel();
  // Whoever closed it meanwhile has said why.
  if (failure) close(std::move(*failure));
  if (closed_) co_return tl::unexpected<Failure>(*closed_);
  co_return Answer<void>();
}

asio::awaitable<Answer<ApiVersionsResponse>> Connection::handshake(Duration timeout) {
  const auto self = shared_from_this();
  if (!std::exchange(reading_, true))
    asio::co_spawn(co_await asio::this_coro::executor, read_loop(self), asio::detached);
  if (held_) co_await wait_for_release();
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
             "the answer to ApiVersions is not Kafka's: is this the port of a Kafka listener?"});
      co_return tl::unexpected<Failure>(*closed_);
    }
    offered_.clear();
    for (const auto& api : response->api_keys) offered_.push_back(api.range());
    co_return std::move(*response);
  }
}

std::optional<int16_t> Connection::version(ApiKey key) const {
  const std::optional<ApiVersionRange> ours = implemented(key);
  const std::optional<ApiVersionRange> theirs = offered(key);
  return ours && theirs ? common_version(*ours, *theirs) : std::nullopt;
}

std::optional<ApiVersionRange> Connection::offered(ApiKey key) const {
  const auto found = std::ranges::find(offered_, key, &ApiVersionRange::api_key);
  return found == offered_.end() ? std::nullopt : std::optional(*found);
}

void Connection::close(Failure why) {
  if (closed_) return;
  closed_ = std::move(why);
  transport_.close();
  place_.reset();
  outgoing_.clear();
  for (auto& [id, waiter] : waiters_) {
    if (!waiter->result) waiter->result = tl::unexpected<Failure>(*closed_);
    waiter->timer.cancel();
  }
  release();
  for (const auto& callback : std::exchange(on_closed_, {})) callback();
}

void Connection::on_closed(std::function<void()> callback) {
  if (closed_)
    callback();
  else
    on_closed_.push_back(std::move(callback));
}

void Connection::hold() {
  held_ = true;
  gate_.expires_at(SteadyTime::max());
}

void Connection::release() {
  held_ = false;
  gate_.cancel();
}

// The login that is waited for has a deadline.
asio::awaitable<void> Connection::wait_for_release() {
  std::error_code ignored;
  while (held_) co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<Answer<Bytes>> Connection::exchange(int32_t correlation_id, Bytes frame,
                                                    std::string_view api, Duration timeout) {
  const auto self = shared_from_this();
  if (closed_) co_return tl::unexpected<Failure>(*closed_);
  const auto executor = co_await asio::this_coro::executor;
  const Now asked = SystemClock().now();
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
  const Now now = SystemClock().now();
  const Duration took = std::max(now.steady - asked.steady, now.wall - asked.wall);
  if (*waiter->result && took > timeout + kTooOld) {
    close({FailureKind::timed_out, fmt::format("the agent itself did not run: the answer to {} is "
                                               "{} old",
                                               api, describe_duration(took))});
    co_return tl::unexpected<Failure>(*closed_);
  }
  co_return std::move(*waiter->result);
}

asio::awaitable<void> Connection::write_loop(std::shared_ptr<Connection> self) {
  while (!self->outgoing_.empty()) {
    // What waits goes out in one call: with small frames the call is what costs.
    const std::vector<Bytes> frames = std::exchange(self->outgoing_, {});
    std::vector<asio::const_buffer> buffers;
    for (const Bytes& frame : frames) buffers.push_back(asio::buffer(frame));
    const std::error_code error = co_await self->transport_.write(std::move(buffers));
    if (error) {
      // What the other side said before it hung up says more, and may still be read.
      co_await self->transport_.linger();
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
  self->close(self->transport_.failure(error));
}

asio::awaitable<std::optional<Bytes>> Connection::read_frame(std::error_code& error) {
  std::array<std::byte, kFrameLengthSize> prefix{};
  error = co_await transport_.read(asio::buffer(prefix));
  if (error) co_return std::nullopt;
  const int32_t length = frame_length(prefix);
  if (length < 4 || length > kMaxFrame) {
    const auto foreign = foreign_protocol(prefix);
    close({FailureKind::malformed,
           foreign ? *foreign
                   : fmt::format("a frame of {} bytes is announced: this is not Kafka's protocol",
                                 length)});
    co_return std::nullopt;
  }
  Bytes payload;
  const size_t wanted = static_cast<size_t>(length);
  const auto executor = co_await asio::this_coro::executor;
  AnswerBytes bytes{
      asio::use_service<ConnectionPlaces>(asio::query(executor, asio::execution::context))};
  while (payload.size() < wanted) {
    const size_t at = payload.size();
    if (!bytes.take(std::min(wanted - at, kReadStep))) {
      close({FailureKind::malformed,
             fmt::format("an answer of {} bytes is more than this agent may take for answers: "
                         "raise 'memory'",
                         wanted)});
      co_return std::nullopt;
    }
    payload.resize(std::min(wanted, at + kReadStep));
    error = co_await transport_.read(asio::buffer(payload.data() + at, payload.size() - at));
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
