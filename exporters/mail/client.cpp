#include "exporters/mail/client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/core/small_file.h"
#include "agent/core/web_text.h"
#include "exporters/http/authorities.h"

namespace highwater::mail {
namespace {

constexpr size_t kMaxPem = size_t{1024} * 1024;
constexpr size_t kMaxLine = 300;

struct Handles {
  CURLM* multi = curl_multi_init();
  CURL* easy = curl_easy_init();
  curl_slist* recipients = nullptr;

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    if (multi != nullptr && easy != nullptr) curl_multi_remove_handle(multi, easy);
    if (easy != nullptr) curl_easy_cleanup(easy);
    if (multi != nullptr) curl_multi_cleanup(multi);
    curl_slist_free_all(recipients);
  }
};

// What libcurl's callbacks read and learn.
struct Exchange {
  std::string_view left;  // of the message, still to be sent
  http::Authorities authorities;
  std::string said{};                    // the server's last line
  std::vector<curl_socket_t> sockets{};  // that are open
  std::array<char, CURL_ERROR_SIZE> detail{};

  static size_t read(char* into, size_t size, size_t count, void* self) {
    auto& left = static_cast<Exchange*>(self)->left;
    const size_t bytes = std::min(left.size(), size * count);
    std::copy_n(left.data(), bytes, into);
    left.remove_prefix(bytes);
    return bytes;
  }
  static size_t header(char* data, size_t, size_t size, void* self) {
    std::string_view line(data, size);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    // What it says to QUIT tells nothing of the mail.
    if (!line.empty() && !line.starts_with("221"))
      static_cast<Exchange*>(self)->said = line.substr(0, kMaxLine);
    return size;
  }
  static curl_socket_t open(void* self, curlsocktype, curl_sockaddr* address) {
    const int made = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made >= 0) static_cast<Exchange*>(self)->sockets.push_back(made);
    return made;
  }
  static int close(void* self, curl_socket_t socket) {
    std::erase(static_cast<Exchange*>(self)->sockets, socket);
    return ::close(socket);
  }
  static CURLcode handshake(CURL*, void* context, void* self) {
    http::configure_tls(context, static_cast<Exchange*>(self)->authorities);
    return CURLE_OK;
  }
};

// libcurl ends a message that is given up half-way as if it were whole: with a line that has only a
// dot. So nothing more may be written.
void cut_off(const Exchange& exchange) {
  for (const curl_socket_t socket : exchange.sockets) ::shutdown(socket, SHUT_RDWR);
}

enum class End : uint8_t { done, stopped, timed_out };

End drive(CURLM* multi, SteadyTime deadline, const std::stop_token& stop, CURLcode& code) {
  const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
  constexpr Duration kSlice = std::chrono::milliseconds(100);  // as in http::Session
  while (true) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    if (const CURLMsg* const message = curl_multi_info_read(multi, &left)) {
      code = message->data.result;
      return End::done;
    }
    if (stop.stop_requested()) return End::stopped;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now >= deadline) return End::timed_out;
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(deadline - now, kSlice));
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(wait.count()), nullptr);
  }
}

std::string url_of(const Server& server) {
  return fmt::format("{}://{}", server.security == Security::tls ? "smtps" : "smtp",
                     host_and_port(server.host, server.port));
}

std::string reason(CURLcode code, const Exchange& exchange, long verification) {
  switch (static_cast<int>(code)) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "look up the host: its name is unknown, or no name server answers";
    case CURLE_LOGIN_DENIED:
      return "the server refuses the login: " + exchange.said;
    case CURLE_USE_SSL_FAILED:
      return "the server offers no STARTTLS: set 'security' to what it offers";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "TLS handshake: the certificate is not accepted: " +
             (verification > 1 ? http::verification_text(verification)
                               : std::string("it is for another name"));
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
      return exchange.said.empty() ? "the connection was lost"
                                   : "the server answers: " + exchange.said;
    default:
      return exchange.detail[0] != '\0' ? exchange.detail.data() : curl_easy_strerror(code);
  }
}

}  // namespace

struct Client::Impl {
  http::AuthorityCache authorities;
};

Client::Client() : impl_(std::make_unique<Impl>()) {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(done);
}
Client::~Client() = default;

