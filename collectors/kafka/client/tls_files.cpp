#include "collectors/kafka/client/tls_files.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "agent/core/openssl_owned.h"
#include "agent/core/small_file.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

constexpr size_t kLargest = size_t{4} << 20U;  // a bundle of all authorities has a quarter of it
constexpr size_t kLongestName = 200;

// In place of OpenSSL's own, which asks on the terminal.
int give_password(char* into, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  const int count = std::min(size, static_cast<int>(text.size()));
  std::copy_n(text.data(), count, into);
  return count;
}

Owned<X509> next_certificate(BIO* from) {
  std::string none;
  return Owned<X509>(PEM_read_bio_X509(from, nullptr, give_password, &none));
}

Result<void> trust(SSL_CTX* context, const std::string& pem, const std::string& path) {
  const auto from = reader_of(pem);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  size_t count = 0;
  while (const auto certificate = next_certificate(from.get())) {
    X509_STORE_add_cert(store, certificate.get());
    ++count;
  }
  ERR_clear_error();
  if (count > 0) return {};
  return fail(
      fmt::format("{} holds no certificate in PEM form ('-----BEGIN CERTIFICATE-----')"
                  ": a Java truststore becomes one by 'keytool -exportcert -rfc'",
                  path));
}

Result<void> use(SSL_CTX* context, X509* certificate, EVP_PKEY* key, const std::string& where) {
  if (SSL_CTX_use_certificate(context, certificate) != 1)
    return fail(fmt::format("the certificate in {}: {}", where, take_openssl_error()));
  if (SSL_CTX_use_PrivateKey(context, key) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return fail(fmt::format("the key does not belong to the certificate in {}", where));
  }
  return {};
}

Owned<EVP_PKEY> read_key(const std::string& pem, const std::string& password) {
  std::string text = password;
  return Owned<EVP_PKEY>(
      PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, give_password, &text));
}

Result<void> use_pem(SSL_CTX* context, const TlsFiles& files, const TlsSettings& settings) {
  const auto from = reader_of(files.certificate);
  const auto own = next_certificate(from.get());
  if (!own) {
    ERR_clear_error();
    return fail(fmt::format("{} holds no certificate in PEM form", settings.certificate));
  }
  const bool apart = !settings.key.empty();
  const auto key = read_key(apart ? files.key : files.certificate, files.key_password);
  const std::string& key_path = apart ? settings.key : settings.certificate;
  if (!key) {
    const std::string reason = take_openssl_error();
    return fail(fmt::format("{} holds no key in PEM form that can be read{}: {}", key_path,
                            files.key_password.empty() ? "; if it is encrypted, say key_password"
                                                       : " with the key_password",
                            reason));
  }
  if (auto used = use(context, own.get(), key.get(), settings.certificate); !used) return used;
  while (auto next = next_certificate(from.get())) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) == 1) (void)next.release();
  }
  ERR_clear_error();
  return {};
}

Result<void> use_keystore(SSL_CTX* context, const TlsFiles& files, const TlsSettings& settings) {
  const Owned<PKCS12> store(d2i_PKCS12_bio(reader_of(files.keystore).get(), nullptr));
  if (!store) {
    ERR_clear_error();
    return fail(
        fmt::format("{} is no PKCS#12 file: a JKS becomes one by 'keytool -importkeystore "
                    "-srckeystore OLD -destkeystore NEW -deststoretype PKCS12'",
                    settings.keystore));
  }
  EVP_PKEY* key = nullptr;
  X509* own = nullptr;
  STACK_OF(X509)* chain = nullptr;
  const bool parsed =
      PKCS12_parse(store.get(), files.keystore_password.c_str(), &key, &own, &chain) == 1;
  const Owned<EVP_PKEY> owned_key(key);
  const Owned<X509> owned_certificate(own);
  const Owned<STACK_OF(X509)> owned_chain(chain);
  if (!parsed)
    return fail(fmt::format("{} cannot be opened with its password: {}", settings.keystore,
                            take_openssl_error()));
  if (key == nullptr || own == nullptr)
    return fail(fmt::format("{} holds no key with a certificate", settings.keystore));
  if (auto used = use(context, own, key, settings.keystore); !used) return used;
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i)
    SSL_CTX_add1_chain_cert(context, sk_X509_value(chain, i));
  return {};
}

