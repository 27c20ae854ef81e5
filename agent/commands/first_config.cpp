#include "agent/commands/first_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/plain_text.h"

namespace highwater::agent {
namespace {

constexpr size_t kMostAddresses = 3;

constexpr std::string_view kConfigurationRest = R"(
# Where metrics, the status page and runbooks are served. ":9877" listens on every address of the host.
listen: 127.0.0.1:9877

rules:
  # SLOs and alert rules of your own, in files or folders.
  files: [rules.yaml]
  # The built-in alert rules are on. Each can be changed or switched off by its name:
  # tune: {BrokerStopped: {for: 30m}, IdleMembers: {enabled: false}}

# Who is notified. Without a receiver nobody is: alerts are then seen in /metrics and on the status page only.
# The webhook's format is Alertmanager's. A URL with a key in it belongs into a file of its own.
# receivers:
#   - name: oncall
#     webhook: {url: "http://127.0.0.1:9099/alerts"}
#     severity: page

# Alerts, incidents, waiting notifications and error budgets survive a restart in a file. Without this line it is
# /var/lib/highwater/state.db for root and under systemd, else ~/.local/state/highwater/state.db.
# state: {path: /data/highwater/state.db}

# What the rules saw, for 'highwater replay'.
# record: {path: /var/lib/highwater/recording, keep: 1GB}
)";

constexpr std::string_view kRulesRest = R"(
# An alert rule of your own looks like this:
# alerts:
#   - name: OrdersBehind
#     when: group_topic_lag_records > 100000
#     select: {topic: "orders*"}
#     for: 5m
#     severity: ticket
#     runbook: lag-growing
#     summary: "{group} ({cluster}) is {value} records behind on {topic}"
#     description: "First: are all of its members alive?"
)";

// In double quotes, where only these two mean something.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Neither a pattern nor anything that YAML or a comment could read as something else.
bool is_plain(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string topics_text(const std::vector<std::string>& topics) {
  constexpr size_t kNamed = 3;
  std::string text;
  for (size_t i = 0; i < std::min(topics.size(), kNamed); ++i) {
    if (!is_plain(topics[i])) return counted(topics.size(), "topic");
    text += (i == 0 ? "" : ", ") + topics[i];
  }
  if (topics.size() > kNamed) text += fmt::format(" and {} more", topics.size() - kNamed);
  return text;
}

std::vector<std::string> bootstrap_of(const FirstConfig& first) {
  std::vector<std::string> servers = first.bootstrap;
  for (const std::string& address : first.facts.addresses) {
    if (servers.size() >= kMostAddresses) break;
    if (std::ranges::find(servers, address) == servers.end()) servers.push_back(address);
  }
  for (std::string& server : servers) server = quoted(server);
  return servers;
}

std::string slo_text(const GroupFacts& group) {
  std::string text = fmt::format("  # Reads {}", topics_text(group.topics));
  if (group.records_per_second >= 1)
    text += fmt::format("; {:.0f} records/s when this was written", group.records_per_second);
  return text + fmt::format(
                    ".\n  - name: {0}-lag\n    use: consumer-lag\n    select: {{group: {1}}}\n"
                    "    good: \"<= 5m\"\n    objective: 99%\n    window: 30d\n",
                    group.name, quoted(group.name));
}

}  // namespace

std::vector<GroupFacts> groups_with_slo(const ClusterFacts& facts) {
  std::vector<GroupFacts> groups;
  for (const GroupFacts& group : facts.groups) {
    const bool used = group.records_per_second > 0 || group.has_members;
    if (used && !group.topics.empty() && is_plain(group.name) && groups.size() < kFirstSlos)
      groups.push_back(group);
  }
  return groups;
}

std::string configuration_text(const FirstConfig& first) {
  const ClusterFacts& facts = first.facts;
  return fmt::format(
             "# Highwater's configuration, written by 'highwater init'. 'highwater check' "
             "validates "
             "it;\n# docs/configuration.md describes every key.\n\nclusters:\n"
             "  # {}, {} and {} when this was written.\n"
             "  - name: {}\n"
             "    # Brokers to begin with; the others are found through them.\n"
             "    bootstrap: [{}]\n{}"
             "    # Only some topics or groups:\n"
             "    # topics: {{exclude: [\"tmp-*\"]}}\n"
             "    # groups: {{include: [\"payments-*\"]}}\n",
             counted(facts.brokers, "broker"), counted(facts.topics, "topic"),
             counted(facts.groups.size(), "consumer group"), quoted(first.cluster),
             fmt::join(bootstrap_of(first), ", "),
             first.security.empty() ? "" : "    security: " + first.security + "\n") +
         std::string(kConfigurationRest);
}

std::string rules_text(const FirstConfig& first) {
  std::string text =
      "# SLOs and alert rules, written by 'highwater init'. docs/rules.md describes them;\n"
      "# 'highwater check --explain' says what they mean.\n\n"
      "# consumer-lag gives each group and topic an error budget. The oldest unread record may be "
      "older\n"
      "# than 'good' allows for 1% of the window; a budget that burns too fast pages.\n"
      "slos:\n  # A broker answers.\n  - use: cluster-availability\n";
  const std::vector<GroupFacts> groups = groups_with_slo(first.facts);
  if (groups.empty())
    text +=
        "  # No consumer group was in use. For one, or for many by a pattern:\n"
        "  # - {name: payments-lag, use: consumer-lag, select: {group: \"payments-*\"}}\n";
  for (const GroupFacts& group : groups) text += slo_text(group);
  return text + std::string(kRulesRest);
}

}  // namespace highwater::agent
