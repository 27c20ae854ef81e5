// The brokers' log directories: how much room is left, when it will have run out, and which of them
// are offline. Tables of part "brokers"; used by its interpreter.
//
// How fast a directory fills is the median of the slopes between all pairs of readings (Theil and
// Sen's estimator): segments that retention deletes all at once are no end to it. Where somebody
// makes room, by deleting a topic or enlarging the volume, it starts anew. What fills within hours
// is judged by the last three quarters of an hour, what takes longer by the last three hours, and
// nothing by less than a quarter of an hour.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"
#include "collectors/tables/row_history.h"

namespace highwater::collectors {

class LogDirTables {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  void add_to(Observation& observation, const kafka::ClusterView& view, NumberSymbols& numbers);

 private:
  struct Point {
    SteadyTime at{};
    double usable = 0;
  };
  struct Memory {
    int64_t total = -1;
    SteadyTime read{};             // the newest reading that was taken up
    std::vector<Point> points;     // a few minutes apart; the last is the newest reading
    std::optional<double> growth;  // bytes per second; nothing until watched for long enough
  };
  struct Columns;

  void add_rows(Observation& observation, const kafka::ClusterView& view,
                const std::shared_ptr<const KeySet>& keys);
  static void follow(const kafka::LogDirView& dir, SteadyTime read, Memory& memory);
  [[nodiscard]] static std::optional<double> growth_of(std::span<const Point> points,
                                                       double usable);

  KeyTracker keys_{{"cluster", "broker", "log_dir"}};
  KeyTracker filling_keys_{{"cluster", "broker", "log_dir"}};
  RowHistory<Memory> history_;
};

// Relates the partitions that miss a replica on a broker to the directories that are offline there.
// `partitions` are the rows of all of the view.
void relate_offline_dirs(Observation& observation, const kafka::ClusterView& view,
                         const std::shared_ptr<const KeySet>& partitions);

}  // namespace highwater::collectors
