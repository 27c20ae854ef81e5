#include "exporters/http/server.h"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "exporters/http/intake.h"
#include "exporters/http/listener.h"
#include "exporters/http/request_head.h"
#include "exporters/http/routes.h"

namespace highwater::http {
namespace {

using std::chrono::milliseconds;

constexpr Duration kStopGrace = std::chrono::seconds(1);

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

// How long the replies in progress may still take; changed by other threads.
struct Pressure {
  std::atomic<size_t> waiting{0};           // complete requests without a thread
  std::atomic<int64_t> stop_by{INT64_MAX};  // steady nanoseconds: no reply goes on after this

  void stop_at(SteadyTime time) { stop_by = time.time_since_epoch().count(); }
  [[nodiscard]] SteadyTime limit(SteadyTime begun, const ServerLimits& limits) const {
    const Duration time = waiting > 0 ? limits.crowded_reply_time : limits.reply_time;
    return std::min(begun + time, SteadyTime(Duration(stop_by.load())));
  }
};

// What the library reads and writes: a head that was collected before, and a socket whose client
// gets as long as the pressure allows.
class ServerStream final : public httplib::Stream {
 public:
  ServerStream(const Job& job, const ServerLimits& limits, const Pressure& pressure)
      : job_(job), limits_(limits), pressure_(pressure), begun_(steady_now()) {}

  bool is_readable() const override { return position_ < job_.head.size(); }
  bool is_writable() const override { return !broken_; }
  socket_t socket() const override { return job_.connection.get(); }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }

  ssize_t read(char* data, size_t size) override {
    const size_t count = std::min(size, job_.head.size() - position_);
    std::copy_n(job_.head.data() + position_, count, data);
    position_ += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* data, size_t size) override {
    while (!broken_) {
      const ssize_t count = ::send(job_.connection.get(), data, size, MSG_NOSIGNAL);
      if (count >= 0) return count;
      if (errno == EINTR) continue;
      broken_ = errno != EAGAIN || !wait_until_writable();
    }
    return -1;
  }

 private:
  // Looks up now and then: others may have begun to wait since.
  bool wait_until_writable() {
    while (true) {
      const SteadyTime now = steady_now();
      const SteadyTime limit = pressure_.limit(begun_, limits_);
      if (now >= limit) return false;
      const SteadyTime slice = std::min<SteadyTime>(limit, now + milliseconds(50));
      if (wait_for(job_.connection.get(), POLLOUT, {slice, {}}) == Waited::ready) return true;
    }
  }

  const Job& job_;
  const ServerLimits& limits_;
  const Pressure& pressure_;
  const SteadyTime begun_;
  size_t position_ = 0;
  bool broken_ = false;
};

HeaderList to_list(const std::multimap<std::string, std::string>& values) {
  return {values.begin(), values.end()};
}

// The library's server, for one request on a connection of ours.
class Engine final : private httplib::Server {
 public:
  struct Outcome {
    std::string route;
    int status = 0;
  };

  explicit Engine(const Routes& routes) : routes_(routes) {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    const HandlerWithResponse on_error = [](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty())
        response.set_content(std::string(status_text(response.status)) + "\n",
                             "text/plain; charset=utf-8");
      return HandlerResponse::Handled;
    };
    set_error_handler(on_error);
    set_logger([this](const httplib::Request&, const httplib::Response& response) {
      outcome_.status = response.status;
    });
    set_default_headers({{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}});
  }

  Outcome serve(ServerStream& stream, Job& job) {
    // The library takes a server without a socket for one that is shutting down, and sends nothing.
    svr_sock_ = stream.socket();
    bool closed = false;
    process_request(stream, true, closed,
                    [&](httplib::Request& request) { request.body = std::move(job.body); });
    return std::move(outcome_);
  }

 private:
  void answer(const httplib::Request& from, httplib::Response& to) {
    ServerRequest request;
    request.method = from.method == "HEAD" ? "GET" : from.method;
    request.path = from.path;
    request.query = to_list(from.params);
    request.headers = {from.headers.begin(), from.headers.end()};
    request.body = from.body;
    Routes::Answer answer = routes_.answer(request);
    outcome_.route = answer.route;
    Reply& reply = answer.reply;
    to.status = reply.status;
    for (const auto& [name, value] : reply.headers) to.set_header(name, value);
    if (reply.content_type.starts_with("text/html"))
      to.set_header("Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                    "form-action 'none'; frame-ancestors 'none'");
    if (!reply.stream) {
      to.set_content(std::move(reply.body), reply.content_type);
      return;
    }
    const auto provider = [stream = std::move(reply.stream)](size_t, httplib::DataSink& sink) {
      bool taken = true;
      stream([&](std::string_view piece) {
        if (taken && !piece.empty()) taken = sink.write(piece.data(), piece.size());
        return taken;
      });
      if (taken) sink.done();
      return taken;
    };
    if (from.version == "HTTP/1.0") {
      to.set_content_provider(reply.content_type, provider);
    } else {
      to.set_chunked_content_provider(reply.content_type, provider);
    }
  }

  const Routes& routes_;
  Outcome outcome_;
};

}  // namespace

class Server::Impl {
 public:
  Impl(Listener listener, const ServerLimits& limits)
      : port_(listener.port),
        limits_(limits),
        intake_(std::move(listener.socket), limits, [this](Job& job) { return offer(job); }) {}
  ~Impl() { stop(); }

  Routes routes;
  Observer observer;
  [[nodiscard]] int port() const { return port_; }

  void start() {
    for (size_t i = 0; i < limits_.threads; ++i) workers_.emplace_back([this] { work(); });
    intake_.start();
  }

  void stop() {
    intake_.stop();
    pressure_.stop_at(steady_now() + kStopGrace);
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ready_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

 private:
  bool offer(Job& job) {
    {
      const std::lock_guard lock(mutex_);
      if (jobs_.size() >= limits_.queue) return false;
      jobs_.push_back(std::move(job));
      pressure_.waiting = jobs_.size();
    }
    ready_.notify_one();
    return true;
  }

  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      pressure_.waiting = jobs_.size();
      lock.unlock();
      serve(job);
    }
  }

  void serve(Job& job) {
    const SteadyTime begun = steady_now();
    Engine::Outcome outcome;
    try {
      ServerStream stream(job, limits_, pressure_);
      outcome = Engine(routes).serve(stream, job);
    } catch (const std::exception&) {
      outcome.status = 500;  // the connection closes without a reply
    }
    // Unread bytes, such as a line break behind a body, would reset the connection under the reply.
    char rest[1024];
    (void)::recv(job.connection.get(), rest, sizeof(rest), MSG_DONTWAIT);
    ::shutdown(job.connection.get(), SHUT_WR);
    if (observer) observer(outcome.route, outcome.status, steady_now() - begun);
  }

  const int port_;
  const ServerLimits limits_;
  Pressure pressure_;
  std::mutex mutex_;  // jobs_, stopping_
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
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

void Server::add(std::string method, std::string path, Handler handler) {
  impl_->routes.add(std::move(method), std::move(path), std::move(handler));
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
void Server::stop() {
  impl_->stop();
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

}  // namespace highwater::http
