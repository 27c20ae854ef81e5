// Simulated brokers, a collector that watches them over real sockets in real time, and the newest
// observation of each part: for tests of the whole way from answers to rows.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/log.h"
#include "collectors/kafka_collector.h"
#include "tests/simulator/scenario/scenario.h"
#include "tests/simulator/simulator.h"

namespace highwater::collectors {

class SimulatedWatch {
 public:
  struct Options {
    Duration poll = std::chrono::milliseconds(200);
    Duration request_timeout = std::chrono::milliseconds(600);
    Duration longest_back_off = std::chrono::seconds(30);
    std::vector<std::string> before = {};  // faults that happen before anybody watches
    std::function<void(kafka::Bytes&)> on_answer = {};
  };
  explicit SimulatedWatch(std::string_view scenario) : SimulatedWatch(scenario, Options()) {}
  SimulatedWatch(std::string_view scenario, Options options);
  ~SimulatedWatch();

  void happen(std::string_view fault);
  // Another collector that knows nothing of what the one before saw.
  void watch_anew();

  // Waits for an observation after which the condition holds; false after `patience`.
  template <class Condition>
  bool wait_for(Condition condition, Duration patience = std::chrono::seconds(120)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }

  // The rest may be called in a condition, or while nothing is waited for.

  struct Row {
    double value = 0;
    Unknown reason = Unknown::known;
    bool operator==(const Row&) const = default;
  };
  // Nothing when there is no such row; the first cell, the cluster, is left out.
  [[nodiscard]] std::optional<Row> row(std::string_view measure,
                                       const std::vector<std::string>& cells) const;
  [[nodiscard]] bool is(std::string_view measure, const std::vector<std::string>& cells,
                        double value) const;
  // "measure{cells}" and what it says, of every row of these measures.
  [[nodiscard]] std::map<std::string, Row> rows(const std::vector<std::string>& measures) const;
  // How many observations of the part came.
  [[nodiscard]] int observations(const std::string& part) const;
  // What went wrong in the newest poll of the part.
  [[nodiscard]] std::vector<std::string> problems(const std::string& part) const;
  // Known numbers that nothing can be.
  [[nodiscard]] const std::vector<std::string>& nonsense() const { return nonsense_; }
  // Holds back what comes meanwhile.
  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

 private:
  void take(ObservationPtr observation);

  Options options_;
  SystemClock clock_;
  Log log_;
  simulator::Scenario scenario_;
  std::unique_ptr<simulator::Simulator> simulator_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, ObservationPtr> newest_;
  std::map<std::string, int> observations_;
  std::vector<std::string> nonsense_;
  std::unique_ptr<KafkaCollector> collector_;  // last: ends first
};

}  // namespace highwater::collectors
