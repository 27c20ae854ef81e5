#include <fmt/format.h>

#include <limits>

#include "tests/simulator/scenario/scenario_reader.h"

namespace highwater::simulator {
namespace {

using Read = std::optional<Fault>;

constexpr std::int64_t kMaxTimes = 1'000'000;
constexpr std::int64_t kMaxOffset = std::numeric_limits<std::int64_t>::max();

// The map of one fault's details. Errors are counted, so that a fault with one is not made.
class Details {
 public:
  Details(const YamlNode& node, const std::string& what, const ReaderContext& context)
      : context_(context),
        before_(context.diagnostics.size()),
        map_(node, what, context.file, context.diagnostics) {}

  YamlMap& map() { return map_; }
  std::int32_t broker(const std::string& key = "broker") {
    const YamlNode* node = map_.require(key);
    if (node == nullptr) return 0;
    const std::vector<std::int32_t> brokers = read_brokers(*node, context_);
    return brokers.empty() ? 0 : brokers.front();
  }
  std::string topic() { return name("topic", context_.topics); }
  std::string group() { return name("group", context_.groups); }
  std::int32_t partition() {
    return static_cast<std::int32_t>(
        map_.integer("partition", 0, std::numeric_limits<std::int32_t>::max()).value_or(0));
  }
  std::int32_t times() {
    return static_cast<std::int32_t>(map_.integer("times", 1, kMaxTimes).value_or(1));
  }
  Duration duration(const std::string& key) {
    map_.require(key);
    return map_.duration(key).value_or(Duration::zero());
  }
  Read done(Fault fault) {
    map_.finish();
    if (context_.diagnostics.size() != before_) return std::nullopt;
    return fault;
  }

 private:
  std::string name(const std::string& key, const std::set<std::string>& known) {
    const YamlNode* node = map_.require(key);
    if (node == nullptr) return "";
    if (!known.contains(node->scalar))
      map_.error(*node, fmt::format("the scenario has no {} '{}'", key, node->scalar));
    return node->scalar;
  }

