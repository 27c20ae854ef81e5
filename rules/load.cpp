#include "rules/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "rules/rule_files.h"
#include "rules/rule_parser.h"
#include "rules/tuning.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kBuiltinFile = "<built-in>";

class Loader {
 public:
  Loader(const Catalogue& catalogue, const RunbookExists& runbook_exists, Diagnostics& diagnostics)
      : catalogue_(catalogue), runbook_exists_(runbook_exists), diagnostics_(diagnostics) {}

  void add_builtin();
  void add_file(const YamlNode& root, const std::string& file);
  void tune(const RuleSettings& settings);
  std::vector<AlertRule> take();

 private:
  // A name is taken also when the rest of its rule is wrong.
  struct Taken {
    std::string where;
    bool builtin = false;
  };

  RuleSource source(const std::string& file) const {
    return {file, catalogue_, runbook_exists_, diagnostics_};
  }
  bool take_name(const YamlNode& rule, const std::string& file);
  void report_unknown(const YamlNode& name, const std::string& file);

  const Catalogue& catalogue_;
  const RunbookExists& runbook_exists_;
  Diagnostics& diagnostics_;
  std::vector<ParsedRule> rules_;
  std::map<std::string, Taken, std::less<>> names_;
};

void Loader::add_builtin() {
  const std::string file(kBuiltinFile);
  if (const auto root = parse_yaml(builtin_rules_text(), file, diagnostics_)) add_file(*root, file);
}

void Loader::add_file(const YamlNode& root, const std::string& file) {
  if (root.kind == YamlNode::Kind::null) {
    diagnostics_.push_back({file, 1, 1, "the file holds no rules", "it begins with 'alerts:'"});
    return;
  }
  YamlMap map(root, "a rule file", file, diagnostics_);
  if (!map.valid()) return;
  if (const YamlNode* const groups = root.find("groups"); groups != nullptr) {
    (void)map.get("groups");
    map.error(*groups, "a rule file has no key 'groups': these are rules of Prometheus",
              "write them as 'alerts:' with name, when, severity, runbook and summary");
  }
  const YamlNode* const alerts = map.require("alerts");
  map.finish();
  if (alerts == nullptr) return;
  if (alerts->kind != YamlNode::Kind::list) {
    map.error(*alerts, "'alerts' must be a list of rules", "begin each rule with '- name:'");
    return;
  }
  if (alerts->items.empty())
    map.error(*alerts, "'alerts' is empty", "write a rule, or remove the file");
  const size_t before = diagnostics_.size();
  for (const YamlNode& node : alerts->items) {
    std::optional<ParsedRule> parsed = parse_rule(node, source(file));
    if (take_name(node, file) && parsed) rules_.push_back(std::move(*parsed));
  }
  // People go through a file from its top.
  std::stable_sort(diagnostics_.begin() + static_cast<ptrdiff_t>(before), diagnostics_.end(),
                   [](const Diagnostic& one, const Diagnostic& other) {
                     return std::pair(one.line, one.column) < std::pair(other.line, other.column);
                   });
}

bool Loader::take_name(const YamlNode& rule, const std::string& file) {
  const YamlNode* const name = rule.find("name");
  if (name == nullptr || name->scalar.empty()) return false;
  const bool builtin = file == kBuiltinFile;
  const std::string where = fmt::format("{}:{}", file, name->line);
  const auto [taken, is_new] = names_.try_emplace(name->scalar, Taken{where, builtin});
  if (is_new) return true;
  if (taken->second.builtin) {
    diagnostics_.push_back(
        {file, name->line, name->column, fmt::format("'{}' is a built-in rule", name->scalar),
         fmt::format("change that one with 'rules: tune: {{{}: ...}}', or rename yours",
                     name->scalar)});
  } else {
    diagnostics_.push_back(
        {file, name->line, name->column,
         fmt::format("there is a rule '{}' already, at {}", name->scalar, taken->second.where),
         "rename one of them"});
  }
  return false;
}