Result<std::string> read(const std::string& path, std::string_view what) {
  if (path.empty()) return std::string();
  auto text = read_small_file(path, kLargest);
  if (text) return text;
  return fail(fmt::format("{} {} cannot be read: {}", what, path, text.error().message));
}

Result<void> read_into(const std::string& path, std::string_view what, std::string& into) {
  auto text = read(path, what);
  if (!text) return fail(text.error().message);
  into = std::move(*text);
  return {};
}

}  // namespace

Result<TlsFiles> read_tls_files(const TlsSettings& settings) {
  TlsFiles files;
  for (const auto& [path, what, into] :
       {std::tuple(&settings.ca, "ca", &files.ca),
        std::tuple(&settings.certificate, "certificate", &files.certificate),
        std::tuple(&settings.key, "key", &files.key),
        std::tuple(&settings.keystore, "keystore", &files.keystore)}) {
    if (auto done = read_into(*path, what, *into); !done) return fail(done.error().message);
  }
  for (const auto& [secret, into] :
       {std::pair(&settings.key_password, &files.key_password),
        std::pair(&settings.keystore_password, &files.keystore_password)}) {
    auto text = secret->value();
    if (!text) return fail(text.error().message);
    *into = std::move(*text);
  }
  return files;
}

std::string TlsFiles::digest() const {
  std::string all;
  for (const std::string* part :
       {&ca, &certificate, &key, &key_password, &keystore, &keystore_password})
    all += fmt::format("{}:{}", part->size(), *part);
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  EVP_Digest(all.data(), all.size(), reinterpret_cast<unsigned char*>(result.data()), &size,
             EVP_sha256(), nullptr);
  result.resize(size);
  OPENSSL_cleanse(all.data(), all.size());
  return result;
}

Result<TlsIdentity> make_tls_identity(const TlsFiles& files, const TlsSettings& settings) {
  TlsIdentity identity;
  identity.context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = identity.context.get();
  if (context == nullptr) return fail("OpenSSL: " + take_openssl_error());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A write may be repeated with what is left of it at another place.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  if (settings.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (auto trusted = trust(context, files.ca, settings.ca); !trusted) {
    return fail(trusted.error().message);
  }
  Result<void> used;
  if (!settings.keystore.empty())
    used = use_keystore(context, files, settings);
  else if (!settings.certificate.empty())
    used = use_pem(context, files, settings);
  if (!used) return fail(used.error().message);
  if (const X509* const own = SSL_CTX_get0_certificate(context)) {
    identity.expiry = to_wall_time(X509_get0_notAfter(own));
    identity.certificate =
        fmt::format("'{}'{}", name_text(X509_get_subject_name(own)),
                    identity.expiry ? ", valid until " + day_of(*identity.expiry) : "");
  }
  return identity;
}

std::string name_text(const X509_NAME* name) {
  const Owned<BIO> into(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(into.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(into.get(), &text);
  return printable_excerpt(std::string_view(text, static_cast<size_t>(std::max(0L, size))),
                           kLongestName);
}

std::optional<WallTime> to_wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  // Clamped: a certificate may name a year that a time of ours does not reach.
  constexpr std::time_t kYear2200 = 7'258'118'400;
  return WallTime{std::chrono::seconds(std::min(timegm(&parts), kYear2200))};
}

std::string day_of(WallTime time) {
  return format_time(time).substr(0, 10);
}

std::string take_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason is given" : reason;
}

}  // namespace highwater::kafka
