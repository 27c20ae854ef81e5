// `heartbeat:`: whom to tell that the agent works.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/config/fields.h"
#include "agent/config/secrets.h"
#include "agent/config/sections.h"
#include "exporters/http/address.h"

namespace highwater::agent {
namespace {

constexpr size_t kMostHeartbeats = 10;
// An alert that is told again later than this ends between two beats.
constexpr Duration kLongestToReceiver = std::chrono::minutes(2);

Secret read_url(YamlMap& map, const YamlNode& node, Config& config, Diagnostics& diagnostics) {
  Secret url = read_secret(node, "url", config.file, diagnostics);
  if (url.is_elsewhere() || node.kind != YamlNode::Kind::scalar) return url;
  if (const auto parsed = http::parse_url(url.written()); !parsed)
    map.error(node, fmt::format("'url': {}", parsed.error().message));
  if (is_secret_url(url.written())) note_written_secret(node, "'url'", config);
  return url;
}

void read_receiver_of(YamlMap& map, const Config& config, notify::HeartbeatConfig& entry) {
  const YamlNode& node = *map.get("receiver");
  entry.receiver = map.text("receiver").value_or("");
  const auto found =
      std::ranges::find(config.receivers, entry.receiver, &notify::ReceiverConfig::name);
  if (found == config.receivers.end()) {
    std::vector<std::string> names;
    for (const notify::ReceiverConfig& receiver : config.receivers) names.push_back(receiver.name);
    map.error(node, fmt::format("there is no receiver '{}'", entry.receiver),
              names.empty() ? "there are none: write them under 'receivers'"
                            : did_you_mean(entry.receiver, names));
  } else if (found->kind != nullptr && !found->kind->rhythm) {
    map.error(node,
              fmt::format("'{}' is of the kind '{}', which would notify people each time",
                          entry.receiver, found->kind->name),
              "name a receiver of the kind 'alertmanager', or write 'url'");
  }
  if (entry.every > kLongestToReceiver)
    map.error(*map.node().find("every"), "'every' is at most 2m with a receiver",
              "else its alert would end between two heartbeats");
}

notify::HeartbeatConfig read_one(YamlMap& map, size_t index, Config& config,
                                 Diagnostics& diagnostics) {
  notify::HeartbeatConfig entry;
  const YamlNode* const url = map.get("url");
  const YamlNode* const receiver = map.get("receiver");
  entry.name =
      map.text("name").value_or(index == 0 ? "heartbeat" : fmt::format("heartbeat-{}", index + 1));
  read_duration(map, "every", std::chrono::seconds(10), std::chrono::hours(24), entry.every);
  if ((url == nullptr) == (receiver == nullptr)) {
    map.error(
        map.node(), "a heartbeat has either 'url' or 'receiver'",
        "write 'url: ADDRESS', which is asked with GET, or 'receiver: NAME' of an alertmanager");
  } else if (url != nullptr) {
    entry.url = read_url(map, *url, config, diagnostics);
    if (const YamlNode* const headers = map.get("headers"))
      entry.headers = read_headers(*headers, config, diagnostics);
    entry.tls = read_tls(map, config.file);
  } else {
    read_receiver_of(map, config, entry);
  }
  map.finish();
  return entry;
}

}  // namespace

void read_heartbeats(YamlMap& map, Config& config, Diagnostics& diagnostics) {
  const YamlNode* const node = map.get("heartbeat");
  if (node == nullptr) return;
  std::vector<const YamlNode*> items;
  if (node->kind == YamlNode::Kind::list) {
    for (const YamlNode& item : node->items) items.push_back(&item);
  } else {
    items.push_back(node);
  }
  if (items.size() > kMostHeartbeats)
    map.error(*node, fmt::format("there are more than {} heartbeats", kMostHeartbeats));
  std::set<std::string> names;
  for (size_t i = 0; i < items.size(); ++i) {
    YamlMap one(*items[i], "a heartbeat", config.file, diagnostics);
    if (!one.valid()) continue;
    config.heartbeats.push_back(read_one(one, i, config, diagnostics));
    const std::string& name = config.heartbeats.back().name;
    if (!names.insert(name).second)
      one.error(one.node(), fmt::format("two heartbeats are named '{}'", name),
                "give each its own name");
  }
}

}  // namespace highwater::agent
