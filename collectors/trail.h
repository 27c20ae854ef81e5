// Trail: a few numbers as they were now and then within the last minutes, to tell how fast they
// change. One per group and topic; fixed size, whatever the cadence. On the interpreter's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/core/time.h"

namespace highwater::collectors {

template <size_t kNumbers>
class Trail {
 public:
  struct Mark {
    SteadyTime at{};
    std::array<double, kNumbers> numbers{};
  };
  struct Stretch {
    Mark first, last;
    [[nodiscard]] double seconds() const { return to_seconds(last.at - first.at); }
    // How much the number grew in a second.
    [[nodiscard]] double rate(size_t number) const {
      return (last.numbers[number] - first.numbers[number]) / seconds();
    }
  };

  // `at` never goes back. Another length, or a gap as long as that, starts over.
  void add(SteadyTime at, Duration length, const std::array<double, kNumbers>& numbers) {
    const Duration step = length / kMarks;
    if (step != step_ || (count_ > 0 && at - last_.at >= length)) count_ = 0;
    step_ = step;
    last_ = {at, numbers};
    while (count_ > 0 && at - marks_[oldest_].at > length) {
      oldest_ = next(oldest_);
      --count_;
    }
    if (count_ > 0 && (count_ == kMarks || at - marks_[place(count_ - 1)].at < step)) return;
    if (count_ == 0) oldest_ = 0;
    marks_[place(count_)] = last_;
    ++count_;
  }

  // From the oldest mark to the newest numbers; nothing until they are a quarter of the length
  // apart.
  [[nodiscard]] std::optional<Stretch> stretch() const {
    if (count_ == 0 || last_.at - marks_[oldest_].at < step_ * (kMarks / 4)) return std::nullopt;
    return Stretch{marks_[oldest_], last_};
  }
  // The same, however short; nothing while there is one moment only.
  [[nodiscard]] std::optional<Stretch> stretch_so_far() const {
    if (count_ == 0 || last_.at == marks_[oldest_].at) return std::nullopt;
    return Stretch{marks_[oldest_], last_};
  }

 private:
  static constexpr uint32_t kMarks = 8;
  static uint32_t next(uint32_t place) { return (place + 1) % kMarks; }
  [[nodiscard]] uint32_t place(uint32_t number) const { return (oldest_ + number) % kMarks; }

  std::array<Mark, kMarks> marks_{};
  Mark last_;
  Duration step_{};
  uint32_t oldest_ = 0;
  uint32_t count_ = 0;
};

}  // namespace highwater::collectors
