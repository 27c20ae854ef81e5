#include "rules/rehearsal/expectation_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "rules/alerts/conditions.h"
#include "rules/language/rule_fields.h"

namespace highwater::rules {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kMostExpectations = 10'000;

// The words of promtool, where ours differ.
constexpr std::array<ForeignKey, 3> kForeignInExpectation{
    {{"eval_time", "the time is 'at' here"},
     {"exp_alerts", "write them as 'alerts'"},
     {"exp_samples", "there are no expressions here: expect alerts and budgets"}}};
constexpr std::array<ForeignKey, 4> kForeignInAlert{
    {{"exp_labels", "write 'labels', and severity as 'severity'"},
     {"exp_annotations", "write the summary as 'summary'"},
     {"alert", "the name is 'alertname'"},
     {"entity", "write it as 'labels'"}}};

// A number to the digits written; `factor` is what its unit stands for.
std::optional<ExpectedNumber> number_to_its_digits(std::string_view text, double factor) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (problem != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  const size_t point = text.find('.');
  const double decimals =
      point == std::string_view::npos ? 0 : static_cast<double>(text.size() - point - 1);
  return ExpectedNumber{value * factor, (0.5 * std::pow(10.0, -decimals) + 1e-9) * factor, {}};
}

class Reader {
 public:
  explicit Reader(const ExpectationOrigin& origin) : origin_(origin) {}

  std::vector<Expectation> read(const YamlNode& list);

 private:
  std::optional<Expectation> read_one(const YamlNode& node);
  ExpectedAlert read_alert(const YamlNode& node, const std::string& only);
  ExpectedIncident read_incident(const YamlNode& node);
  ExpectedBudget read_budget(const YamlNode& node);
  void read_state(YamlMap& map, ExpectedAlert& alert);
  void read_tier(YamlMap& map, ExpectedAlert& alert);
  Labels read_labels_of(YamlMap& map, const std::string& rule);
  std::string read_alertname(YamlMap& map, const YamlNode* node);
  std::optional<std::vector<std::string>> read_names(YamlMap& map, const std::string& key);

  using ReadNumber = std::optional<ExpectedNumber> (*)(std::string_view);
  std::optional<ExpectedNumber> read_number(YamlMap& map, const std::string& key, ReadNumber parse,
                                            std::string_view form);
  std::optional<ExpectedNumber> read_ratio(YamlMap& map, const std::string& key);
  std::optional<ExpectedNumber> read_duration(YamlMap& map, const std::string& key);
  std::optional<ExpectedNumber> read_amount(YamlMap& map, const std::string& key,
                                            const SloRule* slo);

  template <class Item, class ReadItem>
  std::optional<std::vector<Item>> read_list(YamlMap& map, const std::string& key,
                                             ReadItem read_item);

