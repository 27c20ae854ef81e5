// What the process takes of the system's open files, threads and memory, shared out among those who use
// them, so that none of them leaves the others without: clients of the server, brokers, sources.
// What notifications and the state need is never anybody else's. Main's thread, before the start.
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/config/config.h"
#include "agent/core/result.h"

namespace highwater::agent {

struct OpenFileShares {
  size_t server = 256;    // connections of the HTTP server, in whatever state
  size_t brokers = 4096;  // connections to the brokers of each cluster
};

// Of `limit` open files. The error says how many this configuration needs at least.
[[nodiscard]] Result<OpenFileShares> share_open_files(size_t limit, const Config& config);

// What the process may take: as the configuration says, or the limit of its control group (a
// container, a unit of systemd), or half of the machine's. Bytes.
[[nodiscard]] uint64_t most_memory(const Config& config);

// How much of it each cluster may take for what is known of it; what clients of the server and the
// program itself need is set aside.
[[nodiscard]] uint64_t memory_of_cluster(uint64_t memory, size_t clusters);

// Raises the limit of open files as far as this user may, and returns it.
[[nodiscard]] size_t raise_open_file_limit();

// How many threads may run at a time: what TasksMax of a unit must allow beside the canary.
[[nodiscard]] size_t most_threads(const Config& config);

// Starts so many threads and ends them: where the system does not let us, this is better known
// before the first cluster is watched.
[[nodiscard]] Result<void> try_threads(size_t count);

}  // namespace highwater::agent
