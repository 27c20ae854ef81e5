// LagWindow: whether a lag truly grows, told from the sawtooth that commits in batches make of a
// steady one. One per group and topic; fixed size, whatever the cadence. On the interpreter's
// thread.
//
// The growth is what the lowest lag in the newest quarter of the window lies above the highest in
// the oldest quarter. A sawtooth whose period fits into a quarter thus never grows, and the half
// between the quarters lets a slow growth rise above the teeth.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "agent/core/time.h"

namespace highwater::collectors {

// Two minutes, doubled until a quarter holds two polls.
[[nodiscard]] Duration lag_window_length(Duration cadence);

class LagWindow {
 public:
  // `at` never goes back. Another length of window starts over.
  void add(SteadyTime at, Duration window, double lag_records);

  // As of the last add(), in records, never negative. Nothing until the window was watched from its
  // start, and while too few samples are in its quarters.
  [[nodiscard]] std::optional<double> growth() const;

 private:
  static constexpr int kSlots = 12;
  static constexpr int kQuarter = kSlots / 4;
  struct Slot {
    double lowest = 0;
    double highest = 0;
    uint32_t samples = 0;
  };
  static size_t place(int64_t slot) {
    return static_cast<size_t>((slot % kSlots + kSlots) % kSlots);
  }
  // All samples of the quarter whose newest slot this is.
  [[nodiscard]] Slot quarter(int64_t newest) const;

  std::array<Slot, kSlots> slots_;
  Duration slot_length_{};
  int64_t first_ = 0;  // slot of the first sample
  int64_t newest_ = 0;
};

}  // namespace highwater::collectors
