// What a scenario is made of: brokers, topics, groups and the times a cluster takes to react.
//
// Written by the scenario reader or by a test, read by the model. Plain values, any thread. Counts
// ("count: 500") are expanded by the reader: here every topic and group has its own name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/time.h"
#include "tests/simulator/model/rate.h"

namespace highwater::simulator {

// Which Kafka a broker pretends to be: it decides the versions of the APIs that it offers.
enum class Release : std::uint8_t { k2_4, k2_8, k3_3, k3_9, k4_0, k4_1, k4_4 };

struct BrokerSpec {
  std::int32_t id = 0;
  std::optional<std::string> rack = {};
  Release release = Release::k4_1;
};

struct TopicSpec {
  std::string name = {};
  std::int32_t partitions = 1;
  std::int32_t replication_factor = 0;  // 0: three, or all brokers when there are fewer
  std::vector<std::int32_t> on = {};    // brokers that may host it; empty: all
  Rate produce = {};
  // There at the beginning; nothing: what `produce` made in `history`.
  std::optional<std::int64_t> records = {};
  Duration history = std::chrono::hours(1);
  Duration idle{};  // the newest of them is this old
  std::map<std::string, std::string> config = {};
};

enum class GroupType : std::uint8_t { kClassic, kConsumer, kShare, kStreams };

struct Consume {
  enum class Mode : std::uint8_t { kAll, kRate, kNothing };
  Mode mode = Mode::kAll;
  Rate rate;  // over all partitions of the group
};

struct GroupSpec {
  std::string name = {};
  GroupType type = GroupType::kClassic;
  std::vector<std::string> topics = {};
  Consume consume = {};
  std::int32_t members = 1;
  std::int32_t first_member = 1;  // the number in its id; the others follow
  std::string protocol_type = "consumer";
  bool offsets_only = false;  // somebody committed for it; it never had a member
  bool commits = true;
  Duration commit_every = std::chrono::seconds(5);
  Duration first_commit{};  // so that the groups of a count do not commit all at once
  std::int64_t lag = 0;     // records behind at the beginning, over all partitions
  bool read_committed = false;
  // Commits the last record it was given and one, as librdkafka does, and not its position.
  bool commits_last_record = false;
};

// The times Kafka takes, as measured on real brokers with their defaults.
struct Timings {
  Duration fencing = std::chrono::milliseconds(9600);  // a broker falls silent: the others notice
  Duration election =
      std::chrono::milliseconds(1500);  // a new active controller; the fencing starts again
  Duration resignation =
      std::chrono::seconds(3);  // an active controller without a majority gives up
  Duration forward_timeout =
      std::chrono::seconds(30);                // requests forwarded to a hung controller are stuck
  Duration startup = std::chrono::seconds(7);  // "return" until it is unfenced
  Duration unfencing = std::chrono::milliseconds(300);  // after it woke, when it had been fenced
  Duration catch_up = std::chrono::milliseconds(600);   // unfenced until it is in the ISRs again
  Duration zombie = std::chrono::milliseconds(500);     // after it woke it answers from memory
  Duration shutdown = std::chrono::milliseconds(2100);  // orderly stop until the connections end
  // Until it leaves the list after that. With ZooKeeper it does so when its logs are closed.
  Duration deregistration = std::chrono::milliseconds(30);
  Duration coordinator_loading = std::chrono::milliseconds(300);
  Duration preferred_election = std::chrono::minutes(5);  // between the automatic ones; 0: none
};

}  // namespace highwater::simulator
