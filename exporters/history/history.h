// History: what people plot, for a day in steps of 10 s and for two weeks in steps of 5 min: the
// lag of groups, budgets and burn rates, the state and response time of brokers, partitions in
// need.
//
// Fed with each report on the pipeline's thread; read by the pages on any thread. A row has a
// series from the first value on that is not 0; those of clusters, brokers and SLOs always. Memory
// is bounded: so many series, and when their steps together need more than kMaxBytes, the oldest
// steps are forgotten, the fine ones first.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/report.h"
#include "exporters/archive.h"
#include "exporters/history/ring.h"
#include "exporters/new_tables.h"

namespace highwater::history {

constexpr Duration kFineStep = std::chrono::seconds(10);
constexpr Duration kCoarseStep = std::chrono::minutes(5);
constexpr size_t kMaxSeries = 1500;
constexpr size_t kMaxBytes = size_t{6} * 1024 * 1024;  // of steps; beside the series themselves
// A series that was 0 or unknown for so long makes room for another.
constexpr Duration kIdle = std::chrono::hours(24);

// Whether a measure is kept, by its name. A series is one row of one of them.
[[nodiscard]] bool is_kept(std::string_view measure);

struct Curve {
  WallTime from;  // of the first step
  Duration step{};
  std::vector<Step> steps;
};

class History {
 public:
  History() = default;
  // Takes what is new in a report. The pipeline's thread.
  void add(const Report& report);

  // At most `most` steps, which is at least 1; several are put together where there are more.
  // Nothing: there is no such series. `cells` are in the order of the measure's dimensions.
  [[nodiscard]] std::optional<Curve> curve(std::string_view measure,
                                           const std::vector<Symbol>& cells, WallTime from,
                                           WallTime until, size_t most) const;
  // When the first value was recorded; nothing: there is none yet.
  [[nodiscard]] std::optional<WallTime> began() const;
  [[nodiscard]] size_t series() const;
  // Rows that had no room: their true number, as of the newest readings.
  [[nodiscard]] size_t left_out() const;
  [[nodiscard]] size_t bytes() const;  // of all steps

  // All of it as bytes. Any thread.
  void write(ArchiveWriter& out) const;
  // Before the first report, at `now`. Series of measures that the catalogue does not have are left
  // out; what was read before a mistake stays.
  void read(ArchiveReader& in, const Catalogue& catalogue, WallTime now);

 private:
  struct Series {
    Ring fine{kFineStep, 360, 25};      // chunks of an hour
    Ring coarse{kCoarseStep, 288, 15};  // chunks of a day
    WallTime last_used;                 // when it was last something else than 0 or unknown
  };
  // A table's rows, found once for as long as it has the same keys.
  struct Rows {
    std::shared_ptr<const KeySet> keys;
    std::vector<Series*> series;  // null: it was 0 until now, or there is no room
    size_t left_out = 0;
  };
  using Key = std::pair<const Measure*, std::vector<Symbol>>;
  struct HashKey {
    size_t operator()(const Key& key) const;
  };

  void add(const Table& table, const Observation& of, WallTime at);
  [[nodiscard]] Rows& rows_of(const Table& table, const Observation& of);
  [[nodiscard]] Series* series_of(const Table& table, size_t row, WallTime at);
  void make_room();
  void forget_idle(WallTime now);

  NewTables new_tables_;  // the pipeline's thread

  mutable std::mutex mutex_;
  std::unordered_map<Key, Series, HashKey> series_;         // under mutex_
  std::map<std::pair<const Measure*, Symbol>, Rows> rows_;  // under mutex_
  size_t bytes_ = 0;                                        // under mutex_
  std::optional<WallTime> began_;                           // under mutex_
  std::optional<WallTime> tidied_;                          // under mutex_
};

}  // namespace highwater::history
