#include "agent/resources.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "agent/core/small_file.h"
#include "collectors/sources/collector.h"

namespace highwater::agent {
namespace {

// Standard streams, the listener, the state with its log and its lock, the recording, event
// descriptors, and what is opened for a moment.
constexpr size_t kBase = 20;
constexpr size_t kOfCluster = 5;  // the event loop, and a look-up
constexpr size_t kOfCanary = 4;
// A request that goes out: its connection, a look-up, and what wakes its thread.
constexpr size_t kOfRequest = 6;
constexpr size_t kOfIdleSession = 3;
constexpr size_t kMostIdleSessions = 64;

constexpr size_t kLeastServer = 10;
constexpr size_t kMostServer = 256;
constexpr size_t kLeastBrokers = 6;
constexpr size_t kMostBrokers = 4096;
constexpr rlim_t kEnoughFiles = 65'536;

// Main, signals, pipeline, state (a second one while it hangs), recording, traces, and the
// server's.
constexpr size_t kThreads = 18;
// A cluster's, and one for its look-ups.
constexpr size_t kThreadsOfCluster = 2;
// Look-ups that hang after their request ended, of each client of ours.
constexpr size_t kHangingLookups = 32;

// Of all the replies that clients take their time to read.
constexpr uint64_t kReplies = 48U << 20;
constexpr uint64_t kLeastOfCluster = 8U << 20;
constexpr uint64_t kUnlimited = UINT64_MAX;

// The number in one of the kernel's files; unlimited when it holds none.
uint64_t number_in(const std::string& path) {
  const Result<std::string> text = read_small_file(path, 100);
  uint64_t number = kUnlimited;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

// Of the group of this process and of those around it; in a container it is at the root.
uint64_t control_group_memory() {
  const std::string root = "/sys/fs/cgroup";
  uint64_t least =
      std::min(number_in(root + "/memory.max"), number_in(root + "/memory/memory.limit_in_bytes"));
  const Result<std::string> groups = read_small_file("/proc/self/cgroup", 10'000);
  const size_t at = groups ? groups->find("0::/") : std::string::npos;
  if (at == std::string::npos) return least;
  std::string group = groups->substr(at + 3, groups->find('\n', at) - at - 3);
  for (; group.size() > 1; group.resize(group.rfind('/')))
    least = std::min(least, number_in(root + group + "/memory.max"));
  return least;
}

size_t source_threads(const Config& config) {
  return std::min(config.sources.sources.size(), sources::SourcesCollector::kMostThreads);
}

}  // namespace

Result<OpenFileShares> share_open_files(size_t limit, const Config& config) {
  const size_t clusters = config.clusters.size();
  const size_t idle = std::min(config.sources.sources.size(), kMostIdleSessions);
  const size_t requests =
      config.receivers.size() + source_threads(config) + (config.traces.endpoint.empty() ? 0 : 1);
  const size_t own = kBase + clusters * kOfCluster + config.canaries.size() * kOfCanary +
                     requests * kOfRequest + idle * kOfIdleSession;
  const size_t least = own + kLeastServer + clusters * kLeastBrokers;
  if (limit < least)
    return fail(fmt::format(
        "only {} files may be open at a time, and this configuration needs at least {}: raise "
        "LimitNOFILE of the unit, or 'ulimit -n'",
        limit, least));
  const size_t left = limit - own;
  OpenFileShares shares;
  shares.server = std::clamp(left / 4, kLeastServer, kMostServer);
  shares.brokers = std::clamp((left - shares.server) / std::max<size_t>(clusters, 1), kLeastBrokers,
                              kMostBrokers);
  return shares;
}

uint64_t most_memory(const Config& config) {
  if (config.memory) return *config.memory;
  const uint64_t machine = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                           static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(machine / 2, control_group_memory());
}

uint64_t memory_of_cluster(uint64_t memory, size_t clusters) {
  const uint64_t usable = memory / 10 * 6;
  const uint64_t left = usable > kReplies ? usable - kReplies : 0;
  return std::max(kLeastOfCluster, left / std::max<size_t>(clusters, 1));
}

size_t raise_open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t wanted = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnoughFiles));
  const rlimit raised{wanted, limit.rlim_max};
  if (wanted > limit.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &raised) != 0)
    return static_cast<size_t>(limit.rlim_cur);
  return static_cast<size_t>(wanted);
}

size_t most_threads(const Config& config) {
  const size_t requests = config.receivers.size() + source_threads(config) + 1;
  // A request's look-up has a thread of its own.
  return kThreads + config.clusters.size() * kThreadsOfCluster + config.canaries.size() +
         (config.node ? config.clusters.size() * kThreadsOfCluster + 1 : 0) + 2 * requests +
         kHangingLookups;
}

Result<void> try_threads(size_t count) {
  std::mutex mutex;
  std::condition_variable changed;
  bool enough = false;
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::string problem;
  try {
    while (threads.size() < count)
      threads.emplace_back([&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return enough; });
      });
  } catch (const std::system_error& error) {
    problem = fmt::format(
        "only {} threads can be started ({}), and this configuration needs up to {}: raise "
        "TasksMax of the unit, the container's limit of processes or 'ulimit -u', or watch less "
        "with one agent",
        threads.size(), error.code().message(), count);
  }
  {
    const std::lock_guard lock(mutex);
    enough = true;
  }
  changed.notify_all();
  for (std::thread& thread : threads) thread.join();
  if (!problem.empty()) return fail(problem);
  return {};
}

}  // namespace highwater::agent
