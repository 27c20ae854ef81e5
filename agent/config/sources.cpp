// `sources:`: pages that others offer.
#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "agent/config/byte_size.h"
#include "agent/config/fields.h"
#include "agent/config/measures.h"
#include "agent/config/secrets.h"
#include "agent/config/sections.h"
#include "exporters/http/address.h"

namespace highwater::agent {
namespace {

using sources::PageFormat;
using sources::SourceSettings;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMostSources = 200;
constexpr uint64_t kLeastLimit = 1024;
constexpr uint64_t kMostLimit = uint64_t{256} << 20;

class SourcesReader {
 public:
  SourcesReader(const std::string& file, ConfiguredSources& into, Config& config,
                Diagnostics& diagnostics)
      : file_(file), config_(config), diagnostics_(diagnostics), read_(into) {}

  void read(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::list) {
      diagnostics_.push_back({file_, node.line, node.column, "'sources' must be a list",
                              "start each with '- name: ...'"});
      return;
    }
    for (const YamlNode& item : node.items) read_source(item);
    if (node.items.size() > kMostSources)
      diagnostics_.push_back({file_, node.line, node.column,
                              fmt::format("there are more than {} sources", kMostSources),
                              "run several agents, or let one page speak for many"});
  }

 private:
  void read_source(const YamlNode& item) {
    YamlMap map(item, "a source", file_, diagnostics_);
    if (!map.valid()) return;
    SourceSettings source;
    read_name(map, source);
    read_place(map, source);
    read_cluster(map, source);
    read_duration(map, "every", seconds(1), std::chrono::hours(24), source.every);
    source.timeout = std::min<Duration>(source.timeout, source.every);
    read_duration(map, "timeout", milliseconds(100), seconds(60), source.timeout);
    if (source.timeout > source.every && map.node().find("timeout") != nullptr)
      map.error(*map.node().find("timeout"),
                fmt::format("'timeout' is {}, and the source is read every {}",
                            format_duration(source.timeout), format_duration(source.every)),
                "a try must end before the next one begins");
    read_limit(map, source);
    read_access(map, source);
    const bool has_format = read_format(map, source);
    map.finish();
    read_.settings.push_back(std::move(source));
    read_.has_format.push_back(has_format);
  }

  void read_name(YamlMap& map, SourceSettings& source) {
    if (map.require("name") == nullptr) return;
    const std::string name = map.text("name").value_or("");
    const YamlNode& at = *map.node().find("name");
    if (name.empty())
      map.error(at, "'name' is empty", "it is the label `source` of what is said of it");
    else if (!names_.insert(name).second)
      map.error(at, fmt::format("two sources are named '{}'", name), "give each its own name");
    source.name = Symbol(name);
  }

  void read_place(YamlMap& map, SourceSettings& source) {
    const YamlNode* const url = map.get("url");
    const YamlNode* const file = map.get("file");
    if ((url == nullptr) == (file == nullptr)) {
      map.error(url == nullptr ? map.node() : *file,
                url == nullptr ? "the source has neither 'url' nor 'file'"
                               : "the source has both 'url' and 'file'",
                "write one of them, like url: http://127.0.0.1:9404/metrics");
      return;
    }
    if (url != nullptr) {
      source.url = check_url(map, "url", map.text("url").value_or(""));
      return;
    }
    const std::string path = map.text("file").value_or("");
    if (path.empty() || path.find('\0') != std::string::npos) {
      map.error(*file, "'file' is empty", "name a file, like /var/lib/app/metrics.prom");
      return;
    }
    const std::filesystem::path whole = std::filesystem::path(file_).parent_path() / path;
    if (whole.parent_path().string().find_first_of("*?") != std::string::npos)
      map.error(*file, fmt::format("'file': '{}' has a wildcard in a folder's name", path),
                "only the last part may have one, like /var/lib/app/*.prom");
    std::error_code ignored;
    source.path = std::filesystem::absolute(whole, ignored).lexically_normal().string();
    read_duration(map, "max_age", seconds(1), std::chrono::hours(24 * 366), source.max_age);
  }

