#include "collectors/kafka/brokers/trial_rights.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>
#include <string_view>
#include <utility>

#include "collectors/kafka/client/deadline.h"
#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/wire/groups.h"
#include "collectors/kafka/wire/metadata.h"

namespace highwater::kafka {
namespace {

// Kafka's AclOperation; the brokers tell a set of them, one bit each.
constexpr int kRead = 3;
constexpr int kDescribe = 8;
constexpr int kDescribeConfigs = 10;

constexpr std::string_view kOfCluster =
    "brokers that are registered and dead, the metadata quorum, log directories, reassignments, "
    "and "
    "groups of any name";
constexpr std::string_view kOfClusterConfigs = "proof that a broker is the one that is meant";
constexpr std::string_view kOfTopics = "partitions, leaders, replicas and offsets";
constexpr std::string_view kOfTopicConfigs = "retention and min.insync.replicas";
constexpr std::string_view kOfTopicReads =
    "lag of groups at the end of topics with transactions, where a marker may be all there is";
constexpr std::string_view kOfGroups = "members, committed offsets and lag";

bool has(int32_t operations, int operation) {
  return (static_cast<uint32_t>(operations) >> operation & 1U) != 0;
}

struct Answers {
  std::optional<int32_t> of_cluster;  // nothing: not told
  std::optional<ErrorCode> of_broker_config;
  std::optional<MetadataResponse> topics;
  std::vector<size_t> groups;  // one for each broker that told
};
using AnswersPtr = std::shared_ptr<Answers>;
using ConnectionPtr = std::shared_ptr<Connection>;

asio::awaitable<void> ask_cluster(AnswersPtr answers, ConnectionPtr broker, Duration within) {
  DescribeClusterRequest request;
  request.include_cluster_authorized_operations = true;
  const auto response = co_await broker->ask(std::move(request), within);
  if (response && response->error_code == ErrorCode::kNone &&
      response->cluster_authorized_operations != kOperationsUnknown)
    answers->of_cluster = response->cluster_authorized_operations;
}

asio::awaitable<void> ask_broker_config(AnswersPtr answers, ConnectionPtr broker, int32_t id,
                                        Duration within) {
  DescribeConfigsRequest request;
  request.resources.push_back({ConfigResourceType::kBroker, std::to_string(id),
                               std::vector<std::string>{"node.id", "broker.id"}});
  const auto response = co_await broker->ask(std::move(request), within);
  if (response && response->results.size() == 1)
    answers->of_broker_config = response->results.front().error_code;
}

// And, of brokers that know no DescribeCluster, the rights on the cluster.
asio::awaitable<void> ask_topics(AnswersPtr answers, ConnectionPtr broker, Duration within) {
  MetadataRequest request;
  request.include_topic_authorized_operations = true;
  request.include_cluster_authorized_operations = !broker->version(ApiKey::kDescribeCluster);
  auto response = co_await broker->ask(std::move(request), within);
  if (!response) co_return;
  if (response->cluster_authorized_operations != kOperationsUnknown)
    answers->of_cluster = response->cluster_authorized_operations;
  answers->topics = std::move(*response);
}

asio::awaitable<void> ask_groups(AnswersPtr answers, ConnectionPtr broker, Duration within) {
  ListGroupsRequest request;
  const auto response = co_await broker->ask(std::move(request), within);
  if (response && response->error_code == ErrorCode::kNone)
    answers->groups.push_back(response->groups.size());
}

std::vector<TriedRight> cluster_rights(const Answers& answers) {
  TriedRight describe{"DESCRIBE on the cluster", std::nullopt, true, "", std::string(kOfCluster)};
  if (answers.of_cluster) describe.granted = has(*answers.of_cluster, kDescribe);
  TriedRight configs{"DESCRIBE_CONFIGS on the cluster", std::nullopt, false, "",
                     std::string(kOfClusterConfigs)};
  if (answers.of_broker_config)
    configs.granted = *answers.of_broker_config != ErrorCode::kClusterAuthorizationFailed;
  return {std::move(describe), std::move(configs)};
}

TriedRight topic_right(const MetadataResponse& metadata, int operation, std::string right,
                       bool needed, std::string_view opens) {
  size_t topics = 0;
  size_t answered = 0;
  size_t granted = 0;
  for (const auto& topic : metadata.topics) {
    if (topic.is_internal) continue;
    ++topics;
    if (topic.topic_authorized_operations == kOperationsUnknown) continue;
    ++answered;
    if (has(topic.topic_authorized_operations, operation)) ++granted;
  }
  TriedRight result{std::move(right), std::nullopt, needed, "", std::string(opens)};
  if (answered > 0) result.granted = granted == topics;
  if (answered > 0) result.found = fmt::format("on {} of {}", granted, topics);
  return result;
}

std::vector<TriedRight> topic_rights(const MetadataResponse& metadata) {
  const auto seen = static_cast<size_t>(
      std::ranges::count_if(metadata.topics, [](const auto& topic) { return !topic.is_internal; }));
  // Who may describe none is told of none.
  TriedRight describe{"DESCRIBE on topics", std::nullopt, true,
                      seen == 0 ? "none is seen: there are none, or the right is missing"
                                : fmt::format("{} {} seen", seen, seen == 1 ? "is" : "are"),
                      std::string(kOfTopics)};
  if (seen > 0) describe.granted = true;
  std::vector<TriedRight> rights{std::move(describe)};
  if (seen == 0) return rights;
  rights.push_back(
      topic_right(metadata, kDescribeConfigs, "DESCRIBE_CONFIGS on topics", true, kOfTopicConfigs));
  rights.push_back(topic_right(metadata, kRead, "READ on topics", false, kOfTopicReads));
  return rights;
}

TriedRight group_right(const Answers& answers, size_t brokers) {
  size_t groups = 0;
  for (const size_t count : answers.groups) groups += count;
  const std::string silent =
      answers.groups.size() == brokers
          ? ""
          : fmt::format(", by {} of {} brokers", answers.groups.size(), brokers);
  TriedRight right{"DESCRIBE on groups", std::nullopt, true,
                   groups == 0
                       ? "none is seen: there are none, or the right is missing" + silent
                       : fmt::format("{} {} seen{}", groups, groups == 1 ? "is" : "are", silent),
                   std::string(kOfGroups)};
  if (groups > 0) right.granted = true;
  return right;
}

// Of a name that may not be described Kafka says that it is denied, whether it exists or not.
TriedRight named_right(std::string_view kind, const std::string& name, ErrorCode error,
                       std::string_view opens) {
  TriedRight right{fmt::format("DESCRIBE on {} {}", kind, name), std::nullopt, true, "",
                   std::string(opens)};
  if (error == ErrorCode::kTopicAuthorizationFailed ||
      error == ErrorCode::kGroupAuthorizationFailed)
    right.granted = false;
  else if (error == ErrorCode::kNone)
    right.granted = true;
  else
    right.found = describe(error);
  return right;
}

asio::awaitable<std::vector<TriedRight>> ask_scope_rights(ConnectionPtr broker, Scope scope,
                                                          Duration within) {
  std::vector<TriedRight> rights;
  for (const std::string& group : scope.groups) {
    FindCoordinatorRequest request;
    request.coordinator_keys.push_back(group);
    const auto found = co_await broker->ask(std::move(request), within);
    const bool told = found && !found->coordinators.empty();
    rights.push_back(named_right(
        "group", group, told ? found->coordinators.front().error_code : ErrorCode::kRequestTimedOut,
        kOfGroups));
  }
  if (scope.topics.empty()) co_return rights;
  MetadataRequest request;
  request.topics.emplace();
  for (const std::string& topic : scope.topics) request.topics->push_back({{}, topic});
  const auto metadata = co_await broker->ask(std::move(request), within);
  if (!metadata) co_return rights;
  for (const auto& topic : metadata->topics)
    rights.push_back(named_right("topic", topic.name, topic.error_code, kOfTopics));
  co_return rights;
}

}  // namespace

asio::awaitable<std::vector<TriedRight>> ask_rights(std::vector<GreetedBroker> brokers,
                                                    std::optional<Scope> scope, Duration within) {
  if (scope) {
    const ConnectionPtr broker = brokers.front().connection;
    co_return co_await ask_scope_rights(broker, std::move(*scope), within);
  }
  const auto answers = std::make_shared<Answers>();
  std::vector<asio::awaitable<void>> questions;
  const auto [id, first] = brokers.front();
  questions.push_back(ask_cluster(answers, first, within));
  questions.push_back(ask_broker_config(answers, first, id, within));
  questions.push_back(ask_topics(answers, first, within));
  for (const GreetedBroker& broker : brokers)
    questions.push_back(ask_groups(answers, broker.connection, within));
  co_await gather(std::move(questions), within);
  std::vector<TriedRight> rights = cluster_rights(*answers);
  if (answers->topics) {
    for (TriedRight& right : topic_rights(*answers->topics)) rights.push_back(std::move(right));
  }
  rights.push_back(group_right(*answers, brokers.size()));
  co_return rights;
}

}  // namespace highwater::kafka
