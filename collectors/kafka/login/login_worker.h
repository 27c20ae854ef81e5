// LoginWorker: a thread for the steps of a login that may block: reading secrets, hashing
// passwords, asking a token server or a Kerberos KDC. One per cluster that logs in; begun with the
// first step.
//
// Libraries that ask a KDC cannot be interrupted: a step that is stuck when the worker is closed
// owns what it touches, and its thread ends by itself.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "agent/core/time.h"

namespace highwater::kafka {

class LoginWorker {
 public:
  LoginWorker();
  ~LoginWorker() { close(); }
  LoginWorker(const LoginWorker&) = delete;
  LoginWorker& operator=(const LoginWorker&) = delete;

  // What `work` gives, on the caller's thread; nothing when it has not ended by the deadline. It
  // owns what it touches, and ends soon when its token is asked to stop, if it can.
  template <class T>
  asio::awaitable<std::optional<T>> run(std::function<T(std::stop_token)> work,
                                        SteadyTime deadline);

  // To be called before the context of those who wait ends: no executor is used afterwards. Waits
  // for the step that runs, at most a second.
  void close();

 private:
  // Shared with the thread, which may outlive the object.
  struct State;
  struct Step {
    std::function<void(std::stop_token)> work;  // may outlive the context of those who wait
    // Gives the result to those who wait. Called and destroyed under the lock, and by close() at
    // the latest.
    std::function<void()> deliver;
  };
  // False when it is closed, or there is no thread.
  bool enqueue(Step step);

  std::shared_ptr<State> state_;
};

template <class T>
asio::awaitable<std::optional<T>> LoginWorker::run(std::function<T(std::stop_token)> work,
                                                   SteadyTime deadline) {
  struct Job {
    explicit Job(const asio::any_io_executor& on) : executor(on), timer(on) {}
    asio::any_io_executor executor;
    asio::steady_timer timer;
    std::optional<T> result;
  };
  const auto job = std::make_shared<Job>(co_await asio::this_coro::executor);
  job->timer.expires_at(deadline);
  const auto done = std::make_shared<std::optional<T>>();
  Step step;
  step.work = [done, work = std::move(work)](std::stop_token stop) {
    *done = work(std::move(stop));
  };
  step.deliver = [job, done] {
    asio::post(job->executor, [job, done] {
      job->result = std::move(*done);
      job->timer.cancel();
    });
  };
  if (!enqueue(std::move(step))) co_return std::nullopt;
  std::error_code ignored;
  co_await job->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return std::move(job->result);
}

}  // namespace highwater::kafka
