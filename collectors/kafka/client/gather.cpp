#include "collectors/kafka/client/gather.h"

#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>

namespace highwater::kafka {

asio::awaitable<bool> gather(std::vector<asio::awaitable<void>> tasks, Duration patience) {
  struct State {
    explicit State(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    size_t open = 0;
  };
  const auto executor = co_await asio::this_coro::executor;
  const auto state = std::make_shared<State>(executor);
  state->open = tasks.size();
  if (tasks.empty()) co_return true;
  state->timer.expires_after(patience);
  for (auto& task : tasks) {
    asio::co_spawn(executor, std::move(task), [state](const std::exception_ptr&) {
      if (--state->open == 0) state->timer.cancel();
    });
  }
  std::error_code ignored;
  if (state->open > 0)
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return state->open == 0;
}

}  // namespace highwater::kafka
