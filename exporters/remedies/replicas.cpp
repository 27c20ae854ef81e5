// Remedies of partitions that lack a leader, replicas, or the leader they should have. None elects
// a replica that is not in sync: how many records it lacks is not known before it leads.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/remedies/case.h"
#include "exporters/value_text.h"

namespace highwater::remedies {
namespace {

constexpr size_t kElected = 50;  // in one command by name; of more, all are meant

bool is_down(const ClusterFacts& facts, const std::string& broker) {
  return facts.is("broker_failed", {broker}, 1) || facts.is("broker_stopped", {broker}, 1);
}

bool lost_a_log_dir(const ClusterFacts& facts, const std::string& broker) {
  return std::ranges::any_of(facts.rows("log_dir_offline", {broker}),
                             [](const ClusterFacts::Row& row) { return row.is(1); });
}

std::vector<std::string> only(const std::vector<std::string>& brokers,
                              const std::function<bool(const std::string&)>& wanted) {
  std::vector<std::string> chosen;
  std::ranges::copy_if(brokers, std::back_inserter(chosen), wanted);
  return chosen;
}

// The brokers that have every record of a partition without leader. Newer versions of Kafka name
// none of them, and of its own topics this agent keeps none: then it is who led it last.
std::vector<std::string> complete_replicas(const Case& c, const std::string& topic,
                                           const std::string& partition) {
  std::vector<std::string> complete;
  for (const ClusterFacts::Row& row :
       c.facts.rows("partition_replica_in_sync", {topic, partition})) {
    if (row.is(1)) complete.push_back(row.cell(2));
  }
  return complete.empty() ? c.facts.related("leads partitions", {topic, partition}) : complete;
}

// What an election of another replica would put at risk.
std::string at_risk(const Case& c, const std::string& topic, const std::string& partition) {
  const auto start = c.facts.last_value("partition_log_start_offset", {topic, partition});
  const auto end = c.facts.last_value("partition_high_watermark", {topic, partition});
  if (!start || !end || *end < *start)
    return "an unclean election would lose what only it has, and how much that is, is not known";
  return fmt::format("an unclean election would lose what only it has, up to {}",
                     counted(*end - *start, "record"));
}

// Of Kafka's own topics only those that are not in sync are listed.
bool is_in_sync(const ClusterFacts& facts, const std::string& topic, const std::string& partition,
                const std::string& broker) {
  if (facts.last_value("partition_replica_in_sync", {topic, partition, broker}))
    return facts.is("partition_replica_in_sync", {topic, partition, broker}, 1);
  const auto missing = facts.related("holds replicas of partitions", {topic, partition});
  return topic.starts_with("__") && std::ranges::find(missing, broker) == missing.end();
}

struct Displaced {
  std::vector<std::pair<std::string, std::string>> ready;  // topic, partition
  std::vector<std::string> brokers_not_in_sync;
  size_t left_out = 0;
};

Displaced displaced_partitions(const ClusterFacts& facts) {
  Displaced found;
  facts.for_each("partition_preferred_leader", {}, [&](const ClusterFacts::Row& row) {
    if (!row.is(0)) return;
    const std::string& topic = row.cell(0);
    const std::string& partition = row.cell(1);
    const auto preferred = facts.value("partition_preferred_broker", {topic, partition});
    if (!preferred || *preferred < 0 || !can_be_typed(topic)) {
      ++found.left_out;
      return;
    }
    const std::string broker = fmt::format("{:.0f}", *preferred);
    const bool ready =
        is_in_sync(facts, topic, partition, broker) && facts.is("broker_up", {broker}, 1);
    if (ready) {
      found.ready.emplace_back(topic, partition);
      return;
    }
    ++found.left_out;
    if (std::ranges::find(found.brokers_not_in_sync, broker) == found.brokers_not_in_sync.end())
      found.brokers_not_in_sync.push_back(broker);
  });
  std::ranges::sort(found.brokers_not_in_sync);
  return found;
}

std::vector<std::string> election_commands(const Case& c, const Displaced& displaced) {
  constexpr std::string_view kProgram = "kafka-leader-election.sh";
  const auto& partitions = displaced.ready;
  if (partitions.size() == 1)
    return {c.kafka(kProgram, "--election-type PREFERRED --topic {topic} --partition {partition}",
                    {{"topic", partitions[0].first}, {"partition", partitions[0].second}})};
  if (partitions.size() > kElected)
    return {c.kafka(kProgram, "--election-type PREFERRED --all-topic-partitions")};
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& [topic, partition] : partitions)
    list.push_back({{"topic", topic}, {"partition", std::stol(partition)}});
  const nlohmann::ordered_json file{{"partitions", std::move(list)}};
  const std::string name = fmt::format("elect-{}.json", c.incident.id);
  return {
      fill_command("printf '%s\\n' {json} > {file}", {{"json", file.dump()}, {"file", name}}),
      c.kafka(kProgram, "--election-type PREFERRED --path-to-json-file {file}", {{"file", name}})};
}

}  // namespace

