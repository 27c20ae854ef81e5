#include "collectors/kafka/client/name_lookup.h"

#include <fmt/format.h>
#include <netdb.h>
#include <pthread.h>

#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace highwater::kafka {

// One question. The result and the timer belong to the cluster's thread.
struct NameLookup::Waiter {
  explicit Waiter(const asio::any_io_executor& on) : executor(on), timer(on) {}
  asio::any_io_executor executor;
  asio::steady_timer timer;
  std::optional<Result<Addresses>> result;
};

// Shared with the threads, which may outlive the object.
struct NameLookup::State {
  explicit State(Resolve function) : resolve(std::move(function)) {}

  const Resolve resolve;
  std::mutex mutex;
  bool closed = false;
  size_t threads = 0;
  std::deque<std::string> names;                                          // not begun
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>> waiting{};  // begun or not

  // False when there is no thread to do it.
  bool enqueue(const std::shared_ptr<State>& self, const std::string& host,
               const std::shared_ptr<Waiter>& waiter);
  static void work(const std::shared_ptr<State>& self);
  void deliver(const std::string& host, const Result<Addresses>& found);
  // Who has waited long enough; the name stays noted, so that it is not looked up twice.
  void give_up(const std::string& host, const std::shared_ptr<Waiter>& waiter);
};

bool NameLookup::State::enqueue(const std::shared_ptr<State>& self, const std::string& host,
                                const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex);
  if (closed) return false;
  const auto [entry, added] = waiting.try_emplace(host);
  entry->second.push_back(waiter);
  if (!added) return true;
  names.push_back(host);
  if (threads >= kMaxThreads) return true;
  try {
    std::thread([self] { work(self); }).detach();
    ++threads;
  } catch (const std::system_error&) {
    if (threads > 0) return true;
    names.clear();
    waiting.clear();
    return false;
  }
  return true;
}

void NameLookup::State::work(const std::shared_ptr<State>& self) {
  pthread_setname_np(pthread_self(), "hw-names");
  std::unique_lock lock(self->mutex);
  while (!self->closed && !self->names.empty()) {
    const std::string host = std::move(self->names.front());
    self->names.pop_front();
    lock.unlock();
    const Result<Addresses> found = self->resolve(host);
    lock.lock();
    self->deliver(host, found);
  }
  --self->threads;
}

// Under the lock: once closed, the executors of those who wait may be gone.
void NameLookup::State::deliver(const std::string& host, const Result<Addresses>& found) {
  const auto entry = waiting.find(host);
  if (closed || entry == waiting.end()) return;
  for (const auto& waiter : entry->second) {
    asio::post(waiter->executor, [waiter, found] {
      waiter->result = found;
      waiter->timer.cancel();
    });
  }
  waiting.erase(entry);
}

void NameLookup::State::give_up(const std::string& host, const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex);
  if (const auto entry = waiting.find(host); entry != waiting.end())
    std::erase(entry->second, waiter);
}

NameLookup::NameLookup(Resolve resolve) : state_(std::make_shared<State>(std::move(resolve))) {}

void NameLookup::close() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->names.clear();
  state_->waiting.clear();
}

asio::awaitable<Answer<NameLookup::Addresses>> NameLookup::find(std::string host,
                                                                Duration timeout) {
  std::error_code not_numeric;
  const asio::ip::address address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) co_return Addresses{address};
  const auto state = state_;
  const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
  waiter->timer.expires_after(timeout);
  if (!state->enqueue(state, host, waiter)) {
    co_return fail_with(FailureKind::unresolved,
                        fmt::format("the host name '{}' cannot be looked up: no thread", host));
  }
  std::error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!waiter->result) {
    state->give_up(host, waiter);
    co_return fail_with(FailureKind::unresolved,
                        fmt::format("no answer about the host name '{}' within {}: name servers "
                                    "do not answer",
                                    host, describe_duration(timeout)));
  }
  if (!*waiter->result)
    co_return fail_with(FailureKind::unresolved, waiter->result->error().message);
  co_return **waiter->result;
}

Result<NameLookup::Addresses> NameLookup::resolve_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* entry = list; error == 0 && entry != nullptr; entry = entry->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    addresses.push_back(endpoint.address());
  }
  if (!addresses.empty()) return addresses;
  return fail(fmt::format("the host name '{}' has no address: {}", host,
                          error == 0 ? "none of a kind that is used here" : gai_strerror(error)));
}

}  // namespace highwater::kafka
