#include "agent/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "agent/config/byte_size.h"
#include "agent/config/fields.h"
#include "agent/config/secrets.h"
#include "agent/config/sections.h"
#include "agent/config/web_config.h"
#include "agent/core/small_file.h"
#include "agent/core/yaml.h"

namespace highwater::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<std::string> kLogLevels{"debug", "info", "warning", "error"};
constexpr uint64_t kLeastKept = 1'000'000;
constexpr uint64_t kMostKept = 10'000'000'000'000;

class Reader {
 public:
  Reader(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics), mistakes_before_(diagnostics.size()) {
    config_.file = file;
  }

  std::optional<Config> read(const YamlNode& root) {
    std::optional<ReadableConfig> readable = read_what_can_be(root);
    if (!readable || diagnostics_.size() != mistakes_before_) return std::nullopt;
    return std::move(readable->config);
  }

  std::optional<ReadableConfig> read_what_can_be(const YamlNode& root) {
    if (root.kind == YamlNode::Kind::null) {
      diagnostics_.push_back(
          {file_, 1, 1, "the file is empty",
           "name at least one cluster: clusters: [{name: prod, bootstrap: [\"kafka-1:9092\"]}]"});
      return std::nullopt;
    }
    YamlMap map = child(root, "the configuration");
    if (!map.valid()) return std::nullopt;
    config_.written = written_parts(root);
    read_clusters(map, file_, config_, diagnostics_);
    read_node(map, file_, config_, diagnostics_);
    read_identity(map, config_, diagnostics_);
    read_listen(map);
    config_.watch_config = map.boolean("watch_config").value_or(false);
    if (const YamlNode* rules = map.get("rules"))
      config_.rules = rules::read_rule_settings(*rules, file_, diagnostics_);
    read_receivers(map, config_, diagnostics_);
    read_heartbeats(map, config_, diagnostics_);
    read_routing(map, config_, diagnostics_);
    if (const YamlNode* traces = map.get("traces")) read_traces(*traces);
    if (const YamlNode* log = map.get("log")) read_log(*log);
    if (const YamlNode* metrics = map.get("metrics")) read_metrics(*metrics);
    if (const YamlNode* state = map.get("state")) read_state(*state);
    if (const YamlNode* record = map.get("record")) read_record(*record);
    read_runbooks(map);
    const size_t before_measures = diagnostics_.size();
    read_sources(map, file_, config_, diagnostics_);
    const bool measures_known = diagnostics_.size() == before_measures;
    map.finish();
    return ReadableConfig{std::move(config_), measures_known};
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
    if (const auto path = map.text("web_config")) {
      if (path->empty() || path->find('\0') != std::string::npos)
        map.error(*map.node().find("web_config"), "'web_config' is empty",
                  "name a file with tls_server_config and basic_auth_users");
      else
        config_.web_config = from_folder_of(file_, *path);
    }
    read_allowed_hosts(map);
    read_memory(map);
    if (const auto url = map.text("external_url")) {
      config_.external_url = check_url(map, "external_url", *url);
      config_.external_url_given = true;
      while (config_.external_url.ends_with('/')) config_.external_url.pop_back();
    }
  }

  void read_memory(YamlMap& map) {
    constexpr uint64_t kLeast = 64U << 20;
    const auto text = map.text("memory");
    if (!text) return;
    const auto bytes = parse_bytes(*text);
    if (!bytes)
      map.error(*map.node().find("memory"), "'memory': " + bytes.error().message);
    else if (*bytes < kLeast)
      map.error(*map.node().find("memory"), "'memory': the agent needs 64MiB at least");
    else
      config_.memory = *bytes;
  }

  void read_allowed_hosts(YamlMap& map) {
    for (const std::string& host : map.texts("allowed_hosts")) {
      if (host.empty() || host.find_first_of(":/ @*") != std::string::npos)
        map.error(*map.node().find("allowed_hosts"),
                  fmt::format("'allowed_hosts': '{}' is not the name of a host", host),
                  "write it like monitor.example.org, without scheme and port");
      config_.allowed_hosts.push_back(host);
    }
  }

