#include "agent/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "agent/config/byte_size.h"
#include "agent/config/fields.h"
#include "agent/config/sections.h"
#include "agent/core/yaml.h"

namespace highwater::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<std::string> kLogLevels{"debug", "info", "warning", "error"};
const std::vector<std::string> kSeverities{"info", "ticket", "page"};
constexpr uint64_t kLeastKept = 1'000'000;
constexpr uint64_t kMostKept = 10'000'000'000'000;

class Reader {
 public:
  Reader(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {
    config_.file = file;
  }

  std::optional<Config> read(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::null) {
      diagnostics_.push_back(
          {file_, 1, 1, "the file is empty",
           "name at least one cluster: clusters: [{name: prod, bootstrap: [\"kafka-1:9092\"]}]"});
      return std::nullopt;
    }
    YamlMap map = child(root, "the configuration");
    if (!map.valid()) return std::nullopt;
    read_clusters(map, file_, config_, diagnostics_);
    read_listen(map);
    if (const YamlNode* rules = map.get("rules"))
      config_.rules = rules::read_rule_settings(*rules, file_, diagnostics_);
    read_receivers(map);
    if (const YamlNode* traces = map.get("traces")) read_traces(*traces);
    if (const YamlNode* log = map.get("log")) read_log(*log);
    if (const YamlNode* metrics = map.get("metrics")) read_metrics(*metrics);
    if (const YamlNode* state = map.get("state")) read_state(*state);
    if (const YamlNode* record = map.get("record")) read_record(*record);
    read_runbooks(map);
    read_sources(map, file_, config_, diagnostics_);
    map.finish();
    if (!diagnostics_.empty()) return std::nullopt;
    return std::move(config_);
  }

 private:
  YamlMap child(const YamlNode& node, std::string what) {
    return {node, std::move(what), file_, diagnostics_};
  }

  void read_listen(YamlMap& map) {
    if (const auto text = map.text("listen")) {
      if (const auto address = http::parse_listen(*text)) {
        config_.listen = *address;
      } else {
        map.error(*map.node().find("listen"), "'listen': " + address.error().message);
      }
    }
    if (const auto url = map.text("external_url")) {
      config_.external_url = check_url(map, "external_url", *url);
      while (config_.external_url.ends_with('/')) config_.external_url.pop_back();
    }
  }

  void read_receivers(YamlMap& map) {
    const YamlNode* receivers = map.get("receivers");
    if (receivers == nullptr) return;
    if (receivers->kind != YamlNode::Kind::list) {
      map.error(*receivers, "'receivers' must be a list", "start each with '- name: ...'");
      return;
    }
    std::set<std::string> names;
    for (const YamlNode& item : receivers->items) {
      YamlMap receiver = child(item, "a receiver");
      if (!receiver.valid()) continue;
      notify::ReceiverConfig settings;
      if (receiver.require("name") != nullptr) settings.name = receiver.text("name").value_or("");
      if (!settings.name.empty() && !names.insert(settings.name).second) {
        receiver.error(*item.find("name"),
                       fmt::format("two receivers are named '{}'", settings.name),
                       "give each its own name");
      }
      if (const YamlNode* webhook = receiver.require("webhook")) read_webhook(*webhook, settings);
      if (const auto severity = receiver.text("severity")) {
        const auto found = std::ranges::find(kSeverities, *severity);
        if (found == kSeverities.end()) {
          receiver.error(*item.find("severity"), fmt::format("'{}' is not a severity", *severity),
                         did_you_mean(*severity, kSeverities));
        } else {
          settings.lowest = static_cast<Severity>(found - kSeverities.begin());
        }
      }
      settings.send_resolved = receiver.boolean("send_resolved").value_or(true);
      read_duration(receiver, "timeout", milliseconds(100), seconds(60), settings.timeout);
      read_duration(receiver, "repeat_interval", Duration::zero(), std::chrono::hours(24 * 7),
                    settings.repeat_interval);
      receiver.finish();
      config_.receivers.push_back(std::move(settings));
    }
  }

