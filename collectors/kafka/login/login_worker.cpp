#include "collectors/kafka/login/login_worker.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <system_error>
#include <thread>
#include <utility>

namespace highwater::kafka {
namespace {

constexpr auto kCloseWithin = std::chrono::seconds(1);

}  // namespace

struct LoginWorker::State {
  std::mutex mutex;
  std::condition_variable news;
  std::deque<Step> steps;
  std::function<void()> deliver;  // of the step that runs; null: none does
  std::stop_source stop;
  bool closed = false;
  bool ended = false;  // the step that ran when it was closed
  bool begun = false;  // there is a thread

  static void work(const std::shared_ptr<State>& self);
};

void LoginWorker::State::work(const std::shared_ptr<State>& self) {
  pthread_setname_np(pthread_self(), "hw-login");
  std::unique_lock lock(self->mutex);
  while (true) {
    self->news.wait(lock, [&] { return self->closed || !self->steps.empty(); });
    if (self->closed) return;
    auto work = std::move(self->steps.front().work);
    self->deliver = std::move(self->steps.front().deliver);
    self->steps.pop_front();
    lock.unlock();
    work(self->stop.get_token());
    work = nullptr;
    lock.lock();
    if (self->closed) {
      self->ended = true;
      self->news.notify_all();
      return;
    }
    self->deliver();
    self->deliver = nullptr;
  }
}

LoginWorker::LoginWorker() : state_(std::make_shared<State>()) {}

bool LoginWorker::enqueue(Step step) {
  const std::lock_guard lock(state_->mutex);
  if (state_->closed) return false;
  if (!state_->begun) {
    try {
      std::thread([self = state_] { State::work(self); }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    state_->begun = true;
  }
  state_->steps.push_back(std::move(step));
  state_->news.notify_all();
  return true;
}

void LoginWorker::close() {
  std::unique_lock lock(state_->mutex);
  if (std::exchange(state_->closed, true)) return;
  const bool busy = state_->deliver != nullptr;
  state_->deliver = nullptr;
  state_->steps.clear();
  state_->stop.request_stop();
  state_->news.notify_all();
  if (busy) state_->news.wait_for(lock, kCloseWithin, [this] { return state_->ended; });
}

}  // namespace highwater::kafka
