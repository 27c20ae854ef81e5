#include "http_lookup.h"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

namespace {

using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

struct Names {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::vector<std::string>> known;  // under mutex
  std::set<std::string> silent;                           // under mutex
  int waiting = 0;                                        // under mutex
};

// Never destroyed: a lookup that was abandoned may outlive the tests.
Names& names() {
  static auto* const names = new Names;
  return *names;
}

Lookup system_lookup() {
  return reinterpret_cast<Lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
}

int answer(const std::vector<std::string>& addresses, const char* service, const addrinfo* hints,
           addrinfo** result) {
  addrinfo* first = nullptr;
  addrinfo** last = &first;
  for (const std::string& address : addresses) {
    if (system_lookup()(address.c_str(), service, hints, last) != 0) continue;
    while (*last != nullptr) last = &(*last)->ai_next;
  }
  *result = first;
  return first != nullptr ? 0 : EAI_NONAME;
}

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (host == nullptr) return system_lookup()(host, service, hints, result);
  Names& all = names();
  std::unique_lock lock(all.mutex);
  if (all.silent.contains(host)) {
    ++all.waiting;
    all.changed.notify_all();
    all.changed.wait(lock, [&] { return !all.silent.contains(host); });
    --all.waiting;
    all.changed.notify_all();
    return EAI_AGAIN;
  }
  const auto found = all.known.find(host);
  if (found == all.known.end()) {
    lock.unlock();
    return system_lookup()(host, service, hints, result);
  }
  return answer(found->second, service, hints, result);
}

namespace highwater::http {

KnownHost::KnownHost(std::string host, const std::vector<std::string>& addresses)
    : host_(std::move(host)) {
  const std::lock_guard lock(names().mutex);
  names().known[host_] = addresses;
}

KnownHost::~KnownHost() {
  const std::lock_guard lock(names().mutex);
  names().known.erase(host_);
}

SilentHost::SilentHost(std::string host) : host_(std::move(host)) {
  const std::lock_guard lock(names().mutex);
  names().silent.insert(host_);
}

SilentHost::~SilentHost() {
  {
    const std::lock_guard lock(names().mutex);
    names().silent.erase(host_);
  }
  names().changed.notify_all();
  await(0);
}

int SilentHost::waiting() {
  const std::lock_guard lock(names().mutex);
  return names().waiting;
}

void SilentHost::await(int count) {
  std::unique_lock lock(names().mutex);
  names().changed.wait(lock, [&] { return names().waiting == count; });
}

}  // namespace highwater::http
