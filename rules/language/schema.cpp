#include "rules/language/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <vector>

#include "agent/core/json_schema.h"
#include "agent/core/yaml.h"
#include "rules/incidents/fault.h"
#include "rules/language/load.h"

namespace highwater::rules {
namespace {

using json_schema::boolean;
using json_schema::described;
using json_schema::duration;
using json_schema::Json;
using json_schema::object;

Json one_of(std::vector<std::string> names) {
  return {{"enum", std::move(names)}};
}

// What stands in a YAML file without quotes may be read as a number or as yes or no.
Json scalar() {
  return {{"type", {"string", "number", "boolean"}}};
}

// One of them, or several.
Json list_of(const Json& item) {
  return json_schema::list_of(item, 1);
}

Json text(size_t longest) {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", longest}};
}

Json min_events() {
  return {{"type", "number"},
          {"exclusiveMinimum", 0},
          {"description", "Of a ratio: with fewer events in the window it is not met."}};
}

Json min_value() {
  return {{"type", {"number", "string"}},
          {"description", "Of '> 3x 1h ago': a smaller value does not meet it."}};
}

// When a rule is meant. What the texts mean in full, `highwater check` says.
Json during() {
  const auto text_like = [](const char* pattern) {
    return Json{{"type", "string"}, {"pattern", pattern}};
  };
  const Json dates = list_of(text_like("^ *[0-9]{4}-[0-9]{2}-[0-9]{2} *(,.*)?$"));
  Json schema =
      object({{"days", described(list_of(text_like("^[A-Za-z ,-]+$")), "mon-fri, or [sat, sun].")},
              {"hours", described(list_of(text_like("^[0-9: ,-]+$")),
                                  "\"08:00-18:00\"; \"22:00-06:00\" ends on the next day.")},
              {"time_zone", described(text(100), "Like Europe/Berlin; UTC unless it is named.")},
              {"except", described(dates, "Dates that do not count, like 2026-12-25.")}});
  schema["minProperties"] = 1;
  return described(std::move(schema), "When the rule is meant; outside of it there are no alerts.");
}

Json fault() {
  return described(
      one_of(fault_names()),
      "What kind of fault it is. Such alerts always have an incident in their own name.");
}

Json caused_by() {
  return described({{"type", "array"}, {"items", one_of(cause_kind_names())}},
                   "What may explain it; by default what its dimensions depend on. []: nothing.");
}

Json past() {
  return boolean("It reports what is over already: never an incident after its cause.");
}

Json consequence() {
  return described(text(200),
                   "For the title of its cause: \"{count:partition|partitions} offline\".");
}

Json summary_of_many() {
  return described(text(300), "Instead of the summary when several are one incident: {names}.");
}

std::vector<std::string> names_in(std::string_view rules, const char* list) {
  std::vector<std::string> names;
  Diagnostics diagnostics;
  const auto root = parse_yaml(rules, "<built-in>", diagnostics);
  const YamlNode* const found = root ? root->find(list) : nullptr;
  if (found == nullptr) return names;
  for (const YamlNode& item : found->items) names.push_back(item.find("name")->scalar);
  return names;
}

class Writer {
 public:
  Writer(const Catalogue& catalogue, std::span<const std::string> runbooks);

  [[nodiscard]] Json file() const;
  [[nodiscard]] Json settings() const;

 private:
  [[nodiscard]] Json alert() const;
  [[nodiscard]] Json slo() const;
  [[nodiscard]] Json defaults() const;
  [[nodiscard]] Json tuning() const;
  [[nodiscard]] Json when() const;
  [[nodiscard]] Json sli() const;
  [[nodiscard]] Json tiers() const;
  [[nodiscard]] Json filters(std::string_view description) const;
  [[nodiscard]] Json per(std::string_view description) const;
  [[nodiscard]] Json runbook() const;
  [[nodiscard]] static Json severity();
  [[nodiscard]] static Json labels();
  // The keys that `defaults` and SLOs have in common.
  [[nodiscard]] Json shared_slo_keys() const;