  [[nodiscard]] const AlertRule* find_rule(std::string_view name) const;
  [[nodiscard]] const SloRule* find_slo(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names(bool slos_only) const;

  const ExpectationOrigin& origin_;
};

std::vector<Expectation> Reader::read(const YamlNode& list) {
  std::vector<Expectation> all;
  const auto error = [&](std::string what, std::string advice) {
    origin_.diagnostics.push_back(
        {origin_.file, list.line, list.column, std::move(what), std::move(advice)});
  };
  if (list.kind != YamlNode::Kind::list || list.items.empty()) {
    error("'expect' must be a list", "write it like - {at: 10m, alerts: [ConsumerLag]}");
    return all;
  }
  if (list.items.size() > kMostExpectations) {
    error(fmt::format("there are more than {} expectations", kMostExpectations), "split the test");
    return all;
  }
  for (const YamlNode& node : list.items) {
    if (std::optional<Expectation> one = read_one(node)) all.push_back(std::move(*one));
  }
  std::ranges::stable_sort(all, {}, &Expectation::at);
  return all;
}

std::optional<Expectation> Reader::read_one(const YamlNode& node) {
  YamlMap map(node, "an expectation", origin_.file, origin_.diagnostics);
  if (!map.valid()) return std::nullopt;
  report_foreign_keys(map, "an expectation", kForeignInExpectation, nullptr);
  Expectation expected;
  expected.line = node.line;
  expected.column = node.column;
  if (node.find("eval_time") == nullptr && map.require("at") != nullptr)
    expected.at = map.duration("at").value_or(Duration::zero());
  if (const YamlNode* const name = read_scalar(map, "alertname", false))
    expected.alertname = read_alertname(map, name);
  expected.alerts = read_list<ExpectedAlert>(
      map, "alerts", [&](const YamlNode& item) { return read_alert(item, expected.alertname); });
  expected.incidents = read_list<ExpectedIncident>(
      map, "incidents", [&](const YamlNode& item) { return read_incident(item); });
  expected.budgets = read_list<ExpectedBudget>(
      map, "budgets", [&](const YamlNode& item) { return read_budget(item); });
  if (const auto pages = map.integer("pages", 0, 1'000'000))
    expected.pages = static_cast<size_t>(*pages);
  expected.fired = read_names(map, "fired");
  map.finish();
  bool says_something = node.find("exp_alerts") != nullptr;
  for (const char* key : {"alerts", "incidents", "budgets", "pages", "fired"})
    says_something = says_something || node.find(key) != nullptr;
  if (!says_something)
    map.error(node, "nothing is expected here",
              "write 'alerts', 'incidents', 'budgets', 'pages' or 'fired'");
  return expected;
}

template <class Item, class ReadItem>
std::optional<std::vector<Item>> Reader::read_list(YamlMap& map, const std::string& key,
                                                   ReadItem read_item) {
  const YamlNode* const node = map.get(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind != YamlNode::Kind::list) {
    map.error(*node, fmt::format("'{}' must be a list", key),
              fmt::format("'{}: []' means that there are none", key));
    return std::nullopt;
  }
  std::vector<Item> items;
  for (const YamlNode& item : node->items) items.push_back(read_item(item));
  return items;
}

ExpectedAlert Reader::read_alert(const YamlNode& node, const std::string& only) {
  ExpectedAlert alert;
  alert.line = node.line;
  alert.column = node.column;
  YamlNode whole = node;
  // A name alone stands for the map with it.
  if (node.kind == YamlNode::Kind::scalar) {
    whole = YamlNode();
    whole.kind = YamlNode::Kind::map;
    whole.line = node.line;
    whole.column = node.column;
    YamlNode key = node;
    key.scalar = "alertname";
    whole.entries.emplace_back(std::move(key), node);
  }
  YamlMap map(whole, "an alert", origin_.file, origin_.diagnostics);
  if (!map.valid()) return alert;
  report_foreign_keys(map, "an alert", kForeignInAlert, nullptr);
  const YamlNode* const name = read_scalar(map, "alertname", only.empty());
  alert.alertname = name == nullptr ? only : read_alertname(map, name);
  if (name != nullptr && !only.empty() && name->scalar != only)
    map.error(*name, fmt::format("only alerts of '{}' are looked at here", only),
              "leave the other 'alertname' out");
  alert.severity = read_severity(map, false);
  alert.labels = read_labels_of(map, alert.alertname);
  read_state(map, alert);
  alert.summary = map.text("summary");
  read_tier(map, alert);
  alert.explained_by = map.text("explained_by");
  alert.clears_in = read_duration(map, "clears_in");
  map.finish();
  return alert;
}

void Reader::read_state(YamlMap& map, ExpectedAlert& alert) {
  const YamlNode* const node = read_scalar(map, "state", false);
  if (node == nullptr) return;
  const std::vector<std::string> states{"firing", "pending", "unknown"};
  const auto found = std::ranges::find(states, node->scalar);
  if (found == states.end()) {
    map.error(*node, fmt::format("there is no state '{}'", node->scalar),
              did_you_mean(node->scalar, states));
    return;
  }
  alert.state = static_cast<ExpectedState>(found - states.begin());
}

void Reader::read_tier(YamlMap& map, ExpectedAlert& alert) {
  const YamlNode* const node = read_scalar(map, "tier", false);
  if (node == nullptr) return;
  const SloRule* const slo = find_slo(alert.alertname);
  if (slo == nullptr) {
    map.error(*node, "only the alerts of SLOs have tiers", "leave it out");
    return;
  }
  double factor = 0;
  (void)std::from_chars(node->scalar.data(), node->scalar.data() + node->scalar.size(), factor);
  std::vector<std::string> tiers;
  for (const SloTier& tier : slo->tiers) tiers.push_back(fmt::format("{:g}x", tier.factor));
  const std::string name = fmt::format("{:g}x", factor);
  if (std::ranges::find(tiers, name) == tiers.end()) {
    map.error(*node, fmt::format("'{}' has no tier '{}'", slo->name, node->scalar),
              did_you_mean(node->scalar, tiers));
    return;
  }
  alert.tier = node->scalar.find(' ') == std::string::npos ? name : node->scalar;
}

std::string Reader::read_alertname(YamlMap& map, const YamlNode* node) {
  if (find_rule(node->scalar) == nullptr && find_slo(node->scalar) == nullptr)
    map.error(*node, fmt::format("no rule is named '{}'", node->scalar),
              did_you_mean(node->scalar, names(false)));
  return node->scalar;
}

std::optional<std::vector<std::string>> Reader::read_names(YamlMap& map, const std::string& key) {
  const std::optional<std::vector<std::string>> list =
      read_list<std::string>(map, key, [&](const YamlNode& item) {
        if (item.kind == YamlNode::Kind::scalar) return read_alertname(map, &item);
        map.error(item, fmt::format("'{}' must list the names of alerts", key));
        return std::string();
      });
  if (!list) return std::nullopt;
  const std::set<std::string> names(list->begin(), list->end());
  return std::vector<std::string>(names.begin(), names.end());
}

Labels Reader::read_labels_of(YamlMap& map, const std::string& rule) {
  Labels labels;
  const YamlNode* const node = map.get("labels");
  if (node == nullptr) return labels;
  if (node->kind != YamlNode::Kind::map) {
    map.error(*node, "'labels' must be a map of names and texts",
              "write it like {group: payments}");
    return labels;
  }
  std::vector<std::string> known;
  if (const AlertRule* const found = find_rule(rule)) {
    for (const std::string_view dimension : subject_dimensions(*found->when.left, *found))
      known.emplace_back(dimension);
    for (const auto& [name, value] : found->labels) known.push_back(name);
  } else if (const SloRule* const slo = find_slo(rule)) {
    for (const std::string_view dimension : subject_dimensions(*slo)) known.emplace_back(dimension);
    for (const auto& [name, value] : slo->labels) known.push_back(name);
  } else {
    return labels;
  }
  for (const auto& [name, value] : node->entries) {
    if (std::ranges::find(known, name.scalar) == known.end()) {
      map.error(name, fmt::format("alerts of '{}' have no label '{}'", rule, name.scalar),
                did_you_mean(name.scalar, known));
    } else if (value.kind != YamlNode::Kind::scalar) {
      map.error(value, fmt::format("'{}' must be text", name.scalar));
    } else {
      labels.emplace_back(name.scalar, value.scalar);
    }
  }
  return labels;
}

ExpectedIncident Reader::read_incident(const YamlNode& node) {
  ExpectedIncident incident;
  incident.line = node.line;
  incident.column = node.column;
  YamlMap map(node, "an incident", origin_.file, origin_.diagnostics);
  if (!map.valid()) return incident;
  if (const YamlNode* const name = read_scalar(map, "alertname", true))
    incident.alertname = read_alertname(map, name);
  incident.severity = read_severity(map, false);
  incident.labels = read_labels_of(map, incident.alertname);
  incident.evidence = read_names(map, "evidence");
  map.finish();
  return incident;
}

ExpectedBudget Reader::read_budget(const YamlNode& node) {
  ExpectedBudget budget;
  budget.line = node.line;
  budget.column = node.column;
  YamlMap map(node, "a budget", origin_.file, origin_.diagnostics);
  if (!map.valid()) return budget;
  const SloRule* slo = nullptr;
  if (const YamlNode* const name = read_scalar(map, "slo", true)) {
    budget.slo = name->scalar;
    slo = find_slo(name->scalar);
    if (slo == nullptr)
      map.error(*name, fmt::format("no SLO is named '{}'", name->scalar),
                did_you_mean(name->scalar, names(true)));
  }
  budget.labels = read_labels_of(map, budget.slo);
  budget.remaining = read_ratio(map, "remaining");
  budget.bad = read_amount(map, "bad", slo);
  budget.total = read_amount(map, "total", slo);
  budget.coverage = read_ratio(map, "coverage");
  budget.excluded = read_duration(map, "excluded");
  budget.burn = read_number(
      map, "burn", [](std::string_view text) { return number_to_its_digits(text, 1); },
      "a plain number, like 14.4");
  budget.exhausted_in = read_duration(map, "exhausted_in");
  if (const YamlNode* const verdict = read_scalar(map, "verdict", false)) {
    const std::vector<std::string> verdicts{"good", "bad", "unknown"};
    const auto found = std::ranges::find(verdicts, verdict->scalar);
    if (found == verdicts.end())
      map.error(*verdict, fmt::format("there is no verdict '{}'", verdict->scalar),
                did_you_mean(verdict->scalar, verdicts));
    else
      budget.verdict = static_cast<ExpectedVerdict>(found - verdicts.begin());
  }
  map.finish();
  return budget;
}

std::optional<ExpectedNumber> Reader::read_number(YamlMap& map, const std::string& key,
                                                  ReadNumber parse, std::string_view form) {
  const YamlNode* const node = read_scalar(map, key, false);
  if (node == nullptr) return std::nullopt;
  std::optional<ExpectedNumber> number = parse(node->scalar);
  if (number) {
    number->written = node->scalar;
  } else {
    map.error(*node, fmt::format("'{}' cannot be '{}'", key, node->scalar.substr(0, 60)),
              fmt::format("write {}", form));
  }
  return number;
}

std::optional<ExpectedNumber> Reader::read_ratio(YamlMap& map, const std::string& key) {
  const auto parse = [](std::string_view text) {
    if (!text.ends_with('%')) return number_to_its_digits(text, 1);
    return number_to_its_digits(text.substr(0, text.size() - 1), 0.01);
  };
  return read_number(map, key, parse, "a percentage, like 97.5%");
}

std::optional<ExpectedNumber> Reader::read_duration(YamlMap& map, const std::string& key) {
  const auto parse = [](std::string_view text) -> std::optional<ExpectedNumber> {
    const Result<Duration> duration = parse_duration(text);
    if (!duration) return std::nullopt;
    const bool fine = text.find("ms") != std::string_view::npos;
    return ExpectedNumber{to_seconds(*duration), fine ? 0.0005 : 0.5, {}};
  };
  return read_number(map, key, parse, "a duration, like 12m or 1h30m");
}

std::optional<ExpectedNumber> Reader::read_amount(YamlMap& map, const std::string& key,
                                                  const SloRule* slo) {
  if (slo == nullptr || !slo->sli.is_events()) return read_duration(map, key);
  return read_number(
      map, key, [](std::string_view text) { return number_to_its_digits(text, 1); },
      "a number of events");
}

const AlertRule* Reader::find_rule(std::string_view name) const {
  const auto found = std::ranges::find(origin_.rules.alerts, name, &AlertRule::name);
  return found == origin_.rules.alerts.end() ? nullptr : &*found;
}

const SloRule* Reader::find_slo(std::string_view name) const {
  const auto found = std::ranges::find(origin_.rules.slos, name, &SloRule::name);
  return found == origin_.rules.slos.end() ? nullptr : &*found;
}

std::vector<std::string> Reader::names(bool slos_only) const {
  std::vector<std::string> all;
  for (const SloRule& slo : origin_.rules.slos) all.push_back(slo.name);
  if (slos_only) return all;
  for (const AlertRule& rule : origin_.rules.alerts) all.push_back(rule.name);
  return all;
}

}  // namespace

std::vector<Expectation> read_expectations(const YamlNode& list, const ExpectationOrigin& origin) {
  return Reader(origin).read(list);
}

}  // namespace highwater::rules
