// BudgetPoints: the packed points of a budget curve (budget_curve.h, the only user), on the
// pipeline's thread.
//
// A point is packed as its difference to the one before, two or three bytes as a rule, in blocks
// that begin with a point in full: a look-up is a binary search over the blocks and a walk through
// one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/little_endian.h"

namespace highwater::rules {

// Cumulative sums in thousandths: milliseconds, or thousandths of an event. Doubles, so that no
// counter is too large: whole numbers to 2^53, with a relative error of 1e-16 beyond.
struct BudgetTotals {
  double first = 0;  // of the first counter
  double total = 0;
  double known = 0;

  bool operator==(const BudgetTotals&) const = default;
};

// All its numbers are whole. `at` is milliseconds since 1970: a full minute, except for a curve's
// first point.
struct BudgetPoint {
  int64_t at = 0;
  BudgetTotals sums;

  bool operator==(const BudgetPoint&) const = default;
};

// On the straight line through two points of different times.
[[nodiscard]] BudgetTotals on_line(const BudgetPoint& from, const BudgetPoint& to, double at);
[[nodiscard]] BudgetTotals rounded(const BudgetTotals& sums);

inline constexpr int64_t kMinute = 60'000;
inline constexpr int64_t kHour = 60 * kMinute;
[[nodiscard]] constexpr int64_t floor_to(int64_t at, int64_t step) {
  return at - ((at % step) + step) % step;
}

class BudgetPoints {
 public:
  explicit BudgetPoints(const BudgetPoint& first);

  // Later than the last one, at a full minute, no sum smaller.
  void append(const BudgetPoint& point);

  [[nodiscard]] const BudgetPoint& first() const { return blocks_.front().first; }
  [[nodiscard]] const BudgetPoint& last() const { return last_; }

  // The points around a time: before.at <= at < after.at. first().at <= at < last().at.
  struct Pair {
    BudgetPoint before;
    BudgetPoint after;
  };
  [[nodiscard]] Pair around(int64_t at) const;

  // Replaces what lies between two full hours by points at full hours. The sums at full hours stay
  // as they are, to half a thousandth. Only `first` may stand between hours. until <= last().at.
  void thin(int64_t from, int64_t until);

  // Drops whole blocks, as long as a point at or before this time is left.
  void forget(int64_t before);

  [[nodiscard]] size_t size() const;
  [[nodiscard]] size_t heap_bytes() const;

  void encode(LittleEndianWriter& out) const;
  // Leaves `out` as it is and returns false when this is no sequence of points.
  [[nodiscard]] static bool decode(LittleEndianReader& in, BudgetPoints& out);

 private:
  struct Block {
    BudgetPoint first;
    uint32_t offset = 0;  // in bytes_: of the points after the first
    uint32_t count = 1;   // of points
  };
  BudgetPoints() = default;

  [[nodiscard]] size_t block_of(int64_t at) const;
  [[nodiscard]] std::string_view packed(size_t block) const;
  [[nodiscard]] std::vector<BudgetPoint> unpack(size_t first_block, size_t last_block) const;
  void replace(size_t first_block, size_t last_block, const std::vector<BudgetPoint>& points);
  [[nodiscard]] bool consistent();

  std::vector<Block> blocks_;  // rising; at least one
  std::vector<uint8_t> bytes_;
  BudgetPoint last_;
};

}  // namespace highwater::rules
