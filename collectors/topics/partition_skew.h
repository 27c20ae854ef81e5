// Skew: partitions that stand out of their topic, by what a group has not read of them and by what
// is written to them. Part of "groups"; used by its interpreter. Only topics that a group reads are
// looked at.
//
// Standing out is judged by the median and the median absolute deviation, which a few odd
// partitions cannot move, and only above a minimum of traffic: beyond the median by more than six
// deviations (as if normally distributed) and by 1,000 records, and more than three times the
// median. Where more than a quarter of the partitions does, that is how the topic is used, and none
// stands out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "collectors/groups/group_progress.h"
#include "collectors/tables/column.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::collectors {

struct Outliers {
  uint32_t count = 0;
  uint32_t worst = 0;  // its place among the numbers
  double median = 0;
};
// Of numbers of records by partition; `scratch` only keeps its memory.
[[nodiscard]] Outliers find_outliers(std::span<const double> records, std::vector<double>& scratch);

class PartitionSkew {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();

  void add_to(Observation& observation, const GroupReadings& readings,
              std::span<const TopicProgress> progress);

 private:
  // How far each partition's log had come, and what was found when that was compared last.
  struct Written {
    kafka::TopicId id{};
    SteadyTime since{};
    std::vector<int64_t> ends;
    std::optional<Outliers> found;
    double seconds = 0;  // that it rests on
    double records = 0;  // of the worst
    uint64_t seen = 0;   // in this poll
  };

  void add_lags(Observation& observation, const GroupReadings& readings,
                std::span<const TopicProgress> progress);
  void add_writes(Observation& observation, const GroupReadings& readings);
  void follow(const kafka::TopicView& topic, Written& written, SteadyTime now);
  static void add_note(Observation& observation, const kafka::ClusterView& view,
                       const kafka::TopicView& topic, const Written& written);

  KeyTracker topic_keys_{{"cluster", "topic"}};
  std::unordered_map<Symbol, Written> written_;
  uint64_t polls_ = 0;
  // Kept to reuse their memory.
  std::vector<uint8_t> read_;  // by topic of the view
  std::vector<double> numbers_, scratch_;
};

}  // namespace highwater::collectors