  void read_webhook(const YamlNode& node, notify::ReceiverConfig& settings) {
    YamlMap webhook = child(node, "'webhook'");
    if (webhook.require("url") != nullptr)
      settings.url = check_url(webhook, "url", webhook.text("url").value_or(""));
    if (const YamlNode* headers = webhook.get("headers")) settings.headers = read_headers(*headers);
    webhook.finish();
  }

  std::vector<std::pair<std::string, std::string>> read_headers(const YamlNode& node) {
    std::vector<std::pair<std::string, std::string>> headers;
    YamlMap map = child(node, "'headers'");
    for (const auto& [name, value] : node.entries) {
      const auto text = map.text(name.scalar);
      if (!text) continue;
      const bool unsafe = (name.scalar + *text).find_first_of("\r\n") != std::string::npos;
      if (unsafe)
        map.error(value, fmt::format("the header '{}' holds a line break", name.scalar),
                  "write it on one line");
      headers.emplace_back(name.scalar, *text);
    }
    return headers;
  }

  void read_traces(const YamlNode& node) {
    YamlMap map = child(node, "'traces'");
    if (map.require("endpoint") != nullptr)
      config_.traces.endpoint = check_url(map, "endpoint", map.text("endpoint").value_or(""));
    if (const YamlNode* headers = map.get("headers"))
      config_.traces.headers = read_headers(*headers);
    if (const auto ratio = map.number("sample_ratio")) {
      if (*ratio < 0 || *ratio > 1)
        map.error(*node.find("sample_ratio"), "'sample_ratio' must be between 0 and 1");
      config_.traces.sampler.ratio = *ratio;
    }
    map.finish();
  }

  void read_log(const YamlNode& node) {
    YamlMap map = child(node, "'log'");
    if (const auto level = map.text("level")) {
      const auto found = std::ranges::find(kLogLevels, *level);
      if (found == kLogLevels.end()) {
        map.error(*node.find("level"), fmt::format("'{}' is not a log level", *level),
                  did_you_mean(*level, kLogLevels));
      } else {
        config_.log_level = static_cast<LogLevel>(found - kLogLevels.begin());
      }
    }
    if (const auto format = map.text("format")) {
      if (*format == "json") {
        config_.log_form = LogForm::json;
      } else if (*format == "human") {
        config_.log_form = LogForm::human;
      } else {
        map.error(*node.find("format"), fmt::format("'{}' is not a log format", *format),
                  "one of: json, human");
      }
    }
    map.finish();
  }

  void read_metrics(const YamlNode& node) {
    YamlMap map = child(node, "'metrics'");
    config_.per_partition_group_series = map.boolean("per_partition_group_series").value_or(true);
    map.finish();
  }

  void read_state(const YamlNode& node) {
    YamlMap map = child(node, "'state'");
    if (map.require("path") != nullptr) {
      if (const auto path = map.text("path")) check_state_path(map, *path);
    }
    map.finish();
  }

  void check_state_path(YamlMap& map, const std::string& path) {
    if (path == ":memory:") {
      config_.state_path = path;
      return;
    }
    const std::filesystem::path whole = absolute(path);
    std::error_code ignored;
    const std::string advice = "name a file, such as /var/lib/highwater/state.db, or \":memory:\"";
    if (path.empty() || path.ends_with('/') || std::filesystem::is_directory(whole, ignored)) {
      map.error(*map.node().find("path"), fmt::format("'path': '{}' is a folder", path), advice);
    } else if (path.starts_with('~')) {
      map.error(*map.node().find("path"), "'path': '~' means nothing here", "write the whole path");
    } else if (path.find("://") != std::string::npos || path.starts_with("file:")) {
      map.error(*map.node().find("path"), fmt::format("'path': '{}' is a URL", path), advice);
    } else if (path.starts_with(':')) {
      map.error(*map.node().find("path"), fmt::format("'path': '{}' is no file", path), advice);
    } else {
      config_.state_path = whole.lexically_normal().string();
    }
  }

