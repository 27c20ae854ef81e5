#include "exporters/http/session.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "agent/core/plain_text.h"
#include "exporters/http/client_error.h"

namespace highwater::http {
namespace {

constexpr size_t kMaxHead = size_t{32} * 1024;
// After so many seconds a connection is made again: names, certificates and what stands between us
// change.
constexpr long kConnectionLife = 600;

constexpr Duration kConnectSlice = std::chrono::milliseconds(100);

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

std::string address_text(const curl_sockaddr& address) {
  std::array<char, NI_MAXHOST> host{};
  const int error = ::getnameinfo(&address.addr, address.addrlen, host.data(), host.size(), nullptr,
                                  0, NI_NUMERICHOST);
  return error == 0 ? host.data() : "?";
}

uint16_t port_of(const curl_sockaddr& address) {
  std::array<char, NI_MAXSERV> port{};
  const int error = ::getnameinfo(&address.addr, address.addrlen, nullptr, 0, port.data(),
                                  port.size(), NI_NUMERICSERV);
  return error == 0 ? static_cast<uint16_t>(std::atoi(port.data())) : uint16_t{0};
}

// 0: the line is no status line.
int status_of(std::string_view line) {
  const size_t space = line.find(' ');
  if (!line.starts_with("HTTP/") || space == std::string_view::npos) return 0;
  int status = 0;
  const std::string_view digits = line.substr(space + 1, 3);
  for (const char c : digits) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return digits.size() == 3 && status >= 100 ? status : 0;
}

bool is_numeric(const Url& url) {
  return url.ipv6 || url.host.find_first_not_of("0123456789.") == std::string::npos;
}

// As it would be reached without a proxy: the proxy knows another machine under these names. So are
// link-local addresses, where a cloud tells an instance its credentials.
bool is_near(const Url& url) {
  return url.host == "localhost" || url.host == "::1" || url.host.starts_with("127.") ||
         (url.host.starts_with("169.254.") && is_numeric(url)) || url.host.ends_with(".localhost");
}

}  // namespace

// One request under way, and what libcurl's callbacks learn of it.
struct Session::Exchange {
  const Request& request;
  const Url& url;
  LookupBudget& lookups;
  const TlsMaterial& material;

  Response response{};
  std::optional<SteadyTime> status_at{};  // when the final status line came
  bool in_head = false;
  bool head_done = false;
  size_t head_bytes = 0;
  FailedRequest failure{};
  std::string refusal{};  // why a callback ended the request
  std::array<char, CURL_ERROR_SIZE> detail{};

  size_t refuse(std::string why) {
    refusal = std::move(why);
    return 0;
  }

  size_t on_header(std::string_view line) {
    failure.phase = Phase::answer;
    const size_t size = line.size();
    head_bytes += size;
    if (head_bytes > kMaxHead)
      return refuse(fmt::format("the answer's head is longer than {} bytes", kMaxHead));
    line = trimmed(line);
    if (head_done) return size;  // a trailer
    if (!in_head) {
      const int status = status_of(line);
      if (status == 0) return refuse("what answers does not speak HTTP/1.1");
      if (status == 101) return refuse("the server changes to another protocol");
      in_head = true;
      response = Response();
      response.status = status;
      if (status >= 200) status_at = steady_now();
    } else if (line.empty()) {
      in_head = false;
      head_done = status_at.has_value();
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      response.headers.emplace_back(trimmed(line.substr(0, colon)),
                                    trimmed(line.substr(colon + 1)));
    }
    return size;
  }

  // Less than all ends the transfer.
  size_t on_body(std::string_view data) {
    const size_t room = request.max_response_bytes - response.body.size();
    response.body.append(data.substr(0, room));
    response.truncated = data.size() > room;
    return std::min(data.size(), room);
  }

