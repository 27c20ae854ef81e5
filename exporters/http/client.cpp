#include "exporters/http/client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "exporters/http/address.h"
#include "exporters/http/connection.h"

namespace highwater::http {
namespace {

constexpr size_t kMaxHead = size_t{32} * 1024;
constexpr size_t kMaxStatusLine = 512;  // the library's regular expression recurses per character
constexpr int kMaxInterim = 4;          // 1xx answers before the real one

bool same_name(std::string_view a, std::string_view b);
bool is_token(std::string_view text);
Result<void> check(const Request& request);

// What the library reads and writes. The head of the answer is fetched and checked in one piece
// before the library's parser, which has no limits, sees any of it.
class ClientStream final : public httplib::Stream {
 public:
  ClientStream(Connection& connection, size_t body_budget)
      : connection_(connection), body_budget_(body_budget) {}

  [[nodiscard]] const std::string& error() const { return error_; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return error_.empty(); }
  socket_t socket() const override { return connection_.fd(); }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }

  ssize_t read(char* data, size_t size) override {
    if (!head_done_ && !fetch_head()) return -1;
    if (position_ == buffer_.size() && !fetch_body()) return error_.empty() ? 0 : -1;
    const size_t count = std::min(size, buffer_.size() - position_);
    std::copy_n(buffer_.data() + position_, count, data);
    position_ += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* data, size_t size) override {
    const auto count = connection_.write({data, size});
    if (count) return static_cast<ssize_t>(*count);
    error_ = count.error().message;
    return -1;
  }

 private:
  bool fetch_head() {
    for (int interim = 0; interim <= kMaxInterim; ++interim) {
      size_t end = std::string::npos;
      while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
        if (buffer_.size() > kMaxHead)
          return broken(fmt::format("the answer's head is longer than {} bytes", kMaxHead));
        if (!append()) {
          if (error_.empty())
            broken(buffer_.empty() ? "the connection was closed without an answer"
                                   : "the connection was closed in the middle of the answer");
          return false;
        }
      }
      const std::string_view line = std::string_view(buffer_).substr(0, buffer_.find("\r\n"));
      const auto digit = [&](size_t at) { return line[at] >= '0' && line[at] <= '9'; };
      const bool http = line.starts_with("HTTP/1.") && line.size() >= 12 && line[8] == ' ' &&
                        digit(9) && digit(10) && digit(11);
      if (!http || line.size() > kMaxStatusLine)
        return broken("what answers does not speak HTTP/1.1");
      if (line[9] != '1') {
        head_done_ = true;
        return true;
      }
      if (line.substr(9, 3) == "101") return broken("the server changes to another protocol");
      buffer_.erase(0, end + 4);
    }
    return broken("too many interim answers");
  }

  // False at the end of the stream, and on an error, which is kept.
  bool fetch_body() {
    buffer_.clear();
    position_ = 0;
    if (body_read_ >= body_budget_) return broken("the answer is too long");
    if (!append()) return false;
    body_read_ += buffer_.size();
    return true;
  }

  bool append() {
    std::array<char, 8192> chunk;  // NOLINT: filled by read
    const auto count = connection_.read(chunk);
    if (!count) return broken(count.error().message);
    buffer_.append(chunk.data(), *count);
    return *count > 0;
  }

  bool broken(std::string why) {
    error_ = std::move(why);
    return false;
  }

  Connection& connection_;
  const size_t body_budget_;
  size_t body_read_ = 0;
  std::string buffer_;
  size_t position_ = 0;
  bool head_done_ = false;
  std::string error_;
};

// The library's client, talking over a connection that is open already.
class Exchange final : public httplib::ClientImpl {
 public:
  Exchange(const Url& url, Connection& connection, ClientStream& stream)
      : ClientImpl(url.host, url.port), connection_(connection), stream_(stream) {
    set_url_encode(false);
    set_decompress(false);
    set_follow_location(false);
    set_keep_alive(false);
  }

