#include "exporters/http/engine.h"

#include <httplib.h>

#include <algorithm>

#include "exporters/http/host_check.h"
#include "exporters/http/request_head.h"

namespace highwater::http {
namespace {

using std::chrono::milliseconds;

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

// What the library reads and writes: a head that was collected before, and a reply that waits for
// its client only while the memory of all replies is used up.
class ServerStream final : public httplib::Stream {
 public:
  ServerStream(const Job& job, PendingReply& reply, ReplyWriter& others, const ServerLimits& limits,
               const Pressure& pressure)
      : job_(job), reply_(reply), others_(others), limits_(limits), pressure_(pressure) {}

  bool is_readable() const override { return position_ < job_.head.size(); }
  bool is_writable() const override { return !broken_; }
  socket_t socket() const override { return reply_.connection().fd(); }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  [[nodiscard]] bool broken() const { return broken_; }

  ssize_t read(char* data, size_t size) override {
    const size_t count = std::min(size, job_.head.size() - position_);
    std::copy_n(job_.head.data() + position_, count, data);
    position_ += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* data, size_t size) override {
    while (!broken_) {
      broken_ = reply_.send() == PendingReply::Progress::broken;
      if (broken_) break;
      if (reply_.empty()) {
        size_t count = 0;
        const auto progress = reply_.send_new({data, size}, count);
        if (progress == PendingReply::Progress::done) return static_cast<ssize_t>(count);
        broken_ = progress == PendingReply::Progress::broken;
        if (broken_) break;
      }
      if (reply_.keep({data, size})) return static_cast<ssize_t>(size);
      if (!others_.make_room()) broken_ = !wait_until_writable();
    }
    return -1;
  }

 private:
  // Looks up now and then: others may have begun to wait since.
  bool wait_until_writable() {
    while (true) {
      const SteadyTime now = steady_now();
      const SteadyTime limit = pressure_.limit(reply_.begun(), limits_);
      if (now >= limit) return false;
      const SteadyTime slice = std::min<SteadyTime>(limit, now + milliseconds(50));
      const Connection& connection = reply_.connection();
      if (wait_for(connection.fd(), connection.waits_for(), slice)) return true;
    }
  }

  const Job& job_;
  PendingReply& reply_;
  ReplyWriter& others_;
  const ServerLimits& limits_;
  const Pressure& pressure_;
  size_t position_ = 0;
  bool broken_ = false;
};

HeaderList to_list(const std::multimap<std::string, std::string>& values) {
  return {values.begin(), values.end()};
}

// The library's server, for one request on a connection of ours.
class Engine final : private httplib::Server {
 public:
  Engine(const Routes& routes, Job& job) : routes_(routes), job_(job) {
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

  Served serve(ServerStream& stream, bool encrypted) {
    // The library takes a server without a socket for one that is shutting down, and sends nothing.
    svr_sock_ = stream.socket();
    from_this_machine_ = came_from_loopback(stream.socket());
    encrypted_ = encrypted;
    bool closed = false;
    process_request(stream, true, closed,
                    [&](httplib::Request& request) { request.body = std::move(job_.body); });
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
    request.encrypted = encrypted_;
    request.from_this_machine = from_this_machine_;
    request.role = job_.login ? job_.login->role : request.is_local() ? Role::write : Role::read;
    if (job_.login) request.login = job_.login->name;
    Routes::Answer answer = request.role == Role::nobody ? Routes::Answer{ask_to_log_in(), {}}
                                                         : routes_.answer(request);
    outcome_.route = answer.route;
    Reply& reply = answer.reply;
    to.status = reply.status;
    for (const auto& [name, value] : reply.headers) to.set_header(name, value);
    if (reply.content_type.starts_with("text/html"))
      to.set_header("Content-Security-Policy",
                    "default-src 'none'; style-src 'self'; script-src 'self'; "
                    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
                    "frame-ancestors 'none'");
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

  [[nodiscard]] Reply ask_to_log_in() const {
    Reply reply;
    reply.status = 401;
    reply.body = "a login is needed: it is missing or wrong\n";
    reply.headers.emplace_back("WWW-Authenticate", job_.logins->challenge());
    return reply;
  }

  const Routes& routes_;
  Job& job_;
  bool from_this_machine_ = false;
  bool encrypted_ = false;
  Served outcome_;
};

}  // namespace

Served serve_request(Job& job, PendingReply& reply, const Routes& routes, ReplyWriter& others,
                     const ServerLimits& limits, const Pressure& pressure) {
  ServerStream stream(job, reply, others, limits, pressure);
  Served served;
  try {
    served = Engine(routes, job).serve(stream, reply.connection().is_encrypted());
  } catch (const std::exception&) {
    served.status = 500;  // the connection closes without a reply
  }
  served.broken = stream.broken();
  return served;
}

}  // namespace highwater::http
