// LoginWorker: a thread for the steps of a login that may block: reading secrets, hashing passwords,
// asking a token server. One per cluster that logs in; begun with the first step.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "agent/core/time.h"

namespace highwater::kafka {

class LoginWorker {
 public:
  LoginWorker() = default;
  ~LoginWorker() { close(); }
  LoginWorker(const LoginWorker&) = delete;
  LoginWorker& operator=(const LoginWorker&) = delete;

  // What `work` gives, on the caller's thread; nothing when it has not ended by the deadline. It owns
  // what it touches, and ends soon when its token is asked to stop.
  template <class T>
  asio::awaitable<std::optional<T>> run(std::function<T(std::stop_token)> work,
                                        SteadyTime deadline);

  // To be called before the context of those who wait ends: no executor is used afterwards. Waits
  // for the step that runs, which hashes for a second at most.
  void close() {
    stop_.request_stop();
    if (!threads_) return;
    threads_->stop();
    threads_->join();
  }

 private:
  std::unique_ptr<asio::thread_pool> threads_;
  std::stop_source stop_;
};

template <class T>
asio::awaitable<std::optional<T>> LoginWorker::run(std::function<T(std::stop_token)> work,
                                                   SteadyTime deadline) {
  struct Job {
    explicit Job(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::optional<T> result;
  };
  if (stop_.stop_requested()) co_return std::nullopt;
  if (!threads_) threads_ = std::make_unique<asio::thread_pool>(1);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto job = std::make_shared<Job>(executor);
  job->timer.expires_at(deadline);
  asio::post(*threads_, [job, executor, work = std::move(work), stop = stop_.get_token()] {
    auto result = std::make_shared<T>(work(stop));
    asio::post(executor, [job, result] {
      job->result = std::move(*result);
      job->timer.cancel();
    });
  });
  std::error_code ignored;
  co_await job->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return std::move(job->result);
}

}  // namespace highwater::kafka