  void read_record(const YamlNode& node) {
    YamlMap map = child(node, "'record'");
    RecordConfig record;
    if (map.require("path") != nullptr) {
      if (const auto path = map.text("path")) record.path = check_record_path(map, *path);
    }
    if (const auto keep = map.text("keep")) record.keep = check_keep(map, *keep, record.keep);
    map.finish();
    config_.record = std::move(record);
  }

  std::string check_record_path(YamlMap& map, const std::string& path) {
    const std::filesystem::path whole = absolute(path);
    const std::string advice = "name a folder, such as /var/lib/highwater/recording";
    std::error_code ignored;
    if (path.empty() || path.starts_with(':')) {
      map.error(*map.node().find("path"), fmt::format("'path': '{}' is no folder", path), advice);
    } else if (path.starts_with('~')) {
      map.error(*map.node().find("path"), "'path': '~' means nothing here", "write the whole path");
    } else if (path.find("://") != std::string::npos) {
      map.error(*map.node().find("path"), fmt::format("'path': '{}' is a URL", path), advice);
    } else if (std::filesystem::exists(whole, ignored) &&
               !std::filesystem::is_directory(whole, ignored)) {
      map.error(*map.node().find("path"), fmt::format("'path': '{}' is a file", path), advice);
    }
    std::string text = whole.lexically_normal().string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
  }

  uint64_t check_keep(YamlMap& map, const std::string& text, uint64_t otherwise) {
    const Result<uint64_t> bytes = parse_bytes(text);
    if (!bytes) {
      map.error(*map.node().find("keep"), "'keep': " + bytes.error().message);
      return otherwise;
    }
    if (*bytes < kLeastKept || *bytes > kMostKept) {
      map.error(*map.node().find("keep"), fmt::format("'keep' is {}", text),
                "choose between 1MB and 10TB");
      return otherwise;
    }
    return *bytes;
  }

  // From the configuration's own folder.
  [[nodiscard]] std::filesystem::path absolute(const std::string& path) const {
    std::error_code ignored;
    return std::filesystem::absolute(std::filesystem::path(file_).parent_path() / path, ignored);
  }

  void read_runbooks(YamlMap& map) {
    const std::filesystem::path base = std::filesystem::path(file_).parent_path();
    for (const std::string& directory : map.texts("runbooks")) {
      const std::filesystem::path path = base / directory;
      std::error_code ignored;
      if (!std::filesystem::is_directory(path, ignored)) {
        map.error(*map.node().find("runbooks"),
                  fmt::format("'{}' is not a directory", path.string()),
                  "name directories of Markdown files");
      }
      config_.runbook_directories.push_back(path);
    }
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  Config config_;
};

std::optional<Config> finish(std::optional<Config> config) {
  if (config && config->external_url.empty()) {
    const std::string host = config->listen.host.empty() || config->listen.host == "0.0.0.0" ||
                                     config->listen.host == "::"
                                 ? "127.0.0.1"
                                 : config->listen.host;
    config->external_url = "http://" + http::ListenAddress{host, config->listen.port}.text();
  }
  return config;
}

}  // namespace

std::optional<Config> read_config(const std::string& path, Diagnostics& diagnostics) {
  const std::optional<YamlNode> root = read_yaml(path, diagnostics);
  if (!root) return std::nullopt;
  return finish(Reader(path, diagnostics).read(*root));
}

std::optional<Config> parse_config(std::string_view text, const std::string& file,
                                   Diagnostics& diagnostics) {
  const std::optional<YamlNode> root = parse_yaml(text, file, diagnostics);
  if (!root) return std::nullopt;
  return finish(Reader(file, diagnostics).read(*root));
}

}  // namespace highwater::agent