  std::vector<std::string> gauges_;  // that an SLO can judge time by
  std::vector<std::string> counters_;
  std::vector<std::string> dimensions_;
  std::vector<std::string> runbooks_;
};

Writer::Writer(const Catalogue& catalogue, std::span<const std::string> runbooks)
    : runbooks_(runbooks.begin(), runbooks.end()) {
  std::set<std::string_view> seen;
  for (const Measure* measure : catalogue.measures()) {
    for (const std::string_view dimension : measure->dimensions) {
      if (seen.insert(dimension).second) dimensions_.emplace_back(dimension);
    }
    if (measure->unit == Unit::info) continue;
    auto& kind = measure->type == MeasureType::counter ? counters_ : gauges_;
    kind.emplace_back(measure->name);
  }
}

Json Writer::file() const {
  Json root = object(
      {{"alerts", {{"type", "array"}, {"minItems", 1}, {"items", alert()}}},
       {"defaults", described(defaults(), "Stand in for what the SLOs of this file do not say.")},
       {"slos", {{"type", "array"}, {"minItems", 1}, {"items", slo()}}}});
  root["anyOf"] = {{{"required", {"alerts"}}}, {{"required", {"slos"}}}};
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "A rule file of Highwater"}};
  schema.update(root);
  return schema;
}

Json Writer::alert() const {
  return object(
      {{"name",
        {{"type", "string"},
         {"pattern", "^[A-Z][A-Za-z0-9]*$"},
         {"maxLength", 100},
         {"description", "In PascalCase, unlike that of any other rule: the alert's name."}}},
       {"when", when()},
       {"min_events", min_events()},
       {"min_value", min_value()},
       {"select", filters("Only rows that match all of these.")},
       {"exclude", filters("No rows that match any of these.")},
       {"per", per("One alert for each value of these, instead of one for each row.")},
       {"for", duration("How long the condition must hold before the alert fires.")},
       {"keep_firing_for", duration("How long the alert stays when the condition ends.")},
       {"during", during()},
       {"severity", severity()},
       {"runbook", runbook()},
       {"summary", described(text(500), "One line, with placeholders such as {cluster}.")},
       {"description", described(text(4000), "More of it, with placeholders.")},
       {"labels", labels()},
       {"fault", fault()},
       {"caused_by", caused_by()},
       {"past", past()},
       {"consequence", consequence()},
       {"summary_of_many", summary_of_many()},
       {"expect", described(one_of({"none"}), "There may be no row for the rule.")},
       {"enabled", boolean("false: the rule is checked, and not used.")}},
      {"name", "when", "severity", "runbook", "summary"});
}

Json Writer::when() const {
  const std::string gauges = fmt::format("({})", fmt::join(gauges_, "|"));
  const std::string counters = fmt::format("({})", fmt::join(counters_, "|"));
  const std::string value = fmt::format("{}\\s*(==|!=|<=|>=|<|>)\\s*\\S+", gauges);
  const std::string past = fmt::format("{}\\s*(<=|>=|<|>)\\s*[0-9.]+x\\s+\\S+\\s+ago", gauges);
  const std::string rate = fmt::format(
      "rate\\(\\s*{}\\s*,\\s*[0-9a-z]+\\s*\\)\\s*(<=|>=|<|>)\\s*[0-9.]+\\s*/s", counters);
  const std::string ratio = fmt::format(
      "ratio\\(\\s*{}\\s*,\\s*{}\\s*,\\s*[0-9a-z]+\\s*\\)\\s*(<=|>=|<|>)\\s*[0-9.]+\\s*%", counters,
      counters);
  std::vector<std::string> forms{value, past};
  if (!counters_.empty()) forms.insert(forms.end(), {rate, ratio});
  return {{"type", "string"},
          {"pattern", fmt::format("^\\s*({})\\s*$", fmt::join(forms, "|"))},
          {"description",
           "MEASURE OPERATOR NUMBER, MEASURE OPERATOR MEASURE, rate(COUNTER, 5m) > 10/s, "
           "ratio(COUNTER, TOTAL, 5m) > 1%, or MEASURE > 3x 1h ago."}};
}

