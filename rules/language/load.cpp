#include "rules/language/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "rules/language/rule_fields.h"
#include "rules/language/rule_files.h"
#include "rules/language/rule_parser.h"
#include "rules/language/slo_composite.h"
#include "rules/language/slo_parser.h"
#include "rules/language/slo_templates.h"
#include "rules/language/tuning.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kBuiltinFile = "<built-in>";
constexpr size_t kMostMistakes = 1000;
constexpr size_t kMostRegexes = 1000;

// Other tools' rule files.
constexpr std::array<ForeignKey, 5> kForeignKeys{
    {{"groups",
      "these are rules of Prometheus: write them as 'alerts:' with name, when, severity, runbook "
      "and summary"},
     {"apiVersion", "this is OpenSLO: write it as 'slos:' with name, sli, good, objective, window"},
     {"version", "this is Sloth: write it as 'slos:' with name, sli, good, objective, window"},
     {"service", "an SLO says whose it is with 'owner' and 'labels'"},
     {"rules", "the list of rules is 'alerts'; 'rules:' stands in the configuration"}}};

// The first regular expression beyond those that a file may have, or null: a short one can cost a
// lot to compile.
const YamlNode* find_excess_regex(const YamlNode& node, size_t& left) {
  const bool regex =
      node.scalar.size() > 2 && node.scalar.starts_with('/') && node.scalar.ends_with('/');
  if (regex && left-- == 0) return &node;
  for (const YamlNode& item : node.items) {
    if (const YamlNode* const found = find_excess_regex(item, left)) return found;
  }
  for (const auto& [key, value] : node.entries) {
    if (const YamlNode* const found = find_excess_regex(value, left)) return found;
  }
  return nullptr;
}

class Loader {
 public:
  Loader(const Catalogue& catalogue, const RunbookExists& runbook_exists, Diagnostics& diagnostics,
         Duration sample_every)
      : catalogue_(catalogue),
        runbook_exists_(runbook_exists),
        diagnostics_(diagnostics),
        sample_every_(sample_every) {}

  void add_builtin();
  void add_file(const YamlNode& root, const std::string& file);
  void tune(const RuleSettings& settings);
  RuleSet take();

 private:
  // A name is taken also when the rest of its rule is wrong.
  struct Taken {
    std::string where;
    bool builtin = false;
  };

  // An SLO that is made of others is read when those are.
  struct Composite {
    std::string name;
    std::vector<std::string> parts;
    YamlNode whole;
    YamlNode own;
    std::string file;
  };

  RuleSource source(const std::string& file) const {
    return {file, catalogue_, runbook_exists_, diagnostics_, sample_every_};
  }
  void add_alerts(const YamlNode& alerts, const std::string& file);
  void add_slos(const YamlNode& slos, const YamlNode* defaults, const std::string& file);
  void add_slo(const YamlNode& entry, const YamlNode* defaults, const RuleSource& source);
  void add_composites();
  [[nodiscard]] bool is_part_of_itself(const Composite& composite) const;
  bool is_list(const YamlNode& node, const char* key, const std::string& file);
  bool too_many_mistakes(const YamlNode& at, const std::string& file);
  void tidy(size_t before);
  bool take_name(const YamlNode* name, const std::string& file);
  void report_unknown(const YamlNode& name, const std::string& file);

  const Catalogue& catalogue_;
  const RunbookExists& runbook_exists_;
  Diagnostics& diagnostics_;
  Duration sample_every_;
  size_t before_file_ = 0;  // how many mistakes were known before this file
  SloTemplates templates_;
  std::vector<ParsedRule> rules_;
  std::vector<ParsedSlo> slos_;
  std::vector<Composite> composites_;
  std::set<std::string, std::less<>> mistaken_slos_;
  std::map<std::string, Taken, std::less<>> names_;
};