  static size_t header(char* data, size_t, size_t size, void* self) {
    return static_cast<Exchange*>(self)->on_header({data, size});
  }
  static size_t body(char* data, size_t, size_t size, void* self) {
    return static_cast<Exchange*>(self)->on_body({data, size});
  }
  static int lookup_begins(void*, void*, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.failure.phase = Phase::lookup;
    if (is_numeric(exchange.url) || exchange.lookups.may_begin(steady_now())) return 0;
    exchange.refuse("look up the host: the name service does not answer earlier lookups");
    return 1;
  }
  static curl_socket_t connect_begins(void* self, curlsocktype, curl_sockaddr* address) {
    auto& exchange = *static_cast<Exchange*>(self);
    const uint16_t port = port_of(*address);
    exchange.failure.phase = Phase::connect;
    exchange.failure.proxied = port != exchange.url.port;
    exchange.failure.address = address_text(*address);
    if (exchange.failure.proxied) exchange.failure.address += fmt::format(":{}", port);
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
  static CURLcode handshake_begins(CURL*, void* context, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.failure.phase = Phase::handshake;
    configure_tls(context, exchange.material.authorities);
    return CURLE_OK;
  }
  static int request_begins(void* self, char*, char*, int, int) {
    static_cast<Exchange*>(self)->failure.phase = Phase::request;
    return CURL_PREREQFUNC_OK;
  }
};

std::unique_ptr<Session> Session::create(SessionKey key) {
  CURLM* const multi = curl_multi_init();
  CURL* const easy = multi != nullptr ? curl_easy_init() : nullptr;
  if (easy == nullptr) {
    if (multi != nullptr) curl_multi_cleanup(multi);
    return nullptr;
  }
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1L);
  return std::unique_ptr<Session>(new Session(std::move(key), multi, easy));
}

Session::Session(SessionKey key, CURLM* multi, CURL* easy)
    : key_(std::move(key)), multi_(multi), easy_(easy) {}

Session::~Session() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

Result<Response> Session::run(const Request& request, const Url& url, const TlsMaterial& material,
                              LookupBudget& lookups) {
  const SteadyTime deadline = steady_now() + request.deadline;
  Exchange exchange{.request = request, .url = url, .lookups = lookups, .material = material};
  curl_slist* headers = nullptr;
  const auto add = [&](const std::string& line) {
    if (curl_slist* const longer = curl_slist_append(headers, line.c_str())) headers = longer;
  };
  for (const auto& [name, value] : request.headers) {
    // Without a value libcurl would leave the header out.
    add(trimmed(value).empty() ? name + ";" : name + ": " + value);
  }
  if (request.method != "GET") {
    add(request.content_type.empty() ? "Content-Type:" : "Content-Type: " + request.content_type);
    add("Expect:");
  }
  prepare(exchange, material, headers);

  CURLcode code = CURLE_OK;
  curl_multi_add_handle(multi_, easy_);
  const End end = drive(exchange, deadline, code);
  auto response = conclude(exchange, end, code);
  clean_ = end == End::done && code == CURLE_OK && exchange.head_done;
  const bool cut_short = end != End::done || code == CURLE_OPERATION_TIMEDOUT;
  if (cut_short && exchange.failure.phase == Phase::lookup) lookups.abandoned(steady_now());
  curl_multi_remove_handle(multi_, easy_);
  curl_easy_reset(easy_);  // forgets all that points to this request, and keeps the connection
  curl_slist_free_all(headers);
  return response;
}

void Session::prepare(Exchange& exchange, const TlsMaterial& material, curl_slist* headers) {
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(easy_, option, value);
  };
  const Request& request = exchange.request;
  set(CURLOPT_URL, (exchange.url.origin() + exchange.url.target).c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // a proxy sees no secret
  set(CURLOPT_USERAGENT, "highwater/" HIGHWATER_VERSION);
  if (request.method != "GET") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());
  }

  // Ours to say: when it ends, what is followed, and what the user's own files may add.
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(request.deadline).count();
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(milliseconds, 1)));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max<int64_t>(milliseconds, 1)));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // else the end of a request waits for its lookup
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);  // a new connection goes where the name leads now
  set(CURLOPT_MAXLIFETIME_CONN, kConnectionLife);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_BASIC));
  if (is_near(exchange.url)) set(CURLOPT_PROXY, "");

  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  const bool pinned = !request.tls.public_key.empty();
  const bool verify = request.tls.verify && !pinned;
  set(CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
  if (pinned) set(CURLOPT_PINNEDPUBLICKEY, request.tls.public_key.c_str());
  set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
  set(CURLOPT_SSL_CTX_FUNCTION, &Exchange::handshake_begins);
  set(CURLOPT_SSL_CTX_DATA, &exchange);
  if (!material.certificate.empty()) {
    const auto blob = [](const std::string& text) {
      return curl_blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
    };
    const curl_blob certificate = blob(material.certificate);
    const curl_blob key = blob(material.key.empty() ? material.certificate : material.key);
    set(CURLOPT_SSLCERT_BLOB, &certificate);
    set(CURLOPT_SSLKEY_BLOB, &key);
    set(CURLOPT_KEYPASSWD, "");  // else OpenSSL asks for it on the terminal
  }

  set(CURLOPT_ERRORBUFFER, exchange.detail.data());
  set(CURLOPT_HEADERFUNCTION, &Exchange::header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, &Exchange::body);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_RESOLVER_START_FUNCTION, &Exchange::lookup_begins);
  set(CURLOPT_RESOLVER_START_DATA, &exchange);
  set(CURLOPT_OPENSOCKETFUNCTION, &Exchange::connect_begins);
  set(CURLOPT_OPENSOCKETDATA, &exchange);
  set(CURLOPT_PREREQFUNCTION, &Exchange::request_begins);
  set(CURLOPT_PREREQDATA, &exchange);
}