Json Writer::slo() const {
  Json keys{{"use", described(one_of(names_in(builtin_slos_text(), "slos")),
                              "The built-in SLO that says the rest.")},
            {"name",
             {{"type", "string"},
              {"pattern", "^([a-z][a-z0-9]*(-[a-z0-9]+)*|[A-Z][A-Za-z0-9]*)$"},
              {"maxLength", 100},
              {"description", "payments-lag or PaymentsLag, unlike that of any other rule."}}},
            {"sli", sli()},
            {"good",
             {{"type", "string"}, {"description", "Which values are good: \"<= 5m\", \"== 0\"."}}},
            {"select", filters("Only rows that match all of these.")},
            {"exclude", filters("No rows that match any of these.")},
            {"per", per("A budget for each value of these; without it one for each cluster.")}};
  keys["all_of"] = {
      {"type", "array"},
      {"items", {{"type", "string"}, {"minLength", 1}}},
      {"minItems", 2},
      {"maxItems", kMostParts},
      {"uniqueItems", true},
      {"description", "Names of SLOs that judge time: this one is bad while any of them is."}};
  keys["during"] = during();
  keys["expect"] = described(one_of({"none"}), "There may be no row for the SLO.");
  keys.update(shared_slo_keys());
  keys["summary"] = described(text(500), "One line, with placeholders such as {left} and {burn}.");
  keys["description"] = described(text(4000), "More of it, with placeholders.");
  keys["fault"] = fault();
  keys["caused_by"] = caused_by();
  keys["past"] = past();
  keys["consequence"] = consequence();
  keys["summary_of_many"] = summary_of_many();
  Json schema = object(std::move(keys));
  schema["anyOf"] = {
      {{"required", {"use"}}}, {{"required", {"name", "sli"}}}, {{"required", {"name", "all_of"}}}};
  return schema;
}

Json Writer::sli() const {
  Json events = object(
      {{"bad", one_of(counters_)}, {"good", one_of(counters_)}, {"total", one_of(counters_)}},
      {"total"});
  events["oneOf"] = {{{"required", {"bad"}}}, {{"required", {"good"}}}};
  return {{"anyOf", {one_of(gauges_), std::move(events)}},
          {"description", "A measure, to judge time; or two counters, to judge events."}};
}

