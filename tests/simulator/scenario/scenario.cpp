#include "tests/simulator/scenario/scenario.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/simulator/model/release.h"
#include "tests/simulator/scenario/scenario_reader.h"

namespace highwater::simulator {
namespace {

constexpr std::int64_t kMaxBrokers = 100;

Release read_release(YamlMap& map, Release otherwise) {
  const std::optional<std::string> text = map.text("kafka");
  if (!text) return otherwise;
  if (const std::optional<Release> release = release_named(*text)) return *release;
  map.error(*map.node().find("kafka"), fmt::format("Kafka '{}' is not known here", *text),
            "one of: 2.4, 2.8, 3.3, 3.9, 4.0, 4.1");
  return otherwise;
}

BrokerSpec read_broker(const YamlNode& node, ReaderContext& context, Release release) {
  YamlMap map(node, "broker", context.file, context.diagnostics);
  BrokerSpec broker;
  map.require("id");
  broker.id = static_cast<std::int32_t>(map.integer("id", 0, 1'000'000).value_or(-1));
  broker.rack = map.text("rack");
  broker.release = read_release(map, release);
  map.finish();
  return broker;
}

// A number of them, or a list.
void read_broker_list(YamlMap& map, Scenario& scenario, ReaderContext& context) {
  const Release release = read_release(map, Release::k4_1);
  const std::vector<std::string> racks = map.texts("racks");
  const YamlNode* node = map.node().find("brokers");
  scenario.brokers.clear();
  if (node != nullptr && node->kind == YamlNode::Kind::list) {
    map.get("brokers");
    for (const YamlNode& item : node->items) {
      scenario.brokers.push_back(read_broker(item, context, release));
      const std::int32_t id = scenario.brokers.back().id;
      if (std::ranges::find(context.brokers, id) != context.brokers.end())
        context.error(item, fmt::format("broker {} is here twice", id));
      context.brokers.push_back(id);
    }
    if (node->items.empty()) context.error(*node, "a cluster has at least one broker");
  } else {
    const std::int64_t count = map.integer("brokers", 1, kMaxBrokers).value_or(3);
    for (std::int64_t i = 1; i <= count; ++i) {
      scenario.brokers.push_back({static_cast<std::int32_t>(i), std::nullopt, release});
      context.brokers.push_back(scenario.brokers.back().id);
    }
  }
  for (size_t i = 0; i < scenario.brokers.size() && !racks.empty(); ++i) {
    if (!scenario.brokers[i].rack) scenario.brokers[i].rack = racks[i % racks.size()];
  }
}

void read_timings(YamlMap& map, Timings& timings) {
  const std::pair<const char*, Duration*> keys[] = {
      {"fencing", &timings.fencing},
      {"election", &timings.election},
      {"resignation", &timings.resignation},
      {"forward_timeout", &timings.forward_timeout},
      {"startup", &timings.startup},
      {"unfencing", &timings.unfencing},
      {"catch_up", &timings.catch_up},
      {"zombie", &timings.zombie},
      {"shutdown", &timings.shutdown},
      {"deregistration", &timings.deregistration},
      {"coordinator_loading", &timings.coordinator_loading},
      {"preferred_election", &timings.preferred_election},
  };
  for (const auto& [key, value] : keys) {
    if (const auto duration = map.duration(key)) *value = *duration;
  }
}

const std::vector<YamlNode>& list_of(YamlMap& map, const std::string& key) {
  static const std::vector<YamlNode> kNone;
  const YamlNode* node = map.get(key);
  if (node == nullptr) return kNone;
  if (node->kind == YamlNode::Kind::list) return node->items;
  map.error(*node, fmt::format("'{}' must be a list", key));
  return kNone;
}

template <class Spec>
void add(const YamlNode& node, std::vector<Spec> specs, std::vector<Spec>& all,
         std::set<std::string>& names, ReaderContext& context) {
  for (Spec& spec : specs) {
    if (!names.insert(spec.name).second)
      context.error(node, fmt::format("'{}' is here twice", spec.name));
    all.push_back(std::move(spec));
  }
}

std::optional<Scenario> interpret(const YamlNode& root, const std::string& file,
                                  Diagnostics& diagnostics) {
  YamlMap map(root, "scenario", file, diagnostics);
  if (!map.valid()) return std::nullopt;
  Scenario scenario;
  ReaderContext context{file, diagnostics, {}, {}, {}};
  if (const auto id = map.text("cluster_id")) scenario.cluster_id = *id;
  read_broker_list(map, scenario, context);
  if (const YamlNode* node = map.get("controllers"))
    scenario.controllers = read_brokers(*node, context);
  const auto last = static_cast<std::int64_t>(65'536 - scenario.brokers.size());
  scenario.port_base = static_cast<std::uint16_t>(map.integer("port_base", 0, last).value_or(0));
  scenario.offsets_partitions =
      static_cast<std::int32_t>(map.integer("offsets_partitions", 1, 1000).value_or(50));
  scenario.offsets_replication_factor =
      static_cast<std::int32_t>(map.integer("offsets_replication_factor", 1, 1000).value_or(0));
  read_timings(map, scenario.timings);
  if (const YamlNode* node = map.get("config")) scenario.config = read_config(*node, context);
  for (const YamlNode& node : list_of(map, "topics"))
    add(node, read_topics(node, context), scenario.topics, context.topics, context);
  for (const YamlNode& node : list_of(map, "groups"))
    add(node, read_groups(node, context), scenario.groups, context.groups, context);
  for (const YamlNode& node : list_of(map, "faults")) {
    if (auto fault = read_fault(node, context)) scenario.faults.push_back(std::move(*fault));
  }
  std::ranges::stable_sort(scenario.faults, {}, &TimedFault::at);
  map.finish();
  return scenario;
}

std::optional<Scenario> interpret_all(const std::optional<YamlNode>& root, const std::string& file,
                                      Diagnostics& diagnostics) {
  if (!root) return std::nullopt;
  std::optional<Scenario> scenario = interpret(*root, file, diagnostics);
  if (!diagnostics.empty()) return std::nullopt;
  return scenario;
}

}  // namespace

std::optional<Scenario> parse_scenario(std::string_view text, const std::string& file,
                                       Diagnostics& diagnostics) {
  return interpret_all(parse_yaml(text, file, diagnostics), file, diagnostics);
}

std::optional<Fault> parse_fault(std::string_view text, const Scenario& scenario,
                                 Diagnostics& diagnostics) {
  const std::string file = "fault";
  const auto root = parse_yaml(fmt::format("{{at: 0s, {}}}", text), file, diagnostics);
  if (!root) return std::nullopt;
  ReaderContext context{file, diagnostics, {}, {}, {}};
  for (const BrokerSpec& broker : scenario.brokers) context.brokers.push_back(broker.id);
  for (const TopicSpec& topic : scenario.topics) context.topics.insert(topic.name);
  for (const GroupSpec& group : scenario.groups) context.groups.insert(group.name);
  const auto fault = read_fault(*root, context);
  if (!fault || !diagnostics.empty()) return std::nullopt;
  return fault->fault;
}

std::optional<Scenario> read_scenario(const std::string& path, Diagnostics& diagnostics) {
  return interpret_all(read_yaml(path, diagnostics), path, diagnostics);
}

}  // namespace highwater::simulator
