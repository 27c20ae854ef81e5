#include "collectors/kafka/lag/offset_history.h"

#include <algorithm>
#include <cmath>

namespace highwater::kafka {
namespace {

constexpr Millis kSecond = 1000;
constexpr Millis kMinute = 60 * kSecond;
// Stamps are put on before the leader takes a record in, and clocks are never quite equal.
constexpr Millis kTolerance = kSecond / 2;
constexpr Millis kCompareEvery = 10 * kMinute;
// After stamps disagreed: with the next poll, and then ever less often. Records that waited for a
// broker which hung are stamped earlier than they came, and those after them are right.
constexpr Millis kCompareAgain = 10 * kSecond;
constexpr Millis kCompareAgainAtLast = 5 * kMinute;
// Kept although nobody needs it: groups are set back a little now and then.
constexpr Millis kKeep = 2 * kMinute;
constexpr Millis kThinning = 16;
constexpr Millis kMarkersFor = 24 * 60 * kMinute;  // since a transaction was seen
// Compaction leaves the newest segment alone, which nearly always holds the last minute.
constexpr Millis kUncompacted = kMinute;
constexpr Millis kRest = 10 * kSecond;
constexpr Millis kEven = 300;
constexpr Millis kEvenFor = kMinute;
constexpr int kEvenChecks = 3;
constexpr int64_t kEvenRecords = 5;
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

bool OffsetHistory::rests(Millis now) const {
  const size_t size = seen_.size();
  if (size <= 1) return true;
  // A interval without growth has its first and last moment.
  const size_t first = seen_[size - 2].end == seen_[size - 1].end ? size - 2 : size - 1;
  return first == 0 || now - seen_[first].answered() >= kRest;
}

void OffsetHistory::ask(Millis stamp, Millis now) {
  asked_for_ = stamp;
  asked_at_ = now;
  waits_ = true;
}

void OffsetHistory::told(std::optional<Record> record, Millis now, bool compacted) {
  waits_ = false;
  if (seen_.empty()) return;
  const bool wrong = contradicts(record, compacted);
  if (wrong) {
    contradictions_ =
        contradictions_ > 0 && now - contradicted_at_ < kCompareEvery ? contradictions_ + 1 : 1;
    contradicted_at_ = now;
    none_ahead_ = none_behind_ = {now, false, any_came()};
    return;
  }
  if (asked_for_ == just_after()) none_ahead_ = {now, true, any_came()};
  if (asked_for_ == just_before()) none_behind_ = {now, true, any_came()};
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

// A record is stamped later than it was there, or earlier than it came.
bool OffsetHistory::contradicts(const std::optional<Record>& record, bool compacted) const {
  if (record) {
    const auto there =
        std::upper_bound(seen_.begin(), seen_.end(), record->offset,
                         [](int64_t offset, const Seen& seen) { return offset < seen.end; });
    if (there != seen_.end() && record->stamp > there->answered() + kTolerance) return true;
    if (there != seen_.begin() && record->stamp < std::prev(there)->asked() - kTolerance)
      return true;
  }
  if (compacted || asked_for_ == kBeginning) return false;
  return std::any_of(seen_.begin(), seen_.end(), [&](const Seen& seen) {
    // The record at its end came later, and should have been found.
    const bool passed_over = !record || record->offset > seen.end;
    return seen.end < seen_.back().end && passed_over && seen.asked() > asked_for_ + kTolerance;
  });
}

// The last moment before records came: those before and those after it are told apart best there.
const OffsetHistory::Seen& OffsetHistory::before_the_last() const {
  const auto found = std::find_if(seen_.rbegin(), seen_.rend(),
                                  [this](const Seen& seen) { return seen.end < seen_.back().end; });
  return found == seen_.rend() ? seen_.front() : *found;
}
Millis OffsetHistory::just_after() const {
  return before_the_last().answered() + kTolerance;
}
Millis OffsetHistory::just_before() const {
  return before_the_last().asked() - kTolerance - 1;
}

bool OffsetHistory::due(const Check& check, Millis now) const {
  if (check.at == kBeginning) return true;
  if (check.passed) return now - check.at >= kCompareEvery;
  if (contradictions_ <= 1) return now > check.at;
  const Millis wait = kCompareAgain << std::min(contradictions_ - 2, 5);
  return now - check.at >= std::min(wait, kCompareAgainAtLast);
}

// A question that shows whether stamps can be believed.
std::optional<Millis> OffsetHistory::comparison(Millis now) const {
  const bool failed = none_ahead_.failed() || none_behind_.failed();
  if (due(none_ahead_, now) || (any_came() && !none_ahead_.with_new && !failed))
    return just_after();
  if (any_came() && due(none_behind_, now)) return just_before();
  return std::nullopt;
}

OffsetHistory::Estimate OffsetHistory::estimate(const Target& target) const {
  const Around seen = around(target);
  const bool seen_ourselves = seen.place > 0;
  Around known = seen;
  const bool vouched = none_ahead_.passed && none_ahead_.with_new && none_behind_.passed;
  if (!seen_ourselves || vouched) narrow(known, target);

  Estimate estimate;
  // Only stamps speak of it: are they what we see elsewhere?
  if (!seen_ourselves && !seen_.empty()) estimate.ask = comparison(target.now);
  if (!seen_ourselves && (none_ahead_.failed() || none_behind_.failed())) {
    estimate.reason = Unknown::contradicted;
    return estimate;
  }
  if (known.earliest == kBeginning) {
    if (!estimate.ask) estimate.ask = first_question(known, target);
    return estimate;
  }
  AppendTime time{known.earliest, likely(known, target), known.latest};
  if (const auto exact = exactly(known, target)) time = *exact;
  if (!estimate.ask) estimate.ask = question(known, time, target);
  if (seen_ourselves && seen.place < seen_.size()) estimate.by_history = likely(seen, target);
  const bool may_be = seen_.size() > 1 && none_ahead_.passed && !any_came();
  if (seen_ourselves || vouched || may_be) estimate.reason = Unknown::known;
  estimate.good = time.latest - time.earliest <= kGood;
  estimate.sure = seen_ourselves || vouched;
  estimate.time.earliest = std::max(seen.earliest, time.earliest - kTolerance);
  estimate.time.likely = time.likely;
  estimate.time.latest =
      estimate.sure ? std::min(seen.latest, time.latest + kTolerance) : seen.latest;
  return estimate;
}

Millis OffsetHistory::likely(const Around& known, const Target& target) const {
  Millis time = known.earliest + (known.latest - known.earliest) / 2;
  if (known.below && known.above) {
    const Point& below = *known.below;
    const Point& above = *known.above;
    const auto records = static_cast<double>(std::max<int64_t>(1, above.offset - below.offset));
    const double part = (static_cast<double>(target.offset - below.offset) + 0.5) / records;
    time = below.time +
           std::llround(std::clamp(part, 0.0, 1.0) * static_cast<double>(above.time - below.time));
  }
  // All that is between has the stamp of the one below, or an older one.
  if (known.told_below && known.told_above &&
      known.told_above->asked <= known.told_below->stamp + 1)
    time = known.told_below->stamp;
  return std::clamp(time, known.earliest, known.latest);
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
  return known;
}

// Whether Kafka told of records between the two moments between which this one was appended.
bool OffsetHistory::narrows(const Around& known) const {
  const bool below = known.told_below && known.told_below->offset >= seen_[known.place - 1].end;
  const bool above = known.told_above && known.place < seen_.size() &&
                     known.told_above->offset < seen_[known.place].end;
  return below || above;
}

void OffsetHistory::narrow(Around& known, const Target& target) const {
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
    known.earliest = std::max(known.earliest, std::min(told.stamp, known.latest));
    if (!known.below || told.offset >= known.below->offset) known.below = {told.offset, told.stamp};
  }
  if (above != told_.end()) {
    known.told_above = &*above;
    if (above->asked == kBeginning) known.earliest = std::max(known.earliest, above->stamp);
    if (above->stamp != kNoStamp)
      known.latest = std::max(known.earliest, std::min(known.latest, above->stamp));
    if (!known.above || above->offset <= known.above->offset)
      known.above = {above->offset, above->asked == kBeginning ? above->stamp : above->asked};
  }
}

std::optional<AppendTime> OffsetHistory::exactly(const Around& known, const Target& target) {
  const auto at = [&](Millis stamp) {
    const Millis time = std::clamp(stamp, known.earliest, known.latest);
    return AppendTime{time, time, time};
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
  if (time.latest - time.earliest <= kGood) return std::nullopt;
  if (known.place > 0) {
    if (!narrows(known) && even_until_ > target.now && flows_evenly(known.place))
      return std::nullopt;
    if (const auto first = comparison(target.now)) return first;
    if (!none_ahead_.passed || !none_behind_.passed) return std::nullopt;
  }
  const Millis low =
      known.told_below ? std::max(known.told_below->stamp + 1, time.earliest) : time.earliest;
  const Millis high =
      known.told_above ? std::min(known.told_above->asked, time.latest) : time.latest;
  if (high <= low) return std::nullopt;
  // Is there any record at all before the one above?
  if (target.compacted && high - low <= kGood) return low;
  Millis ask = low + (high - low) / 2;
  // Beside where it probably is, on the side that is less well known.
  const bool halve = target.round % 2 == 1 && (target.compacted || target.round > 1);
  if (!halve)
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
