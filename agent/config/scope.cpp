// `scope:` of a cluster, and `identity:`: what makes an agent the sidecar of one application.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/config/fields.h"
#include "agent/config/secrets.h"
#include "agent/config/sections.h"

namespace highwater::agent {
namespace {

constexpr size_t kMostGroups = 50;
constexpr size_t kMostTopics = 1000;
constexpr size_t kMostIdentity = 10;

// Names as Kafka knows them: they are asked for one by one, so no pattern would do.
std::vector<std::string> read_names(YamlMap& map, const std::string& key, size_t most) {
  std::vector<std::string> names;
  const std::vector<std::string> texts = map.texts(key);
  const YamlNode* const node = map.node().find(key);
  for (const std::string& name : texts) {
    const bool pattern = name.find_first_of("*?") != std::string::npos ||
                         (name.size() > 1 && name.starts_with('/') && name.ends_with('/'));
    if (name.empty() || pattern)
      map.error(*node, fmt::format("'{}': '{}' is not a name", key, name),
                "write each name in full: a sidecar asks Kafka by name, and lists nothing");
    else if (std::ranges::find(names, name) == names.end())
      names.push_back(name);
  }
  if (names.size() > most)
    map.error(*node, fmt::format("'{}' has more than {} names", key, most),
              "watch that many by an agent for the cluster");
  return names;
}

kafka::OwnMember read_member(const YamlNode& node, const std::string& file,
                             Diagnostics& diagnostics) {
  YamlMap map(node, "'member'", file, diagnostics);
  kafka::OwnMember member;
  if (!map.valid()) return member;
  member.host = read_secret(map, "host", file, diagnostics);
  member.client_id = read_secret(map, "client_id", file, diagnostics);
  member.instance_id = read_secret(map, "instance_id", file, diagnostics);
  map.finish();
  return member;
}

bool is_label_name(std::string_view name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  return !name.empty() && kLetters.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
             std::string_view::npos;
}

}  // namespace

kafka::Scope read_scope(const YamlNode& node, const std::string& file, Diagnostics& diagnostics) {
  YamlMap map(node, "'scope'", file, diagnostics);
  kafka::Scope scope;
  if (!map.valid()) return scope;
  if (map.require("groups") != nullptr) {
    scope.groups = read_names(map, "groups", kMostGroups);
    const YamlNode& groups = *node.find("groups");
    if (groups.kind == YamlNode::Kind::list && groups.items.empty())
      map.error(groups, "'groups' is empty", "name the consumer groups of the application");
  }
  scope.topics = read_names(map, "topics", kMostTopics);
  if (const YamlNode* member = map.get("member"))
    scope.member = read_member(*member, file, diagnostics);
  read_duration(map, "session_timeout", std::chrono::seconds(1), std::chrono::hours(1),
                scope.session_timeout);
  map.finish();
  return scope;
}

void check_scopes(const YamlNode& clusters, const std::string& file,
                  const std::vector<kafka::ClusterSettings>& all, Diagnostics& diagnostics) {
  const auto scoped = std::ranges::count_if(
      all, [](const kafka::ClusterSettings& one) { return one.scope.has_value(); });
  if (scoped == 0 || static_cast<size_t>(scoped) == all.size()) return;
  diagnostics.push_back({file, clusters.line, clusters.column,
                         "some clusters have a 'scope' and others have none",
                         "an agent is a sidecar, or it watches whole clusters: run two"});
}

void read_identity(YamlMap& map, Config& config, Diagnostics& diagnostics) {
  const YamlNode* const node = map.get("identity");
  if (node == nullptr) return;
  if (node->kind != YamlNode::Kind::map) {
    map.error(*node, "'identity' must be a map", "write it like {pod: {env: POD_NAME}}");
    return;
  }
  for (const auto& [key, value] : node->entries) {
    if (!is_label_name(key.scalar)) {
      map.error(key, fmt::format("'{}' is not a name for an annotation", key.scalar),
                "letters, digits and '_', not a digit first");
      continue;
    }
    Secret text = read_secret(value, key.scalar, config.file, diagnostics);
    config.identity.emplace_back(key.scalar, std::move(text));
  }
  if (config.identity.size() > kMostIdentity)
    map.error(*node, fmt::format("'identity' has more than {} entries", kMostIdentity));
}

}  // namespace highwater::agent
