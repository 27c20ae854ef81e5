// OpenHours: when a rule is meant, as its author said with `during`: days of the week, hours of the
// day, a time zone, dates that do not count. Made by the loader (during_parser.h); asked by the
// rule and SLO watches, which follow it along the clock with an OpenNow, and by burn.h, which asks
// how much of a window lies inside. No clock is read.
//
// A range of hours belongs to the day on which it begins: "22:00-06:00" on fri ends on Saturday,
// and a date in `except` takes out what begins on it. Ranges that touch are one interval, from
// midnight to midnight as well. What a change of the clocks does to them is said in calendar.h.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/time.h"
#include "rules/yearly_intervals.h"

namespace highwater::rules {

// What the author wrote.
struct During {
  // From midnight; `end` is after `begin`, at most a day later, and beyond 24 h on the next day.
  struct Hours {
    std::chrono::minutes begin{0};
    std::chrono::minutes end{std::chrono::hours(24)};
  };
  std::array<bool, 7> days{true, true, true, true, true, true, true};  // from Monday; one at least
  std::vector<Hours> hours{Hours{}};                                   // one at least
  std::string time_zone = "UTC";
  bool zone_named = false;                      // otherwise UTC stands in
  std::vector<std::chrono::local_days> except;  // rising
};

// Immutable to whoever asks; any thread.
class OpenHours {
 public:
  explicit OpenHours(During during);

  using Interval = YearlyIntervals::Around;
  [[nodiscard]] Interval around(WallTime at) const { return years_.around(at); }
  [[nodiscard]] Duration inside(WallTime from, WallTime to) const {
    return years_.inside(from, to);
  }
  [[nodiscard]] WallTime after(WallTime from, Duration inside) const {
    return years_.after(from, inside);
  }

  // In weeks without exceptions or changes of the clocks: the longest interval, the longest there
  // is when it never closes; and the most that can be inside of a window of that length.
  [[nodiscard]] Duration longest() const { return longest_; }
  [[nodiscard]] Duration most_within(Duration window) const;

  // "mon-fri 08:00-18:00 Europe/Berlin, except 2026-12-25"
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const During& during() const { return during_; }

 private:
  struct WeekPiece {
    Duration begin;
    Duration end;
  };

  [[nodiscard]] std::vector<WallInterval> make_year(int year) const;
  void lay_out_week();
  [[nodiscard]] Duration inside_week(Duration from, Duration to) const;

  const During during_;
  const YearlyIntervals years_;
  std::vector<WeekPiece> week_;  // rising, from Monday's midnight; what runs over is at its begin
  Duration of_week_{};
  Duration longest_{};
  mutable std::mutex mutex_;
  mutable std::map<Duration, Duration> most_;  // by window
};

// Follows the hours of a rule along the clock. One for each watch, on the pipeline's thread; with
// null always open.
class OpenNow {
 public:
  // True when another interval holds `now` than before, and the first time.
  bool follow(const OpenHours* hours, Now now);

  [[nodiscard]] bool open() const { return !interval_ || interval_->open; }
  // Of the interval that holds the last `now`; the epoch without hours.
  [[nodiscard]] WallTime since() const { return interval_ ? interval_->begin : WallTime{}; }
  [[nodiscard]] std::optional<SteadyTime> ends() const { return ends_; }
  // The rule was changed.
  void forget() { *this = {}; }

 private:
  std::optional<OpenHours::Interval> interval_;
  std::optional<SteadyTime> ends_;
};

}  // namespace highwater::rules
