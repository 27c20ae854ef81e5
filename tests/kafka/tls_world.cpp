#include "tests/kafka/tls_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <stdexcept>

namespace highwater::kafka {
namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) throw std::runtime_error("no extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

long seconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

template <class Write>
void write_file(const std::filesystem::path& path, Write write) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) throw std::runtime_error("cannot write " + path.string());
  write(file);
  std::fclose(file);
}

}  // namespace

TestCertificate::TestCertificate(const CertificateWish& wish, const TestCertificate* issuer)
    : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
  static std::atomic<long> serial = 1;
  X509* const own = certificate_.get();
  X509_set_version(own, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(own), serial++);
  X509_gmtime_adj(X509_getm_notBefore(own), seconds_of(wish.begins));
  X509_gmtime_adj(X509_getm_notAfter(own), seconds_of(wish.ends));
  X509_set_pubkey(own, key_.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(own), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1,
                             -1, 0);
  X509* const by = issuer == nullptr ? own : issuer->get();
  X509_set_issuer_name(own, X509_get_subject_name(by));
  add_extension(own, by, NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!wish.names.empty() && !wish.authority)
    add_extension(own, by, NID_subject_alt_name, wish.names);
  X509_sign(own, issuer == nullptr ? key_.get() : issuer->key(), EVP_sha256());
}

void TestCertificate::save(const std::filesystem::path& path) const {
  write_file(path, [this](std::FILE* file) { PEM_write_X509(file, certificate_.get()); });
}

void TestCertificate::save_key(const std::filesystem::path& path,
                               const std::string& password) const {
  write_file(path, [&](std::FILE* file) {
    PEM_write_PrivateKey(file, key_.get(), password.empty() ? nullptr : EVP_aes_128_cbc(),
                         reinterpret_cast<const unsigned char*>(password.data()),
                         static_cast<int>(password.size()), nullptr, nullptr);
  });
}

void TestCertificate::save_keystore(const std::filesystem::path& path,
                                    const std::string& password) const {
  PKCS12* const store = PKCS12_create(password.c_str(), "client", key_.get(), certificate_.get(),
                                      nullptr, 0, 0, 0, 0, 0);
  write_file(path, [&](std::FILE* file) { i2d_PKCS12_fp(file, store); });
  PKCS12_free(store);
}

TlsRelay::TlsRelay(const TestCertificate& own, uint16_t target, const TestCertificate* clients,
                   int newest_version)
    : context_(SSL_CTX_new(TLS_server_method())),
      target_(target),
      listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  SSL_CTX* const context = context_.get();
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX_set_max_proto_version(context, newest_version);
  SSL_CTX_set_min_proto_version(context, std::min(newest_version, TLS1_2_VERSION));
  SSL_CTX_set_security_level(context, newest_version < TLS1_2_VERSION ? 0 : 1);
  SSL_CTX_use_certificate(context, own.get());
  SSL_CTX_use_PrivateKey(context, own.key());
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("test"), 4);
  if (clients != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), clients->get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  sockaddr_in address = loopback(0);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, plain, sizeof address) != 0 || listen(listener_, 64) != 0)
    throw std::runtime_error("cannot listen");
  socklen_t size = sizeof address;
  getsockname(listener_, plain, &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

TlsRelay::~TlsRelay() {
  stopping_ = true;
  thread_.join();
  for (std::thread& connection : connections_) connection.join();
  close(listener_);
}

void TlsRelay::serve() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 5) <= 0) continue;
    const int client = accept(listener_, nullptr, nullptr);
    connections_.emplace_back([this, client] { relay(client); });
  }
}

void TlsRelay::relay(int client) {
  const int hang_ups = hang_ups_;
  const timeval patience{2, 0};
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  SSL* const ssl = SSL_new(context_.get());
  SSL_set_fd(ssl, client);
  const int target = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(target_);
  bool open = SSL_accept(ssl) == 1 &&
              connect(target, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (open) {
    ++handshakes_;
    resumed_ += SSL_session_reused(ssl);
  }
  std::array<char, 16384> buffer{};
  while (open && !stopping_ && hang_ups == hang_ups_) {
    std::array<pollfd, 2> waiting{pollfd{client, POLLIN, 0}, pollfd{target, POLLIN, 0}};
    if (SSL_pending(ssl) == 0 && poll(waiting.data(), 2, 5) <= 0) continue;
    if (SSL_pending(ssl) > 0 || waiting[0].revents != 0) {
      const int count = SSL_read(ssl, buffer.data(), buffer.size());
      open = count > 0 && send(target, buffer.data(), static_cast<size_t>(count), MSG_NOSIGNAL) > 0;
    }
    if (open && waiting[1].revents != 0) {
      const ssize_t count = recv(target, buffer.data(), buffer.size(), 0);
      open = count > 0 && SSL_write(ssl, buffer.data(), static_cast<int>(count)) > 0;
    }
  }
  ERR_clear_error();
  SSL_free(ssl);
  // Without reading what is left, closing would take away the alert that was sent.
  shutdown(client, SHUT_WR);
  pollfd rest{client, POLLIN, 0};
  while (!stopping_ && poll(&rest, 1, 100) > 0 && recv(client, buffer.data(), buffer.size(), 0) > 0)
    ;
  close(target);
  close(client);
}

}  // namespace highwater::kafka