Session::End Session::drive(Exchange& exchange, SteadyTime deadline, CURLcode& code) {
  const std::stop_callback wake(exchange.request.stop, [this] { curl_multi_wakeup(multi_); });
  while (true) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    if (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      code = message->data.result;
      return End::done;
    }
    if (exchange.request.stop.stop_requested()) return End::stopped;
    const SteadyTime now = steady_now();
    if (now >= deadline) return End::timed_out;
    SteadyTime until = deadline;
    if (exchange.request.linger && exchange.status_at) {
      until = std::min<SteadyTime>(until, *exchange.status_at + *exchange.request.linger);
      if (now >= until) return End::settled;
    }
    // libcurl 7.88 goes on to the next address of a name only when it is called again.
    if (exchange.failure.phase == Phase::connect)
      until = std::min<SteadyTime>(until, now + kConnectSlice);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(std::min<int64_t>(wait.count(), 60'000)),
                    nullptr);
  }
}

Result<Response> Session::conclude(Exchange& exchange, End end, CURLcode code) {
  Response& response = exchange.response;
  const bool whole = end == End::done && code == CURLE_OK && exchange.head_done;
  if (whole) return std::move(response);
  if (exchange.request.linger && exchange.status_at) {
    response.truncated = true;
    return std::move(response);
  }
  // The head is right, and of the body came more than is wanted.
  if (response.truncated && exchange.refusal.empty()) return std::move(response);

  FailedRequest& failed = exchange.failure;
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &uploaded);
  if (failed.phase == Phase::request &&
      uploaded >= static_cast<curl_off_t>(exchange.request.body.size()))
    failed.phase = Phase::answer;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &failed.system_error);
  curl_easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &failed.verification);
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &failed.proxy_status);
  if (failed.proxy_status == 200) failed.proxy_status = 0;
  failed.unanswered_tls = exchange.url.scheme == Scheme::https && exchange.head_bytes == 0 &&
                          uploaded == 0 && failed.phase >= Phase::request;
  failed.code = code;
  failed.detail = exchange.detail.data();
  failed.host = exchange.url.host;
  failed.tls = &exchange.request.tls;
  if (!exchange.refusal.empty()) return fail(exchange.refusal);
  switch (end) {
    case End::stopped:
      return fail(stopped_text(failed));
    case End::timed_out:
    case End::settled:
      return fail(deadline_text(failed));
    case End::done:
      break;
  }
  if (code == CURLE_OK || (exchange.in_head && code == CURLE_GOT_NOTHING))
    return fail("the connection was closed in the middle of the answer");
  // libcurl has no other word for a line that is longer than its buffer.
  if (code == CURLE_OUT_OF_MEMORY && !exchange.head_done && failed.phase >= Phase::request)
    return fail(fmt::format("the answer's head is longer than {} bytes", kMaxHead));
  return fail(failure_text(failed));
}

}  // namespace highwater::http
