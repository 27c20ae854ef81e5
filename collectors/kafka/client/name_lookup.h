// NameLookup: host names to addresses, with a deadline. One per cluster, used by its connections.
//
// The system's resolver blocks for as long as it likes, so it runs on threads of its own: at most
// eight, started when needed and gone when idle. Whoever asks waits no longer than its deadline,
// and stopping waits for none of them: a thread that is stuck owns what it touches and ends by
// itself. A name that is being looked up is not looked up a second time.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "collectors/kafka/client/failure.h"

namespace highwater::kafka {

class NameLookup {
 public:
  using Addresses = std::vector<asio::ip::address>;
  // Blocks; called on any thread, several times at once.
  using Resolve = std::function<Result<Addresses>(const std::string& host)>;

  static constexpr size_t kMaxThreads = 8;

  explicit NameLookup(Resolve resolve = resolve_by_system);
  ~NameLookup() { close(); }
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // On the cluster's thread. Numeric addresses are answered at once. Fails with unresolved.
  asio::awaitable<Answer<Addresses>> find(std::string host, Duration timeout);

  // What is still looked up is of no interest any more: from here on no executor is used. To be
  // called before their context ends.
  void close();

  // getaddrinfo() for TCP.
  static Result<Addresses> resolve_by_system(const std::string& host);

 private:
  struct State;
  struct Waiter;
  std::shared_ptr<State> state_;
};

}  // namespace highwater::kafka
