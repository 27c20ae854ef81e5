// TokenBucket: bounds how often something happens that others can cause: at most `burst` times at
// once, and `per_second` times a second for long. Pure: times are arguments.
#pragma once

#include <algorithm>
#include <chrono>

#include "agent/core/time.h"

namespace highwater::kafka {

class TokenBucket {
 public:
  TokenBucket(double burst, double per_second)
      : burst_(burst), per_second_(per_second), tokens_(burst) {}

  // Whether it may happen now; if so, it counts.
  bool take(SteadyTime now) {
    refill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // For how long take() will go on to say no.
  [[nodiscard]] Duration wait(SteadyTime now) {
    refill(now);
    if (tokens_ >= 1) return Duration::zero();
    return std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::duration<double>((1 - tokens_) / per_second_));
  }

 private:
  void refill(SteadyTime now) {
    if (last_ != SteadyTime{})
      tokens_ = std::min(burst_, tokens_ + std::max(0.0, to_seconds(now - last_)) * per_second_);
    last_ = std::max(last_, now);
  }

  double burst_;
  double per_second_;
  double tokens_;
  SteadyTime last_{};
};

}  // namespace highwater::kafka
