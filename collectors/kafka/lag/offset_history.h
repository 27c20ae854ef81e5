// OffsetHistory: when the records of one partition were appended, as far as is known. Kept in the
// cluster view for partitions that a group reads; written and read by TimeLag (time_lag.h), on the
// cluster's thread. Pure: times are arguments, in milliseconds of the steady clock.
//
// Two things are remembered. What we saw: at which moments the log ended where. A record was
// appended between the last moment at which the end was not beyond it and the first at which it
// was. What Kafka told: "the first record stamped T or later is number o, stamped t", the answer of
// ListOffsets by time. Stamps are written by producers, whose clocks may be hours wrong; what we
// saw is true. So stamps only narrow what was seen, and are not believed for a while once they
// contradict it. Of records older than what was seen they speak alone, and only after those that
// could be compared agreed.
//
// What was seen is thinned: the distance between two moments stays below a sixteenth of their age,
// so a week takes some 150 entries of 16 bytes, and never more than the limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "agent/core/table.h"

namespace highwater::kafka {

// Milliseconds of the steady clock; of the wall clock only where it says so.
using Millis = int64_t;

// When a record was appended: the truth lies between `earliest` and `latest`.
struct AppendTime {
  Millis earliest = 0;
  Millis likely = 0;
  Millis latest = 0;
  bool operator==(const AppendTime&) const = default;
};

class OffsetHistory {
 public:
  // Asked for with this time, Kafka names the oldest record there is.
  static constexpr Millis kBeginning = std::numeric_limits<Millis>::min();
  // Known as well as this, nothing more is asked.
  static constexpr Millis kGood = 500;

  // The log ended at `end` at some moment between `asked` and `answered`, which never go back. An
  // end before the last one means that the log was truncated, or that its new leader is about to
  // catch up: both are allowed for.
  void saw_end(int64_t end, Millis asked, Millis answered);

  // Some transaction was open: the partition's log has their markers.
  void saw_transaction(Millis now) { transaction_at_ = now; }
  [[nodiscard]] bool has_markers(Millis now) const;
  // Nothing has come for a while, or since the watch began.
  [[nodiscard]] bool rests(Millis now) const;

  // Kafka is asked for the first record stamped `stamp` or later, and then it told, or did not.
  // `compacted`: records may be missing in between.
  struct Record {
    int64_t offset = -1;
    Millis stamp = 0;
  };
  void ask(Millis stamp, Millis now);
  void told(std::optional<Record> record, Millis now, bool compacted);
  void fail() { waits_ = false; }
  void forget_told() { told_.clear(); }
  [[nodiscard]] bool waits() const { return waits_; }
  [[nodiscard]] Millis asked_at() const { return asked_at_; }  // last

  struct Target {
    int64_t offset = 0;      // below the end that was seen last
    bool oldest = false;     // the log starts here
    bool compacted = false;  // the record may be missing: the first one from here on is meant
    Millis now = 0;
    int round = 0;  // of questions in this poll: they vary
  };
  struct Estimate {
    Unknown reason = Unknown::not_asked;  // known: `time` holds
    AppendTime time;
    bool good = false;                 // to within kGood, if stamps are right
    bool sure = false;                 // what was seen vouches for it, not stamps alone
    std::optional<Millis> ask;         // the stamp to ask Kafka for, to know it better
    std::optional<Millis> by_history;  // what `time.likely` were without Kafka's stamps
  };
  [[nodiscard]] Estimate estimate(const Target& target) const;

  // How far the history alone was off where Kafka's stamps were exact. A partition that is filled
  // evenly needs no questions but one a minute.
  void note_check(Millis by_history, Millis exact, Millis now);

  // In this poll somebody asks about records from this offset on. What is older than all that was
  // needed in a poll is forgotten, a little later.
  void need(int64_t offset, uint64_t poll);
  [[nodiscard]] bool needed_in(uint64_t poll) const { return needed_in_ == poll; }
  void forget_needless(Millis now);
  void limit_entries(size_t entries) { limit_ = entries; }

