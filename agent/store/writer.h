// StoreWriter: carries changes from the pipeline to the disk on a thread of its own, so that a disk
// that hangs or fails never holds up the judging.
//
// Changes wait in memory, the newest for each record only, and all that waits goes to the disk in
// one transaction: what is on the disk is always the state after some submit(), never between two.
// A commit that fails is tried again, at longer and longer intervals, until it succeeds; what waits
// is bounded by the state itself, because a record waits once, and by max_waiting_bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/time.h"
#include "agent/store/store.h"

namespace highwater::agent {

struct StoreWriterOptions {
  // Called on the writer's thread after each commit: all changes up to this submit() are on the
  // disk. Must not call back into the writer, nor take long. Never called after the destructor.
  std::function<void(uint64_t sequence)> on_committed;
  uint64_t max_waiting_bytes = uint64_t{256} << 20U;
  Duration first_retry = std::chrono::seconds(1);
  Duration longest_retry = std::chrono::seconds(30);
  // How long the destructor waits for a commit under way before it leaves the thread behind.
  Duration patience = std::chrono::seconds(1);
  // A commit that takes longer is a failure for as long as it goes on.
  Duration hangs_after = std::chrono::seconds(5);
};

// How the writer fares, for an observation. Numbers are of this process's life.
struct StoreHealth {
  uint64_t submitted = 0;  // the newest sequence
  uint64_t committed = 0;  // everything up to it is on the disk
  uint64_t commits = 0;
  uint64_t failures = 0;
  uint64_t discarded = 0;  // submits whose changes were dropped because the whole was asked for
  uint64_t waiting_records = 0;
  uint64_t waiting_bytes = 0;
  Duration last_commit{};                      // how long it took
  std::optional<SteadyTime> committing_since;  // a disk that hangs shows here
  std::string failure;  // of the last try, or that one hangs; empty when it succeeded
  std::optional<WallTime> failing_since;
  // Changes alone no longer make a state: the file was lost, or too much waited. Answer with
  // submit_whole().
  bool wants_whole = false;
};

class StoreWriter {
 public:
  explicit StoreWriter(std::unique_ptr<Committer> committer, StoreWriterOptions options = {});
  // What still waits is dropped: flush() first.
  ~StoreWriter();
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  // Any thread; never waits for the disk. Returns the sequence that on_committed() will report.
  uint64_t submit(std::vector<Change> changes);
  // Every record there is; what is not among them goes.
  uint64_t submit_whole(std::vector<Change> records);

  // Waits until all that was submitted is on the disk. False when `deadline` passed, or when a try
  // made after this call failed.
  bool flush(SteadyTime deadline);

  [[nodiscard]] StoreHealth health() const;

 private:
  class Worker;
  std::shared_ptr<Worker> worker_;  // its thread keeps it too, for as long as the disk hangs
};

}  // namespace highwater::agent