  const ReaderContext& context_;
  size_t before_;
  YamlMap map_;
};

template <class Kind>
Read one_broker(const YamlNode& node, ReaderContext& context) {
  const std::vector<std::int32_t> brokers = read_brokers(node, context);
  if (brokers.size() != 1) return std::nullopt;
  return Kind{brokers.front()};
}

template <class Kind>
Read some_answers(const YamlNode& node, ReaderContext& context, const std::string& what) {
  if (node.kind != YamlNode::Kind::map) return one_broker<Kind>(node, context);
  Details details(node, what, context);
  Kind fault{details.broker()};
  fault.times = details.times();
  if constexpr (std::is_same_v<Kind, fault::Garbage>)
    fault.whole_frame = details.map().boolean("whole_frame").value_or(false);
  return details.done(fault);
}

std::optional<bool> switched_on(const YamlNode& node, ReaderContext& context) {
  if (node.scalar == "true") return true;
  if (node.scalar == "false") return false;
  context.error(node, "true or false was expected");
  return std::nullopt;
}

template <class Kind>
Read plain(const YamlNode& node, ReaderContext& context) {
  const std::optional<bool> on = switched_on(node, context);
  if (!on) return std::nullopt;
  if (!*on) {
    context.error(node, "this can only happen: write true, or remove it");
    return std::nullopt;
  }
  return Kind{};
}

Read slow(const YamlNode& node, ReaderContext& context) {
  Details details(node, "slow", context);
  const std::int32_t broker = details.broker();
  return details.done(fault::Slow{broker, details.duration("delay")});
}

Read half_answer(const YamlNode& node, ReaderContext& context) {
  return some_answers<fault::HalfAnswer>(node, context, "half_answer");
}

Read garbage(const YamlNode& node, ReaderContext& context) {
  return some_answers<fault::Garbage>(node, context, "garbage");
}

Read leader_change(const YamlNode& node, ReaderContext& context) {
  Details details(node, "leader_change", context);
  fault::LeaderChange fault{details.topic(), details.partition(), details.broker("to")};
  return details.done(fault);
}

Read loading(const YamlNode& node, ReaderContext& context) {
  Details details(node, "loading", context);
  const std::int32_t broker = details.broker();
  return details.done(fault::Loading{broker, details.duration("for")});
}

Read quorum_lost(const YamlNode& node, ReaderContext& context) {
  const std::optional<bool> lost = switched_on(node, context);
  return lost ? Read(fault::QuorumLost{*lost}) : std::nullopt;
}

bool deny(fault::Denied& denied, const YamlNode& word, ReaderContext& context) {
  if (word.scalar == "topics") {
    denied.topics = true;
  } else if (word.scalar == "groups") {
    denied.groups = true;
  } else if (word.scalar == "cluster") {
    denied.cluster = true;
  } else if (word.scalar == "configs") {
    denied.configs = true;
  } else if (word.scalar == "reads") {
    denied.reads = true;
  } else if (word.scalar == "all") {
    denied.topics = denied.groups = denied.cluster = denied.configs = denied.reads = true;
  } else if (word.scalar != "nothing") {
    context.error(word, fmt::format("'{}' cannot be denied", word.scalar),
                  "one of: topics, groups, cluster, configs, reads, all, nothing");
    return false;
  }
  return true;
}

Read denied(const YamlNode& node, ReaderContext& context) {
  fault::Denied denied;
  if (node.kind == YamlNode::Kind::map) {
    Details details(node, "denied", context);
    denied.topic_names = details.map().texts("topics");
    denied.group_names = details.map().texts("groups");
    return details.done(denied);
  }
  if (node.kind == YamlNode::Kind::list) {
    for (const YamlNode& word : node.items) {
      if (!deny(denied, word, context)) return std::nullopt;
    }
    return denied;
  }
  return deny(denied, node, context) ? Read(denied) : std::nullopt;
}

Read keep_up(const YamlNode& node, ReaderContext& context) {
  const std::vector<std::int32_t> brokers = read_brokers(node, context);
  if (brokers.size() != 1) return std::nullopt;
  return fault::FallBehind{brokers.front(), false};
}

Read reassign(const YamlNode& node, ReaderContext& context) {
  Details details(node, "reassign", context);
  fault::Reassign fault{details.topic(), details.partition(), {}};
  if (const YamlNode* to = details.map().require("to")) fault.to = read_brokers(*to, context);
  if (const auto duration = details.map().duration("for")) fault.duration = *duration;
  return details.done(fault);
}

Read create_topic(const YamlNode& node, ReaderContext& context) {
  const size_t before = context.diagnostics.size();
  const std::vector<TopicSpec> topics = read_topics(node, context);
  if (topics.size() != 1 || context.diagnostics.size() != before) return std::nullopt;
  context.topics.insert(topics.front().name);
  return fault::CreateTopic{topics.front()};
}

Read delete_topic(const YamlNode& node, ReaderContext& context) {
  if (!context.topics.contains(node.scalar)) {
    context.error(node, fmt::format("the scenario has no topic '{}'", node.scalar));
    return std::nullopt;
  }
  return fault::DeleteTopic{node.scalar};
}

Read alter_config(const YamlNode& node, ReaderContext& context) {
  Details details(node, "alter_config", context);
  fault::AlterConfig fault{details.topic(), "", ""};
  details.map().require("name");
  details.map().require("value");
  fault.name = details.map().text("name").value_or("");
  fault.value = details.map().text("value").value_or("");
  return details.done(fault);
}

Read delete_records(const YamlNode& node, ReaderContext& context) {
  Details details(node, "delete_records", context);
  fault::DeleteRecords fault{details.topic(), details.partition(), 0};
  details.map().require("before");
  fault.before = details.map().integer("before", 0, kMaxOffset).value_or(0);
  return details.done(fault);
}

Read create_group(const YamlNode& node, ReaderContext& context) {
  const size_t before = context.diagnostics.size();
  const std::vector<GroupSpec> groups = read_groups(node, context);
  if (groups.size() != 1 || context.diagnostics.size() != before) return std::nullopt;
  context.groups.insert(groups.front().name);
  return fault::CreateGroup{groups.front()};
}

Read delete_group(const YamlNode& node, ReaderContext& context) {
  if (!context.groups.contains(node.scalar)) {
    context.error(node, fmt::format("the scenario has no group '{}'", node.scalar));
    return std::nullopt;
  }
  return fault::DeleteGroup{node.scalar};
}

Read members(const YamlNode& node, ReaderContext& context) {
  Details details(node, "members", context);
  const std::string group = details.group();
  details.map().require("count");
  const auto count = static_cast<std::int32_t>(details.map().integer("count", 0, 1000).value_or(0));
  const auto first = static_cast<std::int32_t>(details.map().integer("first", 1, 1000).value_or(1));
  return details.done(fault::Members{group, count, first});
}

Read rebalance(const YamlNode& node, ReaderContext& context) {
  Details details(node, "rebalance", context);
  const std::string group = details.group();
  return details.done(fault::Rebalance{group, details.duration("for")});
}

Read consume(const YamlNode& node, ReaderContext& context) {
  Details details(node, "consume", context);
  fault::ChangeConsume fault{details.group(), {}};
  if (const YamlNode* rate = details.map().require("rate"))
    fault.consume = read_consume(*rate, context).value_or(Consume{});
  return details.done(fault);
}

Read produce(const YamlNode& node, ReaderContext& context) {
  Details details(node, "produce", context);
  fault::ChangeProduce fault{details.topic(), {}};
  if (const YamlNode* rate = details.map().require("rate"))
    fault.rate = read_rate(*rate, context).value_or(Rate{});
  return details.done(fault);
}

Read open_transaction(const YamlNode& node, ReaderContext& context) {
  Details details(node, "open_transaction", context);
  fault::OpenTransaction fault{details.topic(), details.partition()};
  fault.records = details.map().integer("records", 1, 1000).value_or(1);
  return details.done(fault);
}

Read end_transaction(const YamlNode& node, ReaderContext& context) {
  Details details(node, "end_transaction", context);
  const std::string topic = details.topic();
  const std::int32_t partition = details.partition();
  const bool abort = details.map().boolean("abort").value_or(false);
  return details.done(fault::EndTransaction{topic, partition, abort});
}

Read heal(const YamlNode& node, ReaderContext& context) {
  if (node.scalar == "all") return fault::Heal{};
  const std::vector<std::int32_t> brokers = read_brokers(node, context);
  if (brokers.size() != 1) return std::nullopt;
  return fault::Heal{brokers.front()};
}

struct Kind {
  const char* name;
  Read (*read)(const YamlNode&, ReaderContext&);
};

constexpr Kind kKinds[] = {
    {"die", one_broker<fault::Die>},
    {"return", one_broker<fault::Return>},
    {"hang", one_broker<fault::Hang>},
    {"wake", one_broker<fault::Wake>},
    {"stop", one_broker<fault::Stop>},
    {"slow", slow},
    {"half_answer", half_answer},
    {"garbage", garbage},
    {"leader_change", leader_change},
    {"preferred_election", plain<fault::PreferredElection>},
    {"move_coordinators", plain<fault::MoveCoordinators>},
    {"loading", loading},
    {"quorum_lost", quorum_lost},
    {"denied", denied},
    {"fall_behind", one_broker<fault::FallBehind>},
    {"keep_up", keep_up},
    {"reassign", reassign},
    {"create_topic", create_topic},
    {"delete_topic", delete_topic},
    {"alter_config", alter_config},
    {"delete_records", delete_records},
    {"create_group", create_group},
    {"delete_group", delete_group},
    {"members", members},
    {"rebalance", rebalance},
    {"consume", consume},
    {"produce", produce},
    {"open_transaction", open_transaction},
    {"end_transaction", end_transaction},
    {"heal", heal},
};

}  // namespace

std::optional<TimedFault> read_fault(const YamlNode& node, ReaderContext& context) {
  YamlMap map(node, "fault", context.file, context.diagnostics);
  if (!map.valid()) return std::nullopt;
  map.require("at");
  const std::optional<Duration> at = map.duration("at");
  const Kind* found = nullptr;
  const YamlNode* details = nullptr;
  for (const Kind& kind : kKinds) {
    const YamlNode* value = map.get(kind.name);
    if (value == nullptr) continue;
    if (found != nullptr) {
      map.error(*value, fmt::format("'{}' and '{}' are two faults", found->name, kind.name),
                "make them two entries");
      return std::nullopt;
    }
    found = &kind;
    details = value;
  }
  const size_t before = context.diagnostics.size();
  map.finish();
  if (found == nullptr) {
    if (context.diagnostics.size() == before)
      map.error(node, "nothing happens here", "add a fault, such as 'die: 2'");
    return std::nullopt;
  }
  std::optional<Fault> fault = found->read(*details, context);
  if (!fault || !at) return std::nullopt;
  return TimedFault{*at, std::move(*fault)};
}

}  // namespace highwater::simulator
