// The logs of one topic's partitions: where they begin and end at any moment, and which record was
// written when. No record is stored: a topic is written at a rate, its records go round its
// partitions one by one, and everything follows from that by integer arithmetic.
//
// Used by the simulator's model, on its thread. A value: a copy is what a broker remembers while it
// hangs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/core/time.h"
#include "tests/simulator/model/rate.h"

namespace highwater::simulator {

// What was written before the scenario began: `records` over the time `over`, the last of them
// `idle` ago.
struct Past {
  std::int64_t records = 0;
  Duration over = std::chrono::hours(1);
  Duration idle{};
};

class TopicLog {
 public:
  enum class Kind : std::uint8_t { kRecord, kMarker, kAborted };
  struct Record {
    std::int64_t offset = -1;
    Duration time{};
    Kind kind = Kind::kRecord;
  };

  TopicLog(std::int32_t partitions, const Rate& rate, const Past& past);
  // A topic that is created while the scenario runs: empty.
  TopicLog(std::int32_t partitions, const Rate& rate, Duration created);

  void set_rate(const Rate& rate, Duration now);
  void set_retention(std::optional<Duration> retention) { retention_ = retention; }

  // While a partition cannot take records in, its producers hold theirs back; resume() lets them
  // all in.
  void stall(std::int32_t partition, Duration now);
  void resume(std::int32_t partition);

  // A transaction that has written `records` so far. False when one is open already (none is).
  bool open_transaction(std::int32_t partition, std::int64_t records, Duration now);
  // Its marker takes an offset of its own.
  bool end_transaction(std::int32_t partition, Duration now, bool abort = false);
  // When the one that is open was.
  [[nodiscard]] std::optional<Duration> transaction_began(std::int32_t partition) const;
  void delete_before(std::int32_t partition, std::int64_t offset);

  [[nodiscard]] std::int64_t high_watermark(std::int32_t partition, Duration now) const;
  [[nodiscard]] std::int64_t last_stable_offset(std::int32_t partition, Duration now) const;
  [[nodiscard]] std::int64_t log_start(std::int32_t partition, Duration now) const;

  [[nodiscard]] Kind kind_at(std::int32_t partition, std::int64_t offset) const;
  // Behind the last record before `end` that a reader of committed records is given.
  [[nodiscard]] std::int64_t after_last_record(std::int32_t partition, std::int64_t end) const;
  // The first record written at `since` or later; of those before the last stable offset only when
  // `committed_only`.
  [[nodiscard]] std::optional<Record> first_since(std::int32_t partition, Duration since,
                                                  Duration now, bool committed_only) const;
  [[nodiscard]] std::optional<Record> newest(std::int32_t partition, Duration now,
                                             bool committed_only) const;

 private:
  // Written beside the topic's rate: by a transaction.
  struct Partition {
    std::vector<Record> extras;  // ordered by offset
    std::optional<std::int64_t> stalled_at;
    std::optional<std::int64_t> transaction_start;
    Duration transaction_began{};
    std::int64_t deleted_before = 0;
  };

  [[nodiscard]] const Partition& partition(std::int32_t index) const;
  [[nodiscard]] std::int64_t log_end(std::int32_t index, Duration now) const;
  [[nodiscard]] std::int64_t visible_end(std::int32_t index, Duration now,
                                         bool committed_only) const;
  // Records of the whole topic, extras left out.
  [[nodiscard]] std::int64_t topic_count(Duration at) const;
  [[nodiscard]] std::int64_t share_of(std::int32_t index, std::int64_t topic_records) const;
  [[nodiscard]] std::int64_t offset_of(const Partition& log, std::int64_t share) const;
  [[nodiscard]] Duration time_at(std::int32_t index, std::int64_t offset) const;

  std::vector<Ramp> ramps_;  // ordered by start, never empty
  std::vector<Partition> partitions_;
  std::optional<Duration> retention_;
};

}  // namespace highwater::simulator
