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

#include "tests/week/watcher.h"

namespace highwater::testing {

struct GroupPlan {
  std::string name;
  std::string topic;
  int members = 3;
  double capacity = 0;  // records a second and partition
  // Of the day, when it has members; all day without.
  std::pair<Duration, Duration> runs{hours(0), hours(24)};
};

// How an agent ends.
enum class Stop : uint8_t { told, killed };

// The same once more is the same world without an agent: a copy has none until it is started.
class World {
 public:
  explicit World(rules::RuleSet rules);

  // The agent ends, and leaves what it has written; time goes on without one.
  void stop_agent(Stop how);
  // A new one goes on from what was left.
  void start_agent();
  // The same world, whose agent ends here.
  [[nodiscard]] World without_agent(Stop how) const;

  // Lets so much time pass, and notes what people were told: "opened BrokerDown broker=2".
  void pass(Duration duration);
  [[nodiscard]] Duration time() const { return now_.steady - start_.steady; }
  [[nodiscard]] Now now() const { return now_; }
  [[nodiscard]] const std::vector<std::string>& told() const { return told_; }
  void forget_told() { told_.clear(); }
  // Names of the rules that opened an incident, page or ticket, each once; "page X" or "ticket X".
  [[nodiscard]] std::vector<std::string> opened() const;
  // Of the last look; empty before the first one.
  [[nodiscard]] const Report& report() const { return report_; }
  // What the last look told people, in order.
  [[nodiscard]] const std::vector<Transition>& news() const { return report_.transitions; }

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
    std::vector<Duration> grew;                                    // when something came last
    std::vector<std::deque<std::pair<Duration, double>>> history;  // when the end was where
  };
  Reader& reader(const std::string& group) { return readers_.at(group); }
  Log& log(const std::string& topic) { return logs_.at(topic); }
  kafka::TopicView& topic(const std::string& name);
  kafka::ClusterView& view() { return view_; }
  Surroundings& around() { return around_; }
  // Done to the view before each poll, over what is true otherwise.
  std::function<void(kafka::ClusterView&)> distort;
  // Done to the truth in each step.
  std::function<void(World&)> goes_on;
  // Sees each report.
  std::function<void(const Report&)> sees;

  void add_topic(const std::string& name, int partitions, int replicas, double rate,
                 bool by_day = true);
  // To a topic that is there, up to so many.
  void add_partitions(const std::string& name, int partitions);
  void add_group(GroupPlan plan);
  void delete_topic(const std::string& name);
  void delete_group(const std::string& name);
  // What the members of a group counted, as their page shows it: failed, and all.
  std::pair<double, double> page_counters{};

 private:
  void step();
  void write(Duration step);
  void read(Reader& reader, Duration step);
  void show_topics();
  void show_groups();
  void show_group(const Reader& reader, kafka::GroupView& group);
  [[nodiscard]] kafka::UnreadSince unread(const Log& log, size_t partition, double offset) const;
  void judge();
  [[nodiscard]] double load() const;  // of the hour: 1 at noon of a weekday

  Now start_, now_;
  kafka::ClusterView view_;
  std::map<std::string, Log> logs_;
  std::map<std::string, Reader> readers_;
  int next_member_ = 0;

  Surroundings around_;
  rules::RuleSet rules_;
  // Of a copy: none.
  struct Agent {
    std::unique_ptr<Watcher> watcher;
    Agent() = default;
    Agent(const Agent&) {}
    Agent& operator=(const Agent&) = delete;
    ~Agent() = default;
  } agent_;
  Kept kept_;  // what the last agent left
  Report report_;
  std::vector<std::string> told_;
};

}  // namespace highwater::testing
