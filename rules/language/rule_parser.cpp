#include "rules/language/rule_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "rules/language/during_parser.h"
#include "rules/language/placeholders.h"

namespace highwater::rules {
namespace {

constexpr size_t kLongestName = 100;

// Keys of other tools' rules, and what says the same here.
constexpr std::array<ForeignKey, 9> kForeignKeys{
    {{"alert", "the name of a rule is its 'name'"},
     {"expr", "write the condition as 'when'"},
     {"condition", "write the condition as 'when'"},
     {"if", "write the condition as 'when'"},
     {"threshold", "it is part of 'when', like 'group_lag_records > 1000'"},
     {"annotations", "'summary', 'description' and 'runbook' are keys of the rule itself"},
     {"message", "write the text as 'summary'"},
     {"runbook_url", "write it as 'runbook'"},
     {"by", "write the dimensions as 'per'"}}};

class RuleReader {
 public:
  RuleReader(const YamlNode& node, const RuleSource& source)
      : map_(node, "a rule", source.file, source.diagnostics), source_(source) {}

  std::optional<ParsedRule> read();

 private:
  void read_name();
  void read_condition();
  void read_texts();

  YamlMap map_;
  const RuleSource& source_;
  ParsedRule parsed_;
};

std::optional<ParsedRule> RuleReader::read() {
  if (!map_.valid()) return std::nullopt;
  const size_t before = source_.diagnostics.size();
  AlertRule& rule = parsed_.rule;
  rule.where = fmt::format("{}:{}", source_.file, map_.node().line);
  read_name();
  read_condition();
  const Measure* const measure = rule.when.left;
  rule.select = read_filters(map_, "select", measure);
  rule.exclude = read_filters(map_, "exclude", measure);
  rule.aggregated = map_.get("per") != nullptr;
  if (rule.aggregated) rule.per = read_per(map_, measure, "every row is an alert");
  rule.hold = read_hold(map_, "for").value_or(Duration::zero());
  rule.keep_firing_for = read_hold(map_, "keep_firing_for").value_or(Duration::zero());
  rule.during = read_during(map_, source_);
  check_hold_fits(map_, rule);
  rule.severity = read_severity(map_, true).value_or(Severity::ticket);
  rule.runbook = read_runbook(map_, source_.runbook_exists, true).value_or("");
  read_texts();
  rule.labels = read_labels(map_, measure);
  parsed_.enabled = map_.boolean("enabled").value_or(true);
  report_foreign_keys(map_, "a rule", kForeignKeys, measure);
  map_.finish();
  if (source_.diagnostics.size() != before) return std::nullopt;
  return std::move(parsed_);
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || is_upper(c) || (c >= '0' && c <= '9');
}

// "lag-of payments" -> "LagOfPayments"; empty when no letter leads.
std::string pascal_case(std::string_view name) {
  std::string pascal;
  bool starts_word = true;
  for (const char c : name) {
    if (!is_letter_or_digit(c)) {
      starts_word = true;
      continue;
    }
    pascal += starts_word && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    starts_word = false;
  }
  return !pascal.empty() && is_upper(pascal.front()) ? pascal : std::string{};
}

void RuleReader::read_name() {
  const YamlNode* const node = read_scalar(map_, "name", true);
  if (node == nullptr) return;
  const std::string& name = node->scalar;
  if (name.empty() || !is_upper(name.front()) || !std::ranges::all_of(name, is_letter_or_digit)) {
    std::string better = pascal_case(name);
    if (better.empty()) better = "LagOfPayments";
    map_.error(*node, fmt::format("the name '{}' is not in PascalCase", name),
               fmt::format("write it like {}", better));
  } else if (name.size() > kLongestName) {
    map_.error(*node, fmt::format("the name is longer than {} characters", kLongestName),
               "people read it on a telephone");
  }
  parsed_.rule.name = name;
}

void RuleReader::read_condition() {
  const YamlNode* const node = read_scalar(map_, "when", true);
  if (node == nullptr) return;
  ParsedCondition parsed = parse_condition(node->scalar, source_.catalogue);
  parsed_.rule.when = parsed.condition;
  for (const TextError& error : parsed.errors) report(map_, *node, error);
}

void RuleReader::read_texts() {
  AlertRule& rule = parsed_.rule;
  std::optional<PlaceholderNames> names;
  if (rule.when.left != nullptr) names = placeholders_of(rule);
  rule.summary = read_text(map_, "summary", kSummaryLimits, names ? &*names : nullptr);
  rule.description = read_text(map_, "description", kDescriptionLimits, names ? &*names : nullptr);
}

}  // namespace

std::optional<ParsedRule> parse_rule(const YamlNode& node, const RuleSource& source) {
  return RuleReader(node, source).read();
}

}  // namespace highwater::rules