 private:
  bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
    // The library closes what it was given; the connection closes its own.
    socket.sock = ::dup(connection_.fd());
    if (socket.sock >= 0) return true;
    error = httplib::Error::Connection;
    return false;
  }
  void shutdown_ssl(Socket& /*socket*/, bool /*gracefully*/) override {}
  bool process_socket(const Socket& /*socket*/,
                      std::function<bool(httplib::Stream&)> callback) override {
    return callback(stream_);
  }

  Connection& connection_;
  ClientStream& stream_;
};

}  // namespace

struct Client::Impl {
  ClientOptions options;
  std::mutex mutex;
  std::shared_ptr<const TlsContext> tls;  // made by the first https request that can

  Result<std::shared_ptr<const TlsContext>> tls_context() {
    const std::lock_guard lock(mutex);
    if (tls == nullptr) {
      auto loaded = TlsContext::load(options.ca_file, options.verify);
      if (!loaded) return loaded;
      tls = std::move(*loaded);
    }
    return tls;
  }

  Result<Response> exchange(const Request& request, const Url& url);
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
}
Client::~Client() = default;

Result<Response> Client::send(const Request& request) const {
  const auto url = parse_url(request.url);
  if (!url) return tl::unexpected(url.error());
  const std::string what = request.method + " " + url->origin();
  if (const auto checked = check(request); !checked)
    return tl::unexpected(checked.error().in(what));
  try {
    auto response = impl_->exchange(request, *url);
    if (!response) return tl::unexpected(response.error().in(what));
    return response;
  } catch (const std::exception& error) {
    return fail(what + ": " + error.what());
  }
}

Result<Response> Client::Impl::exchange(const Request& request, const Url& url) {
  const Limit limit{std::chrono::steady_clock::now() + request.deadline, request.stop};
  std::shared_ptr<const TlsContext> context;
  if (url.scheme == Scheme::https) {
    auto loaded = tls_context();
    if (!loaded) return tl::unexpected(loaded.error());
    context = std::move(*loaded);
  }
  auto connection = Connection::open(url, std::move(context), limit);
  if (!connection) return tl::unexpected(connection.error());

  Response response;
  httplib::Request sent;
  sent.method = request.method;
  sent.path = url.target;
  sent.body = request.body;
  for (const auto& [name, value] : request.headers) sent.headers.emplace(name, value);
  sent.headers.emplace("Host", url.authority());
  if (!request.content_type.empty()) sent.headers.emplace("Content-Type", request.content_type);
  if (sent.headers.count("User-Agent") == 0) sent.headers.emplace("User-Agent", options.user_agent);
  sent.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    const size_t room = request.max_response_bytes - response.body.size();
    response.body.append(data, std::min(size, room));
    response.truncated = size > room;
    return !response.truncated;
  };

  // Chunked framing may double the bytes of a body; more than that is not an honest answer.
  ClientStream stream(*connection, 2 * request.max_response_bytes + kMaxHead);
  Exchange exchange(url, *connection, stream);
  httplib::Response received;
  httplib::Error error = httplib::Error::Success;
  if (!exchange.send(sent, received, error) && !response.truncated) {
    if (!stream.error().empty()) return fail(stream.error());
    return fail(error == httplib::Error::Read ? "the answer is malformed, or ends too early"
                                              : "the request failed: " + httplib::to_string(error));
  }
  response.status = received.status;
  for (const auto& [name, value] : received.headers) response.headers.emplace_back(name, value);
  return response;
}

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

namespace {

Result<void> check(const Request& request) {
  constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD",  "POST",
                                                     "PUT", "PATCH", "DELETE"};
  if (std::find(kMethods.begin(), kMethods.end(), request.method) == kMethods.end())
    return fail("the method is unknown");
  const auto value_ok = [](std::string_view value) {
    return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  };
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !value_ok(value))
      return fail("a header's name or value contains a forbidden character");
    for (const std::string_view own :
         {"Host", "Content-Length", "Connection", "Transfer-Encoding", "Expect"}) {
      if (same_name(name, own)) return fail(fmt::format("the header {} cannot be set", own));
    }
  }
  if (!value_ok(request.content_type)) return fail("the content type contains a line break");
  return {};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

}  // namespace
}  // namespace highwater::http
