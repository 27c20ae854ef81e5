#include "tests/simulator/model/world.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

namespace highwater::simulator {
namespace {

constexpr std::int32_t kUsualReplicationFactor = 3;
constexpr std::int64_t kDefaultRetentionMs = 604'800'000;

// SplitMix64: spreads small differences over all bits.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// The same on every run; another one for a topic that is created again.
kafka::Uuid topic_id(std::string_view name, Duration created) {
  std::uint64_t seed = static_cast<std::uint64_t>(created.count()) + 1;
  for (const char c : name) seed = mix(seed ^ static_cast<unsigned char>(c));
  const std::uint64_t words[2] = {mix(seed), mix(~seed)};
  kafka::Uuid id;
  std::memcpy(id.bytes.data(), words, sizeof words);
  return id;
}

std::int64_t to_integer(const std::string& text, std::int64_t otherwise) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} ? value : otherwise;
}

bool contains(const std::vector<std::int32_t>& list, std::int32_t value) {
  return std::ranges::find(list, value) != list.end();
}

std::vector<Partition> place(const World& world, const TopicSpec& spec, size_t topic_number) {
  std::vector<std::int32_t> hosts = spec.on;
  if (hosts.empty()) hosts.assign(world.alive.begin(), world.alive.end());
  const auto most = static_cast<std::int32_t>(hosts.size());
  const std::int32_t replicas = std::min(
      most, spec.replication_factor == 0 ? kUsualReplicationFactor : spec.replication_factor);
  std::vector<Partition> partitions(static_cast<size_t>(spec.partitions));
  for (size_t p = 0; p < partitions.size(); ++p) {
    for (size_t r = 0; r < static_cast<size_t>(replicas); ++r)
      partitions[p].replicas.push_back(hosts[(topic_number + p + r) % hosts.size()]);
    partitions[p].isr = partitions[p].replicas;
    partitions[p].leader =
        partitions[p].replicas.empty() ? kNoLeader : partitions[p].replicas.front();
  }
  return partitions;
}

Past past_of(const TopicSpec& spec) {
  const Ramp history{Duration::zero(), 0, spec.produce};
  return {spec.records.value_or(history.count(spec.history)), spec.history, spec.idle};
}

TopicLog log_of(const TopicSpec& spec, std::optional<Duration> created) {
  if (created) return {spec.partitions, spec.produce, *created};
  return {spec.partitions, spec.produce, past_of(spec)};
}

// Where the members of the group stand when it appears: `lag` records behind, evenly.
GroupTopic start_reading(const Topic& topic, const GroupSpec& spec, std::int64_t group_partitions,
                         std::int64_t first_partition, Duration now) {
  GroupTopic read;
  read.name = topic.name;
  for (size_t p = 0; p < topic.partitions.size(); ++p) {
    const auto index = static_cast<std::int32_t>(p);
    const std::int64_t number = first_partition + index;
    const std::int64_t lag = (spec.lag + group_partitions - 1 - number) / group_partitions;
    const std::int64_t end = spec.read_committed ? topic.log.last_stable_offset(index, now)
                                                 : topic.log.high_watermark(index, now);
    const std::int64_t position = std::max(end - lag, topic.log.log_start(index, now));
    read.positions.push_back(position);
    const bool committed = spec.commits && spec.type != GroupType::kShare;
    read.committed.push_back(committed ? GroupTopic::Committed{position, topic.partitions[p].epoch}
                                       : GroupTopic::Committed{});
  }
  return read;
}

}  // namespace

bool Partition::has_replica(std::int32_t broker) const {
  return contains(replicas, broker);
}
bool Partition::in_isr(std::int32_t broker) const {
  return contains(isr, broker);
}

const Partition* Topic::partition(std::int32_t index) const {
  if (index < 0 || index >= static_cast<std::int32_t>(partitions.size())) return nullptr;
  return &partitions[static_cast<size_t>(index)];
}
Partition* Topic::partition(std::int32_t index) {
  return const_cast<Partition*>(std::as_const(*this).partition(index));
}

const BrokerInfo* World::broker(std::int32_t id) const {
  const auto found = std::ranges::find(brokers, id, &BrokerInfo::id);
  return found == brokers.end() ? nullptr : &*found;
}
const Topic* World::topic(std::string_view name) const {
  const auto found = topics.find(name);
  return found == topics.end() ? nullptr : &found->second;
}
Topic* World::topic(std::string_view name) {
  return const_cast<Topic*>(std::as_const(*this).topic(name));
}
const Group* World::group(std::string_view name) const {
  const auto found = groups.find(name);
  return found == groups.end() ? nullptr : &found->second;
}
Group* World::group(std::string_view name) {
  return const_cast<Group*>(std::as_const(*this).group(name));
}

