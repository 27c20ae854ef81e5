// LoginGate: keeps a refused password from being tried again and again, which may lock an account.
// One per cluster, on its thread.
//
// After a refusal nobody tries the same secret for 10 s, then 20 s, then 30 s: no broker at all,
// or, while other brokers accept it, that broker alone. Another secret is tried at once.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/core/time.h"
#include "collectors/kafka/client/failure.h"

namespace highwater::kafka {

class LoginGate {
 public:
  // Why that secret must not be tried at that address now; nothing: it may. The secret is known by
  // a fingerprint.
  [[nodiscard]] std::optional<Failure> closed(const std::string& address, size_t secret,
                                              SteadyTime now);
  void refused(const std::string& address, size_t secret, Failure why, SteadyTime now);
  void accepted(const std::string& address, size_t secret, SteadyTime now);
  // How long it stays closed for that address.
  [[nodiscard]] Duration wait(const std::string& address, SteadyTime now) const;

 private:
  struct Refusal {
    Failure why;
    SteadyTime until;
    int count = 0;
  };
  [[nodiscard]] bool accepted_lately(SteadyTime now) const;
  [[nodiscard]] const Refusal* refusal_of(const std::string& address, SteadyTime now) const;

  std::optional<size_t> secret_;  // that all of this is about
  std::map<std::string, Refusal> refusals_;
  std::optional<SteadyTime> accepted_at_;
};

}  // namespace highwater::kafka
