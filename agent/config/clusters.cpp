#include <fmt/format.h>

#include <charconv>
#include <set>

#include "agent/config/fields.h"
#include "agent/config/sections.h"
#include "agent/config/security.h"
#include "agent/core/web_text.h"
#include "collectors/canary/security.h"

namespace highwater::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMostClusters = 50;

class ClustersReader {
 public:
  ClustersReader(const std::string& file, Config& config, Diagnostics& diagnostics)
      : file_(file), config_(config), diagnostics_(diagnostics) {}

  void read(YamlMap& map) { read_clusters(map); }

 private:
  YamlMap child(const YamlNode& node, std::string what) {
    return {node, std::move(what), file_, diagnostics_};
  }

  void read_clusters(YamlMap& map) {
    const YamlNode* clusters = map.require("clusters");
    if (clusters == nullptr) return;
    if (clusters->kind != YamlNode::Kind::list || clusters->items.empty()) {
      map.error(*clusters, "'clusters' must be a list with at least one cluster",
                "start each with '- name: ...'");
      return;
    }
    if (clusters->items.size() > kMostClusters)
      map.error(*clusters, fmt::format("there are more than {} clusters", kMostClusters),
                "each has threads and connections of its own: run several agents");
    std::set<std::string> names;
    for (const YamlNode& item : clusters->items) {
      YamlMap cluster = child(item, "a cluster");
      if (!cluster.valid()) continue;
      kafka::ClusterSettings settings;
      if (cluster.require("name") != nullptr) settings.name = cluster.text("name").value_or("");
      if (!settings.name.empty() && !names.insert(settings.name).second) {
        cluster.error(*item.find("name"), fmt::format("two clusters are named '{}'", settings.name),
                      "the name is the label `cluster` everywhere: give each its own");
      }
      read_bootstrap(cluster, settings);
      if (const YamlNode* poll = cluster.get("poll")) read_poll(*poll, settings.poll);
      read_duration(cluster, "request_timeout", milliseconds(200), seconds(60),
                    settings.request_timeout);
      if (const YamlNode* topics = cluster.get("topics")) {
        YamlMap filter = child(*topics, "'topics'");
        read_filter(filter, settings.topics);
        settings.internal_topics = filter.boolean("internal").value_or(false);
        filter.finish();
      }
      if (const YamlNode* groups = cluster.get("groups")) {
        YamlMap filter = child(*groups, "'groups'");
        read_filter(filter, settings.groups);
        filter.finish();
      }
      if (cluster.get("dead_letters") != nullptr)
        read_patterns(cluster, "dead_letters", settings.dead_letters.emplace());
      if (const YamlNode* security = cluster.get("security"))
        settings.security = read_security(*security, file_, config_, diagnostics_);
      if (const YamlNode* canary = cluster.get("canary")) read_canary(*canary, settings);
      if (const YamlNode* scope = cluster.get("scope")) {
        settings.scope = read_scope(*scope, file_, diagnostics_);
        for (const char* const key : {"topics", "groups", "canary"}) {
          if (const YamlNode* const other = item.find(key))
            cluster.error(
                *other, fmt::format("'{}' and 'scope' exclude each other", key),
                "a scope names what is watched, and nothing else of the cluster is asked");
        }
      }
      cluster.finish();
      config_.clusters.push_back(std::move(settings));
    }
    check_scopes(*clusters, file_, config_.clusters, diagnostics_);
  }