namespace {

// The files of the client's certificate; an error names what cannot be read.
highwater::Result<std::pair<std::string, std::string>> read_certificate(
    const http::TlsOptions& tls) {
  std::pair<std::string, std::string> pems;
  if (tls.certificate.empty()) return pems;
  const std::string& key_file = tls.key.empty() ? tls.certificate : tls.key;
  for (const auto& [path, into] :
       {std::pair(&tls.certificate, &pems.first), std::pair(&key_file, &pems.second)}) {
    auto text = read_small_file(*path, kMaxPem);
    if (!text) return tl::unexpected(text.error().in("TLS: read " + *path));
    *into = std::move(*text);
  }
  return pems;
}

void set_connection(CURL* easy, const Server& server, Exchange& exchange,
                    const std::pair<std::string, std::string>& certificate) {
  const auto set = [easy](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_URL, url_of(server).c_str());
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_ERRORBUFFER, exchange.detail.data());
  set(CURLOPT_OPENSOCKETFUNCTION, &Exchange::open);
  set(CURLOPT_OPENSOCKETDATA, &exchange);
  set(CURLOPT_CLOSESOCKETFUNCTION, &Exchange::close);
  set(CURLOPT_CLOSESOCKETDATA, &exchange);
  if (!server.user.empty()) {
    set(CURLOPT_USERNAME, server.user.c_str());
    set(CURLOPT_PASSWORD, server.password.c_str());
  }
  set(CURLOPT_USE_SSL,
      static_cast<long>(server.security == Security::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, server.tls.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, server.tls.verify ? 2L : 0L);
  set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set(CURLOPT_SSL_CTX_FUNCTION, &Exchange::handshake);
  set(CURLOPT_SSL_CTX_DATA, &exchange);
  if (certificate.first.empty()) return;
  const auto blob = [](const std::string& text) {
    return curl_blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
  };
  const curl_blob pem = blob(certificate.first);
  const curl_blob key = blob(certificate.second);
  set(CURLOPT_SSLCERT_BLOB, &pem);
  set(CURLOPT_SSLKEY_BLOB, &key);
  set(CURLOPT_KEYPASSWD, "");  // else OpenSSL asks for it on the terminal
}

void set_mail(Handles& handles, const Envelope& envelope, Exchange& exchange) {
  const auto set = [&](CURLoption option, auto value) {
    curl_easy_setopt(handles.easy, option, value);
  };
  for (const std::string& to : envelope.to) {
    if (curl_slist* const longer = curl_slist_append(handles.recipients, to.c_str()))
      handles.recipients = longer;
  }
  set(CURLOPT_MAIL_FROM, envelope.from.c_str());
  set(CURLOPT_MAIL_RCPT, handles.recipients);
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &Exchange::read);
  set(CURLOPT_READDATA, &exchange);
  set(CURLOPT_HEADERFUNCTION, &Exchange::header);
  set(CURLOPT_HEADERDATA, &exchange);
}

}  // namespace

Result Client::send(const Server& server, const Envelope& envelope, const std::string& message,
                    Duration limit, const std::stop_token& stop) const {
  const SteadyTime deadline = std::chrono::steady_clock::now() + limit;
  const std::string where = fmt::format("SMTP {}:{}: ", server.host, server.port);
  Result result;
  const auto failed = [&](const std::string& why) {
    result.error = where + why;
    return result;
  };
  Exchange exchange{.left = message, .authorities = {}};
  if (server.security != Security::none && server.tls.verify) {
    auto authorities = impl_->authorities.get(server.tls.ca_file);
    if (!authorities) return failed(authorities.error().message);
    exchange.authorities = std::move(*authorities);
  }
  const auto certificate = read_certificate(server.tls);
  if (!certificate) return failed(certificate.error().message);
  Handles handles;
  if (handles.multi == nullptr || handles.easy == nullptr)
    return failed("no memory or no file descriptor is left");
  set_connection(handles.easy, server, exchange, *certificate);
  set_mail(handles, envelope, exchange);
  curl_multi_add_handle(handles.multi, handles.easy);
  CURLcode code = CURLE_OK;
  const End end = drive(handles.multi, deadline, stop, code);
  if (end != End::done) cut_off(exchange);
  long status = 0;
  long verification = 0;
  curl_easy_getinfo(handles.easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handles.easy, CURLINFO_SSL_VERIFYRESULT, &verification);
  result.status = static_cast<int>(status);
  if (end == End::stopped) return failed("stopped");
  if (end == End::timed_out) return failed("not done within the deadline");
  result.accepted = code == CURLE_OK;
  return result.accepted ? result : failed(reason(code, exchange, verification));
}

}  // namespace highwater::mail
