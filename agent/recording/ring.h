// RecordingRing: a recording that never grows beyond its size: files that are begun anew now and
// then, the oldest removed first. Owned by the recorder, on its thread.
//
// A file is begun again after an eighth of the size, so that at most that much is lost at a time.
// After a failure the ring starts over with a new file, whatever was wrong.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/result.h"
#include "agent/recording/encoder.h"
#include "agent/recording/folder.h"

namespace highwater::agent {

class RecordingRing {
 public:
  // `keep` is in bytes; `session` is this run of the agent.
  RecordingRing(std::unique_ptr<RecordingFolder> folder, uint64_t keep, const TraceId& session)
      : folder_(std::move(folder)), keep_(keep), session_(session) {}

  // Writes what is new in the snapshot, if anything is. `now` never goes back; `after_gap`: what
  // was seen since the write before is not told.
  [[nodiscard]] Result<void> write(const Snapshot& snapshot, Now now, bool after_gap);

  [[nodiscard]] uint64_t bytes() const { return total_; }  // as far as it knows

 private:
  [[nodiscard]] Result<void> write(const Recorded& current, Now now);
  [[nodiscard]] bool worth_a_new_file() const;
  [[nodiscard]] Result<void> begin_file();
  // Removes the oldest files until so much more fits, but not the newest one.
  [[nodiscard]] Result<void> make_room(uint64_t bytes);
  void give_up();

  const std::unique_ptr<RecordingFolder> folder_;
  const uint64_t keep_;
  const TraceId session_;
  bool listed_ = false;
  std::deque<RecordingFile> files_;
  uint64_t total_ = 0;
  uint64_t next_number_ = 1;
  std::optional<RecordingEncoder> encoder_;  // of the newest file; nothing: begin one
  uint64_t first_bytes_ = 0;                 // what its first moment took
  Recorded recorded_;
  bool gap_ = false;  // something was not written since the last moment that was
};

}  // namespace highwater::agent