void Loader::tune(const RuleSettings& settings) {
  for (const auto& [name, changes] : settings.tune) {
    const auto taken = names_.find(name.scalar);
    if (taken == names_.end() || !taken->second.builtin) {
      report_unknown(name, settings.tune_file);
      continue;
    }
    const auto parsed = std::ranges::find(
        rules_, name.scalar,
        [](const ParsedRule& rule) -> const std::string& { return rule.rule.name; });
    if (parsed != rules_.end()) tune_rule(*parsed, changes, source(settings.tune_file));
  }
}

void Loader::report_unknown(const YamlNode& name, const std::string& file) {
  std::vector<std::string> builtin;
  for (const auto& [known, taken] : names_) {
    if (taken.builtin) builtin.push_back(known);
  }
  std::string what = fmt::format("there is no built-in rule '{}'", name.scalar);
  std::string advice = did_you_mean(name.scalar, builtin);
  if (const auto own = names_.find(name.scalar); own != names_.end()) {
    what = fmt::format("'{}' is a rule of your own", name.scalar);
    advice = fmt::format("change it at {}", own->second.where);
  } else if (builtin.empty()) {
    what = fmt::format("'{}' cannot be tuned: the built-in rules are switched off", name.scalar);
    advice = "remove this, or write 'builtin: true'";
  }
  diagnostics_.push_back({file, name.line, name.column, std::move(what), std::move(advice)});
}

std::vector<AlertRule> Loader::take() {
  std::vector<AlertRule> rules;
  for (ParsedRule& parsed : rules_) {
    if (parsed.enabled) rules.push_back(std::move(parsed.rule));
  }
  return rules;
}

}  // namespace

std::vector<AlertRule> load_rules(const RuleSettings& settings, const Catalogue& catalogue,
                                  const RunbookExists& runbook_exists, Diagnostics& diagnostics) {
  Loader loader(catalogue, runbook_exists, diagnostics);
  if (settings.builtin) loader.add_builtin();
  for (const std::string& file : find_rule_files(settings, diagnostics)) {
    if (const auto root = read_yaml(file, diagnostics)) loader.add_file(*root, file);
  }
  loader.tune(settings);
  return loader.take();
}

std::vector<AlertRule> parse_rules(std::string_view text, const std::string& file,
                                   const Catalogue& catalogue, const RunbookExists& runbook_exists,
                                   Diagnostics& diagnostics) {
  Loader loader(catalogue, runbook_exists, diagnostics);
  if (const auto root = parse_yaml(text, file, diagnostics)) loader.add_file(*root, file);
  return loader.take();
}

namespace {

void read_files(YamlMap& map, const std::string& file, RuleSettings& settings) {
  const YamlNode* const files = map.get("files");
  if (files == nullptr) return;
  const std::filesystem::path directory = std::filesystem::path(file).parent_path();
  const auto add = [&](const YamlNode& node) {
    if (node.kind != YamlNode::Kind::scalar || node.scalar.empty()) {
      map.error(node, "'files' must list files and directories",
                "write it like [rules.yaml, rules.d]");
      return;
    }
    settings.files.push_back((directory / node.scalar).string());
    settings.file_nodes.push_back(node);
  };
  if (files->kind != YamlNode::Kind::list) add(*files);
  for (const YamlNode& node : files->items) add(node);
}

void read_tune(YamlMap& map, RuleSettings& settings) {
  const YamlNode* const tune = map.get("tune");
  if (tune == nullptr) return;
  if (tune->kind != YamlNode::Kind::map) {
    map.error(*tune, "'tune' must be a map from built-in rules to changes",
              "write it like {BrokerStopped: {for: 30m}}");
    return;
  }
  settings.tune = tune->entries;
}

}  // namespace

RuleSettings read_rule_settings(const YamlNode& node, const std::string& file,
                                Diagnostics& diagnostics) {
  RuleSettings settings;
  settings.tune_file = file;
  YamlMap map(node, "'rules'", file, diagnostics);
  if (!map.valid()) return settings;
  settings.builtin = map.boolean("builtin").value_or(true);
  read_files(map, file, settings);
  read_tune(map, settings);
  map.finish();
  return settings;
}

}  // namespace highwater::rules
