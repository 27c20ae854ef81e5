// Ledger: what changed, and when: topics, their configuration and leaders, brokers, the controller,
// members and offsets of groups, and the agent itself. It knows no Kafka: a table of measures says
// whose change is worth a line, and how it is said.
//
// Fed with each report on the pipeline's thread; read by the pages on any thread. Memory is
// bounded: kMaxChanges lines of at most 30 days; many changes of one kind at once are one line.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
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
  seen = 0,            // by the agent; a fault may show as the same: a broker stopped answering
  began_watching = 1,  // the agent was started: what came before it is not known
  mark = 2,            // said by somebody: a deployment
  deed = 3,            // seen, and done by somebody: a configuration, an offset. No fault does that
  growth = 4,          // a deed by which a topic takes more room
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

  // What the rows of an info table say of each thing, in the order of what is watched of them.
  using Labels = std::array<Symbol, 3>;
  struct KnownLabels {
    std::shared_ptr<const KeySet> keys;
    std::unordered_map<Symbol, Labels> labels;
  };

  void compare(const Table& table, const Observation& of, WallTime at);
  void compare_labels(const Table& table, const Observation& of, WallTime at);
  // `whole`: in place of what was said of each part.
  void write(std::vector<Change> changes, bool whole = false);
  void append(Change change);

  NewTables new_tables_;                                      // the pipeline's thread
  std::map<std::pair<Symbol, const Measure*>, Known> known_;  // the pipeline's thread
  std::map<Symbol, KnownLabels> labels_;                      // by cluster; the pipeline's thread
  mutable std::mutex mutex_;
  std::deque<Change> changes_;  // under mutex_; ascending by time
};

// A change that may have to do with an incident.
struct Related {
  Change change;
  // How many relations away from what the incident is about, in the direction of dependence: 0 to
  // kFarthest; of a mark that is about everything, 1; of the agent itself, one more than kFarthest.
  int distance = 0;
  Duration before{};  // how long before the incident began; 0: in the same moment
  // What is said of the incident names it: what merely happened to what the incident's things rest
  // on does so for kNearby only, for that happens often.
  bool likely = false;
};
constexpr Duration kLookBack = std::chrono::minutes(30);
// What is so little apart was seen at once: each time is counted back from a report by the
// monotonic clock, and no two reports read their two clocks equally far apart.
constexpr Duration kSameMoment = std::chrono::milliseconds(50);
// A lag says when it began; what began it is seen with the next reading of members or of leaders.
constexpr Duration kSeenWithin = std::chrono::seconds(15);
constexpr int kFarthest = 2;
constexpr Duration kNearby = std::chrono::minutes(10);
// In the order of what is likely, a relation counts as much as so long a time.
constexpr Duration kRelationCounts = std::chrono::minutes(10);
// When what an incident reports began: changes are counted from then.
[[nodiscard]] WallTime began(const Incident& incident);

// The changes in the half hour before the incident began, at most two relations away: the nearest
// in time and relation first, at most `most`. `snapshot` has the relations; null: only what the
// incident names itself is near. Any thread.
[[nodiscard]] std::vector<Related> changes_before(const Ledger& ledger, const Incident& incident,
                                                  const Snapshot* snapshot, size_t most);

}  // namespace highwater::changes
