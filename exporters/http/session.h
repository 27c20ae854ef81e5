// A handle of libcurl with at most one connection: carries out one request at a time, and between
// two keeps the connection for the next to the same address. Owned by the Client, which lends it to
// one thread for a request.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "exporters/http/address.h"
#include "exporters/http/authorities.h"
#include "exporters/http/client.h"
#include "exporters/http/lookup_budget.h"

namespace highwater::http {

// What a connection belongs to: one for other options must not be used.
struct SessionKey {
  std::string origin;
  TlsOptions tls;
  bool operator==(const SessionKey&) const = default;
};

// The contents of the files that TlsOptions name.
struct TlsMaterial {
  Authorities authorities;  // empty: any certificate is accepted
  std::string certificate;
  std::string key;
};

class Session {
 public:
  // Nothing: there is no memory, or no file descriptor left.
  [[nodiscard]] static std::unique_ptr<Session> create(SessionKey key);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const SessionKey& key() const { return key_; }
  // After run(): the connection, if there is one, is where the next request begins.
  [[nodiscard]] bool clean() const { return clean_; }

  [[nodiscard]] Result<Response> run(const Request& request, const Url& url,
                                     const TlsMaterial& material, LookupBudget& lookups);

  SteadyTime used;  // when it was given back

 private:
  struct Exchange;
  enum class End : uint8_t { done, stopped, timed_out, settled };

  Session(SessionKey key, CURLM* multi, CURL* easy);
  void prepare(Exchange& exchange, const TlsMaterial& material, curl_slist* headers);
  [[nodiscard]] End drive(Exchange& exchange, SteadyTime deadline, CURLcode& code);
  [[nodiscard]] Result<Response> conclude(Exchange& exchange, End end, CURLcode code);

  const SessionKey key_;
  CURLM* const multi_;
  CURL* const easy_;
  bool clean_ = false;
};

}  // namespace highwater::http
