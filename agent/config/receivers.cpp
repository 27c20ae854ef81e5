// `receivers:`: what all of them have is read here once; what is particular to a kind by its table.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "agent/config/fields.h"
#include "agent/config/secrets.h"
#include "agent/config/sections.h"
#include "exporters/notify/receivers/registry.h"

namespace highwater::agent {
namespace {

using notify::ReceiverConfig;
using notify::ReceiverKind;
using notify::Setting;
using notify::Settings;
using notify::SettingType;

constexpr size_t kMostReceivers = 50;
const std::vector<std::string> kSeverities{"info", "ticket", "page"};

// Reads the settings of one receiver by the table of its kind.
class SettingsReader {
 public:
  SettingsReader(const YamlNode& node, const ReceiverKind& kind, Config& config,
                 Diagnostics& diagnostics)
      : map_(node, fmt::format("'{}'", kind.name), config.file, diagnostics),
        kind_(kind),
        config_(config),
        diagnostics_(diagnostics) {}

  Settings read() {
    if (!map_.valid()) return {};
    const size_t before = diagnostics_.size();
    for (const Setting& setting : kind_.settings) {
      const YamlNode* const node =
          setting.required ? map_.require(setting.key) : map_.get(setting.key);
      if (node != nullptr) read_setting(setting, *node);
    }
    if (kind_.tls) settings_.tls = read_tls(map_, config_.file);
    map_.finish();
    if (kind_.check && diagnostics_.size() == before) check();
    return std::move(settings_);
  }

 private:
  void read_setting(const Setting& setting, const YamlNode& node) {
    const std::string& key = setting.key;
    switch (setting.type) {
      case SettingType::address:
        return settings_.set(key, read_address(key, node));
      case SettingType::addresses:
        return settings_.set(key, read_each(key, node, &SettingsReader::read_address));
      case SettingType::secret:
        return settings_.set(key, read_one_secret(key, node));
      case SettingType::secrets:
        return settings_.set(key, read_each(key, node, &SettingsReader::read_one_secret));
      case SettingType::text:
        return read_text(setting, node);
      case SettingType::texts:
        return read_texts(setting, node);
      case SettingType::flag:
        if (const auto flag = map_.boolean(key)) settings_.set(key, *flag);
        return;
      case SettingType::number:
        if (const auto number = map_.integer(key, setting.lowest, setting.highest))
          settings_.set(key, *number);
        return;
      case SettingType::choice:
        return read_choice(setting, node);
      case SettingType::headers:
        return settings_.set(key, read_headers(node, config_, diagnostics_));
      case SettingType::path:
        return read_path(setting, node);
    }
  }

  Secret read_address(const std::string& key, const YamlNode& node) {
    const Secret address = read_secret(node, key, config_.file, diagnostics_);
    if (address.is_elsewhere() || node.kind != YamlNode::Kind::scalar) return address;
    if (const auto parsed = http::parse_url(address.written()); !parsed)
      map_.error(node, fmt::format("'{}': {}", key, parsed.error().message));
    if (is_secret_url(address.written()))
      note_written_secret(node, fmt::format("'{}'", key), config_);
    return address;
  }

  Secret read_one_secret(const std::string& key, const YamlNode& node) {
    const Secret secret = read_secret(node, key, config_.file, diagnostics_);
    if (!secret.is_elsewhere()) note_written_secret(node, fmt::format("'{}'", key), config_);
    return secret;
  }

  std::vector<Secret> read_each(const std::string& key, const YamlNode& node,
                                Secret (SettingsReader::*read_one)(const std::string&,
                                                                   const YamlNode&)) {
    if (node.kind != YamlNode::Kind::list) return {(this->*read_one)(key, node)};
    std::vector<Secret> all;
    for (const YamlNode& item : node.items) all.push_back((this->*read_one)(key, item));
    if (all.empty()) map_.error(node, fmt::format("'{}' is empty", key), "write at least one");
    return all;
  }

  void read_text(const Setting& setting, const YamlNode& node) {
    const auto text = map_.text(setting.key);
    if (!text) return;
    if (text->empty() || text->find_first_of("\r\n") != std::string::npos)
      map_.error(node, fmt::format("'{}' must be one line of text", setting.key));
    settings_.set(setting.key, *text);
  }

  void read_texts(const Setting& setting, const YamlNode& node) {
    const std::vector<std::string> texts = map_.texts(setting.key);
    if (texts.empty() && node.kind == YamlNode::Kind::list)
      map_.error(node, fmt::format("'{}' is empty", setting.key), "write at least one");
    settings_.set(setting.key, texts);
  }

  void read_choice(const Setting& setting, const YamlNode& node) {
    const auto text = map_.text(setting.key);
    if (!text) return;
    if (std::ranges::find(setting.choices, *text) == setting.choices.end())
      map_.error(node, fmt::format("'{}' cannot be '{}'", setting.key, *text),
                 did_you_mean(*text, setting.choices));
    settings_.set(setting.key, *text);
  }

  void read_path(const Setting& setting, const YamlNode& node) {
    const auto text = map_.text(setting.key);
    if (!text) return;
    if (text->empty() || text->find('\0') != std::string::npos) {
      map_.error(node, fmt::format("'{}' is empty", setting.key), "name a file");
      return;
    }
    std::error_code ignored;
    const auto folder = std::filesystem::path(config_.file).parent_path();
    settings_.set(setting.key,
                  std::filesystem::absolute(folder / *text, ignored).lexically_normal().string());
  }