Json Writer::shared_slo_keys() const {
  const Json share{{"anyOf",
                    {{{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?( *%)?$"}},
                     {{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", 1}}}}};
  Json window = duration("The last 28d, 30d, ...; or the calendar's week, month or quarter.");
  window["anyOf"].push_back(one_of({"week", "month", "quarter"}));
  return {{"objective", described(share, "Like 99.5%; neither 0 nor 100 %.")},
          {"window", std::move(window)},
          {"time_zone", described(text(100), "Of a calendar window, like Europe/Berlin.")},
          {"tiers", tiers()},
          {"min_bad",
           {{"anyOf",
             {{{"type", "string"}, {"pattern", json_schema::kDurationPattern}},
              {{"type", "integer"}, {"minimum", 0}}}},
            {"description",
             "No tier fires with less than this bad within its short window: a duration, or a "
             "number of events."}}},
          {"no_data",
           described(one_of({"hold", "bad", "good"}), "What counts while a row cannot be read.")},
          {"min_coverage",
           described(share, "With less of a tier's short window known it neither fires nor ends.")},
          {"keep_firing_for", duration("How long an alert stays when no tier holds any more.")},
          {"max_entities",
           {{"type", "integer"},
            {"minimum", 1},
            {"maximum", 100000},
            {"description", "Budgets of this SLO at most."}}},
          {"runbook", runbook()},
          {"owner", described(text(200), "Whose budget it is.")},
          {"labels", labels()},
          {"enabled", boolean("false: the SLO is checked, and not used.")}};
}

Json Writer::defaults() const {
  return object(shared_slo_keys());
}

Json Writer::tiers() const {
  const Json tier = object(
      {{"burn",
        {{"type", "number"},
         {"exclusiveMinimum", 0},
         {"maximum", 1000000},
         {"description", "Fires while the budget burns faster; 1 spends it in the window."}}},
       {"long", duration("Proves that it matters.")},
       {"short", duration("Proves that it still goes on; by default a twelfth of long.")},
       {"severity", severity()}},
      {"burn", "long", "severity"});
  return {{"type", "array"},
          {"minItems", 1},
          {"maxItems", 10},
          {"items", tier},
          {"description", "When it fires, instead of the four default tiers."}};
}

Json Writer::filters(std::string_view description) const {
  Json properties = Json::object();
  for (const std::string& dimension : dimensions_) properties[dimension] = list_of(scalar());
  Json schema = object(std::move(properties));
  schema["minProperties"] = 1;
  schema["description"] = fmt::format(
      "{} Globs, or regular expressions between slashes, or lists of them.", description);
  return schema;
}

Json Writer::per(std::string_view description) const {
  Json schema = list_of(one_of(dimensions_));
  schema["anyOf"][1]["uniqueItems"] = true;
  return described(std::move(schema), description);
}

Json Writer::runbook() const {
  return {{"anyOf",
           {one_of(runbooks_),
            {{"type", "string"}, {"pattern", "^https?://"}},
            {{"type", "string"}, {"pattern", "^[A-Za-z0-9_-]+$"}}}},
          {"description", "The name of a page of runbooks/, or an http(s) URL."}};
}

Json Writer::severity() {
  return described(one_of({"page", "ticket", "info"}),
                   "page: wake somebody; ticket: somebody should look in working hours; info: "
                   "nobody has to.");
}

Json Writer::labels() {
  return {{"type", "object"},
          {"propertyNames", {{"pattern", "^[A-Za-z_][A-Za-z0-9_]*$"}}},
          {"additionalProperties", scalar()},
          {"description", "More labels for every alert."}};
}

Json Writer::tuning() const {
  const Json rule = object(
      {{"enabled", boolean("false: the rule is not used.")},
       {"for", duration("How long the condition must hold before the alert fires.")},
       {"keep_firing_for", duration("How long the alert stays when the condition ends.")},
       {"during", during()},
       {"severity", severity()},
       {"threshold",
        {{"type", {"number", "string"}}, {"description", "The number on the right of when."}}},
       {"min_events", min_events()},
       {"min_value", min_value()},
       {"select", filters("Only rows that match all of these.")},
       {"exclude", filters("No rows that match any of these.")},
       {"labels", labels()},
       {"runbook", runbook()}});
  return {{"type", "object"},
          {"propertyNames", one_of(names_in(builtin_rules_text(), "alerts"))},
          {"additionalProperties", rule},
          {"description", "Changes to built-in rules, by their names."}};
}

Json Writer::settings() const {
  return object({{"builtin", boolean("Whether the built-in rules are used; true by default.")},
                 {"files", described(list_of({{"type", "string"}, {"minLength", 1}}),
                                     "Rule files, and directories of *.yaml and *.yml.")},
                 {"tune", tuning()}});
}

}  // namespace

std::string rules_schema(const Catalogue& catalogue, std::span<const std::string> runbooks) {
  return Writer(catalogue, runbooks).file().dump(2) + "\n";
}

std::string rule_settings_schema(const Catalogue& catalogue,
                                 std::span<const std::string> runbooks) {
  return Writer(catalogue, runbooks).settings().dump(2);
}

std::string during_schema() {
  return during().dump();
}

}  // namespace highwater::rules
