// The parts of the scenario reader, shared by scenario.cpp (the file), spec_reader.cpp (topics and
// groups) and fault_reader.cpp. Errors go to the diagnostics; what is returned is then of no use.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/core/yaml.h"
#include "tests/simulator/scenario/fault.h"

namespace highwater::simulator {

// What a fault or a topic may name.
struct ReaderContext {
  const std::string& file;
  Diagnostics& diagnostics;
  std::vector<std::int32_t> brokers;
  std::set<std::string> topics;
  std::set<std::string> groups;

  void error(const YamlNode& at, std::string what, std::string advice = "") const {
    diagnostics.push_back({file, at.line, at.column, std::move(what), std::move(advice)});
  }
};

// Every topic or group that one entry of the list stands for: `count` of them, "%d" numbered
// from 1.
[[nodiscard]] std::vector<TopicSpec> read_topics(const YamlNode& node,
                                                 const ReaderContext& context);
[[nodiscard]] std::vector<GroupSpec> read_groups(const YamlNode& node,
                                                 const ReaderContext& context);

// "1" or [1, 2]
[[nodiscard]] std::vector<std::int32_t> read_brokers(const YamlNode& node,
                                                     const ReaderContext& context);
[[nodiscard]] std::map<std::string, std::string> read_config(const YamlNode& node,
                                                             const ReaderContext& context);
[[nodiscard]] std::optional<Rate> read_rate(const YamlNode& node, const ReaderContext& context);
[[nodiscard]] std::optional<Consume> read_consume(const YamlNode& node,
                                                  const ReaderContext& context);

// An entry of `faults`: a map of `at` and one change. Notes topics and groups that it creates.
[[nodiscard]] std::optional<TimedFault> read_fault(const YamlNode& node, ReaderContext& context);

}  // namespace highwater::simulator
