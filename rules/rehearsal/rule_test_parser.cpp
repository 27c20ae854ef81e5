// Reads the files of `highwater test`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include "rules/language/rule_fields.h"
#include "rules/rehearsal/expectation_parser.h"
#include "rules/rehearsal/rule_test.h"

namespace highwater::rules {
namespace {

constexpr size_t kMostTests = 1000;

// The words of promtool, where ours differ.
constexpr std::array<ForeignKey, 5> kForeignInFile{
    {{"evaluation_interval", "'interval' is how far samples lie apart, and rules are judged then"},
     {"group_eval_order", "rules have no order here"},
     {"external_labels", "'cluster: NAME' stands in for series that name none"},
     {"alerts", "rules stand in files of their own, which 'rule_files' names"},
     {"slos", "rules stand in files of their own, which 'rule_files' names"}}};
constexpr std::array<ForeignKey, 4> kForeignInTest{
    {{"input_series", "the series are 'series' here"},
     {"alert_rule_test", "what is expected is 'expect': a list of {at: 10m, alerts: [...]}"},
     {"promql_expr_test", "there are no expressions here: expect alerts and budgets"},
     {"external_labels", "'cluster: NAME' stands in for series that name none"}}};

class Reader {
 public:
  Reader(const std::string& path, const Catalogue& catalogue, Diagnostics& diagnostics)
      : path_(path), catalogue_(catalogue), diagnostics_(diagnostics) {}

  std::optional<RuleTestFile> read();

 private:
  void read_rules(YamlMap& map);
  void read_rule_files(YamlMap& map, const YamlNode& files, RuleSettings& settings);
  std::optional<RuleTest> read_test(const YamlNode& node, const ScenarioSettings& defaults);
  void error(const YamlNode& at, std::string what, std::string advice = {}) {
    diagnostics_.push_back({path_, at.line, at.column, std::move(what), std::move(advice)});
  }
  [[nodiscard]] SeriesOrigin origin() const { return {path_, catalogue_, diagnostics_, false}; }

  const std::string& path_;
  const Catalogue& catalogue_;
  Diagnostics& diagnostics_;
  RuleTestFile file_;
};

std::optional<RuleTestFile> Reader::read() {
  const size_t before = diagnostics_.size();
  file_.file = path_;
  const std::optional<YamlNode> root = read_yaml(path_, diagnostics_);
  if (!root) return std::nullopt;
  if (root->kind == YamlNode::Kind::null) {
    diagnostics_.push_back(
        {path_, 1, 1, "the file holds no tests", "it begins with 'rule_files:'"});
    return std::nullopt;
  }
  YamlMap map(*root, "a test file", path_, diagnostics_);
  if (!map.valid()) return std::nullopt;
  report_foreign_keys(map, "a test file", kForeignInFile, nullptr);
  read_rules(map);
  const bool rules_fine = diagnostics_.size() == before;
  const ScenarioSettings defaults = read_scenario_settings(map, {});
  const YamlNode* const tests = map.require("tests");
  map.finish();
  // What tests say of rules can only be checked against rules.
  if (tests == nullptr || !rules_fine) return std::nullopt;
  if (tests->kind != YamlNode::Kind::list || tests->items.empty()) {
    error(*tests, "'tests' must be a list of tests", "begin each test with '- name:'");
  } else if (tests->items.size() > kMostTests) {
    error(*tests, fmt::format("there are more than {} tests", kMostTests), "split the file");
  } else {
    for (const YamlNode& node : tests->items) {
      if (std::optional<RuleTest> test = read_test(node, defaults))
        file_.tests.push_back(std::move(*test));
    }
  }
  if (diagnostics_.size() != before) return std::nullopt;
  return std::move(file_);
}

void Reader::read_rules(YamlMap& map) {
  RuleSettings settings;
  settings.builtin = false;
  settings.tune_file = path_;
  const YamlNode* const files = map.get("rule_files");
  const YamlNode* const rules = map.get("rules");
  if (files != nullptr && rules != nullptr) {
    error(*rules, "'rules' and 'rule_files' are two ways of saying the same",
          "put the files into 'rules: {files: [...]}'");
    return;
  }
  if (files != nullptr) read_rule_files(map, *files, settings);
  if (rules != nullptr) settings = read_rule_settings(*rules, path_, diagnostics_);
  if (files == nullptr && rules == nullptr) {
    error(map.node(), "the file does not say which rules it tests",
          "write 'rule_files: [rules.yaml]', relative to this file, or 'rules: {builtin: true}'");
    return;
  }
  // Whether a runbook exists is what `check` says.
  const auto any_runbook = [](std::string_view) { return true; };
  file_.rules = load_rules(settings, catalogue_, any_runbook, diagnostics_);
}

void Reader::read_rule_files(YamlMap& map, const YamlNode& files, RuleSettings& settings) {
  const std::filesystem::path directory = std::filesystem::path(path_).parent_path();
  const auto add = [&](const YamlNode& node) {
    if (node.kind != YamlNode::Kind::scalar || node.scalar.empty()) {
      map.error(node, "'rule_files' must list files and directories",
                "write it like [rules.yaml, rules.d]");
      return;
    }
    settings.files.push_back((directory / node.scalar).string());
    settings.file_nodes.push_back(node);
  };
  if (files.kind != YamlNode::Kind::list) add(files);
  for (const YamlNode& node : files.items) add(node);
}

std::optional<RuleTest> Reader::read_test(const YamlNode& node, const ScenarioSettings& defaults) {
  YamlMap map(node, "a test", path_, diagnostics_);
  if (!map.valid()) return std::nullopt;
  RuleTest test;
  test.line = node.line;
  if (const YamlNode* const name = read_scalar(map, "name", true)) test.name = name->scalar;
  test.scenario.settings = read_scenario_settings(map, defaults);
  const std::string& cluster = test.scenario.settings.cluster;
  size_t skipped = 0;
  report_foreign_keys(map, "a test", kForeignInTest, nullptr);
  const bool promtool = node.find("input_series") != nullptr;
  const YamlNode* const series = promtool ? map.get("series") : map.require("series");
  if (series != nullptr) test.scenario.series = read_series(*series, cluster, origin(), skipped);
  if (const YamlNode* const depends = map.get("depends"))
    test.scenario.depends = read_dependencies(*depends, cluster, origin());
  const bool elsewhere = node.find("alert_rule_test") != nullptr;
  const YamlNode* const expect = elsewhere ? map.get("expect") : map.require("expect");
  if (expect != nullptr)
    test.expect = read_expectations(*expect, {path_, file_.rules, diagnostics_});
  map.finish();
  if (!test.expect.empty()) check_size(test.scenario, test.expect.back().at, node, origin());
  return test;
}

}  // namespace

std::optional<RuleTestFile> read_rule_tests(const std::string& path, const Catalogue& catalogue,
                                            Diagnostics& diagnostics) {
  return Reader(path, catalogue, diagnostics).read();
}

}  // namespace highwater::rules
