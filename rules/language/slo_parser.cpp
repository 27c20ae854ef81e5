#include "rules/language/slo_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "rules/language/during_parser.h"
#include "rules/language/fault_parser.h"
#include "rules/language/placeholders.h"
#include "rules/language/rule_fields.h"
#include "rules/language/slo_checks.h"
#include "rules/language/slo_composite.h"
#include "rules/language/slo_fields.h"
#include "rules/language/slo_source.h"
#include "rules/slo/slo_text.h"

namespace highwater::rules {
namespace {

constexpr size_t kLongestName = 100;
constexpr int64_t kMostEntities = 100'000;

// Labels that every alert of an SLO has of its own, beside those of all alerts.
constexpr std::array<std::string_view, 4> kReservedLabels{"slo", "owner", "objective", "tier"};

// Keys of other tools' SLOs and of alert rules, and what says the same here.
constexpr std::array<ForeignKey, 26> kForeignKeys{
    {{"target", "write it as 'objective'"},
     {"goal", "write it as 'objective'"},
     {"slo", "write it as 'objective', and the name as 'name'"},
     {"objectives", "an SLO has one 'objective': write an SLO for each"},
     {"metric", "name the measure as 'sli'"},
     {"measure", "name the measure as 'sli'"},
     {"indicator", "name the measure as 'sli'"},
     {"when", "say what is good: 'sli' names the measure, 'good' compares it"},
     {"expr", "say what is good: 'sli' names the measure, 'good' compares it"},
     {"threshold", "it is part of 'good', like \"<= 5m\""},
     {"bad", "write it into 'sli': {bad: SOME_total, total: ALL_total}"},
     {"total", "write it into 'sli': {bad: SOME_total, total: ALL_total}"},
     {"period", "write it as 'window'"},
     {"time_window", "write it as 'window'"},
     {"timeWindow", "write it as 'window'"},
     {"timezone", "write it as 'time_zone'"},
     {"severity", "each of the 'tiers' has its own"},
     {"alerting", "write it as 'tiers'"},
     {"alerts", "write them as 'tiers'"},
     {"for", "the windows of the 'tiers' say how long it must burn"},
     {"by", "write the dimensions as 'per'"},
     {"group_by", "write the dimensions as 'per'"},
     {"annotations", "'summary', 'description' and 'runbook' are keys of the SLO itself"},
     {"any_of", "an SLO is bad while any of 'all_of' is"},
     {"slos", "list the SLOs that this one is made of as 'all_of'"},
     {"runbook_url", "write it as 'runbook'"}}};

class SloReader {
 public:
  SloReader(const YamlNode& whole, const YamlNode& own, const RuleSource& source)
      : map_(whole, "an SLO", source.file, source.diagnostics), own_(own), source_(source) {}

  std::optional<ParsedSlo> read();

 private:
  void read_name();
  void read_hours();
  void read_sums();
  void read_min_bad_of_this();
  void read_texts();
  void read_labels_of_slo();

