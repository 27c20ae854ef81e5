#include "exporters/http/resolve.h"

#include <netdb.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace highwater::http {
namespace {

// A lookup cannot be interrupted, only abandoned: it goes on in its own thread until the resolver
// gives up. This many may be abandoned at a time.
constexpr int kMaxLookups = 16;
std::atomic<int> lookups_running{0};

struct Lookup {
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  int error = 0;
  std::vector<SocketAddress> addresses;
};

int look_up(const std::string& host, const std::string& port, int flags,
            std::vector<SocketAddress>& addresses) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) return error;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(found);
  return addresses.empty() ? EAI_NONAME : 0;
}

}  // namespace

Result<std::vector<SocketAddress>> resolve(const Url& url, const Limit& limit) {
  std::vector<SocketAddress> addresses;
  const std::string port = std::to_string(url.port);
  if (look_up(url.host, port, AI_NUMERICHOST, addresses) == 0) return addresses;

  if (lookups_running.fetch_add(1) >= kMaxLookups) {
    lookups_running.fetch_sub(1);
    return fail("look up the host: the name service does not answer earlier lookups");
  }
  const auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, host = url.host, port] {
      std::vector<SocketAddress> found;
      const int error = look_up(host, port, AI_ADDRCONFIG, found);
      {
        const std::lock_guard lock(lookup->mutex);
        lookup->finished = true;
        lookup->error = error;
        lookup->addresses = std::move(found);
      }
      lookup->done.notify_all();
      lookups_running.fetch_sub(1);
    }).detach();
  } catch (const std::system_error& error) {
    lookups_running.fetch_sub(1);
    return fail(std::string("look up the host: ") + error.what());
  }

  std::unique_lock lock(lookup->mutex);
  while (!lookup->finished) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (limit.stop.stop_requested()) return fail("look up the host: stopped");
    if (now >= limit.deadline) return fail("look up the host: no answer within the deadline");
    lookup->done.wait_until(
        lock, std::min<SteadyTime>(limit.deadline, now + std::chrono::milliseconds(50)));
  }
  if (lookup->error != 0)
    return fail(std::string("look up the host: ") + gai_strerror(lookup->error));
  return lookup->addresses;
}

std::string SocketAddress::text() const {
  char host[NI_MAXHOST] = "";
  const int error = getnameinfo(reinterpret_cast<const sockaddr*>(&storage), length, host,
                                sizeof(host), nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? host : "?";
}

}  // namespace highwater::http