  void read_traces(const YamlNode& node) {
    YamlMap map = child(node, "'traces'");
    if (map.require("endpoint") != nullptr)
      config_.traces.endpoint = check_url(map, "endpoint", map.text("endpoint").value_or(""));
    if (const YamlNode* headers = map.get("headers"))
      config_.traces.headers = read_trace_headers(*headers);
    config_.traces.tls = read_tls(map, file_);
    if (const auto ratio = map.number("sample_ratio")) {
      if (*ratio < 0 || *ratio > 1)
        map.error(*node.find("sample_ratio"), "'sample_ratio' must be between 0 and 1");
      config_.traces.sampler.ratio = *ratio;
    }
    map.finish();
  }

  // OpenTelemetry has a variable of its own for those that are secret.
  http::HeaderList read_trace_headers(const YamlNode& node) {
    http::HeaderList headers;
    for (auto& [name, secret] : read_headers(node, config_, diagnostics_)) {
      if (secret.is_elsewhere())
        diagnostics_.push_back({file_, node.line, node.column,
                                fmt::format("the header '{}' of 'traces' must be text", name),
                                "a secret one belongs into OTEL_EXPORTER_OTLP_HEADERS"});
      headers.emplace_back(name, secret.written());
    }
    return headers;
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
    if (const auto detail = map.text("detail")) {
      if (*detail == "standard") {
        config_.metrics_detail = MetricsDetail::standard;
      } else if (*detail == "full") {
        config_.metrics_detail = MetricsDetail::full;
      } else {
        map.error(*node.find("detail"), fmt::format("'{}' is not a detail of metrics", *detail),
                  "one of: standard, full");
      }
    }
    // Read only where it is written, so that it is not offered as a key.
    if (const YamlNode* const former = node.find("per_partition_group_series")) {
      (void)map.boolean("per_partition_group_series");
      map.error(*former, "'per_partition_group_series' is not there any more",
                "leave it out: only 'detail: full' exports these series");
    }
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
  const size_t mistakes_before_;
  Config config_;
};

// What is wrong with the file is said by whoever uses it (web_access.h).
bool has_tls(const Config& config) {
  Diagnostics ignored;
  if (config.web_config.empty()) return false;
  const auto web = read_web_config(config.web_config, ignored);
  return web && web->tls;
}

std::optional<Config> finish(std::optional<Config> config) {
  if (config && config->external_url.empty()) {
    const std::string host = config->listen.host.empty() || config->listen.host == "0.0.0.0" ||
                                     config->listen.host == "::"
                                 ? "127.0.0.1"
                                 : config->listen.host;
    config->external_url = (has_tls(*config) ? "https://" : "http://") +
                           http::ListenAddress{host, config->listen.port}.text();
  }
  return config;
}

// Secrets that stand in a file which everybody may read.
void report_readable_secrets(const Config& config, Diagnostics& diagnostics) {
  if (config.written_secrets.empty()) return;
  const auto file = RegularFile::open(config.file);
  if (file && !file->others_may_read()) return;
  diagnostics.insert(diagnostics.end(), config.written_secrets.begin(),
                     config.written_secrets.end());
}

}  // namespace

std::optional<Config> read_config(const std::string& path, Diagnostics& diagnostics) {
  const std::optional<YamlNode> root = read_yaml(path, diagnostics);
  if (!root) return std::nullopt;
  std::optional<Config> config = finish(Reader(path, diagnostics).read(*root));
  const size_t before = diagnostics.size();
  if (config) report_readable_secrets(*config, diagnostics);
  if (diagnostics.size() != before) return std::nullopt;
  return config;
}

std::optional<ReadableConfig> read_what_can_be(const std::string& path, Diagnostics& diagnostics) {
  const size_t before = diagnostics.size();
  const std::optional<YamlNode> root = read_yaml(path, diagnostics);
  if (!root) return std::nullopt;
  std::optional<ReadableConfig> readable = Reader(path, diagnostics).read_what_can_be(*root);
  if (!readable) return std::nullopt;
  readable->config = *finish(std::move(readable->config));
  if (diagnostics.size() == before) report_readable_secrets(readable->config, diagnostics);
  return readable;
}

std::optional<Config> parse_config(std::string_view text, const std::string& file,
                                   Diagnostics& diagnostics) {
  const std::optional<YamlNode> root = parse_yaml(text, file, diagnostics);
  if (!root) return std::nullopt;
  return finish(Reader(file, diagnostics).read(*root));
}

}  // namespace highwater::agent
