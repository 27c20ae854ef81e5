#include "agent/access.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "agent/core/web_text.h"

namespace highwater::agent {
namespace {

constexpr std::string_view kAll = "*";

struct Named {
  std::string name;
  bool prefixed = false;
};

// Nothing: only all names would do.
std::optional<Named> named_by(const Pattern& pattern) {
  if (!pattern.literal().empty()) return Named{std::string(pattern.literal()), false};
  const std::string& text = pattern.text();
  const bool prefix =
      text.size() > 1 && text.find_first_of("*?/") == text.size() - 1 && text.ends_with('*');
  if (!prefix) return std::nullopt;
  return Named{text.substr(0, text.size() - 1), true};
}

std::vector<Named> names_of(const NameFilter& filter) {
  std::vector<Named> names;
  for (const Pattern& pattern : filter.include) {
    auto named = named_by(pattern);
    if (!named) return {{std::string(kAll), false}};
    names.push_back(std::move(*named));
  }
  if (names.empty()) names.push_back({std::string(kAll), false});
  return names;
}

void add(std::vector<AccessRule>& rules, Resource resource, const NameFilter& filter,
         const std::vector<std::string>& operations) {
  for (const Named& named : names_of(filter))
    rules.push_back({resource, named.name, named.prefixed, operations});
}

// A word of a shell.
std::string shell_word(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string address_of(const kafka::ClusterSettings& cluster) {
  const auto& [host, port] = cluster.bootstrap.front();
  return host_and_port(host, port);
}

std::string kafka_acls(const std::vector<AccessRule>& rules, const kafka::ClusterSettings& cluster,
                       const std::string& principal) {
  static const std::map<Resource, std::string_view> kOptions{
      {Resource::topic, "--topic"},
      {Resource::group, "--group"},
      {Resource::transactional_id, "--transactional-id"}};
  std::string text;
  for (const AccessRule& rule : rules) {
    text += fmt::format(
        "kafka-acls.sh --bootstrap-server {} --command-config admin.properties --add "
        "--allow-principal {}",
        address_of(cluster), shell_word(principal));
    for (const std::string& operation : rule.operations) text += " --operation " + operation;
    if (rule.resource == Resource::cluster)
      text += " --cluster";
    else
      text += fmt::format(" {} {}{}", kOptions.at(rule.resource), shell_word(rule.name),
                          rule.prefixed ? " --resource-pattern-type prefixed" : "");
    text += "\n";
  }
  return text;
}

std::string confluent(const std::vector<AccessRule>& rules, const std::string& principal) {
  static const std::map<Resource, std::string_view> kOptions{
      {Resource::topic, "--topic"},
      {Resource::group, "--consumer-group"},
      {Resource::transactional_id, "--transactional-id"}};
  static const std::map<std::string, std::string_view> kOperations{
      {"Describe", "describe"},
      {"DescribeConfigs", "describe-configs"},
      {"Read", "read"},
      {"Write", "write"}};
  const std::string account = principal.starts_with("User:") ? principal.substr(5) : principal;
  std::string text;
  for (const AccessRule& rule : rules) {
    std::vector<std::string_view> operations;
    for (const std::string& operation : rule.operations)
      operations.push_back(kOperations.at(operation));
    text += fmt::format("confluent kafka acl create --allow --service-account {} --operations {}",
                        shell_word(account), fmt::join(operations, ","));
    if (rule.resource == Resource::cluster)
      text += " --cluster-scope";
    else
      text += fmt::format(" {} {}{}", kOptions.at(rule.resource), shell_word(rule.name),
                          rule.prefixed ? " --prefix" : "");
    text += "\n";
  }
  return text;
}

// JSON is YAML, and quotes names as YAML would have to.
std::string strimzi(const std::vector<AccessRule>& rules) {
  static const std::map<Resource, std::string_view> kTypes{
      {Resource::cluster, "cluster"},
      {Resource::topic, "topic"},
      {Resource::group, "group"},
      {Resource::transactional_id, "transactionalId"}};
  std::string text = "# In the KafkaUser's spec:\nauthorization:\n  type: simple\n  acls:\n";
  for (const AccessRule& rule : rules) {
    nlohmann::ordered_json resource{{"type", kTypes.at(rule.resource)}};
    if (rule.resource != Resource::cluster) {
      resource["name"] = rule.name;
      resource["patternType"] = rule.prefixed ? "prefix" : "literal";
    }
    text += fmt::format("    - resource: {}\n      operations: [{}]\n", resource.dump(),
                        fmt::join(rule.operations, ", "));
  }
  return text;
}

// Of the identity-based policy of Amazon MSK. The account, the cluster's name and its id are to be
// filled in: Kafka does not tell them.
std::string aws_iam(const std::vector<AccessRule>& rules) {
  static const std::map<std::pair<Resource, std::string>, std::vector<std::string>> kActions{
      {{Resource::cluster, "Describe"}, {"kafka-cluster:Connect", "kafka-cluster:DescribeCluster"}},
      {{Resource::cluster, "DescribeConfigs"},
       {"kafka-cluster:DescribeClusterDynamicConfiguration"}},
      {{Resource::topic, "Describe"}, {"kafka-cluster:DescribeTopic"}},
      {{Resource::topic, "DescribeConfigs"}, {"kafka-cluster:DescribeTopicDynamicConfiguration"}},
      {{Resource::topic, "Read"}, {"kafka-cluster:ReadData"}},
      {{Resource::topic, "Write"}, {"kafka-cluster:WriteData"}},
      {{Resource::group, "Describe"}, {"kafka-cluster:DescribeGroup"}},
      {{Resource::group, "Read"}, {"kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"}},
      {{Resource::transactional_id, "Describe"}, {"kafka-cluster:DescribeTransactionalId"}}};
  static const std::map<Resource, std::string_view> kTypes{
      {Resource::cluster, "cluster"},
      {Resource::topic, "topic"},
      {Resource::group, "group"},
      {Resource::transactional_id, "transactional-id"}};
  nlohmann::ordered_json statements = nlohmann::ordered_json::array();
  for (const AccessRule& rule : rules) {
    std::set<std::string> actions;
    for (const std::string& operation : rule.operations) {
      const auto& of_it = kActions.at({rule.resource, operation});
      actions.insert(of_it.begin(), of_it.end());
    }
    std::string resource =
        fmt::format("arn:aws:kafka:REGION:ACCOUNT:{}/CLUSTER/CLUSTER_ID", kTypes.at(rule.resource));
    if (rule.resource != Resource::cluster)
      resource += "/" + rule.name + (rule.prefixed ? "*" : "");
    statements.push_back({{"Effect", "Allow"}, {"Action", actions}, {"Resource", resource}});
  }
  return nlohmann::ordered_json{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}}
             .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

// Topics that are not named are those that the groups use, which the configuration does not tell.
std::vector<AccessRule> scope_rules(const kafka::Scope& scope) {
  std::vector<AccessRule> rules;
  for (const std::string& topic : scope.topics)
    rules.push_back({Resource::topic, topic, false, {"Describe"}});
  if (scope.topics.empty())
    rules.push_back({Resource::topic, std::string(kAll), false, {"Describe"}});
  for (const std::string& group : scope.groups)
    rules.push_back({Resource::group, group, false, {"Describe"}});
  return rules;
}

}  // namespace

std::vector<AccessRule> access_rules(const kafka::ClusterSettings& cluster, const Config& config) {
  if (cluster.scope) return scope_rules(*cluster.scope);
  std::vector<AccessRule> rules{{Resource::cluster, "", false, {"Describe", "DescribeConfigs"}}};
  add(rules, Resource::topic, cluster.topics, {"Describe", "DescribeConfigs"});
  add(rules, Resource::group, cluster.groups, {"Describe"});
  rules.push_back({Resource::transactional_id, std::string(kAll), false, {"Describe"}});
  for (const CanaryConfig& canary : config.canaries) {
    if (canary.cluster != cluster.name) continue;
    rules.push_back({Resource::topic, canary.probe.topic, false, {"Describe", "Read", "Write"}});
    rules.push_back({Resource::group, canary.probe.group, false, {"Read"}});
  }
  return rules;
}

namespace {

constexpr std::string_view kAnybody = "User:ANONYMOUS";

// Rights of everybody are not given unawares.
std::string remark_on(std::string_view principal) {
  if (principal != kAnybody) return {};
  return "# User:ANONYMOUS is everybody who reaches an unsecured listener: let only hosts reach it "
         "that may see this.\n# Brokers without an authorizer need none of it.\n";
}

}  // namespace

std::string access_text(const std::vector<AccessRule>& rules, const kafka::ClusterSettings& cluster,
                        const std::string& principal, std::string_view format) {
  if (format == "strimzi") return strimzi(rules);
  if (format == "aws-iam") return aws_iam(rules);
  if (format == "confluent") return confluent(rules, principal);
  return remark_on(principal) + kafka_acls(rules, cluster, principal);
}

}  // namespace highwater::agent
