#include "collectors/kafka/offset_history.h"

#include <algorithm>
#include <cmath>

namespace highwater::kafka {
namespace {

constexpr Millis kSecond = 1000;
constexpr Millis kMinute = 60 * kSecond;
// Stamps are put on before the leader takes a record in, and clocks are never quite equal.
constexpr Millis kTolerance = kSecond;
// Stamps further off than this say nothing about what we did not see ourselves.
constexpr Millis kBelievable = kMinute;
constexpr Millis kDisbelief = 10 * kMinute;
constexpr Millis kCompareEvery = 10 * kMinute;
// Kept although nobody needs it: groups are set back a little now and then.
constexpr Millis kKeep = 2 * kMinute;
constexpr Millis kThinning = 16;
constexpr Millis kMarkersFor = 24 * 60 * kMinute;  // since a transaction was seen
// Compaction leaves the newest segment alone, which nearly always holds the last minute.
constexpr Millis kUncompacted = kMinute;
constexpr Millis kEven = 300;
constexpr Millis kEvenFor = kMinute;
constexpr int kEvenChecks = 3;
constexpr int64_t kEvenRecords = 10;
constexpr double kEvenRatio = 1.6;
constexpr size_t kMostTold = 16;
constexpr Millis kFirstStep = kMinute;
constexpr Millis kAges = 30LL * 365 * 24 * 60 * kMinute;

}  // namespace

OffsetHistory::Seen::Seen(int64_t end_offset, Millis asked, Millis answered)
    : end(end_offset),
      when_((answered << kTookBits) | std::clamp<Millis>(answered - asked, 0, kLongest)) {}

void OffsetHistory::saw_end(int64_t end, Millis asked, Millis answered) {
  const Seen seen(end, asked, answered);
  if (!seen_.empty() && end < seen_.back().end) {
    while (!seen_.empty() && seen_.back().end > end) seen_.pop_back();
    std::erase_if(told_, [end](const Told& told) { return told.offset >= end; });
    // Should the new leader only be behind for a moment, then the records beyond are older than
    // this answer: it says nothing about them.
    if (!seen_.empty()) return;
  }
  const size_t size = seen_.size();
  if (size >= 2 && seen_[size - 1].end == end && seen_[size - 2].end == end)
    seen_.back() = seen;
  else
    seen_.push_back(seen);
  if (seen_.size() >= thin_at_ || seen_.size() > limit_) thin(answered);
}

void OffsetHistory::thin(Millis now) {
  for (Millis part = kThinning; part > 0; part /= 2) {
    size_t kept = seen_.size() - 1;
    for (size_t i = seen_.size() - 1; i-- > 0;) {
      const Millis age = now - seen_[kept].answered();
      const bool needless = i > 0 && i + 2 < seen_.size() &&
                            seen_[kept].answered() - seen_[i - 1].answered() <= age / part;
      if (!needless) seen_[--kept] = seen_[i];
    }
    seen_.erase(seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(kept));
    if (seen_.size() <= limit_) break;
  }
  if (seen_.size() > limit_)
    seen_.erase(seen_.begin(), seen_.end() - static_cast<std::ptrdiff_t>(limit_));
  thin_at_ = seen_.size() + std::max<size_t>(8, seen_.size() / 4);
}

void OffsetHistory::need(int64_t offset, uint64_t poll) {
  needed_ = needed_in_ == poll ? std::min(needed_, offset) : offset;
  needed_in_ = poll;
}

void OffsetHistory::forget_needless(Millis now) {
  size_t needless = 0;
  // The one before the last that does not lie beyond shows whether records flowed evenly.
  while (needless + 2 < seen_.size() && seen_[needless + 2].end <= needed_ &&
         seen_[needless].answered() < now - kKeep)
    ++needless;
  if (needless >= 4)
    seen_.erase(seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(needless));
  while (told_.size() > 1 && told_[1].offset <= needed_) told_.erase(told_.begin());
}

bool OffsetHistory::has_markers(Millis now) const {
  return transaction_at_ != kBeginning && now - transaction_at_ < kMarkersFor;
}

void OffsetHistory::ask(Millis stamp, Millis now) {
  asked_for_ = stamp;
  asked_at_ = now;
  waits_ = true;
}

void OffsetHistory::told(std::optional<Record> record, Millis now, bool compacted) {
  waits_ = false;
  if (seen_.empty()) return;
  note_contradiction(record, now, compacted);
  if (disagreement(now) > kBelievable) {
    told_.clear();
    return;
  }
  const Told entry{record ? record->offset : seen_.back().end, asked_for_,
                   record ? record->stamp : kNoStamp};
  // What does not fit with it was true of another log.
  std::erase_if(told_, [&](const Told& known) {
    const Millis stamp = known.stamp == kNoStamp ? known.asked : known.stamp;
    if (known.offset < entry.offset) return stamp >= entry.asked;
    if (known.offset > entry.offset) return entry.stamp != kNoStamp && known.asked <= entry.stamp;
    return known.stamp != entry.stamp;
  });
  const auto place =
      std::lower_bound(told_.begin(), told_.end(), entry.offset,
                       [](const Told& known, int64_t offset) { return known.offset < offset; });
  if (place != told_.end() && place->offset == entry.offset)
    place->asked = std::min(place->asked, entry.asked);
  else
    told_.insert(place, entry);
  if (told_.size() > kMostTold) drop_one_told();
}

void OffsetHistory::drop_one_told() {
  if (told_[1].offset <= needed_) {
    told_.erase(told_.begin());
    return;
  }
  size_t least = 1;
  for (size_t i = 1; i + 1 < told_.size(); ++i) {
    if (told_[i + 1].offset - told_[i - 1].offset <
        told_[least + 1].offset - told_[least - 1].offset)
      least = i;
  }
  told_.erase(told_.begin() + static_cast<std::ptrdiff_t>(least));
}

// A record is stamped later than it was there, or records that came later are stamped earlier.
void OffsetHistory::note_contradiction(const std::optional<Record>& record, Millis now,
                                       bool compacted) {
  const Millis asked = asked_for_;
  Millis off = 0;
  if (record) {
    const auto there = std::find_if(seen_.begin(), seen_.end(),
                                    [&](const Seen& seen) { return seen.end > record->offset; });
    if (there != seen_.end()) off = std::max<Millis>(off, record->stamp - there->answered());
  }
  if (asked >= seen_.front().asked()) {
    compared_at_ = now;
    for (const Seen& seen : seen_) {
      // The record at its end came later, if it came.
      const bool came = seen.end < seen_.back().end;
      const bool passed_over = !record || record->offset > seen.end;
      if (came && passed_over && !compacted) off = std::max(off, seen.asked() - asked);
    }
  }
  if (off > kTolerance && off >= disagreement(now)) {
    disagreed_by_ = off;
    disagreed_at_ = now;
  }
}

Millis OffsetHistory::disagreement(Millis now) const {
  return disagreed_at_ != kBeginning && now - disagreed_at_ < kDisbelief ? disagreed_by_ : 0;
}

OffsetHistory::Estimate OffsetHistory::estimate(const Target& target) const {
  const Around known = around(target);
  if (auto exact = exactly(known, target)) return *exact;
  Estimate estimate;
  if (known.earliest == kBeginning) {
    const bool believable = disagreement(target.now) <= kBelievable;
    estimate.reason = believable ? Unknown::not_asked : Unknown::contradicted;
    if (believable) estimate.ask = first_question(known, target);
    return estimate;
  }
  const auto between = [&](const Point& below, const Point& above) {
    const auto records = static_cast<double>(std::max<int64_t>(1, above.offset - below.offset));
    const double part = (static_cast<double>(target.offset - below.offset) + 0.5) / records;
    return below.time +
           std::llround(std::clamp(part, 0.0, 1.0) * static_cast<double>(above.time - below.time));
  };
  if (known.place > 0 && known.place < seen_.size()) {
    const Seen& before = seen_[known.place - 1];
    const Seen& after = seen_[known.place];
    estimate.by_history = between({before.end, before.asked()}, {after.end, after.answered()});
  }
  Millis likely = (known.earliest + known.latest) / 2;
  if (known.below && known.above) likely = between(*known.below, *known.above);
  // All that is between has the stamp of the one below, or an older one.
  if (known.told_below && known.told_above &&
      known.told_above->asked <= known.told_below->stamp + 1)
    likely = known.told_below->stamp;
  likely = std::clamp(likely, known.earliest, known.latest);
  estimate.reason = Unknown::known;
  estimate.time = {known.earliest, likely, known.latest};
  estimate.ask = question(known, estimate.time, target);
  return estimate;
}

OffsetHistory::Around OffsetHistory::around(const Target& target) const {
  Around known;
  const auto beyond =
      std::upper_bound(seen_.begin(), seen_.end(), target.offset,
                       [](int64_t offset, const Seen& seen) { return offset < seen.end; });
  known.place = static_cast<size_t>(beyond - seen_.begin());
  known.latest = target.now;
  if (beyond != seen_.end()) {
    known.latest = beyond->answered();
    known.above = {beyond->end, beyond->answered()};
  }
  if (known.place > 0) {
    const Seen& before = seen_[known.place - 1];
    known.earliest = before.asked();
    known.below = {before.end, before.asked()};
  }
  // The record itself may be gone, and the next one be much younger.
  const bool old = known.earliest == kBeginning || target.now - known.earliest > kUncompacted;
  if (target.compacted && old) known.latest = target.now;
  if (believed(known, target.now)) narrow(known, target);
  return known;
}

bool OffsetHistory::believed(const Around& known, Millis now) const {
  return disagreement(now) <= (known.place > 0 ? 0 : kBelievable);
}

void OffsetHistory::narrow(Around& known, const Target& target) const {
  const Millis off = disagreement(target.now);
  const auto above =
      std::upper_bound(told_.begin(), told_.end(), target.offset,
                       [](int64_t offset, const Told& told) { return offset < told.offset; });
  auto below = above;
  while (below != told_.begin() && !known.told_below) {
    --below;
    if (below->stamp != kNoStamp) known.told_below = &*below;
  }
  if (known.told_below) {
    const Told& told = *known.told_below;
    known.earliest = std::max(known.earliest, std::min(told.stamp - off, known.latest));
    if (!known.below || told.offset >= known.below->offset) known.below = {told.offset, told.stamp};
  }
  if (above != told_.end()) {
    known.told_above = &*above;
    if (above->stamp != kNoStamp)
      known.latest = std::max(known.earliest, std::min(known.latest, above->stamp + off));
    if (!known.above || above->offset <= known.above->offset)
      known.above = {above->offset, above->asked == kBeginning ? above->stamp : above->asked};
  }
}

std::optional<OffsetHistory::Estimate> OffsetHistory::exactly(const Around& known,
                                                              const Target& target) const {
  Estimate estimate;
  estimate.reason = Unknown::known;
  const Millis off = disagreement(target.now);
  const auto at = [&](Millis stamp) {
    const Millis time = std::clamp(stamp, known.earliest, known.latest);
    estimate.time = {std::max(known.earliest, time - off), time,
                     std::min(known.latest, time + off)};
    return estimate;
  };
  if (known.told_below && known.told_below->offset == target.offset)
    return at(known.told_below->stamp);
  // Nothing that is stamped later than the record below lies before the one above.
  if (!known.told_above || known.told_above->stamp == kNoStamp) return std::nullopt;
  const Told& next = *known.told_above;
  const Millis lowest =
      std::max(known.earliest, known.told_below ? known.told_below->stamp + 1 : kBeginning);
  const bool missing = target.compacted && next.asked <= lowest;
  if (missing || next.asked == kBeginning) return at(next.stamp);
  return std::nullopt;
}

std::optional<Millis> OffsetHistory::question(const Around& known, const AppendTime& time,
                                              const Target& target) const {
  if (!believed(known, target.now)) return std::nullopt;
  const bool seen_ourselves = known.place > 0;
  if (time.latest - time.earliest <= kGood) {
    // Only stamps speak of it: are they what we see elsewhere?
    const bool comparable =
        !seen_.empty() && seen_.back().answered() - seen_.front().answered() > 2 * kTolerance;
    if (seen_ourselves || !comparable || target.now - compared_at_ < kCompareEvery ||
        target.round > 0)
      return std::nullopt;
    return seen_.front().answered() + kTolerance;
  }
  const bool only_seen = known.told_below == nullptr && known.told_above == nullptr;
  if (seen_ourselves && only_seen && even_until_ > target.now && flows_evenly(known.place))
    return std::nullopt;
  const Millis low =
      known.told_below ? std::max(known.told_below->stamp + 1, time.earliest) : time.earliest;
  const Millis high =
      known.told_above ? std::min(known.told_above->asked, time.latest) : time.latest;
  if (high <= low) return std::nullopt;
  if (target.compacted && target.round % 2 == 1) return low;
  Millis ask = low + (high - low) / 2;
  // Beside where it probably is, on the side that is less well known.
  if (target.round != 3 && target.round != 5)
    ask =
        high - time.likely < time.likely - low ? time.likely - kGood / 2 : time.likely + kGood / 2;
  return std::clamp(ask, low, std::max(low, high - 1));
}

// Nothing older than the record is known: further back, by what the records since then took.
std::optional<Millis> OffsetHistory::first_question(const Around& known,
                                                    const Target& target) const {
  if (seen_.empty()) return std::nullopt;
  if (target.oldest) return kBeginning;
  const Seen& first = seen_.front();
  if (known.told_above == nullptr) return first.answered() - kFirstStep;
  const Told& above = *known.told_above;
  const auto tries = static_cast<size_t>(told_.end() - told_.begin());
  const Millis past = first.answered() - above.asked;
  if (tries >= 4 || past > kAges || above.asked == kBeginning) return kBeginning;
  const auto records = static_cast<double>(first.end - above.offset);
  const auto missing = static_cast<double>(above.offset - target.offset);
  const double steps = records > 0 ? std::clamp(1.5 * missing / records, 1.0, 1000.0) : 8.0;
  return above.asked - std::llround(steps * static_cast<double>(std::max(past, kFirstStep)));
}

// Whether records came about as fast while this one came as just before and just after.
bool OffsetHistory::flows_evenly(size_t place) const {
  if (place < 2 || place >= seen_.size()) return false;
  const auto rate = [this](size_t i) {
    const Millis time = std::max<Millis>(1, seen_[i].answered() - seen_[i - 1].answered());
    return static_cast<double>(seen_[i].end - seen_[i - 1].end) / static_cast<double>(time);
  };
  if (seen_[place].end - seen_[place - 1].end < kEvenRecords) return false;
  const double here = rate(place);
  const auto close = [here](double other) {
    return other * kEvenRatio >= here && other <= here * kEvenRatio;
  };
  return close(rate(place - 1)) && (place + 1 == seen_.size() || close(rate(place + 1)));
}

void OffsetHistory::note_check(Millis by_history, Millis exact, Millis now) {
  if (std::abs(by_history - exact) > kEven) {
    even_checks_ = 0;
    even_until_ = kBeginning;
    return;
  }
  if (++even_checks_ >= kEvenChecks) even_until_ = now + kEvenFor;
}

size_t OffsetHistory::bytes() const {
  return sizeof(*this) + seen_.capacity() * sizeof(Seen) + told_.capacity() * sizeof(Told);
}

}  // namespace highwater::kafka
