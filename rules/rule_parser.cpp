#include "rules/rule_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "rules/placeholders.h"

namespace highwater::rules {
namespace {

constexpr size_t kLongestName = 100;
constexpr size_t kLongestSummary = 500;
constexpr size_t kLongestDescription = 4000;

// Keys of other tools' rules, and what says the same here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kForeignKeys{
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
  void read_per();
  void read_texts();
  std::string read_text(const std::string& key, bool required, size_t longest);
  void report_foreign_keys();

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
  read_per();
  rule.hold = read_hold(map_, "for").value_or(Duration::zero());
  rule.keep_firing_for = read_hold(map_, "keep_firing_for").value_or(Duration::zero());
  rule.severity = read_severity(map_, true).value_or(Severity::ticket);
  rule.runbook = read_runbook(map_, source_.runbook_exists, true).value_or("");
  read_texts();
  rule.labels = read_labels(map_, measure);
  parsed_.enabled = map_.boolean("enabled").value_or(true);
  report_foreign_keys();
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

// Every alert belongs to a cluster, so `cluster` is always among them; and the order is the
// measure's, so that an alert stays the same when somebody reorders the list.
void RuleReader::read_per() {
  const YamlNode* const node = map_.get("per");
  if (node == nullptr) return;
  AlertRule& rule = parsed_.rule;
  rule.aggregated = true;
  const bool listed = node->kind == YamlNode::Kind::list;
  if (node->kind == YamlNode::Kind::map || (listed && node->items.empty())) {
    map_.error(*node, "'per' must be a list of dimensions",
               "write it like [cluster, topic]; without 'per' every row is an alert");
    return;
  }
  const Measure* const measure = rule.when.left;
  if (measure == nullptr) return;
  rule.per = {0};
  std::vector<std::string> seen;
  for (const YamlNode& item : listed ? node->items : std::vector<YamlNode>{*node}) {
    const int index = dimension_index(*measure, item.scalar);
    if (index < 0) {
      map_.error(item, fmt::format("'{}' has no dimension '{}'", measure->name, item.scalar),
                 did_you_mean(item.scalar, dimension_names(*measure)));
    } else if (std::ranges::find(seen, item.scalar) != seen.end()) {
      map_.error(item, fmt::format("'{}' is in 'per' twice", item.scalar), "keep one of them");
    } else if (index > 0) {
      rule.per.push_back(index);
    }
    seen.push_back(item.scalar);
  }
  std::ranges::sort(rule.per);
}

void RuleReader::read_texts() {
  AlertRule& rule = parsed_.rule;
  rule.summary = read_text("summary", true, kLongestSummary);
  if (rule.summary.find('\n') != std::string::npos)
    map_.error(*map_.get("summary"), "the summary has several lines",
               "put the rest into 'description'");
  rule.description = read_text("description", false, kLongestDescription);
}

std::string RuleReader::read_text(const std::string& key, bool required, size_t longest) {
  const YamlNode* const node = read_scalar(map_, key, required);
  if (node == nullptr) return {};
  std::string text = node->scalar;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (text.empty()) map_.error(*node, fmt::format("'{}' is empty", key), "say what is broken");
  if (text.size() > longest) {
    map_.error(*node, fmt::format("'{}' is longer than {} characters", key, longest),
               "the runbook is the place for the rest");
  }
  const AlertRule& rule = parsed_.rule;
  for (const TextError& error :
       check_placeholders(text, rule.when.left, rule.aggregated, rule.per)) {
    report(map_, *node, error);
  }
  return text;
}

void RuleReader::report_foreign_keys() {
  const Measure* const measure = parsed_.rule.when.left;
  for (const auto& [key, value] : map_.node().entries) {
    const auto* const foreign = std::ranges::find(
        kForeignKeys, key.scalar, &std::pair<std::string_view, std::string_view>::first);
    const bool is_dimension = measure != nullptr && dimension_index(*measure, key.scalar) >= 0;
    if (foreign == kForeignKeys.end() && !is_dimension) continue;
    (void)map_.get(key.scalar);
    map_.error(key, fmt::format("a rule has no key '{}'", key.scalar),
               is_dimension ? fmt::format("choose rows with 'select: {{{}: ...}}'", key.scalar)
                            : std::string(foreign->second));
  }
}

}  // namespace

std::optional<ParsedRule> parse_rule(const YamlNode& node, const RuleSource& source) {
  return RuleReader(node, source).read();
}

}  // namespace highwater::rules
