// Certificate authorities, read once and shared by all connections of a client: the system's are
// more than a hundred, and each connection with a copy of its own would cost a megabyte. The only
// file of the room that knows OpenSSL's store. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent/core/result.h"

struct x509_store_st;

namespace highwater::http {

using Authorities = std::shared_ptr<x509_store_st>;

class AuthorityCache {
 public:
  // Of the PEM file, or of the system when `ca_file` is empty. A file that has changed is read
  // again; the system's are read once.
  [[nodiscard]] Result<Authorities> get(const std::string& ca_file);

 private:
  struct Entry {
    std::string pem;
    Authorities authorities;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // under mutex_
};

// For libcurl's callback: lets a connection (an SSL_CTX) trust these alone. Without authorities
// only its other settings are made.
void configure_tls(void* ssl_context, const Authorities& authorities);

// "self-signed certificate", for the number that OpenSSL gives.
[[nodiscard]] std::string verification_text(long result);

}  // namespace highwater::http
