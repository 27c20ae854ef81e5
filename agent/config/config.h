// The configuration file as a value that cannot be wrong. Read once at start and again on reload,
// by main's thread.
//
// Every mistake is a diagnostic with file, line, column and advice, all at once; a Config exists
// only when there was none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/written.h"
#include "agent/core/diagnostic.h"
#include "agent/core/exported.h"
#include "agent/core/log.h"
#include "agent/core/measure.h"
#include "agent/core/secret.h"
#include "collectors/canary/report.h"
#include "collectors/kafka/poll/cluster_poller.h"
#include "collectors/sources/mapping.h"
#include "exporters/http/address.h"
#include "exporters/notify/heartbeat.h"
#include "exporters/notify/receivers/registry.h"
#include "exporters/otlp/config.h"
#include "rules/language/load.h"
#include "rules/routing/director.h"

namespace highwater::agent {

// Where what the rules see is kept for `highwater replay`.
struct RecordConfig {
  std::string path;             // a folder; absolute
  uint64_t keep = 100'000'000;  // bytes on the disk, at most
};

// The canary of one cluster.
struct CanaryConfig {
  std::string cluster;
  canary::ProbeSettings probe;
};

// The agent of one node: `node:`.
struct NodeConfig {
  std::string name;             // the value of the label `node`
  bool judges_cluster = false;  // the clusters are watched and judged as well, as without `node:`
  Duration every = std::chrono::seconds(10);  // from one probe of a broker to the next
  std::string cluster;                        // to which `log_dirs` belong
  std::vector<std::string> log_dirs;          // absolute
};

struct Config {
  std::string file;
  WrittenParts written;
  Diagnostics written_secrets;  // where it holds secrets itself, and what to do instead
  std::vector<kafka::ClusterSettings> clusters;  // at least one, names distinct
  http::ListenAddress listen{"127.0.0.1", 9877};
  std::string web_config;  // the file that says how it is reached, absolute; empty: there is none
  std::optional<uint64_t> memory;          // bytes of the process; nothing: what the system allows
  std::vector<std::string> allowed_hosts;  // beside those of own_names()
  std::string external_url;  // without trailing slash; derived from `listen` when not given
  bool external_url_given = false;
  rules::RuleSettings rules;
  std::vector<notify::ReceiverConfig> receivers;
  std::vector<notify::HeartbeatConfig> heartbeats;  // names distinct; their receivers among those
  rules::RoutingPlan routing;                       // its receivers are among those
  std::vector<std::string> calendars;               // files that its maintenance names, absolute
  otlp::TraceConfig traces;
  bool watch_config = false;  // the configuration is read again when it or a rule file changes
  LogLevel log_level = LogLevel::info;
  std::optional<LogForm> log_form;  // nothing: human on a terminal, JSON otherwise
  std::vector<std::filesystem::path> runbook_directories;  // beside the built-in ones; theirs win
  MetricsDetail metrics_detail = MetricsDetail::standard;
  // Absolute, or ":memory:"; nothing: default_state_path().
  std::optional<std::string> state_path;
  std::optional<RecordConfig> record;  // nothing: what is seen is not recorded
  std::optional<NodeConfig> node;      // nothing: the agent watches clusters, from wherever it is
  std::vector<CanaryConfig> canaries;  // at most one for each cluster
  sources::SourcePlan sources;
  std::vector<const Measure*> measures;  // those that `sources` fills; each once
  // Annotations of every notification that say who tells: the pod and its node, by name.
  std::vector<std::pair<std::string, Secret>> identity;

  // It watches the groups and topics of one application. All clusters have a scope, or none has.
  [[nodiscard]] bool is_sidecar() const {
    return !clusters.empty() && clusters.front().scope.has_value();
  }
};

// A configuration that may have mistakes, which are in the diagnostics.
struct ReadableConfig {
  Config config;
  bool measures_known = true;  // false: rules may name measures whose definition has a mistake
};

// For `check`, so that the rule files it names are checked in the same run. Nothing when the file
// is no YAML map.
[[nodiscard]] std::optional<ReadableConfig> read_what_can_be(const std::string& path,
                                                             Diagnostics& diagnostics);
[[nodiscard]] std::optional<Config> read_config(const std::string& path, Diagnostics& diagnostics);
// The same from a text; `file` names it in diagnostics, and relative paths start at its directory.
[[nodiscard]] std::optional<Config> parse_config(std::string_view text, const std::string& file,
                                                 Diagnostics& diagnostics);

}  // namespace highwater::agent
