// The slow phase of a sweep: topic configurations, log directories, our own rights and the
// registered brokers.
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>
#include <charconv>
#include <set>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {
namespace {

constexpr size_t kTopicsPerDescribeConfigs = 200;
constexpr int kDescribe = 8;  // bits of the authorized operations

const std::vector<std::string>& watched_keys() {
  static const std::vector<std::string> kKeys{"min.insync.replicas",
                                              "retention.ms",
                                              "retention.bytes",
                                              "cleanup.policy",
                                              "unclean.leader.election.enable",
                                              "max.message.bytes"};
  return kKeys;
}

int64_t to_number(const std::string& text, int64_t otherwise) {
  int64_t number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void apply(TopicConfig& config, const std::string& key, const std::string& value) {
  if (key == "min.insync.replicas") {
    config.min_insync_replicas = static_cast<int32_t>(to_number(value, 1));
  } else if (key == "retention.ms") {
    config.retention_ms = to_number(value, -1);
  } else if (key == "retention.bytes") {
    config.retention_bytes = to_number(value, -1);
  } else if (key == "cleanup.policy") {
    config.compact = value.find("compact") != std::string::npos;
    config.remove = value.find("delete") != std::string::npos;
  } else if (key == "unclean.leader.election.enable") {
    config.unclean_leader_election = value == "true";
  } else if (key == "max.message.bytes") {
    config.max_message_bytes = to_number(value, -1);
  }
}

void note_log_dirs(const Answer<DescribeLogDirsResponse>& answer, BrokerView& broker) {
  broker.log_dirs_reason = !answer ? reason_of(answer.error()) : reason_of(answer->error_code);
  // Every broker has one: older ones deny without an error.
  if (answer && answer->results.empty() && broker.log_dirs_reason == Unknown::known)
    broker.log_dirs_reason = Unknown::denied;
  if (broker.log_dirs_reason != Unknown::known) return;
  broker.log_dirs_read = std::chrono::steady_clock::now();
  broker.log_dirs.clear();
  std::set<std::string_view> paths;
  for (const auto& directory : answer->results) {
    if (!paths.insert(directory.log_dir).second) continue;
    LogDirView& dir = broker.log_dirs.emplace_back();
    dir.path = Symbol(directory.log_dir);
    dir.offline = directory.error_code == ErrorCode::kKafkaStorageError;
    if (!dir.offline) dir.reason = reason_of(directory.error_code);
    if (directory.error_code != ErrorCode::kNone) {
      dir.why = describe(directory.error_code);
      continue;
    }
    dir.total_bytes = directory.total_bytes;
    dir.usable_bytes = directory.usable_bytes;
  }
  std::ranges::sort(broker.log_dirs, {}, [](const LogDirView& dir) { return dir.path.text(); });
}

}  // namespace

asio::awaitable<void> Sweep::read_configs(RunPtr run, bool all) {
  const std::vector<int32_t> brokers = ready();
  if (brokers.empty()) co_return;
  // Any broker tells the configuration of any topic; a new topic is asked for at once.
  std::vector<DescribeConfigsRequest> requests;
  for_each_topic(view_, [&](const TopicView& known) {
    if (known.reason != Unknown::known || (!all && known.config_reason == Unknown::known)) return;
    if (!all && known.config_reason != Unknown::not_asked)
      return;  // denied or failed: with the next full round
    if (requests.empty() || requests.back().resources.size() >= kTopicsPerDescribeConfigs)
      requests.emplace_back();
    requests.back().resources.push_back(
        {ConfigResourceType::kTopic, known.name.text(), watched_keys()});
  });
  std::vector<asio::awaitable<void>> questions;
  size_t next = 0;
  for (DescribeConfigsRequest& request : requests) {
    questions.push_back(read_configs_of(run, brokers[next++ % brokers.size()], std::move(request)));
  }
  const bool somebody_missing = std::ranges::any_of(view_.brokers, [](const auto& entry) {
    return !entry.second.listed && entry.second.status != BrokerStatus::up;
  });
  if (all || somebody_missing) questions.push_back(read_cluster(run, brokers.front()));
  if (all) {
    for (const int32_t broker : brokers) questions.push_back(read_log_dirs(run, broker));
  }
  co_await gather(std::move(questions), settings_.patience);
}

asio::awaitable<void> Sweep::read_configs_of(RunPtr run, int32_t broker,
                                             DescribeConfigsRequest request) {
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open) co_return;
  if (!answer) {
    run->problems.push_back(
        {fmt::format("broker {}: DescribeConfigs: {}", broker, answer.error().what),
         broker_entity(broker)});
    co_return;
  }
  for (const auto& read : answer->results) {
    TopicView* known = topic(read.resource_name);
    if (known == nullptr) continue;
    known->config_reason = reason_of(read.error_code);
    if (known->config_reason != Unknown::known) continue;
    TopicConfig config;
    for (const auto& entry : read.configs) apply(config, entry.name, entry.value.value_or(""));
    known->config = config;
  }
}

asio::awaitable<void> Sweep::read_log_dirs(RunPtr run, int32_t broker) {
  DescribeLogDirsRequest request;
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open) co_return;
  const auto seen = view_.brokers.find(broker);
  if (seen != view_.brokers.end()) note_log_dirs(answer, seen->second);
  if (!answer || answer->error_code != ErrorCode::kNone) co_return;
  for_each_topic(view_, [broker](TopicView& known) {
    for (PartitionView& partition : known.partitions) {
      partition.log_dirs.remove_if(
          [broker](const ReplicaSize& size) { return size.broker == broker; });
    }
  });
  for (const auto& directory : answer->results) {
    if (directory.error_code != ErrorCode::kNone) {
      run->problems.push_back({fmt::format("broker {}: log directory {}: {}", broker,
                                           directory.log_dir, error_name(directory.error_code)),
                               broker_entity(broker)});
      continue;
    }
    for (const auto& read : directory.topics) {
      TopicView* known = topic(read.name);
      if (known == nullptr) continue;
      for (const auto& response : read.partitions) {
        PartitionView* partition = find_partition(known->partitions, response.partition_index);
        if (partition != nullptr && !response.is_future_key)
          partition->log_dirs.push_back({broker, response.partition_size});
      }
    }
  }
}

asio::awaitable<void> Sweep::read_cluster(RunPtr run, int32_t broker) {
  DescribeClusterRequest request;
  request.include_cluster_authorized_operations = true;
  request.include_fenced_brokers = true;
  const bool knows_fenced = admin_.version(broker, ApiKey::kDescribeCluster).value_or(0) >= 2;
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open || !answer || answer->error_code != ErrorCode::kNone) co_return;
  const int32_t operations = answer->cluster_authorized_operations;
  if (operations != kOperationsUnknown) {
    view_.rights = {{"cluster_describe", (operations & (1 << kDescribe)) == 0}};
  }
  if (knows_fenced && hooks_.registered) hooks_.registered(*answer);
}

}  // namespace highwater::kafka
