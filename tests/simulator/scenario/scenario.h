// A scenario: a Kafka cluster and what happens to it, as read from a YAML file or built by a test.
//
// README.md beside this file documents the file's keys. Plain values and pure functions, any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/diagnostic.h"
#include "tests/simulator/scenario/fault.h"
#include "tests/simulator/scenario/spec.h"

namespace highwater::simulator {

struct Scenario {
  std::string cluster_id = "highwater-simulator-01";
  std::vector<BrokerSpec> brokers{{.id = 1}, {.id = 2}, {.id = 3}};
  std::vector<std::int32_t> controllers;  // brokers that vote; empty: the first three
  std::uint16_t port_base = 0;  // the first broker's port, the others follow; 0: free ports
  std::int32_t offsets_partitions = 50;         // of __consumer_offsets
  std::int32_t offsets_replication_factor = 0;  // 0: three, or all brokers when there are fewer
  Timings timings;
  std::map<std::string, std::string> config;  // in the file of every broker
  std::vector<TopicSpec> topics;
  std::vector<GroupSpec> groups;
  std::vector<TimedFault> faults;  // ordered by time
};

// Nothing when there is an error; diagnostics then has all of them.
[[nodiscard]] std::optional<Scenario> parse_scenario(std::string_view text, const std::string& file,
                                                     Diagnostics& diagnostics);
[[nodiscard]] std::optional<Scenario> read_scenario(const std::string& path,
                                                    Diagnostics& diagnostics);

// One change as an entry of `faults` has it, without its time: "die: 2", "stop: 1".
[[nodiscard]] std::optional<Fault> parse_fault(std::string_view text, const Scenario& scenario,
                                               Diagnostics& diagnostics);

}  // namespace highwater::simulator
