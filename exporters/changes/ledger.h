// Ledger: what changed, and when: topics, their configuration and leaders, brokers, the controller,
// members and offsets of groups, and the agent itself. It knows no Kafka: a table of measures says
// whose change is worth a line, and how it is said.
//
// Fed with each report on the pipeline's thread; read by the pages on any thread. Memory is
// bounded: kMaxChanges lines of at most 30 days; many changes of one kind at once are one line.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/report.h"
#include "exporters/archive.h"
#include "exporters/new_tables.h"

namespace highwater::changes {

constexpr size_t kMaxChanges = 5000;
constexpr Duration kKept = std::chrono::hours(30 * 24);
// Of one measure in one reading; more become one line with the first names.
constexpr size_t kMaxAtOnce = 10;

// Of them; more push out the oldest mark, and no change that was seen.
constexpr size_t kMaxMarks = 1000;

enum class ChangeKind : uint8_t {
  seen = 0,            // by the agent
  began_watching = 1,  // the agent was started: what came before it is not known
  mark = 2,            // said by somebody: a deployment
};

struct Change {
  WallTime at;  // when it was seen, or is said to have been
  Entity about;
  std::string text;  // "retention 7 d -> 1 d"
  ChangeKind kind = ChangeKind::seen;
};

class Ledger {
 public:
  // Takes what is new in a report. What was never seen before is no change. The pipeline's thread.
  void add(const Report& report);
  // The agent was started. Any thread.
  void begin(WallTime at);
  // Something that no measure tells: the rules were reloaded. Any thread.
  void note(WallTime at, Entity about, std::string text);
  // What somebody says of a change outside of Kafka. Any thread.
  void mark(WallTime at, Entity about, std::string text);

  // The oldest first. `until` excluded.
  [[nodiscard]] std::vector<Change> between(WallTime from, WallTime until) const;
  [[nodiscard]] size_t size() const;

  // All of it as bytes. Any thread.
  void write(ArchiveWriter& out) const;
  // Before the first report, at `now`; what was read before a mistake stays, and what is of a later
  // time does not.
  void read(ArchiveReader& in, WallTime now);

 private:
  // The rows of one table as they were last known.
  struct Known {
    std::shared_ptr<const KeySet> keys;
    std::vector<double> values;  // NaN: it was never known
  };

  void compare(const Table& table, const Observation& of, WallTime at);
  void write(std::vector<Change> changes);
  void append(Change change);

  NewTables new_tables_;                                      // the pipeline's thread
  std::map<std::pair<Symbol, const Measure*>, Known> known_;  // the pipeline's thread
  mutable std::mutex mutex_;
  std::deque<Change> changes_;  // under mutex_; ascending by time
};

// A change that may have to do with an incident.
struct Related {
  Change change;
  // 0: of what the incident is about; 1: of what it affects, or a mark; 2: of what its cluster
  // rests on; 3: of the agent itself.
  int distance = 0;
  Duration before{};  // how long before the incident's cause began
};
constexpr Duration kLookBack = std::chrono::minutes(30);
// When an incident's cause began: changes are counted from then.
[[nodiscard]] WallTime began(const Incident& incident);

// The changes in the half hour before the incident's cause began: those of what it is about first,
// then those of what it affects and of what its cluster rests on; the nearest in time first. At
// most `most`.
[[nodiscard]] std::vector<Related> changes_before(const Ledger& ledger, const Incident& incident,
                                                  size_t most);

}  // namespace highwater::changes
