#include "exporters/http/authorities.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "agent/core/small_file.h"

namespace highwater::http {
namespace {

constexpr size_t kMaxFile = size_t{4} << 20;

struct Free {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(STACK_OF(X509_INFO) * items) const {
    sk_X509_INFO_pop_free(items, X509_INFO_free);
  }
};

// The number of certificates and revocation lists that were found.
int add_all(X509_STORE* store, const std::string& pem) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) return 0;
  const std::unique_ptr<STACK_OF(X509_INFO), Free> items(
      PEM_X509_INFO_read_bio(bio.get(), nullptr, nullptr, nullptr));
  if (items == nullptr) return 0;
  int found = 0;
  for (int i = 0; i < sk_X509_INFO_num(items.get()); ++i) {
    const X509_INFO* const item = sk_X509_INFO_value(items.get(), i);
    if (item->x509 != nullptr) found += X509_STORE_add_cert(store, item->x509);
    if (item->crl != nullptr) X509_STORE_add_crl(store, item->crl);
  }
  return found;
}

}  // namespace

Result<Authorities> AuthorityCache::get(const std::string& ca_file) {
  const auto failed = [&](const std::string& why) {
    ERR_clear_error();
    return fail(fmt::format("TLS: read the certificate authorities {}: {}",
                            ca_file.empty() ? "of the system" : "in " + ca_file, why));
  };
  std::string pem;
  if (!ca_file.empty()) {
    auto read = read_small_file(ca_file, kMaxFile);
    if (!read) return failed(read.error().message);
    pem = std::move(*read);
  }
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[ca_file];
  if (entry.authorities != nullptr && entry.pem == pem) return entry.authorities;
  const Authorities store(X509_STORE_new(), Free());
  if (store == nullptr) return failed("out of memory");
  if (ca_file.empty()) {
    if (X509_STORE_set_default_paths(store.get()) != 1) return failed("nothing usable there");
  } else if (add_all(store.get(), pem) == 0) {
    return failed("it holds no certificate in PEM form");
  }
  ERR_clear_error();
  entry = {std::move(pem), store};
  return store;
}

void configure_tls(void* ssl_context, const Authorities& authorities) {
  auto* const context = static_cast<SSL_CTX*>(ssl_context);
  if (authorities != nullptr) SSL_CTX_set1_cert_store(context, authorities.get());
  // Bodies carry their own length; many servers skip the closing alert.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

std::string verification_text(long result) {
  return X509_verify_cert_error_string(result);
}

}  // namespace highwater::http
