// Part "canary": what the probe's reports say about a cluster, as tables and spans. Used by the
// canary's collector, on its thread. Pure: time is an argument.
#pragma once

#include <deque>
#include <map>
#include <span>
#include <string>

#include "agent/core/observation.h"
#include "agent/core/watch_first.h"
#include "collectors/canary/report.h"
#include "collectors/tables/key_tracker.h"

namespace highwater::canary {

inline constexpr std::string_view kCanaryPart = "canary";

class CanaryInterpreter {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();
  [[nodiscard]] static std::span<const HistogramMeasure* const> histograms();

  // How long samples count for the 95th percentile.
  static constexpr Duration kWindow = std::chrono::minutes(5);
  // A record that the cluster has not answered for so long makes its partition unwritable.
  static constexpr Duration kUnwritable = std::chrono::seconds(10);

  CanaryInterpreter(Symbol cluster, Symbol topic, Duration every);

  // A report came.
  [[nodiscard]] Observation interpret(ProbeReport report, Now now);
  // There is no probe, or it says nothing. What it had counted stays.
  [[nodiscard]] Observation failed(const std::string& why, Now now);

 private:
  struct Partition {
    Symbol number;
    Counts before;                       // of the probes that have ended
    Counts counts;                       // of the one that runs
    bool in_report = false;              // in the newest report
    double produce = 0, end_to_end = 0;  // the newest samples, in seconds; NaN: none yet
    bool writable = true;
    std::string error;
    std::deque<std::pair<SteadyTime, uint64_t>> losses;  // of the last hour: since when, how many
  };
  struct Sample {
    SteadyTime at;
    double seconds;
  };

  void take(const PartitionReport& report, Now now);
  void show(const Journey& journey);
  [[nodiscard]] Observation write(bool up, const std::string& why, Unknown reason, Now now);
  void add_partitions(Observation& observation, Unknown reason);
  [[nodiscard]] double percentile() const;
  void add_spans(Observation& observation, const std::vector<Journey>& journeys) const;

  Symbol cluster_, topic_;
  Duration every_;
  collectors::KeyTracker cluster_keys_{{"cluster"}};
  collectors::KeyTracker keys_{{"cluster", "topic", "partition"}};
  std::map<int32_t, Partition> partitions_;
  std::deque<Sample> samples_;           // end to end, oldest first
  std::map<int32_t, Duration> waiting_;  // of records that have not come back, by partition
  std::optional<double> commit_;
  Histogram end_to_end_, produce_, commits_;  // since the start
};

}  // namespace highwater::canary