  YamlMap map_;
  const YamlNode& own_;
  const RuleSource& source_;
  ParsedSlo parsed_;
};

std::optional<ParsedSlo> SloReader::read() {
  if (!map_.valid()) return std::nullopt;
  const size_t before = source_.diagnostics.size();
  SloRule& rule = parsed_.rule;
  rule.where = fmt::format("{}:{}", source_.file, own_.line);
  (void)map_.get("use");
  read_name();
  const bool is_composite = map_.node().find("all_of") != nullptr;
  if (!is_composite) (void)map_.get("all_of");  // it is a key of every SLO
  rule.sli = is_composite ? read_all_of(map_, source_) : read_sli(map_, source_);
  read_hours();
  read_sums();
  rule.no_data = read_no_data(map_).value_or(rule.no_data);
  rule.min_coverage = read_min_coverage(map_).value_or(rule.min_coverage);
  rule.keep_firing_for = read_hold(map_, "keep_firing_for").value_or(rule.keep_firing_for);
  rule.max_entities = static_cast<size_t>(map_.integer("max_entities", 1, kMostEntities)
                                              .value_or(static_cast<int64_t>(rule.max_entities)));
  rule.runbook = read_runbook(map_, source_.runbook_exists, true).value_or("");
  rule.owner = read_owner(map_);
  read_texts();
  read_labels_of_slo();
  rule.fault_keys = read_fault_keys(map_);
  rule.may_be_empty = read_may_be_empty(map_);
  parsed_.enabled = map_.boolean("enabled").value_or(true);
  report_foreign_keys(map_, "an SLO", kForeignKeys, subject_measure(rule.sli));
  map_.finish();
  if (source_.diagnostics.size() != before) return std::nullopt;
  return std::move(parsed_);
}

bool is_small_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

// payments-lag
bool is_kebab_case(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' && !name.ends_with('-') &&
         name.find("--") == std::string_view::npos &&
         std::ranges::all_of(name, [](char c) { return is_small_or_digit(c) || c == '-'; });
}

// PaymentsLag
bool is_pascal_case(std::string_view name) {
  return !name.empty() && is_capital(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_small_or_digit(c) || is_capital(c); });
}

// "Lag_of payments" -> "lag-of-payments"; empty when no letter leads.
std::string kebab_case(std::string_view name) {
  std::string kebab;
  for (const char c : name) {
    if (is_small_or_digit(c)) {
      kebab += c;
    } else if (is_capital(c)) {
      kebab += static_cast<char>(c - 'A' + 'a');
    } else if (!kebab.empty() && !kebab.ends_with('-')) {
      kebab += '-';
    }
  }
  if (kebab.ends_with('-')) kebab.pop_back();
  return is_kebab_case(kebab) ? kebab : std::string{};
}

void SloReader::read_name() {
  const YamlNode* const node = read_scalar(map_, "name", true);
  if (node == nullptr) return;
  const std::string& name = node->scalar;
  if (name.size() > kLongestName) {
    map_.error(*node, fmt::format("the name is longer than {} characters", kLongestName),
               "people read it on a telephone");
  } else if (!is_kebab_case(name) && !is_pascal_case(name)) {
    std::string better = kebab_case(name);
    if (better.empty()) better = "payments-lag";
    map_.error(*node,
               fmt::format("the name '{}' is neither lower-case with '-' nor PascalCase", name),
               fmt::format("write it like {}", better));
  }
  parsed_.rule.name = name;
}

void SloReader::read_hours() {
  SloRule& rule = parsed_.rule;
  rule.during = read_during(map_, source_);
  const YamlNode* const node = map_.node().find("during");
  if (node != nullptr && rule.sli.is_events())
    map_.error(*node, "'during' says which time counts, and this SLO counts events",
               "remove it: what does not happen costs nothing");
}

// Objective, window, tiers and min_bad: each for itself, then together.
void SloReader::read_sums() {
  SloRule& rule = parsed_.rule;
  const size_t before = source_.diagnostics.size();
  const std::optional<double> objective = read_objective(map_);
  const std::optional<SloWindow> window = read_window(map_);
  const std::optional<std::vector<PlacedTier>> tiers = read_tiers(map_, source_);
  const YamlNode* const zone = own_.find("time_zone");
  if (window && window->kind == SloWindow::Kind::rolling && zone != nullptr) {
    map_.error(*zone, "a rolling window has no time zone",
               "remove it, or choose week, month or quarter as 'window'");
  }
  read_min_bad_of_this();
  if (source_.diagnostics.size() != before || !objective || !window || !tiers) return;
  rule.objective = *objective;
  rule.window = *window;
  check_tiers(map_, rule, *tiers, source_.sample_every);
  for (const PlacedTier& placed : *tiers) rule.tiers.push_back(placed.tier);
  if (rule.tiers.empty()) rule.tiers = default_tiers(window->length);
  std::ranges::stable_sort(rule.tiers, [](const SloTier& one, const SloTier& other) {
    return std::tuple(other.severity, other.factor) < std::tuple(one.severity, one.factor);
  });
}

void SloReader::read_min_bad_of_this() {
  // That of the defaults is meant for the SLOs of its kind: time, or events.
  const YamlNode* const node = map_.node().find("min_bad");
  const bool events = parsed_.rule.sli.is_events();
  if (node != nullptr && own_.find("min_bad") == nullptr) {
    const bool of_events = !parse_duration(node->scalar) || node->scalar == "0";
    if (events != of_events) {
      (void)map_.get("min_bad");
      return;
    }
  }
  parsed_.rule.min_bad = read_min_bad(map_, events).value_or(0);
}

void SloReader::read_texts() {
  SloRule& rule = parsed_.rule;
  std::optional<PlaceholderNames> names;
  if (subject_measure(rule.sli) != nullptr) names = placeholders_of(rule);
  TextLimits limits = kSummaryLimits;
  limits.required = false;
  rule.summary = read_text(map_, "summary", limits, names ? &*names : nullptr);
  rule.description = read_text(map_, "description", kDescriptionLimits, names ? &*names : nullptr);
  if (rule.summary.empty() && names) rule.summary = default_summary(rule);
}

void SloReader::read_labels_of_slo() {
  SloRule& rule = parsed_.rule;
  rule.labels = read_labels(map_, subject_measure(rule.sli));
  for (const auto& [name, text] : rule.labels) {
    if (std::ranges::find(kReservedLabels, name) == kReservedLabels.end()) continue;
    const YamlNode& labels = *map_.get("labels");
    for (const auto& [key, value] : labels.entries) {
      if (key.scalar == name)
        map_.error(key, fmt::format("every alert of an SLO has a label '{}' already", name),
                   "choose another name");
    }
  }
}

}  // namespace

std::optional<ParsedSlo> parse_slo(const YamlNode& whole, const YamlNode& own,
                                   const RuleSource& source) {
  return SloReader(whole, own, source).read();
}

}  // namespace highwater::rules
