// BrokerRows: one row {cluster, broker} per broker, and the way from a broker's id to its row. Used
// by the interpreters that count or relate things by broker, on the interpreter's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "collectors/kafka/cluster_view.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/number_symbols.h"

namespace highwater::collectors {

class BrokerRows {
 public:
  // Starts over with the brokers of the view.
  void begin(const kafka::ClusterView& view);
  // A broker that only a partition names.
  void include(int32_t broker) {
    if (broker >= 0 && !row(broker)) insert(broker, kafka::BrokerStatus::connecting);
  }

  [[nodiscard]] std::shared_ptr<const KeySet> finish(const Symbol& cluster, NumberSymbols& numbers);

  // The row, after the last include().
  [[nodiscard]] std::optional<uint32_t> row(int32_t broker) const {
    if (ids_.empty()) return std::nullopt;
    // Ids without gaps are the rule.
    const int64_t guess = int64_t{broker} - ids_.front();
    if (guess >= 0 && guess < std::ssize(ids_) && ids_[static_cast<size_t>(guess)] == broker)
      return static_cast<uint32_t>(guess);
    return search(broker);
  }
  // Whether it is down, and not by an orderly shutdown.
  [[nodiscard]] bool failed(int32_t broker) const {
    if (!any_down_) return false;
    const auto found = row(broker);
    return found && kafka::is_failed(statuses_[*found]);
  }
  // Failed, or stopped in order.
  [[nodiscard]] bool down(int32_t broker) const {
    if (!any_down_) return false;
    const auto found = row(broker);
    return found && is_down(statuses_[*found]);
  }
  [[nodiscard]] bool any_down() const { return any_down_; }
  [[nodiscard]] size_t count() const { return ids_.size(); }
  [[nodiscard]] int32_t id(size_t row) const { return ids_[row]; }

 private:
  static bool is_down(kafka::BrokerStatus status) {
    return kafka::is_failed(status) || status == kafka::BrokerStatus::stopped;
  }
  void insert(int32_t broker, kafka::BrokerStatus status);
  [[nodiscard]] std::optional<uint32_t> search(int32_t broker) const;

  KeyTracker keys_{{"cluster", "broker"}};
  std::vector<int32_t> ids_;  // ascending
  std::vector<kafka::BrokerStatus> statuses_;
  bool any_down_ = false;
};

}  // namespace highwater::collectors
