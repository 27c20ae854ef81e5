#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tests/simulator/scenario/scenario_reader.h"

namespace highwater::simulator {
namespace {

constexpr std::int64_t kMaxCount = 20'000;
constexpr std::int64_t kMaxPartitions = 10'000;
constexpr std::int64_t kMaxRecords = 1'000'000'000'000;
constexpr std::int64_t kMaxMembers = 1'000;

std::string numbered(std::string pattern, std::int64_t number) {
  const size_t place = pattern.find("%d");
  if (place != std::string::npos) pattern.replace(place, 2, std::to_string(number));
  return pattern;
}

std::int64_t read_count(YamlMap& map, const std::string& name) {
  const std::int64_t count = map.integer("count", 1, kMaxCount).value_or(1);
  if (count > 1 && name.find("%d") == std::string::npos) {
    map.error(map.node(), fmt::format("'{}' has a count but no %d in its name", name),
              fmt::format("call it '{}-%d'", name));
  }
  return count;
}

// How many topics the scenario has of the pattern "load-%d", so that groups can go round them.
std::int64_t topics_of(const std::string& pattern, const ReaderContext& context) {
  // A plain name is the same for every number.
  if (pattern.find("%d") == std::string::npos) return 0;
  std::int64_t number = 0;
  while (context.topics.contains(numbered(pattern, number + 1))) ++number;
  return number;
}

GroupType read_type(YamlMap& map) {
  const std::string type = map.text("type").value_or("classic");
  if (type == "consumer") return GroupType::kConsumer;
  if (type == "share") return GroupType::kShare;
  if (type == "streams") return GroupType::kStreams;
  if (type != "classic") {
    map.error(*map.node().find("type"), fmt::format("there are no groups of type '{}'", type),
              "one of: classic, consumer, share, streams");
  }
  return GroupType::kClassic;
}

bool read_isolation(YamlMap& map) {
  const std::string isolation = map.text("isolation").value_or("read_uncommitted");
  if (isolation != "read_committed" && isolation != "read_uncommitted") {
    map.error(*map.node().find("isolation"), fmt::format("'{}' is no isolation level", isolation),
              "one of: read_committed, read_uncommitted");
  }
  return isolation == "read_committed";
}

}  // namespace

std::vector<TopicSpec> read_topics(const YamlNode& node, const ReaderContext& context) {
  YamlMap map(node, "topic", context.file, context.diagnostics);
  if (!map.valid()) return {};
  TopicSpec topic;
  map.require("name");
  topic.name = map.text("name").value_or("");
  topic.partitions =
      static_cast<std::int32_t>(map.integer("partitions", 1, kMaxPartitions).value_or(1));
  if (const YamlNode* on = map.get("on")) topic.on = read_brokers(*on, context);
  const auto hosts =
      static_cast<std::int64_t>(topic.on.empty() ? context.brokers.size() : topic.on.size());
  topic.replication_factor = static_cast<std::int32_t>(
      map.integer("replication_factor", 1, std::max<std::int64_t>(hosts, 1)).value_or(0));
  if (const YamlNode* rate = map.get("produce"))
    topic.produce = read_rate(*rate, context).value_or(Rate{});
  topic.records = map.integer("records", 0, kMaxRecords);
  if (const auto history = map.duration("history")) topic.history = std::max(*history, Duration(1));
  if (const auto idle = map.duration("idle")) topic.idle = *idle;
  if (const YamlNode* config = map.get("config")) topic.config = read_config(*config, context);
  const std::int64_t count = read_count(map, topic.name);
  map.finish();

  std::vector<TopicSpec> topics(static_cast<size_t>(count), topic);
  for (std::int64_t i = 0; i < count; ++i)
    topics[static_cast<size_t>(i)].name = numbered(topic.name, i + 1);
  return topics;
}

std::vector<GroupSpec> read_groups(const YamlNode& node, const ReaderContext& context) {
  YamlMap map(node, "group", context.file, context.diagnostics);
  if (!map.valid()) return {};
  GroupSpec group;
  map.require("name");
  group.name = map.text("name").value_or("");
  group.type = read_type(map);
  group.topics = map.texts("topics");
  if (const YamlNode* consume = map.get("consume"))
    group.consume = read_consume(*consume, context).value_or(Consume{});
  group.offsets_only = map.boolean("offsets_only").value_or(false);
  group.members = static_cast<std::int32_t>(
      map.integer("members", 0, kMaxMembers).value_or(group.offsets_only ? 0 : 1));
  if (const auto protocol = map.text("protocol_type")) group.protocol_type = *protocol;
  group.commits = map.boolean("commits").value_or(true);
  if (const auto every = map.duration("commit_every")) {
    group.commit_every = *every;
    if (*every < std::chrono::milliseconds(10))
      map.error(*node.find("commit_every"), "'commit_every' is shorter than 10ms");
  }
  group.lag = map.integer("lag", 0, kMaxRecords).value_or(0);
  group.read_committed = read_isolation(map);
  group.commits_last_record = map.boolean("commits_last_record").value_or(false);
  const std::int64_t count = read_count(map, group.name);
  map.finish();
  for (const std::string& topic : group.topics) {
    if (!context.topics.contains(numbered(topic, 1)))
      context.error(*node.find("topics"), fmt::format("the scenario has no topic '{}'", topic));
  }

  std::vector<GroupSpec> groups(static_cast<size_t>(count), group);
  for (std::int64_t i = 0; i < count; ++i) {
    GroupSpec& made = groups[static_cast<size_t>(i)];
    made.name = numbered(group.name, i + 1);
    made.first_commit = group.commit_every * i / count;
    for (std::string& topic : made.topics) {
      if (const std::int64_t topics = topics_of(topic, context); topics > 0)
        topic = numbered(topic, i % topics + 1);
    }
  }
  return groups;
}

std::vector<std::int32_t> read_brokers(const YamlNode& node, const ReaderContext& context) {
  std::vector<std::int32_t> brokers;
  const auto add = [&](const YamlNode& item) {
    std::int32_t id = -1;
    const char* const end = item.scalar.data() + item.scalar.size();
    const auto [stop, problem] = std::from_chars(item.scalar.data(), end, id);
    if (item.kind != YamlNode::Kind::scalar || problem != std::errc{} || stop != end) {
      context.error(item, "the id of a broker was expected");
    } else if (std::ranges::find(context.brokers, id) == context.brokers.end()) {
      context.error(item, fmt::format("the scenario has no broker {}", id));
    } else if (std::ranges::find(brokers, id) != brokers.end()) {
      context.error(item, fmt::format("broker {} is here twice", id));
    } else {
      brokers.push_back(id);
    }
  };
  if (node.kind == YamlNode::Kind::list) {
    for (const YamlNode& item : node.items) add(item);
    if (node.items.empty()) context.error(node, "at least one broker is needed");
  } else {
    add(node);
  }
  return brokers;
}

std::map<std::string, std::string> read_config(const YamlNode& node, const ReaderContext& context) {
  std::map<std::string, std::string> config;
  if (node.kind != YamlNode::Kind::map) {
    context.error(node, "a map of names and values was expected");
    return config;
  }
  for (const auto& [name, value] : node.entries) {
    if (value.kind == YamlNode::Kind::scalar) {
      config[name.scalar] = value.scalar;
    } else {
      context.error(value, fmt::format("'{}' must be text", name.scalar));
    }
  }
  return config;
}

std::optional<Rate> read_rate(const YamlNode& node, const ReaderContext& context) {
  const Result<Rate> rate = parse_rate(node.scalar);
  if (rate) return *rate;
  context.error(node, rate.error().message);
  return std::nullopt;
}

std::optional<Consume> read_consume(const YamlNode& node, const ReaderContext& context) {
  if (node.scalar == "all") return Consume{};
  if (node.scalar == "none") return Consume{Consume::Mode::kNothing, {}};
  const std::optional<Rate> rate = read_rate(node, context);
  if (!rate) return std::nullopt;
  return Consume{rate->zero() ? Consume::Mode::kNothing : Consume::Mode::kRate, *rate};
}

}  // namespace highwater::simulator
