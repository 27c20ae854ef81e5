#include "exporters/http/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "exporters/http/engine.h"
#include "exporters/http/host_check.h"
#include "exporters/http/intake.h"
#include "exporters/http/listener.h"
#include "exporters/http/reply_writer.h"
#include "exporters/http/routes.h"

namespace highwater::http {
namespace {

// Pages give way to judging and telling: what is CPU time here is late there.
constexpr int kPolite = 5;
// What strangers can make us compute gives way to everything.
constexpr int kLast = 10;
// Requests that wait for their one thread: for health, and with a password to be hashed.
constexpr size_t kHealthQueue = 32;
constexpr size_t kHashQueue = 16;

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

void give_way(int niceness) {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

}  // namespace

class Server::Impl {
 public:
  Impl(Listener listener, const ServerLimits& limits)
      : port_(listener.port),
        limits_(limits),
        memory_(limits.reply_bytes),
        replies_(limits.reply_time),
        intake_(std::move(listener.socket), limits,
                {.access = [this] { return access(); },
                 .offer = [this](Job& job) { return offer(job); },
                 .elsewhere = [this] { return served_ + replies_.size(); },
                 .make_room = [this] { return replies_.make_room(); }}) {}
  ~Impl() { stop(Duration::zero()); }

  Routes routes;
  Observer observer;
  HostCheck hosts;
  [[nodiscard]] int port() const { return port_; }

  void set_access(AccessPolicyPtr access) {
    const std::lock_guard lock(mutex_);
    access_ = std::move(access);
  }

  void start() {
    intake_.allow(hosts);
    replies_.start();
    for (size_t i = 0; i < limits_.threads; ++i)
      workers_.emplace_back([this] {
        give_way(kPolite);
        work(pages_);
      });
    workers_.emplace_back([this] { work(health_); });
    workers_.emplace_back([this] {
      give_way(kLast);
      work(hashes_);
    });
    intake_.start();
  }

  void stop(Duration grace) {
    intake_.stop();
    const SteadyTime deadline = steady_now() + grace;
    pressure_.stop_at(deadline);
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      hashes_.jobs.clear();  // they would take too long
    }
    for (Lane* const lane : {&pages_, &health_, &hashes_}) lane->ready.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    replies_.stop(deadline);
  }

 private:
  struct Lane {
    size_t most;           // jobs that wait
    std::deque<Job> jobs;  // under mutex_
    std::condition_variable ready;
  };

  [[nodiscard]] AccessPolicyPtr access() {
    const std::lock_guard lock(mutex_);
    return access_;
  }

  // Who sends it, if that is known at once, and who serves it.
  Lane& lane_of(Job& job) {
    if (routes.is_urgent(job.path)) return health_;
    if (routes.is_open(job.path)) return pages_;
    job.logins = access()->logins;
    if (job.logins == nullptr) return pages_;
    job.login = job.logins->recall(job.authorization);
    return job.login ? pages_ : hashes_;
  }

  bool offer(Job& job) {
    Lane& lane = lane_of(job);
    {
      const std::lock_guard lock(mutex_);
      if (lane.jobs.size() >= lane.most) return false;
      lane.jobs.push_back(std::move(job));
      ++served_;
      pressure_.waiting = pages_.jobs.size();
    }
    lane.ready.notify_one();
    return true;
  }

  void work(Lane& lane) {
    while (true) {
      std::unique_lock lock(mutex_);
      lane.ready.wait(lock, [&] { return stopping_ || !lane.jobs.empty(); });
      if (lane.jobs.empty()) return;
      Job job = std::move(lane.jobs.front());
      lane.jobs.pop_front();
      pressure_.waiting = pages_.jobs.size();
      lock.unlock();
      serve(job);
      --served_;
    }
  }

  void serve(Job& job) {
    const SteadyTime begun = steady_now();
    if (job.logins != nullptr && !job.login) job.login = job.logins->check(job.authorization);
    PendingReply reply(std::move(job.connection), memory_, begun);
    const Served served = serve_request(job, reply, routes, replies_, limits_, pressure_);
    if (served.broken) {
      reply.drop();
    } else if (reply.empty()) {
      reply.finish();
    } else {
      replies_.add(std::move(reply));
    }
    if (observer) observer(served.route, served.status, steady_now() - begun);
  }

  const int port_;
  const ServerLimits limits_;
  Pressure pressure_;
  ReplyMemory memory_;
  ReplyWriter replies_;
  std::mutex mutex_;  // the lanes' jobs, stopping_, access_
  AccessPolicyPtr access_ = std::make_shared<const AccessPolicy>();
  Lane pages_{limits_.queue, {}, {}};
  // Each served by a thread of its own, whatever the others do.
  Lane health_{kHealthQueue, {}, {}};
  Lane hashes_{kHashQueue, {}, {}};
  bool stopping_ = false;
  std::atomic<size_t> served_{0};  // connections that wait for a worker or have one
  std::vector<std::thread> workers_;
  Intake intake_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::listen(const ListenAddress& address, ServerLimits limits) {
  auto listener = open_listener(address);
  if (!listener) return tl::unexpected(listener.error());
  return std::unique_ptr<Server>(new Server(std::make_unique<Impl>(std::move(*listener), limits)));
}

void Server::add(std::string method, std::string path, Handler handler, Urgency urgency,
                 Entry entry) {
  impl_->routes.add(std::move(method), std::move(path), std::move(handler), urgency, entry);
}
void Server::allow_hosts(std::vector<std::string> names) {
  impl_->hosts = HostCheck(std::move(names));
}
void Server::set_access(AccessPolicyPtr access) {
  impl_->set_access(std::move(access));
}
void Server::observe(Observer observer) {
  impl_->observer = std::move(observer);
}
int Server::port() const {
  return impl_->port();
}
void Server::start() {
  impl_->start();
}
void Server::stop(Duration grace) {
  impl_->stop(grace);
}

namespace {

std::string_view first(const HeaderList& list, std::string_view name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == list.end() ? std::string_view() : found->second;
}

}  // namespace

std::string_view ServerRequest::placeholder(std::string_view name) const {
  return first(placeholders, name);
}

std::string_view ServerRequest::query_value(std::string_view name) const {
  return first(query, name);
}

std::string_view ServerRequest::header(std::string_view name) const {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const auto& [key, value] : headers) {
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(),
                   [&](char a, char b) { return lower(a) == lower(b); }))
      return value;
  }
  return {};
}

bool ServerRequest::is_local() const {
  return from_this_machine && header("X-Forwarded-For").empty() && header("Forwarded").empty();
}

}  // namespace highwater::http
