// SampleRing: samples of a few numbers over the last minutes, for how fast they change. One per
// group and topic; fixed size, whatever the cadence. On the interpreter's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/core/time.h"

namespace highwater::collectors {

template <size_t kNumbers>
class SampleRing {
 public:
  struct Sample {
    SteadyTime at{};
    std::array<double, kNumbers> numbers{};
  };
  struct Interval {
    Sample first, last;
    [[nodiscard]] double seconds() const { return to_seconds(last.at - first.at); }
    // How much the number grew in a second.
    [[nodiscard]] double rate(size_t number) const {
      return (last.numbers[number] - first.numbers[number]) / seconds();
    }
  };

  // `at` never goes back. Another length, or a gap as long as that, starts over.
  void add(SteadyTime at, Duration length, const std::array<double, kNumbers>& numbers) {
    const Duration step = length / kSamples;
    if (step != step_ || (count_ > 0 && at - last_.at >= length)) count_ = 0;
    step_ = step;
    last_ = {at, numbers};
    while (count_ > 0 && at - samples_[oldest_].at > length) {
      oldest_ = next(oldest_);
      --count_;
    }
    if (count_ > 0 && (count_ == kSamples || at - samples_[place(count_ - 1)].at < step)) return;
    if (count_ == 0) oldest_ = 0;
    samples_[place(count_)] = last_;
    ++count_;
  }

  // From the oldest sample to the newest numbers; nothing until they are a quarter of the length
  // apart.
  [[nodiscard]] std::optional<Interval> interval() const {
    if (count_ == 0 || last_.at - samples_[oldest_].at < step_ * (kSamples / 4))
      return std::nullopt;
    return Interval{samples_[oldest_], last_};
  }
  // The same, however short; nothing while there is one moment only.
  [[nodiscard]] std::optional<Interval> interval_so_far() const {
    if (count_ == 0 || last_.at == samples_[oldest_].at) return std::nullopt;
    return Interval{samples_[oldest_], last_};
  }

 private:
  static constexpr uint32_t kSamples = 8;
  static uint32_t next(uint32_t place) { return (place + 1) % kSamples; }
  [[nodiscard]] uint32_t place(uint32_t number) const { return (oldest_ + number) % kSamples; }

  std::array<Sample, kSamples> samples_{};
  Sample last_;
  Duration step_{};
  uint32_t oldest_ = 0;
  uint32_t count_ = 0;
};

}  // namespace highwater::collectors
