// Name lookups as a test wants them, in every library of the test's program: getaddrinfo() is taken
// over. Names that no test speaks of are looked up as ever.
#pragma once

#include <string>
#include <vector>

namespace highwater::http {

// While it lives, `host` has these addresses (numeric, in this order).
class KnownHost {
 public:
  KnownHost(std::string host, const std::vector<std::string>& addresses);
  ~KnownHost();
  KnownHost(const KnownHost&) = delete;
  KnownHost& operator=(const KnownHost&) = delete;

 private:
  const std::string host_;
};

// While it lives, whoever looks `host` up waits, as for a name server that is silent.
class SilentHost {
 public:
  explicit SilentHost(std::string host);
  ~SilentHost();
  SilentHost(const SilentHost&) = delete;
  SilentHost& operator=(const SilentHost&) = delete;

  // How many lookups wait now.
  [[nodiscard]] static int waiting();
  // Until `count` lookups wait.
  static void await(int count);

 private:
  const std::string host_;
};

}  // namespace highwater::http
