// Faults and other changes that a scenario applies to its cluster, one struct each.
//
// Made by the scenario reader and by tests, applied by the model. Plain values, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/time.h"
#include "tests/simulator/scenario/spec.h"

namespace highwater::simulator {

namespace fault {

// kill -9: connections are reset, connecting is refused.
struct Die {
  std::int32_t broker;
};
// A dead or stopped broker is started again, on the same port.
struct Return {
  std::int32_t broker;
};
// SIGSTOP: the kernel still accepts connections, nothing is answered.
struct Hang {
  std::int32_t broker;
};
// SIGCONT: everything queued is answered, at first from memory.
struct Wake {
  std::int32_t broker;
};
// TERM: leaders move first, then the connections end.
struct Stop {
  std::int32_t broker;
};
// Every answer takes this much longer; zero ends it.
struct Slow {
  std::int32_t broker;
  Duration delay;
};
// The next answers are cut in the middle, and the connection closed.
struct HalfAnswer {
  std::int32_t broker;
  std::int32_t times = 1;
};
// The next answers are nonsense: the body alone, or the whole frame with its length.
struct Garbage {
  std::int32_t broker;
  std::int32_t times = 1;
  bool whole_frame = false;
};
struct LeaderChange {
  std::string topic;
  std::int32_t partition;
  std::int32_t to;
};
struct PreferredElection {};
// Every partition of __consumer_offsets gets another leader.
struct MoveCoordinators {};
// The groups that a broker coordinates cannot be read for a while.
struct Loading {
  std::int32_t broker;
  Duration duration;
};
// The controllers lose or regain their majority while all brokers run.
struct QuorumLost {
  bool lost = true;
};
// Replaces what is denied to whoever asks.
struct Denied {
  bool topics = false;
  bool groups = false;
  bool cluster = false;
  bool configs = false;
  std::vector<std::string> topic_names;
  std::vector<std::string> group_names;
  bool reads = false;  // of any topic's records
};
// A follower that is too slow: it leaves the ISRs of what it does not lead, or comes back to them.
struct FallBehind {
  std::int32_t broker;
  bool behind = true;
};
struct Reassign {
  std::string topic;
  std::int32_t partition;
  std::vector<std::int32_t> to;
  Duration duration = std::chrono::seconds(5);
};
struct CreateTopic {
  TopicSpec topic;
};
struct DeleteTopic {
  std::string topic;
};
struct AlterConfig {
  std::string topic;
  std::string name;
  std::string value;
};
struct DeleteRecords {
  std::string topic;
  std::int32_t partition;
  std::int64_t before;
};
struct CreateGroup {
  GroupSpec group;
};
struct DeleteGroup {
  std::string group;
};
struct Members {
  std::string group;
  std::int32_t count;
  std::int32_t first = 1;  // 2: the one that had the lowest partition is gone
};
struct Rebalance {
  std::string group;
  Duration duration;
};
struct ChangeConsume {
  std::string group;
  Consume consume;
};
struct ChangeProduce {
  std::string topic;
  Rate rate;
};
struct OpenTransaction {
  std::string topic;
  std::int32_t partition;
  std::int64_t records = 1;
};
struct EndTransaction {
  std::string topic;
  std::int32_t partition;
  bool abort = false;
};
// Ends slow, half answers, garbage, loading, falling behind, denial and a lost quorum; wakes who
// hangs and returns who is dead. Of one broker, or of all.
struct Heal {
  std::optional<std::int32_t> broker;
};

}  // namespace fault

using Fault =
    std::variant<fault::Die, fault::Return, fault::Hang, fault::Wake, fault::Stop, fault::Slow,
                 fault::HalfAnswer, fault::Garbage, fault::LeaderChange, fault::PreferredElection,
                 fault::MoveCoordinators, fault::Loading, fault::QuorumLost, fault::Denied,
                 fault::FallBehind, fault::Reassign, fault::CreateTopic, fault::DeleteTopic,
                 fault::AlterConfig, fault::DeleteRecords, fault::CreateGroup, fault::DeleteGroup,
                 fault::Members, fault::Rebalance, fault::ChangeConsume, fault::ChangeProduce,
                 fault::OpenTransaction, fault::EndTransaction, fault::Heal>;

struct TimedFault {
  Duration at{};  // since the scenario began
  Fault fault;
};

// For people: "die 2", "slow 2 by 500ms".
[[nodiscard]] std::string describe(const Fault& fault);

}  // namespace highwater::simulator