void Loader::add_builtin() {
  const std::string file(kBuiltinFile);
  if (const auto root = parse_yaml(builtin_rules_text(), file, diagnostics_)) add_file(*root, file);
}

void Loader::add_file(const YamlNode& root, const std::string& file) {
  before_file_ = diagnostics_.size();
  if (root.kind == YamlNode::Kind::null) {
    diagnostics_.push_back(
        {file, 1, 1, "the file holds no rules", "it begins with 'alerts:' or 'slos:'"});
    return;
  }
  YamlMap map(root, "a rule file", file, diagnostics_);
  if (!map.valid()) return;
  size_t regexes_left = kMostRegexes;
  if (const YamlNode* const excess = find_excess_regex(root, regexes_left)) {
    map.error(*excess, fmt::format("there are more than {} regular expressions", kMostRegexes),
              "use globs, or split the file");
    return;
  }
  report_foreign_keys(map, "a rule file", kForeignKeys, nullptr);
  const YamlNode* const alerts = map.get("alerts");
  const YamlNode* const slos = map.get("slos");
  const YamlNode* const defaults = map.get("defaults");
  map.finish();
  if (root.find("alerts") == nullptr && root.find("slos") == nullptr) {
    map.error(root, "a rule file has neither 'alerts' nor 'slos'", "write one of them, or both");
  } else if (defaults != nullptr && root.find("slos") == nullptr) {
    map.error(*defaults, "'defaults' are those of 'slos', and there are none", "remove them");
  }
  if (alerts != nullptr) add_alerts(*alerts, file);
  if (slos != nullptr) add_slos(*slos, defaults, file);
  tidy(before_file_);
}

void Loader::add_alerts(const YamlNode& alerts, const std::string& file) {
  if (!is_list(alerts, "alerts", file)) return;
  for (const YamlNode& node : alerts.items) {
    std::optional<ParsedRule> parsed = parse_rule(node, source(file));
    if (take_name(node.find("name"), file) && parsed) rules_.push_back(std::move(*parsed));
    if (too_many_mistakes(node, file)) return;
  }
}

void Loader::add_slos(const YamlNode& slos, const YamlNode* defaults, const std::string& file) {
  const RuleSource here = source(file);
  if (defaults != nullptr && !check_defaults(*defaults, here)) defaults = nullptr;
  if (!is_list(slos, "slos", file)) return;
  for (const YamlNode& entry : slos.items) {
    add_slo(entry, defaults, here);
    if (too_many_mistakes(entry, file)) return;
  }
}

void Loader::add_slo(const YamlNode& entry, const YamlNode* defaults, const RuleSource& source) {
  const std::optional<YamlNode> whole = templates_.complete(entry, defaults, source);
  if (!whole) return;
  const YamlNode* const name = whole->find("name");
  if (whole->find("all_of") != nullptr && name != nullptr) {
    if (take_name(name, source.file))
      composites_.push_back({name->scalar, names_in_all_of(*whole), *whole, entry, source.file});
    return;
  }
  std::optional<ParsedSlo> parsed = parse_slo(*whole, entry, source);
  if (!parsed && name != nullptr) mistaken_slos_.insert(name->scalar);
  if (take_name(name, source.file) && parsed) slos_.push_back(std::move(*parsed));
}

// Those whose parts have been read, until none is left or the rest waits for itself.
void Loader::add_composites() {
  while (!composites_.empty()) {
    const auto waits = [&](const std::string& name) {
      return std::ranges::find(composites_, name, &Composite::name) != composites_.end();
    };
    const auto next = std::ranges::find_if(composites_, [&](const Composite& composite) {
      return std::ranges::none_of(composite.parts, waits);
    });
    if (next == composites_.end()) break;
    const Composite composite = std::move(*next);
    composites_.erase(next);
    const KnownSlos known{slos_, mistaken_slos_};
    RuleSource here = source(composite.file);
    here.slos = &known;
    std::optional<ParsedSlo> parsed = parse_slo(composite.whole, composite.own, here);
    if (parsed)
      slos_.push_back(std::move(*parsed));
    else
      mistaken_slos_.insert(composite.name);
  }
  for (const Composite& composite : composites_) {
    if (!is_part_of_itself(composite)) continue;
    const YamlNode& node = *composite.whole.find("all_of");
    diagnostics_.push_back({composite.file, node.line, node.column,
                            fmt::format("'{}' is part of itself", composite.name),
                            "take one of the SLOs out of 'all_of'"});
  }
}