  [[nodiscard]] bool empty() const { return seen_.empty(); }
  [[nodiscard]] size_t bytes() const;
  [[nodiscard]] size_t entries() const { return seen_.size(); }

 private:
  class Seen {
   public:
    Seen(int64_t end_offset, Millis asked, Millis answered);
    [[nodiscard]] Millis answered() const { return when_ >> kTookBits; }
    [[nodiscard]] Millis asked() const { return answered() - (when_ & kLongest); }

    int64_t end;

   private:
    static constexpr int kTookBits = 16;
    static constexpr Millis kLongest = (Millis{1} << kTookBits) - 1;
    Millis when_;  // the answer; in the low bits how long it took
  };
  // The record with this offset is the first one stamped `asked` or later.
  struct Told {
    int64_t offset;
    Millis asked;
    Millis stamp;  // kNoStamp: there was no such record; `offset` was the end
  };
  static constexpr Millis kNoStamp = std::numeric_limits<Millis>::max();
  // A place on the curve of offsets over time.
  struct Point {
    int64_t offset;
    Millis time;
  };
  struct Around {  // what is known on both sides of an offset
    std::optional<Point> below, above;
    const Told* told_below = nullptr;
    const Told* told_above = nullptr;
    Millis earliest = kBeginning;
    Millis latest = 0;
    size_t place = 0;  // in seen_: the first end beyond
  };

  void thin(Millis now);
  [[nodiscard]] bool contradicts(const std::optional<Record>& record, bool compacted) const;
  [[nodiscard]] const Seen& before_the_last() const;
  [[nodiscard]] Millis just_after() const;  // the questions of the two checks
  [[nodiscard]] Millis just_before() const;
  [[nodiscard]] std::optional<Millis> comparison(Millis now) const;
  [[nodiscard]] bool any_came() const { return seen_.front().end < seen_.back().end; }
  [[nodiscard]] Around around(const Target& target) const;
  void narrow(Around& known, const Target& target) const;
  [[nodiscard]] static std::optional<AppendTime> exactly(const Around& known, const Target& target);
  [[nodiscard]] std::optional<Millis> question(const Around& known, const AppendTime& time,
                                               const Target& target) const;
  [[nodiscard]] std::optional<Millis> first_question(const Around& known,
                                                     const Target& target) const;
  [[nodiscard]] bool flows_evenly(size_t place) const;
  [[nodiscard]] Millis likely(const Around& known, const Target& target) const;
  [[nodiscard]] bool narrows(const Around& known) const;
  void drop_one_told();

  std::vector<Seen> seen_;  // ascending; a interval without growth has its first and last moment
  std::vector<Told> told_;  // ascending offset and stamp
  size_t limit_ = 192;
  size_t thin_at_ = 16;
  int64_t needed_ = 0;  // the lowest offset anybody asks about
  uint64_t needed_in_ = 0;
  Millis transaction_at_ = kBeginning;
  Millis asked_for_ = 0;
  Millis asked_at_ = kBeginning;
  bool waits_ = false;
  // Of stamps against what was seen: no older record is stamped later than this moment, and what
  // came later is not stamped earlier. An answer that contradicts makes both fail.
  struct Check {
    Millis at = kBeginning;
    bool passed = false;
    bool with_new = false;  // records had come since the watch began
    [[nodiscard]] bool failed() const { return at != kBeginning && !passed; }
  };
  [[nodiscard]] bool due(const Check& check, Millis now) const;
  int contradictions_ = 0;  // one soon after the other
  Millis contradicted_at_ = kBeginning;
  Check none_ahead_;
  Check none_behind_;
  Millis even_until_ = kBeginning;
  int even_checks_ = 0;  // in a row
};

}  // namespace highwater::kafka
