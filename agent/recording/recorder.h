// Recorder: keeps what the rules saw on the disk, for `highwater replay`. Made by main's thread;
// take() is the pipeline's. Writing happens on a thread of its own: a disk that is slow, full or
// hangs loses moments of the recording, which are counted, and holds up nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/core/log.h"
#include "agent/core/observation.h"
#include "agent/recording/folder.h"

namespace highwater::agent {

struct RecorderOptions {
  uint64_t keep = 100'000'000;  // bytes
  // How many snapshots may wait for the disk; each holds what was polled since.
  size_t queue = 32;
  // After a failure, until the next try.
  Duration retry = std::chrono::seconds(5);
};

struct RecorderHealth {
  uint64_t dropped = 0;  // moments that are not in the recording; of this process's life
  std::string failure;   // why; empty when all is well
};

class Recorder {
 public:
  // `log` must outlive the recorder, also when its thread is left behind.
  Recorder(std::unique_ptr<RecordingFolder> folder, RecorderOptions options, Log& log);
  // Waits no longer than stop() was told to; without stop() not at all.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // After each evaluation: what was judged, and when. Never waits. `now` never goes back.
  void take(SnapshotPtr snapshot, Now now);

  [[nodiscard]] RecorderHealth health() const;  // any thread

  // Writes what waits, as long as `patience`; false when that was not enough.
  bool stop(Duration patience);

 private:
  class Worker;
  std::shared_ptr<Worker> worker_;  // its thread keeps it too, for as long as the disk hangs
};

}  // namespace highwater::agent