  void read_cluster(YamlMap& map, SourceSettings& source) {
    const auto name = map.text("cluster");
    if (!name) {
      source.cluster = read_.clusters.empty() ? Symbol() : Symbol(read_.clusters.front());
      if (read_.clusters.size() > 1 && map.node().find("cluster") == nullptr)
        map.error(map.node(), "the source does not say to which cluster it belongs",
                  fmt::format("write 'cluster: {}'", fmt::join(read_.clusters, "' or 'cluster: ")));
      return;
    }
    if (std::ranges::find(read_.clusters, *name) == read_.clusters.end())
      map.error(*map.node().find("cluster"), fmt::format("there is no cluster '{}'", *name),
                did_you_mean(*name, read_.clusters));
    source.cluster = Symbol(*name);
  }

  void read_limit(YamlMap& map, SourceSettings& source) {
    const auto text = map.text("limit");
    if (!text) return;
    const YamlNode& at = *map.node().find("limit");
    const Result<uint64_t> bytes = parse_bytes(*text);
    if (!bytes) {
      map.error(at, "'limit': " + bytes.error().message);
    } else if (*bytes < kLeastLimit || *bytes > kMostLimit) {
      map.error(at, fmt::format("'limit' is {}", *text), "choose between 1KiB and 256MiB");
    } else {
      source.limit = *bytes;
    }
  }

  void read_access(YamlMap& map, SourceSettings& source) {
    const YamlNode* const basic = map.get("basic_auth");
    const YamlNode* const token = map.get("bearer_token_file");
    if (token != nullptr) source.credentials.bearer_token_file = path_of(map, "bearer_token_file");
    const http::TlsOptions tls = read_tls(map, file_);
    source.ca_file = tls.ca_file;
    source.verify = tls.verify;
    source.certificate = tls.certificate;
    source.key = tls.key;
    if (basic != nullptr) read_basic(*basic, source);
    if (basic != nullptr && token != nullptr)
      map.error(*token, "the source has both 'basic_auth' and 'bearer_token_file'",
                "write one of them");
    const bool with_tls = !tls.ca_file.empty() || !tls.certificate.empty();
    if (!source.path.empty() && (basic != nullptr || token != nullptr || with_tls))
      map.error(map.node(), "a file needs no credentials", "they are for a 'url'");
  }

  void read_basic(const YamlNode& node, SourceSettings& source) {
    YamlMap map(node, "'basic_auth'", file_, diagnostics_);
    if (!map.valid()) return;
    if (map.require("user") != nullptr) source.credentials.user = map.text("user").value_or("");
    if (source.credentials.user.find(':') != std::string::npos)
      map.error(*node.find("user"), "'user' holds a colon", "basic authentication knows none");
    source.credentials.password = map.text("password").value_or("");
    if (const YamlNode* const password = node.find("password"))
      note_written_secret(*password, "'password'", config_);
    if (map.get("password_file") != nullptr)
      source.credentials.password_file = path_of(map, "password_file");
    if ((node.find("password") == nullptr) == (node.find("password_file") == nullptr))
      map.error(node, "'basic_auth' needs either 'password' or 'password_file'",
                "a file keeps the secret out of the configuration");
    map.finish();
  }

  bool read_format(YamlMap& map, SourceSettings& source) {
    const auto format = map.text("format");
    if (!format) return false;
    if (*format == "prometheus") {
      source.format = PageFormat::prometheus;
    } else if (*format == "json") {
      source.format = PageFormat::json;
    } else {
      map.error(*map.node().find("format"), fmt::format("'{}' is not a format", *format),
                "one of: prometheus (OpenMetrics as well), json");
    }
    return true;
  }

  std::string path_of(YamlMap& map, const std::string& key) {
    std::error_code ignored;
    return std::filesystem::absolute(
               std::filesystem::path(file_).parent_path() / map.text(key).value_or(""), ignored)
        .string();
  }

  const std::string& file_;
  Config& config_;  // for what it notes alone
  Diagnostics& diagnostics_;
  std::set<std::string> names_;
  ConfiguredSources& read_;
};

}  // namespace

void read_sources(YamlMap& map, const std::string& file, Config& config, Diagnostics& diagnostics) {
  ConfiguredSources sources;
  for (const auto& cluster : config.clusters) sources.clusters.push_back(cluster.name);
  if (const YamlNode* const node = map.get("sources"))
    SourcesReader(file, sources, config, diagnostics).read(*node);
  if (const YamlNode* const node = map.get("measures")) {
    ConfiguredMeasures measures = read_measures(*node, sources, file, diagnostics);
    config.measures = std::move(measures.measures);
    config.sources.mappings = std::move(measures.mappings);
  }
  config.sources.sources = std::move(sources.settings);
}

}  // namespace highwater::agent
