// Ring: what one value was, step by step, for a fixed time back. Used by History, under its lock.
//
// Each step has the least, the greatest and the last value, so that a spike between two readings is
// never averaged away. A value is kept as the upper half of a float: 8 binary digits, an error of
// 0.4 % at most. Steps are kept in chunks; a chunk in which nothing changed costs no more than one
// step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "agent/core/table.h"
#include "agent/core/time.h"
#include "exporters/archive.h"

namespace highwater::history {

// 16 bits: a number, or why there is none.
class Level {
 public:
  constexpr Level() = default;  // nothing was recorded
  [[nodiscard]] static Level of(double value);
  [[nodiscard]] static Level unknown(Unknown reason);

  [[nodiscard]] bool is_number() const { return (bits_ & kNan) != kNan; }
  [[nodiscard]] bool is_recorded() const { return bits_ != kNothing; }
  // Only of a number.
  [[nodiscard]] float value() const;
  // `known` when it is a number, or nothing was recorded.
  [[nodiscard]] Unknown reason() const;
  bool operator==(const Level&) const = default;
  [[nodiscard]] uint16_t bits() const { return bits_; }
  [[nodiscard]] static Level from_bits(uint16_t bits);

 private:
  static constexpr uint16_t kNan = 0x7F80;      // all exponent bits: infinity and what is no number
  static constexpr uint16_t kNothing = 0xFFFF;  // no reason has this number
  uint16_t bits_ = kNothing;
};

struct Step {
  Level min;
  Level max;
  Level last;  // unknown: so the step ended; min and max are numbers when one was seen in it
  void add(Level level);
  void add(const Step& later);
  bool operator==(const Step&) const = default;
};

class Ring {
 public:
  // Keeps at least `chunks - 1` and at most `chunks` full chunks of `chunk_steps` steps.
  Ring(Duration step, uint16_t chunk_steps, uint16_t chunks)
      : step_(step), chunk_steps_(chunk_steps), chunks_(chunks) {}

  // In the order of time; what is older than the newest step is left out. The value before holds
  // until then, when that is no longer than `hold`.
  void add(WallTime at, Level level, Duration hold);
  [[nodiscard]] Duration step() const { return step_; }
  // Step by step from the one that holds `from` up to `until`; unrecorded ones as they are.
  [[nodiscard]] std::vector<Step> between(WallTime from, WallTime until) const;
  // The begin of the step that holds it.
  [[nodiscard]] WallTime floor(WallTime at) const { return WallTime(step_ * number(at)); }

  // The oldest chunk with steps of its own; nothing when there is none.
  [[nodiscard]] std::optional<int32_t> oldest_uneven() const;
  // Forgets everything up to and including that chunk.
  void forget_until(int32_t chunk);
  // Memory of the steps.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return chunks_kept_.empty(); }

  void write(ArchiveWriter& out) const;
  // Into an empty ring of the same form; what does not fit it fails the reader. Chunks that begin
  // after `now` are left out: a clock was wrong, and they would stand in the way until then.
  void read(ArchiveReader& in, WallTime now);

 private:
  struct Chunk {
    int32_t number = 0;             // of chunks since the epoch
    uint16_t begin = 0;             // the first step written
    uint16_t filled = 0;            // one past the last step written
    std::unique_ptr<Step[]> steps;  // as soon as two differ
    Step even;                      // while `steps` is empty: what each of them is
  };

  [[nodiscard]] int64_t number(WallTime at) const {
    const int64_t count = at.time_since_epoch() / step_;
    return at.time_since_epoch() < Duration::zero() ? count - 1 : count;
  }
  void add(int64_t step, Level level);
  void write(Chunk& chunk, uint16_t index, const Step& step);
  [[nodiscard]] static Step read(const Chunk& chunk, uint16_t index);

  Duration step_;
  uint16_t chunk_steps_;
  uint16_t chunks_;
  std::vector<Chunk> chunks_kept_;  // ascending; steps between two of them were not recorded
  size_t bytes_ = 0;
};

}  // namespace highwater::history