  void check() {
    const auto mistake = kind_.check(settings_);
    if (!mistake) return;
    const YamlNode* const at = map_.node().find(mistake->key);
    map_.error(at != nullptr ? *at : map_.node(), mistake->what, mistake->advice);
  }

  YamlMap map_;
  const ReceiverKind& kind_;
  Config& config_;
  Diagnostics& diagnostics_;
  Settings settings_;
};

std::string kind_names() {
  std::string names;
  for (const ReceiverKind* kind : notify::receiver_kinds())
    names += (names.empty() ? "" : ", ") + kind->name;
  return names;
}

void read_kind(YamlMap& receiver, ReceiverConfig& entry, Config& config, Diagnostics& diagnostics) {
  for (const ReceiverKind* kind : notify::receiver_kinds()) {
    const YamlNode* const node = receiver.get(kind->name);
    if (node == nullptr) continue;
    if (entry.kind != nullptr) {
      receiver.error(*node,
                     fmt::format("a receiver is of one kind, and this one is '{}' and '{}'",
                                 entry.kind->name, kind->name),
                     "make two receivers of it");
      continue;
    }
    entry.kind = kind;
    entry.settings = SettingsReader(*node, *kind, config, diagnostics).read();
  }
  if (entry.kind == nullptr)
    receiver.error(receiver.node(), "the receiver has no kind", "add one of: " + kind_names());
}

void read_policy(YamlMap& receiver, notify::QueuePolicy& policy) {
  if (const auto severity = receiver.text("severity")) {
    const auto found = std::ranges::find(kSeverities, *severity);
    if (found == kSeverities.end()) {
      receiver.error(*receiver.node().find("severity"),
                     fmt::format("'{}' is not a severity", *severity),
                     did_you_mean(*severity, kSeverities));
    } else {
      policy.lowest = static_cast<Severity>(found - kSeverities.begin());
    }
  }
  policy.send_resolved = receiver.boolean("send_resolved").value_or(true);
  read_duration(receiver, "repeat_interval", Duration::zero(), std::chrono::hours(24 * 7),
                policy.repeat_interval);
}

std::optional<notify::TextForm> read_form(YamlMap& message, const char* key) {
  const auto text = message.text(key);
  if (!text) return std::nullopt;
  auto form = notify::TextForm::parse(*text);
  if (form) return std::move(*form);
  message.error(*message.node().find(key), fmt::format("'{}': {}", key, form.error().message));
  return std::nullopt;
}

void read_message(YamlMap& receiver, ReceiverConfig& entry, Config& config,
                  Diagnostics& diagnostics) {
  const YamlNode* const node = receiver.get("message");
  if (node == nullptr) return;
  if (entry.kind != nullptr && !entry.kind->to_people) {
    receiver.error(
        *node, fmt::format("'{}' writes to programs: it has no message to shape", entry.kind->name),
        "remove 'message'");
    return;
  }
  YamlMap message(*node, "'message'", config.file, diagnostics);
  if (!message.valid()) return;
  entry.message = {read_form(message, "title"), read_form(message, "body")};
  message.finish();
  if (entry.message.title && node->find("title")->scalar.find('\n') != std::string::npos)
    message.error(*node->find("title"), "'title' must be one line");
}

void check_rhythm(YamlMap& receiver, const ReceiverConfig& entry) {
  const YamlNode* const interval = receiver.node().find("repeat_interval");
  if (interval == nullptr || entry.kind == nullptr || !entry.kind->rhythm) return;
  receiver.error(*interval,
                 fmt::format("'repeat_interval' has no meaning for '{}'", entry.kind->name),
                 "leave it out: it repeats to people by its own configuration");
}

ReceiverConfig read_receiver(YamlMap& receiver, std::set<std::string>& names, Config& config,
                             Diagnostics& diagnostics) {
  ReceiverConfig entry;
  if (receiver.require("name") != nullptr) entry.name = receiver.text("name").value_or("");
  if (!entry.name.empty() && !names.insert(entry.name).second)
    receiver.error(*receiver.node().find("name"),
                   fmt::format("two receivers are named '{}'", entry.name),
                   "give each its own name");
  read_kind(receiver, entry, config, diagnostics);
  read_policy(receiver, entry.policy);
  read_message(receiver, entry, config, diagnostics);
  read_duration(receiver, "timeout", std::chrono::milliseconds(100), std::chrono::seconds(60),
                entry.timeout);
  check_rhythm(receiver, entry);
  receiver.finish();
  return entry;
}

}  // namespace

void read_receivers(YamlMap& map, Config& config, Diagnostics& diagnostics) {
  const YamlNode* const receivers = map.get("receivers");
  if (receivers == nullptr) return;
  if (receivers->kind != YamlNode::Kind::list) {
    map.error(*receivers, "'receivers' must be a list", "start each with '- name: ...'");
    return;
  }
  if (receivers->items.size() > kMostReceivers)
    map.error(*receivers, fmt::format("there are more than {} receivers", kMostReceivers),
              "each has a thread of its own: let one of them forward to the others");
  std::set<std::string> names;
  for (const YamlNode& item : receivers->items) {
    YamlMap receiver(item, "a receiver", config.file, diagnostics);
    if (!receiver.valid()) continue;
    config.receivers.push_back(read_receiver(receiver, names, config, diagnostics));
  }
}

}  // namespace highwater::agent
