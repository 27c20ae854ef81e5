// YearlyIntervals: when something is on that recurs for as long as anybody asks, as intervals of
// time. They are made a year at a time when they are asked for, and a few years are kept. Used by
// open_hours.h and icalendar/event_calendar.h. Any thread; no clock is read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "agent/core/time.h"
#include "rules/calendar.h"

namespace highwater::rules {

class YearlyIntervals {
 public:
  // All that overlap with a year in UTC, rising, apart from each other; they may reach beyond it.
  // Called on the thread that asks.
  using MakeYear = std::function<std::vector<WallInterval>(int year)>;
  explicit YearlyIntervals(MakeYear make) : make_(std::move(make)) {}

  struct Around {
    bool open = false;
    WallTime begin;
    WallTime end;  // after the moment asked for; more than three years may be cut
  };
  [[nodiscard]] Around around(WallTime at) const;

  // How much of the time from one moment to another is inside. O(log n) for windows up to years.
  [[nodiscard]] Duration inside(WallTime from, WallTime to) const;
  // The moment until which so much of the time since `from` is inside.
  [[nodiscard]] WallTime after(WallTime from, Duration inside) const;

 private:
  struct Piece {
    WallTime begin;
    WallTime end;
    Duration before{};  // open since the year began
  };
  struct Year {
    std::vector<Piece> pieces;  // within the year
    Duration total{};
  };

  [[nodiscard]] Around find_around(WallTime at) const;
  [[nodiscard]] std::shared_ptr<const Year> year_of(int year) const;
  [[nodiscard]] Year cut_year(int year) const;
  [[nodiscard]] Duration since_new_year(int year, WallTime at) const;

  const MakeYear make_;
  mutable std::mutex mutex_;
  mutable std::map<int, std::shared_ptr<const Year>> years_;
  mutable std::optional<Around> last_;  // that was asked for: it is asked for again and again
};

// The first moment of a year in UTC.
[[nodiscard]] WallTime new_year(int year);

}  // namespace highwater::rules