bool Loader::is_part_of_itself(const Composite& composite) const {
  std::set<std::string, std::less<>> seen;
  std::vector<std::string> left = composite.parts;
  while (!left.empty()) {
    const std::string name = std::move(left.back());
    left.pop_back();
    if (name == composite.name) return true;
    if (!seen.insert(name).second) continue;
    const auto found = std::ranges::find(composites_, name, &Composite::name);
    if (found != composites_.end())
      left.insert(left.end(), found->parts.begin(), found->parts.end());
  }
  return false;
}

bool Loader::is_list(const YamlNode& node, const char* key, const std::string& file) {
  if (node.kind == YamlNode::Kind::list && !node.items.empty()) return true;
  const bool empty = node.kind == YamlNode::Kind::list;
  diagnostics_.push_back(
      {file, node.line, node.column,
       empty ? fmt::format("'{}' is empty", key) : fmt::format("'{}' must be a list of rules", key),
       empty ? "write a rule, or remove the file" : "begin each rule with '- name:'"});
  return false;
}

// Beyond these nobody reads on, and a hostile file must not fill the memory with them.
bool Loader::too_many_mistakes(const YamlNode& at, const std::string& file) {
  if (diagnostics_.size() - before_file_ < kMostMistakes) return false;
  diagnostics_.push_back({file, at.line, at.column,
                          fmt::format("there are {} mistakes above", kMostMistakes),
                          "the rest of the list is read when these are gone"});
  return true;
}

// People go through a file from its top, and a mistake in the defaults is one mistake.
void Loader::tidy(size_t before) {
  const auto begin = diagnostics_.begin() + static_cast<ptrdiff_t>(before);
  std::stable_sort(begin, diagnostics_.end(), [](const Diagnostic& one, const Diagnostic& other) {
    return std::pair(one.line, one.column) < std::pair(other.line, other.column);
  });
  const auto end = std::unique(begin, diagnostics_.end(), [](const auto& one, const auto& other) {
    return one.line == other.line && one.column == other.column && one.what == other.what;
  });
  diagnostics_.erase(end, diagnostics_.end());
}

bool Loader::take_name(const YamlNode* name, const std::string& file) {
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

RuleSet Loader::take() {
  add_composites();
  RuleSet rules;
  for (ParsedRule& parsed : rules_) {
    if (parsed.enabled) rules.alerts.push_back(std::move(parsed.rule));
  }
  for (ParsedSlo& parsed : slos_) {
    if (parsed.enabled) rules.slos.push_back(std::move(parsed.rule));
  }
  return rules;
}

}  // namespace

RuleSet load_rules(const RuleSettings& settings, const Catalogue& catalogue,
                   const RunbookExists& runbook_exists, Diagnostics& diagnostics) {
  Loader loader(catalogue, runbook_exists, diagnostics, settings.sample_every);
  if (settings.builtin) loader.add_builtin();
  for (const std::string& file : find_rule_files(settings, diagnostics)) {
    if (const auto root = read_yaml(file, diagnostics)) loader.add_file(*root, file);
  }
  loader.tune(settings);
  return loader.take();
}

RuleSet parse_rules(std::string_view text, const std::string& file, const Catalogue& catalogue,
                    const RunbookExists& runbook_exists, Diagnostics& diagnostics,
                    Duration sample_every) {
  Loader loader(catalogue, runbook_exists, diagnostics, sample_every);
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
