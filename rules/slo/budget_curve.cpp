#include "rules/slo/budget_curve.h"

#include <algorithm>
#include <cmath>

namespace highwater::rules {
namespace {

using std::chrono::milliseconds;

constexpr uint8_t kExcludingVersion = 3;  // with stretches that count for nothing
constexpr uint8_t kVersion = 2;
constexpr uint8_t kBadOnlyVersion = 1;  // without what the first counter counts
constexpr int64_t kFineHistory = 3 * 24 * kHour;
constexpr double kMost = 1e15;         // in one step; far from what 64 bits hold in thousandths
constexpr double kMostOnALine = 1e18;  // thousandths between two points

int64_t floor_milliseconds(WallTime time) {
  return std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
}

WallTime wall_time(int64_t at) {
  return WallTime(milliseconds(at));
}

double in_milliseconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

// A difference of sums that are rounded to thousandths, which is 0.
constexpr double kRounding = 0.005;
constexpr double kRelativeRounding = 1e-12;

// Thousandths, as far as they can be.
BudgetTotals sane(const Counted& sums, Duration passed) {
  const auto amount = [](double value) {
    return std::isfinite(value) ? std::clamp(value, 0.0, kMost) : 0.0;
  };
  return {amount(sums.first) * 1000, amount(sums.total) * 1000,
          in_milliseconds(std::clamp(sums.known, Duration::zero(), passed))};
}

BudgetTotals sum(const BudgetTotals& sums, const BudgetTotals& more, double share) {
  return {sums.first + more.first * share, sums.total + more.total * share,
          sums.known + more.known * share};
}

BudgetTotals slope_between(const BudgetTotals& from, const BudgetTotals& to, int64_t passed) {
  const auto time = static_cast<double>(passed);
  return {(to.first - from.first) / time, (to.total - from.total) / time,
          (to.known - from.known) / time};
}

// A line begins at a rounded point, half a thousandth off at most, and its slope was measured
// without rounding: what is steady stays on it, and a sum that differs by one thousandth does not.
// Every sum is held against the same line, so that small differences never add up.
bool on_the_line(const BudgetTotals& line, const BudgetTotals& sums) {
  constexpr double kOff = 0.75;
  return std::abs(line.first - sums.first) <= kOff && std::abs(line.total - sums.total) <= kOff &&
         std::abs(line.known - sums.known) <= kOff;
}

// As sums of one budget, that much later. The line and what is not rounded differ a little.
bool follows(const BudgetTotals& before, const BudgetTotals& after, int64_t passed) {
  const auto rises = [](double low, double high) {
    return high >= low - 2 - low * 1e-12 && high >= 0 && high <= 1e30;
  };
  return rises(before.first, after.first) && rises(before.total, after.total) &&
         rises(before.known, after.known) &&
         after.known - before.known <= static_cast<double>(passed) + 2;
}

}  // namespace

Sums sums_of(const Counted& counted, BudgetCurve::First first) {
  Sums sums{std::min(counted.first, counted.total), counted.total, counted.known};
  if (first == BudgetCurve::First::bad) return sums;
  sums.bad = counted.total - sums.bad;
  if (sums.bad <= kRounding + counted.total * kRelativeRounding) sums.bad = 0;
  return sums;
}

BudgetCurve::BudgetCurve(WallTime begin, First first)
    : points_({floor_milliseconds(begin), {}}),
      last_(points_.first()),
      end_(begin),
      thinned_until_(last_.at),
      first_(first) {}

void BudgetCurve::extend(WallTime until, const Counted& happened) {
  if (until <= end_) return;
  const BudgetTotals more = sane(happened, until - end_);
  const double passed = in_milliseconds(until - end_);
  const auto close = [&](int64_t minute) {
    const double share = in_milliseconds(wall_time(minute) - end_) / passed;
    close_minute(minute, sum(ended_, more, share));
  };
  const int64_t first_minute = floor_to(floor_milliseconds(end_), kMinute) + kMinute;
  const int64_t last_minute = floor_to(floor_milliseconds(until), kMinute);
  if (first_minute <= last_minute) close(first_minute);
  if (first_minute < last_minute) close(last_minute);
  ended_ = sum(ended_, more, 1);
  end_ = until;
}

void BudgetCurve::exclude(WallTime from, WallTime until) {
  if (!excluded_.empty()) from = std::max(from, excluded_.back().until);
  if (until <= from) return;
  if (!excluded_.empty() && excluded_.back().until == from) {
    excluded_.back().until = until;
    return;
  }
  if (excluded_.size() >= kMostExcluded) excluded_.erase(excluded_.begin());
  excluded_.push_back({from, until});
}

void BudgetCurve::close_minute(int64_t at, const BudgetTotals& sums) {
  const BudgetPoint& sealed = points_.last();
  if (last_.at > sealed.at) {
    const BudgetTotals line = sum(sealed.sums, slope_, static_cast<double>(at - sealed.at));
    const double longest = std::max(line.first - sealed.sums.first, line.total - sealed.sums.total);
    if (on_the_line(line, sums) && longest < kMostOnALine) {
      last_ = {at, rounded(line)};
      closed_ = sums;
      return;
    }
    points_.append({last_.at, rounded(closed_)});
  }
  slope_ = slope_between(closed_, sums, at - points_.last().at);
  last_ = {at, rounded(sums)};
  closed_ = sums;
}

Sums BudgetCurve::between(WallTime from, WallTime to) const {
  return sums_of(counted(from, to), first_);
}

Counted BudgetCurve::counted(WallTime from, WallTime to) const {
  from = std::max(from, begin());
  to = std::min(to, end_);
  if (from >= to) return {};
  const BudgetTotals low = sums_at(from);
  const BudgetTotals high = sums_at(to);
  // Rounding may leave a thousandth too much or too little.
  const double total = std::max(0.0, high.total - low.total);
  const double first = std::max(0.0, high.first - low.first);
  const double known = std::round((high.known - low.known) * 1e6);
  const Duration longest = to - from;
  return {first / 1000, total / 1000,
          std::clamp(Duration(static_cast<int64_t>(known)), Duration::zero(), longest)};
}

BudgetTotals BudgetCurve::sums_at(WallTime time) const {
  if (time >= end_) return ended_;
  const int64_t whole = floor_milliseconds(time);
  const double at = static_cast<double>(whole) + in_milliseconds(time - wall_time(whole));
  if (whole >= last_.at) {
    const double share =
        in_milliseconds(time - wall_time(last_.at)) / in_milliseconds(end_ - wall_time(last_.at));
    const BudgetTotals more = {ended_.first - last_.sums.first, ended_.total - last_.sums.total,
                               ended_.known - last_.sums.known};
    return sum(last_.sums, more, share);
  }
  if (whole >= points_.last().at) return on_line(points_.last(), last_, at);
  if (whole <= points_.first().at) return points_.first().sums;
  const BudgetPoints::Pair around = points_.around(whole);
  return on_line(around.before, around.after, at);
}

BudgetCurve BudgetCurve::counting(First first) const {
  if (first == first_) return *this;
  BudgetCurve others(begin(), first);
  for (WallTime at = begin(); at < end_;) {
    const WallTime next = next_point(at);
    const Counted part = counted(at, next);
    others.extend(next, {std::max(0.0, part.total - part.first), part.total, part.known});
    at = next;
  }
  others.excluded_ = excluded_;
  return others;
}

WallTime BudgetCurve::begin() const {
  return wall_time(points_.first().at);
}

WallTime BudgetCurve::next_point(WallTime after) const {
  if (after < begin()) return begin();
  const int64_t at = floor_milliseconds(std::min(after, end_));
  if (at >= last_.at) return end_;
  if (at >= points_.last().at) return wall_time(last_.at);
  return wall_time(points_.around(at).after.at);
}

void BudgetCurve::thin(WallTime now, Duration keep) {
  const int64_t at = floor_milliseconds(now);
  points_.forget(at - std::chrono::ceil<milliseconds>(keep).count());
  std::erase_if(excluded_, [&](const Interval& one) { return one.until <= now - keep; });
  const int64_t fine_since = std::min(at - kFineHistory, points_.last().at);
  const int64_t until = floor_to(fine_since, kHour);
  if (until <= thinned_until_) return;
  points_.thin(thinned_until_, until);
  thinned_until_ = until;
}

size_t BudgetCurve::points() const {
  const bool on_a_line = last_.at > points_.last().at;
  const bool in_a_minute = end_ > wall_time(last_.at);
  return points_.size() + (on_a_line ? 1 : 0) + (in_a_minute ? 1 : 0);
}

size_t BudgetCurve::bytes() const {
  return sizeof(*this) + points_.heap_bytes() + excluded_.capacity() * sizeof(Interval);
}

std::string BudgetCurve::encode() const {
  LittleEndianWriter out;
  out.reserve(points_.heap_bytes() + 128);
  // An earlier version of the program reads what it could have written.
  out.put(excluded_.empty() ? kVersion : kExcludingVersion);
  out.put(static_cast<uint8_t>(first_));
  out.put(static_cast<int64_t>(end_.time_since_epoch().count()));
  out.put(thinned_until_);
  out.put(last_.at);
  for (const BudgetTotals* totals : {&last_.sums, &slope_, &closed_, &ended_}) {
    out.put(totals->first);
    out.put(totals->total);
    out.put(totals->known);
  }
  if (!excluded_.empty()) {
    out.put(static_cast<uint32_t>(excluded_.size()));
    for (const Interval& one : excluded_) {
      out.put(static_cast<int64_t>(one.from.time_since_epoch().count()));
      out.put(static_cast<int64_t>(one.until.time_since_epoch().count()));
    }
  }
  points_.encode(out);
  return std::move(out).take();
}

Result<BudgetCurve> BudgetCurve::decode(std::string_view bytes) {
  LittleEndianReader in(bytes);
  const auto version = in.get<uint8_t>();
  if (in.ok() && (version < kBadOnlyVersion || version > kExcludingVersion)) {
    return fail("budget curve of version " + std::to_string(version) +
                ": this program reads versions up to " + std::to_string(kExcludingVersion));
  }
  const uint8_t first = version == kBadOnlyVersion ? 0 : in.get<uint8_t>();
  if (first > static_cast<uint8_t>(First::good))
    return fail("budget curve that counts neither bad nor good");
  BudgetCurve curve(WallTime{}, static_cast<First>(first));
  curve.end_ = WallTime(Duration(in.get<int64_t>()));
  curve.thinned_until_ = in.get<int64_t>();
  curve.last_.at = in.get<int64_t>();
  for (BudgetTotals* totals : {&curve.last_.sums, &curve.slope_, &curve.closed_, &curve.ended_}) {
    totals->first = in.get<double>();
    totals->total = in.get<double>();
    totals->known = in.get<double>();
  }
  const uint32_t stretches = version == kExcludingVersion ? in.get<uint32_t>() : 0;
  for (uint32_t i = 0; i < std::min<uint32_t>(stretches, kMostExcluded + 1) && in.ok(); ++i) {
    const WallTime from{Duration(in.get<int64_t>())};
    curve.excluded_.push_back({from, WallTime(Duration(in.get<int64_t>()))});
  }
  if (!BudgetPoints::decode(in, curve.points_) || in.left() > 0 || !curve.consistent()) {
    return fail("budget curve of " + std::to_string(bytes.size()) + " bytes is damaged");
  }
  return curve;
}

// Whether what was decoded is what extend() and thin() can leave behind.
bool BudgetCurve::consistent() const {
  const BudgetPoint& sealed = points_.last();
  const int64_t end = floor_milliseconds(end_);
  const bool on_a_line = last_.at > sealed.at && last_.at % kMinute == 0;
  const auto apart = [](const Interval& one, const Interval& next) {
    return one.until < next.from;
  };
  for (size_t i = 0; i < excluded_.size(); ++i) {
    if (excluded_[i].until <= excluded_[i].from ||
        (i > 0 && !apart(excluded_[i - 1], excluded_[i])))
      return false;
  }
  return excluded_.size() <= kMostExcluded && (on_a_line || last_ == sealed) && end >= last_.at &&
         floor_to(end, kMinute) == floor_to(last_.at, kMinute) && thinned_until_ <= end &&
         last_.sums == rounded(last_.sums) &&
         follows(sealed.sums, last_.sums, last_.at - sealed.at) &&
         follows(last_.sums, closed_, 0) && follows(closed_, last_.sums, 0) &&
         follows(sealed.sums, closed_, last_.at - sealed.at) &&
         follows(closed_, ended_, end - last_.at + 1) && follows({}, slope_, 1);
}

}  // namespace highwater::rules
