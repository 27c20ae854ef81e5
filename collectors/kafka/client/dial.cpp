#include "collectors/kafka/client/dial.h"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace highwater::kafka {
namespace {

using asio::ip::tcp;

constexpr auto kNextAttempt = std::chrono::milliseconds(250);
constexpr size_t kMaxAddresses = 8;

// What the attempts share; the first that connects wins.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : wake(executor) {}
  asio::steady_timer wake;  // cancelled when an attempt has ended
  std::vector<std::shared_ptr<tcp::socket>> sockets;
  std::shared_ptr<tcp::socket> winner;
  size_t ended = 0;
  std::optional<std::error_code> error;  // the one worth telling
};

bool is_refusal(const std::error_code& error) {
  return error == asio::error::connection_refused || error == asio::error::connection_reset;
}

asio::awaitable<void> attempt(std::shared_ptr<Race> race, std::shared_ptr<tcp::socket> socket,
                              tcp::endpoint endpoint) {
  std::error_code error;
  co_await socket->async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  ++race->ended;
  if (!error && !race->winner)
    race->winner = socket;
  else if (error && (!race->error || is_refusal(error)))
    race->error = error;
  race->wake.cancel();
}

Failure connect_failure(const std::optional<std::error_code>& error, const std::string& where,
                        Duration timeout) {
  // Ours to mend: it says nothing of the broker.
  if (error == asio::error::no_descriptors || error == std::errc::too_many_files_open_in_system ||
      error == asio::error::no_buffer_space || error == asio::error::no_memory)
    return {FailureKind::not_usable,
            fmt::format("no connection to {}: {}", where, error->message())};
  if (error == asio::error::connection_refused)
    return {FailureKind::refused, fmt::format("connection to {} refused", where)};
  if (error == asio::error::connection_reset)
    return {FailureKind::refused, fmt::format("connection to {} reset while connecting", where)};
  if (error)
    return {FailureKind::no_route, fmt::format("no connection to {}: {}", where, error->message())};
  return {FailureKind::no_route,
          fmt::format("no connection to {} within {}", where, describe_duration(timeout))};
}

}  // namespace

asio::awaitable<Answer<tcp::socket>> dial(std::vector<tcp::endpoint> endpoints, std::string where,
                                          Duration timeout) {
  const auto executor = co_await asio::this_coro::executor;
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  if (endpoints.size() > kMaxAddresses) endpoints.resize(kMaxAddresses);
  const auto race = std::make_shared<Race>(executor);
  while (!race->winner && std::chrono::steady_clock::now() < deadline) {
    const size_t begun = race->sockets.size();
    if (begun < endpoints.size()) {
      race->sockets.push_back(std::make_shared<tcp::socket>(executor));
      asio::co_spawn(executor, attempt(race, race->sockets.back(), endpoints[begun]),
                     asio::detached);
    } else if (race->ended == begun) {
      break;
    }
    const bool more = race->sockets.size() < endpoints.size();
    const size_t ended = race->ended;
    const SteadyTime next = std::chrono::steady_clock::now() + kNextAttempt;
    race->wake.expires_at(more ? std::min(next, deadline) : deadline);
    std::error_code ignored;
    // Only what ends from here on wakes the timer.
    if (race->ended == ended && race->ended < race->sockets.size())
      co_await race->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  for (const auto& socket : race->sockets) {
    std::error_code ignored;
    if (socket != race->winner) socket->close(ignored);
  }
  if (race->winner) co_return std::move(*race->winner);
  co_return tl::unexpected<Failure>(connect_failure(race->error, where, timeout));
}

}  // namespace highwater::kafka
