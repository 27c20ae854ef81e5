// Loads alert rules and SLOs: the built-in ones, the user's files and directories, and the tuning
// of the built-in alerts. Every mistake of every file becomes a diagnostic with its place; rules
// are returned only to be used when there was none. Any thread; pure but for reading the files.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/diagnostic.h"
#include "agent/core/measure.h"
#include "agent/core/yaml.h"
#include "rules/rule_set.h"

namespace highwater::rules {

constexpr Duration kSampleEvery = std::chrono::seconds(15);

// `rules:` of the configuration.
//   rules: {builtin: true, files: [rules.yaml, rules.d], tune: {BrokerDown: {severity: ticket, for:
//   10s, enabled: false}}}
struct RuleSettings {
  bool builtin = true;
  std::vector<std::string> files;    // files, or directories of *.yaml and *.yml
  std::vector<YamlNode> file_nodes;  // where each of them is named, for errors; may be empty
  std::string tune_file;             // where `tune` stands, for errors
  std::vector<std::pair<YamlNode, YamlNode>> tune;  // rule name -> changes, in the file's order
  // How far two samples of a measure lie apart, at most: what SLOs are checked against. Not read
  // from `rules:`; it follows from how often is polled.
  Duration sample_every = kSampleEvery;
};

// Relative paths are taken from the directory of `file`.
[[nodiscard]] RuleSettings read_rule_settings(const YamlNode& node, const std::string& file,
                                              Diagnostics& diagnostics);

[[nodiscard]] RuleSet load_rules(const RuleSettings& settings, const Catalogue& catalogue,
                                 const std::function<bool(std::string_view)>& runbook_exists,
                                 Diagnostics& diagnostics);

// One rule file's text; for load_rules and tests.
[[nodiscard]] RuleSet parse_rules(std::string_view text, const std::string& file,
                                  const Catalogue& catalogue,
                                  const std::function<bool(std::string_view)>& runbook_exists,
                                  Diagnostics& diagnostics, Duration sample_every = kSampleEvery);

// The built-in alert rules, and the SLOs that can be used by name, as YAML.
[[nodiscard]] std::string_view builtin_rules_text();
[[nodiscard]] std::string_view builtin_slos_text();

}  // namespace highwater::rules