Remedy bring_leader_back(const Case& c) {
  const std::string topic = c.label("topic");
  const std::string partition = c.label("partition");
  if (!c.facts.is("partition_leaderless", {topic, partition}, 1))
    return no_remedy("the partition is not known to be without a leader now");
  const std::vector<std::string> complete = complete_replicas(c, topic, partition);
  if (complete.empty())
    return no_remedy(
        "which broker has all of its records is not known: the agent has not seen it led");
  const auto down =
      only(complete, [&](const std::string& broker) { return is_down(c.facts, broker); });
  const std::string name = topic + "-" + partition;
  if (!down.empty())
    return {fmt::format("start {}", brokers_text(c.facts, down)),
            {},
            fmt::format("{} has all records of {}; {}", down.size() == 1 ? "it" : "each of them",
                        name, at_risk(c, topic, partition))};
  const auto broken =
      only(complete, [&](const std::string& broker) { return lost_a_log_dir(c.facts, broker); });
  if (!broken.empty())
    return {fmt::format("repair the log directory that {} lost, and restart it",
                        brokers_text(c.facts, broken)),
            {},
            fmt::format("it has all records of {}; {}", name, at_risk(c, topic, partition))};
  return no_remedy(fmt::format(
      "{}, with all of its records, is not known to be down, nor a directory of it to be lost",
      brokers_text(c.facts, complete)));
}

Remedy bring_replicas_back(const Case& c) {
  const std::string topic = c.label("topic");
  const std::string partition = c.label("partition");
  std::vector<std::string> missing;
  for (std::string& broker : c.facts.related("holds replicas of partitions", {topic, partition}))
    missing.push_back(std::move(broker));
  if (missing.empty()) return no_remedy("which replica is missing is not known");
  const auto down =
      only(missing, [&](const std::string& broker) { return is_down(c.facts, broker); });
  if (!down.empty())
    return {fmt::format("start {}", brokers_text(c.facts, down)),
            {},
            fmt::format("{} missing replica of {}-{} is there; what starts a broker depends on "
                        "its host, which Kafka does not know",
                        down.size() == 1 ? "a" : "each a", topic, partition)};
  const auto broken =
      only(missing, [&](const std::string& broker) { return lost_a_log_dir(c.facts, broker); });
  if (!broken.empty())
    return {fmt::format("repair the log directory that {} lost, and restart it",
                        brokers_text(c.facts, broken)),
            {},
            fmt::format("a missing replica of {}-{} may be there", topic, partition)};
  if (c.facts.is("partition_reassigning", {topic, partition}, 1))
    return no_remedy("the partition is being moved: its new replicas are still copying");
  return no_remedy(fmt::format(
      "{} with the missing replica is up: it copies, or is too slow, and no command makes it "
      "faster",
      brokers_text(c.facts, missing)));
}

Remedy elect_preferred_leaders(const Case& c) {
  const Displaced displaced = displaced_partitions(c.facts);
  if (displaced.ready.empty() && displaced.left_out == 0)
    return no_remedy("every partition that is known has the leader it prefers");
  if (displaced.ready.empty())
    return no_remedy(displaced.brokers_not_in_sync.empty()
                         ? "which leaders the partitions prefer is not known"
                         : fmt::format("the preferred replicas, on {}, are not known to be in sync",
                                       brokers_text(c.facts, displaced.brokers_not_in_sync)));
  std::string check = displaced.ready.size() == 1
                          ? "safe: its preferred leader is up and in sync"
                          : "safe: the preferred leader of each is up and in sync";
  check += "; clients see a short pause";
  if (displaced.left_out > 0)
    check += fmt::format("; {} more cannot be elected now",
                         value_text(static_cast<double>(displaced.left_out), Unit::count));
  return {fmt::format("elect the preferred leader of {}",
                      counted(static_cast<double>(displaced.ready.size()), "partition")),
          election_commands(c, displaced), std::move(check)};
}

}  // namespace highwater::remedies
