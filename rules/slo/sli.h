// SliReader: turns the tables of an SLI into what each budget needs: whether its time is good, bad
// or unknown from now on, or how many events were counted since the last reading. Used by the SLO
// watches, on the pipeline's thread; no clock is read.
//
// A poll of healthy rows costs a comparison per row: no strings, no maps.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "rules/alerts/conditions.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// How one subject stands after a reading.
struct SliSample {
  bool present = false;  // some row of it is selected
  bool known = false;
  // Time: whether the time from this sample to the next is bad, of 1. Events: how much the first
  // counter and the total grew since the sample before, 0 at the first one. The two may have been
  // read at different times, so they are not compared here, and they count though `known` is false:
  // then some of the rows have yet to be read.
  double first = 0;
  double total = 1;
  double value = 0;  // time: the worst known value
};

// Whether a known sample shows anything bad, on its own.
[[nodiscard]] bool is_bad(const Sli& sli, const SliSample& sample);

class SliReader {
 public:
  // The rule must outlive the reader.
  explicit SliReader(const Sli& sli) : sli_(sli) {}

  // Takes up the newest tables; `total` is there when the SLI counts events. True when the subjects
  // were numbered anew.
  bool read(const Source& first, const Source& total);
  void rule_changed();

  // Of the last read, by subject. Of a time SLI a subject is bad when any of its rows is, unknown
  // when else a row that should be known is not, and good otherwise.
  [[nodiscard]] std::span<const SliSample> samples() const { return samples_; }
  // Null before the first read. Of events: those of the total.
  [[nodiscard]] const std::shared_ptr<const KeySet>& subjects() const { return index_.subjects(); }

 private:
  // What counters said when they were last known, by row of a table.
  class Counters {
   public:
    // How much each subject's rows grew since they were last read. A counter that went down was
    // reset and counts from 0. A row that was not there before begins at its value, or, where its
    // subject is in `from_zero`, at 0.
    void read(const Table& table, const RowIndex& index, std::span<const uint8_t> from_zero,
              std::vector<double>& growth, std::vector<uint8_t>& known);

   private:
    std::shared_ptr<const KeySet> rows_;
    std::vector<double> last_;  // NaN: never known
  };

  void read_time(const Table& table);
  void read_events(const Source& first, const Source& total, bool anew);
  void join_first(const std::shared_ptr<const KeySet>& first);

  const Sli& sli_;
  bool outdated_ = true;
  RowIndex index_;
  std::vector<SliSample> samples_;

  RowIndex first_index_;                    // events: of the first counter
  std::vector<uint32_t> subject_of_first_;  // its subjects in index_'s numbers
  Counters first_counters_;
  Counters total_counters_;
  std::vector<uint8_t> total_seen_;  // by subject: its total was known before this read
};

}  // namespace highwater::rules
