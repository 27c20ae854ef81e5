// Observation: what a collector saw in one go; Snapshot: the newest observation of every part of
// every cluster. Both are immutable once published and pass between threads as shared_ptr<const
// ...>.
//
// Partial results and errors travel together: what could be read is in the tables, what could not
// is unknown there with a reason, and `problems` says it in words, with its scope.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/histogram.h"
#include "agent/core/span.h"
#include "agent/core/table.h"
#include "agent/core/time.h"

namespace highwater {

// How a relation's rows are counted where people read what an incident costs: "8 partitions failed
// over, 1 partition offline". Empty texts: the relation is left out there.
struct RelationWords {
  std::string_view one;    // "partition"
  std::string_view many;   // "partitions"
  std::string_view here;   // what those are that still depend on an entity that is down: "offline"
  std::string_view moved;  // what those are that depend on another one since: "failed over"
};

// "Each row of `from` depends on the row of `to`": partition on broker, group on partition. The
// cause search walks these and knows no Kafka. Many-to-many; pairs are row numbers.
struct Relation {
  std::string_view
      name;  // a verb phrase for people, read from `to`: "leads", "coordinates", "is read by"
  std::shared_ptr<const KeySet> from;
  std::shared_ptr<const KeySet> to;
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  RelationWords words{};
  bool coordinates = false;  // a rule can name what `to` does here as cause `coordinator`
};

// What a number cannot say about an entity: "connects but does not answer since 12:03:10". Shown on
// pages as {note}.
struct Note {
  Entity entity;
  std::string text;
};

// A fault met while reading: "broker 3 did not answer ListOffsets within 2 s: 412 partitions
// unknown".
struct Problem {
  std::string what;
  Entity entity;  // what it is about; the cluster when nothing narrower is
};

struct Observation {
  Symbol cluster;
  std::string_view part;  // "brokers", "partitions", "topics", "groups": a literal; one observation
                          // per cluster and part is current
  Now at;                 // when the answers it rests on were complete
  Duration took{};        // from the first request to the last answer
  Duration cadence{};     // the next one is due after this long (stretched cadence included)
  uint64_t missed = 0;    // polls skipped because earlier ones did not fit, since start
  std::vector<Table> tables;
  std::vector<Histogram> histograms;
  std::vector<Relation> relations;
  std::vector<Note> notes;
  std::vector<Problem> problems;
  std::vector<Span> spans;  // the poll's trace; the first is its root

  [[nodiscard]] const Table* find(const Measure& measure) const {
    for (const Table& table : tables) {
      if (table.measure == &measure) return &table;
    }
    return nullptr;
  }
};
using ObservationPtr = std::shared_ptr<const Observation>;

// An observation this many cadences old speaks no longer for the present: its rows count as unknown
// (not_asked).
constexpr int kStaleCadences = 3;
// ... but never before it is this old, so that short polls survive a hiccup of the machine.
constexpr Duration kStaleFloor = std::chrono::seconds(15);

[[nodiscard]] inline bool is_stale(const Observation& observation, SteadyTime now) {
  const Duration limit = std::max<Duration>(observation.cadence * kStaleCadences, kStaleFloor);
  return now - observation.at.steady > limit;
}

// The part in which the agent tells about itself; its rows belong to no Kafka cluster.
inline constexpr std::string_view kAgentPart = "agent";

struct Snapshot {
  // In the order of (cluster, part), so that everything derived from it is the same on every run.
  std::map<std::pair<Symbol, std::string_view>, ObservationPtr> observations;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace highwater
