// The cluster as its brokers know it: who is alive, who leads what, which groups there are, where
// logs end, what is denied. Everything an answer is made of, except who is asked and when.
//
// Held by the model, on its thread. A value: a broker that hangs keeps a copy, and answers from it
// when it wakes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/kafka/wire/primitives.h"
#include "tests/simulator/model/log.h"
#include "tests/simulator/scenario/fault.h"
#include "tests/simulator/scenario/scenario.h"

namespace highwater::simulator {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";
// There once a producer began a transaction.
inline constexpr std::string_view kTransactionsTopic = "__transaction_state";
inline constexpr std::int32_t kNoLeader = -1;

using Config = std::map<std::string, std::string>;

struct BrokerInfo {
  std::int32_t id = 0;
  std::string host;
  std::uint16_t port = 0;
  std::optional<std::string> rack;
  Release release = Release::k4_1;
};

struct Partition {
  std::int32_t leader = kNoLeader;
  std::int32_t epoch = 0;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> isr;
  std::vector<std::int32_t> elr;  // who may lead again when the ISR is empty
  std::vector<std::int32_t> adding;
  std::vector<std::int32_t> removing;
  Duration loading_until =
      Duration::min();  // of __consumer_offsets: its leader reads it until then

  [[nodiscard]] bool has_replica(std::int32_t broker) const;
  [[nodiscard]] bool in_isr(std::int32_t broker) const;
};

struct Topic {
  std::string name;
  kafka::Uuid id;
  bool internal = false;
  Config config;  // set on the topic
  std::vector<Partition> partitions;
  TopicLog log;

  [[nodiscard]] const Partition* partition(std::int32_t index) const;
  [[nodiscard]] Partition* partition(std::int32_t index);
};

struct GroupTopic {
  struct Committed {
    std::int64_t offset = -1;  // -1: never
    std::int32_t epoch = -1;
  };

  std::string name;
  std::vector<std::int64_t> positions;  // what the members read so far
  std::vector<Committed> committed;
};

struct Group {
  GroupSpec spec;
  std::int32_t epoch = 1;  // of consumer and share groups
  Duration rebalancing_until = Duration::min();
  Duration consumed_at{};  // positions are true at this moment
  Ramp consumed;           // at the rate of the spec, when it has one
  std::vector<GroupTopic> topics;

  [[nodiscard]] bool rebalancing(Duration now) const { return now < rebalancing_until; }
};

struct World {
  std::string cluster_id;
  Config config;                    // of every broker
  std::vector<BrokerInfo> brokers;  // registered, dead ones too
  std::set<std::int32_t> alive;     // not fenced: what Metadata calls "brokers"
  std::map<std::string, Topic, std::less<>> topics;
  std::map<std::string, Group, std::less<>> groups;
  fault::Denied denied;
  bool share_groups = false;

  [[nodiscard]] const BrokerInfo* broker(std::int32_t id) const;
  [[nodiscard]] const Topic* topic(std::string_view name) const;
  [[nodiscard]] Topic* topic(std::string_view name);
  [[nodiscard]] const Group* group(std::string_view name) const;
  [[nodiscard]] Group* group(std::string_view name);
  // The partition of __consumer_offsets that a group lives in; null while there is no such topic.
  [[nodiscard]] const Partition* home_of(std::string_view group) const;

  [[nodiscard]] bool topic_denied(std::string_view name) const;
  [[nodiscard]] bool group_denied(std::string_view name) const;
  // The topic's own value, else the brokers', else "".
  [[nodiscard]] std::string config_of(const Topic& topic, const std::string& name) const;
  [[nodiscard]] std::int32_t min_insync_replicas(const Topic& topic) const;
};

// The cluster at the moment a scenario begins: everybody alive, every partition led by its first
// replica.
[[nodiscard]] World make_world(const Scenario& scenario);

// For what the scenario creates later. The brokers of a new topic are chosen among those alive.
void add_topic(World& world, const TopicSpec& spec, std::optional<Duration> created);
void add_offsets_topic(World& world, std::int32_t partitions, std::int32_t replication_factor,
                       std::optional<Duration> created);
void add_transactions_topic(World& world, Duration created);
void add_group(World& world, const GroupSpec& spec, Duration now);
void delete_topic(World& world, const std::string& name);
// After a change of `retention.ms` or `cleanup.policy`.
void apply_retention(const World& world, Topic& topic);

// Java's String.hashCode() of a group, made positive: decides where it lives.
[[nodiscard]] std::int32_t offsets_partition(std::string_view group, std::int32_t partitions);

}  // namespace highwater::simulator
