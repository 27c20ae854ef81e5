#include "rules/language/rule_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "rules/language/during_parser.h"
#include "rules/language/fault_parser.h"
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
  void check_window();
  void check_shared(std::string_view dimension);

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
  read_least(map_, rule.when);
  if (measure != nullptr) check_window();
  rule.hold = read_hold(map_, "for").value_or(Duration::zero());
  rule.keep_firing_for = read_hold(map_, "keep_firing_for").value_or(Duration::zero());
  rule.during = read_during(map_, source_);
  check_hold_fits(map_, rule);
  rule.severity = read_severity(map_, true).value_or(Severity::ticket);
  rule.runbook = read_runbook(map_, source_.runbook_exists, true).value_or("");
  read_texts();
  rule.labels = read_labels(map_, measure);
  rule.fault_keys = read_fault_keys(map_);
  rule.may_be_empty = read_may_be_empty(map_);
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

void RuleReader::check_window() {
  const AlertRule& rule = parsed_.rule;
  if (rule.when.adds_up_rows() && rule.when.window < 2 * source_.sample_every &&
      rule.when.window > Duration::zero()) {
    map_.error(
        *map_.node().find("when"),
        fmt::format("the window of {} is shorter than two polls ({})",
                    format_duration(rule.when.window), format_duration(2 * source_.sample_every)),
        "choose a longer one");
  }
  if (rule.when.kind != ConditionKind::ratio || rule.when.right == nullptr) return;
  const auto& dimensions = rule.when.left->dimensions;
  for (const auto* filters : {&rule.select, &rule.exclude}) {
    for (const DimensionFilter& filter : *filters)
      check_shared(dimensions[static_cast<size_t>(filter.dimension)]);
  }
  if (rule.aggregated) {
    for (const int place : rule.per) check_shared(dimensions[static_cast<size_t>(place)]);
    return;
  }
  const std::set<std::string_view> left(dimensions.begin(), dimensions.end());
  const auto& total = rule.when.right->dimensions;
  if (left == std::set<std::string_view>(total.begin(), total.end())) return;
  map_.error(*map_.node().find("when"),
             fmt::format("'{}' and '{}' have not the same dimensions", rule.when.left->name,
                         rule.when.right->name),
             "name some that both have in 'per': the counters are added up for each");
}

// A ratio is of rows that both counters have.
void RuleReader::check_shared(std::string_view dimension) {
  const Measure& total = *parsed_.rule.when.right;
  if (dimension_index(total, dimension) >= 0) return;
  map_.error(*map_.node().find("when"),
             fmt::format("'{}' has no dimension '{}'", total.name, dimension),
             "choose and group rows by dimensions that both counters have");
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
