#include "agent/commands/cluster_look.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include "agent/core/log.h"
#include "collectors/kafka_collector.h"

namespace highwater::agent {
namespace {

using std::chrono::seconds;

constexpr Duration kRateOver = seconds(5);

const Table* find_table(const Observation& observation, std::string_view measure) {
  for (const Table& table : observation.tables) {
    if (table.measure->name == measure) return &table;
  }
  return nullptr;
}

const Table* find_table(const SeenCluster& seen, std::string_view measure) {
  for (const auto& [part, observation] : seen.parts) {
    if (const Table* const table = find_table(*observation, measure)) return table;
  }
  return nullptr;
}

// The sum of the committed offsets by group and topic.
using Committed = std::map<std::pair<std::string, std::string>, double>;

// Rows of the table group, topic, partition that are known in both.
std::pair<Committed, Committed> committed(const Observation& first, const Observation& last) {
  std::pair<Committed, Committed> sums;
  const Table* const before = find_table(first, "group_committed_offset");
  const Table* const after = find_table(last, "group_committed_offset");
  if (after == nullptr) return sums;
  for (size_t row = 0; row < after->rows(); ++row) {
    if (!after->known(row)) continue;
    const auto cells = after->keys->row(row);
    const std::pair name{cells[1].text(), cells[2].text()};
    sums.second[name] += after->values[row];
    const auto old = before == nullptr ? std::nullopt : before->keys->find(cells);
    sums.first[name] += old && before->known(*old) ? before->values[*old] : after->values[row];
  }
  return sums;
}

std::map<std::string, GroupFacts> groups_of(const SeenCluster& seen) {
  std::map<std::string, GroupFacts> groups;
  const auto last = seen.parts.find("groups");
  if (last == seen.parts.end()) return groups;
  if (const Table* const members = find_table(*last->second, "group_members")) {
    for (size_t row = 0; row < members->rows(); ++row) {
      const std::string& name = members->keys->row(row)[1].text();
      groups[name] = {.name = name, .has_members = members->known(row) && members->values[row] > 0};
    }
  }
  const Observation& first = seen.first_groups ? *seen.first_groups : *last->second;
  const double took = std::max(to_seconds(last->second->at.steady - first.at.steady), 1.0);
  const auto [before, after] = committed(first, *last->second);
  for (const auto& [name, sum] : after) {
    GroupFacts& group = groups[name.first];
    group.name = name.first;
    group.topics.push_back(name.second);
    group.records_per_second += std::max(sum - before.at(name), 0.0) / took;
  }
  return groups;
}

std::vector<std::string> addresses_of(const SeenCluster& seen) {
  const Table* const brokers = find_table(seen, "broker_info");
  std::vector<std::string> addresses;
  for (size_t row = 0; brokers != nullptr && row < brokers->rows(); ++row)
    addresses.push_back(brokers->keys->row(row)[2].text());
  return addresses;
}

bool any_broker_answers(const SeenCluster& seen) {
  const Table* const reachable = find_table(seen, "cluster_reachable");
  return reachable != nullptr && reachable->rows() > 0 && reachable->known(0) &&
         reachable->values[0] == 1;
}

std::vector<std::string> problems_of(const SeenCluster& seen) {
  std::vector<std::string> texts;
  for (const auto& [part, observation] : seen.parts) {
    for (const Problem& problem : observation->problems) {
      if (std::ranges::find(texts, problem.what) == texts.end()) texts.push_back(problem.what);
    }
  }
  return texts;
}

// Takes observations on the collector's thread and says when there are enough.
class Watch {
 public:
  void take(ObservationPtr observation) {
    const std::lock_guard lock(mutex_);
    if (observation->part == "groups") {
      if (!seen_.first_groups) seen_.first_groups = observation;
      rate_known_ = observation->at.steady - seen_.first_groups->at.steady >= kRateOver;
    }
    seen_.parts[std::string(observation->part)] = std::move(observation);
    news_.notify_one();
  }

  SeenCluster wait(Duration most) {
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, most, [this] {
      return rate_known_ && seen_.parts.contains("brokers") && seen_.parts.contains("topics") &&
             any_broker_answers(seen_);
    });
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  SeenCluster seen_;         // under mutex_
  bool rate_known_ = false;  // under mutex_
};

}  // namespace

ClusterFacts facts_of(const SeenCluster& seen) {
  ClusterFacts facts;
  facts.addresses = addresses_of(seen);
  facts.brokers = facts.addresses.size();
  if (const Table* const topics = find_table(seen, "topic_partitions"))
    facts.topics = topics->rows();
  for (auto& [name, group] : groups_of(seen)) facts.groups.push_back(std::move(group));
  std::ranges::stable_sort(facts.groups, [](const GroupFacts& one, const GroupFacts& other) {
    return std::tuple(one.records_per_second, one.has_members, one.topics.size()) >
           std::tuple(other.records_per_second, other.has_members, other.topics.size());
  });
  facts.problems = problems_of(seen);
  return facts;
}

Result<ClusterFacts> look_at_cluster(kafka::ClusterSettings settings, Duration wait) {
  settings.poll.brokers = seconds(1);
  settings.poll.partitions = seconds(1);
  settings.poll.groups = seconds(1);
  const SystemClock clock;
  Log log(clock, LogLevel::error, LogForm::human, [](std::string_view) { return true; });
  Watch watch;
  collectors::KafkaCollector collector(std::move(settings), log, [&](ObservationPtr observation) {
    watch.take(std::move(observation));
  });
  collector.start();
  const SeenCluster seen = watch.wait(wait);
  collector.stop();
  if (any_broker_answers(seen)) return facts_of(seen);
  std::string why;
  for (const std::string& problem : problems_of(seen)) why += (why.empty() ? "" : "; ") + problem;
  return fail(why.empty() ? "no broker answered in time" : why);
}

}  // namespace highwater::agent
