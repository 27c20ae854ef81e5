// A small world for the engine's tests: rules made by hand, tables filled row by row, a clock moved
// by hand.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/engine.h"

namespace highwater::rules::testing {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

extern const Measure kReachable;   // cluster_reachable{cluster}
extern const Measure kQuorumLost;  // {cluster}
extern const Measure kFailed;      // {cluster, broker}
extern const Measure kSlow;        // {cluster, broker}
extern const Measure kUnder;       // {cluster, topic, partition}
extern const Measure kLeaderless;  // {cluster, topic, partition}
extern const Measure kInSync;      // {cluster, topic, partition}
extern const Measure kMinIsr;      // {cluster, topic}
extern const Measure kLag;         // {cluster, group, topic, partition}
extern const Measure kLagSeconds;  // {cluster, group}, in seconds
extern const Measure kShare;       // {cluster}, a ratio

using Cells = std::vector<std::string>;

// One Kafka cluster as collectors would describe it; each measure and relation belongs to a part.
class FakeCluster {
 public:
  explicit FakeCluster(std::string name = "prod") : name_(std::move(name)) {}

  // Cells without the cluster, which is put in front.
  void set(const Measure& measure, const Cells& cells, double value);
  void set_unknown(const Measure& measure, const Cells& cells, Unknown reason = Unknown::timed_out);
  void remove(const Measure& measure, const Cells& cells);
  void drop_table(const Measure& measure);
  // Row order matters to nobody: this turns it around.
  void reverse_rows() { reversed_ = !reversed_; }

  using Ends = std::pair<Cells, Cells>;
  void relate(std::string_view name, std::vector<std::string_view> from,
              std::vector<std::string_view> to, std::vector<Ends> pairs);
  void note(const std::vector<std::pair<std::string, std::string>>& labels, std::string text);
  void clear_notes() { notes_.clear(); }
  void put_in_part(const Measure& measure, std::string_view part) { parts_[&measure] = part; }
  void set_spans(std::vector<Span> spans) { spans_ = std::move(spans); }
  void set_cadence(Duration cadence) { cadence_ = cadence; }

  // Publishes one part, or all.
  void publish(Snapshot& snapshot, Now now, std::string_view only = {});

  [[nodiscard]] Entity entity(std::vector<std::pair<std::string, std::string>> labels) const;

 private:
  struct Cell {
    double value = 0;
    Unknown reason = Unknown::known;
  };
  struct Keys {
    std::vector<Cells> rows;
    std::shared_ptr<const KeySet> keys;
  };
  struct RelationRows {
    std::string_view name;
    std::vector<std::string_view> from, to;
    std::vector<Ends> pairs;
  };
  [[nodiscard]] std::string_view part_of(const Measure& measure) const;
  [[nodiscard]] Table table_of(const Measure& measure);
  [[nodiscard]] Relation relation_of(const RelationRows& rows) const;

  std::string name_;
  std::map<const Measure*, std::map<Cells, Cell>> tables_;
  std::map<const Measure*, Keys> keys_;
  std::map<const Measure*, std::string_view> parts_;
  std::vector<RelationRows> relations_;
  std::vector<Note> notes_;
  std::vector<Span> spans_;
  Duration cadence_ = std::chrono::seconds(10);
  bool reversed_ = false;
};

[[nodiscard]] AlertRule make_rule(std::string name, const Measure& measure, Comparison comparison,
                                  double threshold);
// One whose fault is named: its alerts have an incident in their own name, whatever is open.
[[nodiscard]] AlertRule ground_rule(std::string name, const Measure& measure, Fault fault,
                                    CauseKinds caused_by, double threshold = 1);
[[nodiscard]] Pattern pattern(std::string_view text);
// One budget for each row of the measure, over 30 days with the default tiers.
[[nodiscard]] SloRule make_slo(std::string name, const Measure& measure, double objective);

// An engine, its clusters and the time.
class EngineWorld {
 public:
  explicit EngineWorld(RuleSet rules);

  FakeCluster& cluster() { return clusters_.front(); }
  FakeCluster& other() { return clusters_.back(); }
  FakeCluster& add_cluster(std::string name);

  // Publishes what all clusters say now (or one part of it), and evaluates.
  Report poll(std::string_view only = {});
  // Evaluates without anything new.
  Report tick();
  // The wall clock goes on too, unless told otherwise.
  void advance(Duration duration) {
    now_.steady += duration;
    now_.wall += duration;
  }
  void jump_wall(Duration duration) { now_.wall += duration; }
  [[nodiscard]] Now now() const { return now_; }
  Report poll_after(Duration duration) {
    advance(duration);
    return poll();
  }
  Report tick_after(Duration duration) {
    advance(duration);
    return tick();
  }
  Engine& engine() { return engine_; }
  Snapshot& snapshot() { return snapshot_; }

 private:
  Engine engine_;
  std::vector<FakeCluster> clusters_;
  Snapshot snapshot_;
  Now now_;
};

// The first alert of the rule; a failure of the test when there is none.
[[nodiscard]] const Alert& alert_of(const Report& report, std::string_view rule);
[[nodiscard]] size_t count_alerts(const Report& report, std::string_view rule);
[[nodiscard]] const Incident& incident_of(const Report& report, std::string_view rule);
// "opened BrokerDown", "resolved BrokerDown: the condition ended": what people were told, in order.
[[nodiscard]] std::vector<std::string> told(const Report& report);

}  // namespace highwater::rules::testing
