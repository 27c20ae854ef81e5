// Lag in seconds: the age of the oldest record beyond a committed offset, as a column of each of
// its measures. Used by the group offsets, on the interpreter's thread.
#pragma once

#include <memory>
#include <span>

#include "collectors/interpreter.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {

// Ages in seconds, and by how much each may be wrong at most.
struct Age {
  double seconds = 0;
  double error = 0;
};
// At the moment `read`, when the answer with the commit came. The broker read it up to `took`
// before: since then another may have been made, and the record was younger.
[[nodiscard]] Age age_of(const kafka::UnreadSince& unread, SteadyTime read,
                         std::chrono::milliseconds took);

class TimeLagColumns {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  // The worst of some rows.
  struct Worst {
    double seconds = 0;
    Unknown reason = Unknown::known;
  };

  explicit TimeLagColumns(size_t expected_rows);
  // `reason`: why its lag in records is unknown; then the seconds are as well.
  void add(const kafka::CommittedOffset& commit, Unknown reason, SteadyTime read,
           std::chrono::milliseconds took, Worst& worst);
  void add_unknown(Unknown reason);
  void move_to(Observation& observation, const std::shared_ptr<const KeySet>& keys) &&;

  // One row per group and topic.
  [[nodiscard]] static Column worst_column(size_t rows);

 private:
  Column seconds_, error_;
};

}  // namespace highwater::collectors
