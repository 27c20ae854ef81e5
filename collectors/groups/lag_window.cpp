#include "collectors/groups/lag_window.h"

#include <algorithm>

namespace highwater::collectors {
namespace {

constexpr Duration kShortest = std::chrono::seconds(120);
constexpr int kPolls = 8;
// Two in each quarter are the rule; polls a little late may leave one of the four outside.
constexpr uint32_t kSamples = 3;

}  // namespace

Duration lag_window_length(Duration cadence) {
  Duration window = kShortest;
  while (window < cadence * kPolls) window *= 2;
  return window;
}

void LagWindow::add(SteadyTime at, Duration window, double lag_records) {
  const Duration length = window / kSlots;
  const int64_t now = at.time_since_epoch() / length;
  if (length != slot_length_ || now - newest_ >= kSlots) {
    slots_.fill({});
    slot_length_ = length;
    first_ = newest_ = now;
  }
  while (newest_ < now) slots_[place(++newest_)] = {};
  Slot& slot = slots_[place(newest_)];
  slot.lowest = slot.samples == 0 ? lag_records : std::min(slot.lowest, lag_records);
  slot.highest = slot.samples == 0 ? lag_records : std::max(slot.highest, lag_records);
  ++slot.samples;
}

std::optional<double> LagWindow::growth() const {
  // The first poll may stand anywhere in the oldest quarter, a poll's cadence after its start.
  if (newest_ - first_ < kSlots - 2) return std::nullopt;
  const Slot newer = quarter(newest_);
  const Slot older = quarter(newest_ - (kSlots - kQuarter));
  if (newer.samples == 0 || older.samples == 0 || newer.samples + older.samples < kSamples)
    return std::nullopt;
  return std::max(0.0, newer.lowest - older.highest);
}

LagWindow::Slot LagWindow::quarter(int64_t newest) const {
  Slot all;
  for (int64_t number = newest; number > newest - kQuarter; --number) {
    const Slot& one = slots_[place(number)];
    if (one.samples == 0) continue;
    all.lowest = all.samples == 0 ? one.lowest : std::min(all.lowest, one.lowest);
    all.highest = all.samples == 0 ? one.highest : std::max(all.highest, one.highest);
    all.samples += one.samples;
  }
  return all;
}

}  // namespace highwater::collectors
