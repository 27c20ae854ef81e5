#include "agent/commands/signals.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <tuple>

namespace highwater::agent {
namespace {

constexpr int kStoppedTwice = 130;  // as a shell has it of SIGINT
constexpr int kLate = 1;
constexpr std::string_view kLastWords =
    "highwater: ended at once, by a second signal: what was being delivered may be lost\n";

// Not when somebody who does not read would have to be waited for.
void say_last_words() {
  pollfd error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (poll(&error, 1, 0) != 1 || (error.revents & POLLOUT) == 0) return;
  std::ignore = write(STDERR_FILENO, kLastWords.data(), kLastWords.size());
}

sigset_t block() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A connection or a file that takes no more is an error of its write, and no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return signals;
}

timespec until(SteadyTime deadline) {
  const Duration left =
      std::max<Duration>(deadline - SteadyTime(std::chrono::steady_clock::now()), Duration::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  timespec time{};
  time.tv_sec = static_cast<time_t>(seconds.count());
  time.tv_nsec = static_cast<long>((left - seconds).count());
  return time;
}

}  // namespace

struct Signals::State {
  Log& log;
  sigset_t signals = block();
  std::mutex mutex{};
  std::condition_variable came{};
  std::deque<int> waiting{};  // under mutex
  std::atomic<const char*> part{"start"};
  std::atomic<bool> done{false};

  [[noreturn]] void watch() {
    std::optional<SteadyTime> deadline;
    while (true) {
      const timespec wait = until(
          deadline.value_or(std::chrono::steady_clock::now() + Duration(std::chrono::hours(1))));
      const int signal = sigtimedwait(&signals, nullptr, &wait);
      const SteadyTime now = std::chrono::steady_clock::now();
      if (deadline && now >= *deadline) {
        // Only memory is left to be given back, and somebody there waits for a look-up.
        if (done) _exit(0);
        log.error("a part of the agent did not stop in time", {{"part", part.load()}});
        _exit(kLate);
      }
      if (signal < 0) continue;
      if (signal != SIGHUP) {
        // Someone who presses Ctrl-C twice means it.
        if (deadline) {
          say_last_words();
          _exit(kStoppedTwice);
        }
        deadline = now + kStopWithin;
      }
      {
        const std::lock_guard lock(mutex);
        waiting.push_back(signal);
      }
      came.notify_one();
    }
  }
};

Signals::Signals(Log& log) : state_(new State{log}) {
  std::thread([state = state_] {
    pthread_setname_np(pthread_self(), "hw-signals");
    state->watch();
  }).detach();
}

int Signals::next() {
  std::unique_lock lock(state_->mutex);
  state_->came.wait(lock, [this] { return !state_->waiting.empty(); });
  const int signal = state_->waiting.front();
  state_->waiting.pop_front();
  return signal;
}

void Signals::doing(const char* part) {
  state_->part = part;
}

void Signals::done() {
  state_->done = true;
}

}  // namespace highwater::agent