const Partition* World::home_of(std::string_view group) const {
  const Topic* offsets = topic(kOffsetsTopic);
  if (offsets == nullptr) return nullptr;
  return offsets->partition(
      offsets_partition(group, static_cast<std::int32_t>(offsets->partitions.size())));
}

bool World::topic_denied(std::string_view name) const {
  return denied.topics || std::ranges::find(denied.topic_names, name) != denied.topic_names.end();
}
bool World::group_denied(std::string_view name) const {
  return denied.groups || std::ranges::find(denied.group_names, name) != denied.group_names.end();
}

std::string World::config_of(const Topic& topic, const std::string& name) const {
  if (const auto own = topic.config.find(name); own != topic.config.end()) return own->second;
  if (const auto common = config.find(name); common != config.end()) return common->second;
  return "";
}

std::int32_t World::min_insync_replicas(const Topic& topic) const {
  return static_cast<std::int32_t>(to_integer(config_of(topic, "min.insync.replicas"), 1));
}

World make_world(const Scenario& scenario) {
  World world;
  world.cluster_id = scenario.cluster_id;
  world.config = scenario.config;
  for (const BrokerSpec& broker : scenario.brokers) {
    world.brokers.push_back({broker.id, "127.0.0.1", 0, broker.rack, broker.release});
    world.alive.insert(broker.id);
  }
  if (!scenario.groups.empty())
    add_offsets_topic(world, scenario.offsets_partitions, scenario.offsets_replication_factor,
                      std::nullopt);
  for (const TopicSpec& topic : scenario.topics) add_topic(world, topic, std::nullopt);
  for (const GroupSpec& group : scenario.groups) add_group(world, group, Duration::zero());
  return world;
}

void add_topic(World& world, const TopicSpec& spec, std::optional<Duration> created) {
  Topic topic{spec.name,
              topic_id(spec.name, created.value_or(Duration::zero())),
              spec.name.starts_with("__"),
              spec.config,
              place(world, spec, world.topics.size()),
              log_of(spec, created)};
  apply_retention(world, topic);
  world.topics.insert_or_assign(spec.name, std::move(topic));
}

void add_offsets_topic(World& world, std::int32_t partitions, std::int32_t replication_factor,
                       std::optional<Duration> created) {
  TopicSpec spec;
  spec.name = kOffsetsTopic;
  spec.partitions = partitions;
  spec.replication_factor = replication_factor;
  spec.config = {{"cleanup.policy", "compact"},
                 {"compression.type", "producer"},
                 {"segment.bytes", "104857600"}};
  add_topic(world, spec, created);
}

void add_transactions_topic(World& world, Duration created) {
  TopicSpec spec;
  spec.name = kTransactionsTopic;
  spec.config = {{"cleanup.policy", "compact"}};
  add_topic(world, spec, created);
}

void add_group(World& world, const GroupSpec& spec, Duration now) {
  Group group;
  group.spec = spec;
  group.consumed_at = now;
  group.consumed = {now, 0, spec.consume.rate};
  group.epoch = 1 + spec.members;
  std::int64_t partitions = 0;
  for (const std::string& name : spec.topics) {
    if (const Topic* topic = world.topic(name))
      partitions += static_cast<std::int64_t>(topic->partitions.size());
  }
  std::int64_t first = 0;
  for (const std::string& name : spec.topics) {
    const Topic* topic = world.topic(name);
    if (topic == nullptr) continue;
    group.topics.push_back(start_reading(*topic, spec, partitions, first, now));
    first += static_cast<std::int64_t>(topic->partitions.size());
  }
  world.share_groups = world.share_groups || spec.type == GroupType::kShare;
  world.groups.insert_or_assign(spec.name, std::move(group));
}

void delete_topic(World& world, const std::string& name) {
  world.topics.erase(name);
  for (auto& [group_name, group] : world.groups)
    std::erase_if(group.topics, [&](const GroupTopic& topic) { return topic.name == name; });
}

void apply_retention(const World& world, Topic& topic) {
  if (world.config_of(topic, "cleanup.policy") == "compact") {
    topic.log.set_retention(std::nullopt);
    return;
  }
  std::int64_t ms = to_integer(world.config_of(topic, "retention.ms"), kDefaultRetentionMs);
  // Beyond what nanoseconds can count nothing expires anyway.
  ms = std::min(ms, std::numeric_limits<std::int64_t>::max() / 4'000'000);
  topic.log.set_retention(ms < 0 ? std::nullopt
                                 : std::optional<Duration>(std::chrono::milliseconds(ms)));
}

std::int32_t offsets_partition(std::string_view group, std::int32_t partitions) {
  std::uint32_t hash = 0;
  for (const char c : group) hash = hash * 31 + static_cast<unsigned char>(c);
  const auto code = static_cast<std::int32_t>(hash);
  if (code == std::numeric_limits<std::int32_t>::min()) return 0;
  return (code < 0 ? -code : code) % partitions;
}

}  // namespace highwater::simulator