  void read_canary(const YamlNode& node, const kafka::ClusterSettings& cluster) {
    YamlMap map = child(node, "'canary'");
    if (!map.valid()) return;
    CanaryConfig canary;
    canary.cluster = cluster.name;
    for (const auto& [host, port] : cluster.bootstrap)
      canary.probe.servers += (canary.probe.servers.empty() ? "" : ",") + host_and_port(host, port);
    if (map.require("topic") != nullptr) {
      canary.probe.topic = map.text("topic").value_or("");
      const bool legal = !canary.probe.topic.empty() && canary.probe.topic.size() <= 249 &&
                         canary.probe.topic.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                             std::string::npos;
      if (!legal && map.text("topic"))
        map.error(*node.find("topic"),
                  fmt::format("'{}' is not the name of a topic", canary.probe.topic),
                  "letters, digits, '.', '_' and '-', at most 249; you create the topic, the agent "
                  "never does");
    }
    if (const auto group = map.text("group")) canary.probe.group = *group;
    read_duration(map, "every", milliseconds(500), std::chrono::hours(1), canary.probe.every);
    canary.probe.security = cluster.security;
    if (const std::string missing = canary::not_spoken(cluster.security); !missing.empty())
      map.error(node, "this canary cannot connect", missing);
    map.finish();
    config_.canaries.push_back(std::move(canary));
  }

  void read_bootstrap(YamlMap& cluster, kafka::ClusterSettings& settings) {
    const YamlNode* bootstrap = cluster.require("bootstrap");
    if (bootstrap == nullptr) return;
    const std::vector<std::string> servers = cluster.texts("bootstrap");
    if (servers.empty() && bootstrap->kind == YamlNode::Kind::list && bootstrap->items.empty()) {
      cluster.error(*bootstrap, "'bootstrap' is empty",
                    "list at least one broker: [\"kafka-1:9092\"]");
    }
    for (size_t i = 0; i < servers.size(); ++i) {
      const YamlNode& at = bootstrap->kind == YamlNode::Kind::list && i < bootstrap->items.size()
                               ? bootstrap->items[i]
                               : *bootstrap;
      read_server(cluster, at, servers[i], settings);
    }
  }

  void read_server(YamlMap& cluster, const YamlNode& at, std::string_view text,
                   kafka::ClusterSettings& settings) {
    if (text.find("://") != std::string_view::npos) {
      cluster.error(at, fmt::format("'{}' is not host:port", text),
                    "leave the protocol out: kafka-1:9092");
      return;
    }
    if (text.find(',') != std::string_view::npos) {
      cluster.error(at, fmt::format("'{}' holds several brokers in one text", text),
                    "make it a list: [\"kafka-1:9092\", \"kafka-2:9092\"]");
      return;
    }
    const size_t colon = text.rfind(':');
    std::string_view host = text.substr(0, colon);
    int32_t port = 0;
    if (colon != std::string_view::npos) {
      const std::string_view digits = text.substr(colon + 1);
      const auto [end, problem] =
          std::from_chars(digits.data(), digits.data() + digits.size(), port);
      if (problem != std::errc{} || end != digits.data() + digits.size()) port = 0;
    }
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
      host = host.substr(1, host.size() - 2);
    if (host.empty() || port < 1 || port > 65535 ||
        host.find_first_of(" /@") != std::string_view::npos) {
      cluster.error(at, fmt::format("'{}' is not host:port", text), "write it like kafka-1:9092");
      return;
    }
    settings.bootstrap.emplace_back(std::string(host), port);
  }

  void read_poll(const YamlNode& node, kafka::PollCadence& poll) {
    YamlMap map = child(node, "'poll'");
    read_duration(map, "brokers", milliseconds(200), std::chrono::hours(1), poll.brokers);
    read_duration(map, "partitions", milliseconds(200), std::chrono::hours(1), poll.partitions);
    read_duration(map, "groups", milliseconds(200), std::chrono::hours(1), poll.groups);
    read_duration(map, "configs", seconds(1), std::chrono::hours(24), poll.configs);
    map.finish();
  }

  void read_filter(YamlMap& map, NameFilter& filter) {
    read_patterns(map, "include", filter.include);
    read_patterns(map, "exclude", filter.exclude);
  }

  const std::string& file_;
  Config& config_;
  Diagnostics& diagnostics_;
};

}  // namespace

void read_clusters(YamlMap& map, const std::string& file, Config& config,
                   Diagnostics& diagnostics) {
  ClustersReader(file, config, diagnostics).read(map);
}

}  // namespace highwater::agent
