// A cluster whose weeks pass in seconds: three brokers, topics whose traffic follows the day,
// groups that read them, are deployed, and rebalance. Every quarter of a minute it is seen as a
// poll sees a real one, by the real interpreters, and judged by the built-in rules. What the
// network half brings is made up here; everything behind it is the product's own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collectors/brokers.h"
#include "collectors/groups.h"
#include "collectors/monitor.h"
#include "collectors/partitions.h"
#include "collectors/rebalances.h"
#include "collectors/topics.h"
#include "rules/engine.h"

namespace highwater::testing {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr Duration kStep = seconds(15);

// The rules every agent has, and these SLOs, if any.
[[nodiscard]] rules::RuleSet builtin_rules_with(const std::string& slos);

struct GroupPlan {
  std::string name;
  std::string topic;
  int members = 3;
  double capacity = 0;  // records a second and partition
  // Of the day, when it has members; all day without.
  std::pair<Duration, Duration> runs{hours(0), hours(24)};
};

class World {
 public:
  explicit World(rules::RuleSet rules);

  // Lets so much time pass, and notes what people were told: "opened BrokerDown broker=2".
  void pass(Duration duration);
  [[nodiscard]] Duration time() const { return now_.steady - start_.steady; }
  [[nodiscard]] const std::vector<std::string>& told() const { return told_; }
  void forget_told() { told_.clear(); }
  // Names of the rules that opened an incident, page or ticket, each once; "page X" or "ticket X".
  [[nodiscard]] std::vector<std::string> opened() const;

  // What happens to the cluster. Brokers have the ids 1 to 3.
  void stop_in_order(int32_t broker);
  void fail(int32_t broker, kafka::BrokerStatus how);
  void fence(int32_t broker);  // Metadata has noticed: others lead what it led
  void bring_back(int32_t broker);
  void elect_preferred();
  void deploy(const std::string& group);  // its members are replaced one after another

  // The truth of a group and topic, to be changed by whoever plants a fault.
  struct Reader {
    GroupPlan plan;
    std::vector<double> position;   // by partition; the committed offset is what is below it
    bool reads = true;              // false: it has members and does nothing
    bool there = true;              // false: it has no members
    Duration rebalances_until{};    // by time()
    std::deque<Duration> restarts;  // of single members, by time()
    std::vector<std::string> members;
  };
  struct Log {
    double rate = 0;  // records a second at noon of a weekday, in each partition
    bool by_day = true;
    std::vector<double> rates;  // by partition, in place of `rate`, when not empty
    std::vector<double> end;
    std::vector<double> start;
    std::vector<std::deque<std::pair<Duration, double>>> history;  // when the end was where
  };
  Reader& reader(const std::string& group) { return readers_.at(group); }
  Log& log(const std::string& topic) { return logs_.at(topic); }
  kafka::TopicView& topic(const std::string& name);
  kafka::ClusterView& view() { return view_; }
  // Done to the view before each poll, over what is true otherwise.
  std::function<void(kafka::ClusterView&)> distort;

  void add_topic(const std::string& name, int partitions, int replicas, double rate,
                 bool by_day = true);
  void add_group(GroupPlan plan);

 private:
  void step();
  void write(Duration step);
  void read(Reader& reader, Duration step);
  void show_topics();
  void show_groups();
  void show_group(const Reader& reader, kafka::GroupView& group);
  [[nodiscard]] kafka::UnreadSince unread(const Log& log, size_t partition, double offset) const;
  void judge();
  template <class Interpreter>
  void see(Interpreter& interpreter, const kafka::ClusterView& view);
  [[nodiscard]] double load() const;  // of the hour: 1 at noon of a weekday

  Now start_, now_;
  kafka::ClusterView view_;
  std::map<std::string, Log> logs_;
  std::map<std::string, Reader> readers_;
  int next_member_ = 0;

  collectors::BrokersInterpreter brokers_;
  collectors::PartitionsInterpreter partitions_;
  collectors::TopicsInterpreter topics_;
  collectors::GroupsInterpreter groups_;
  collectors::RebalancesInterpreter rebalances_;
  collectors::MonitorInterpreter monitor_;
  Snapshot snapshot_;
  rules::Engine engine_;
  std::vector<std::string> told_;
};

}  // namespace highwater::testing
