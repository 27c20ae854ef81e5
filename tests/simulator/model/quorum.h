// The controllers: which of them vote, which one is active, and what DescribeQuorum says of them.
//
// Part of the model, on its thread. When something happens is the model's to decide: this only
// knows the state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "collectors/kafka/wire/admin.h"
#include "tests/simulator/answers/answer.h"

namespace highwater::simulator {

class Quorum {
 public:
  Quorum(std::vector<std::int32_t> voters, const std::vector<BrokerInfo>& brokers);

  // A process of the cluster, voter or not, works or does not.
  void set_up(std::int32_t broker, bool up, Duration now);
  // The voters cannot reach each other, though their processes run.
  void set_lost(bool lost) { lost_ = lost; }

  [[nodiscard]] bool has_majority() const;
  [[nodiscard]] std::optional<std::int32_t> active() const { return active_; }
  [[nodiscard]] bool active_is_up() const { return active_ && replicas_.at(*active_).up; }
  void resign() { active_.reset(); }
  // The next voter that works; only with a majority.
  void elect(Duration now);

  [[nodiscard]] kafka::DescribeQuorumResponse describe(const Viewpoint& view,
                                                       const kafka::DescribeQuorumRequest&) const;

 private:
  struct Replica {
    bool up = true;
    Duration silent_since{};
  };

  [[nodiscard]] kafka::DescribeQuorumResponse::ReplicaState state_of(const Viewpoint& view,
                                                                     std::int32_t id) const;

  std::vector<std::int32_t> voters_;
  std::map<std::int32_t, Replica> replicas_;
  std::optional<std::int32_t> active_;
  std::int32_t last_active_;
  std::int32_t epoch_ = 5;
  Duration elected_at_ = Duration::min();
  bool lost_ = false;
};

}  // namespace highwater::simulator
