#include "exporters/dashboards/grafana.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/dashboards/expression.h"
#include "exporters/dashboards/layout.h"

namespace highwater::dashboards {
namespace {

// Keeps the order in which fields are added, so that the files read from top to bottom.
using Json = nlohmann::ordered_json;

constexpr int kColumns = 24;
constexpr int kSchemaVersion = 38;  // of Grafana 10
constexpr std::string_view kTag = "highwater";
// A text box: where links to runbooks lead.
constexpr std::string_view kAgent = "$agent";

Json datasource() {
  return {{"type", "prometheus"}, {"uid", "${datasource}"}};
}

std::string_view grafana_unit(const Measure& measure) {
  switch (measure.unit) {
    case Unit::seconds:
      return "s";
    case Unit::bytes:
      return "bytes";
    case Unit::ratio:
      return "percentunit";
    case Unit::boolean:
      return "bool_yes_no";
    case Unit::records:
    case Unit::count:
      return "short";
    case Unit::none:
    case Unit::info:
      break;
  }
  return "none";
}

std::string_view color_of(Severity severity) {
  return severity == Severity::page ? "red" : "orange";
}

Json step(std::string_view color, const Json& from) {
  return {{"color", color}, {"value", from}};
}

class Writer {
 public:
  Writer(const Catalogue& catalogue, const std::vector<Threshold>& thresholds,
         const Dashboard& dashboard, const Options& options)
      : catalogue_(catalogue), thresholds_(thresholds), dashboard_(dashboard), options_(options) {}

  [[nodiscard]] Json write() {
    return {{"uid", fmt::format("highwater-{}", dashboard_.name)},
            {"title", dashboard_.title},
            {"description", dashboard_.description},
            {"tags", {kTag}},
            {"editable", true},
            {"graphTooltip", 1},
            {"refresh", "15s"},
            {"schemaVersion", kSchemaVersion},
            {"time", {{"from", "now-3h"}, {"to", "now"}}},
            {"timezone", "browser"},
            {"links", links()},
            {"templating", {{"list", variables()}}},
            {"panels", panels()}};
  }

 private:
  // To the other dashboards, and to the agent.
  static Json links() {
    return {{{"type", "dashboards"},
             {"title", "Highwater"},
             {"tags", {kTag}},
             {"asDropdown", false},
             {"keepTime", true},
             {"includeVars", true}},
            {{"type", "link"}, {"title", "Agent"}, {"url", kAgent}, {"targetBlank", true}}};
  }

  [[nodiscard]] Json variables() const {
    Json list = Json::array();
    list.push_back({{"type", "datasource"},
                    {"name", "datasource"},
                    {"label", "Prometheus"},
                    {"query", "prometheus"}});
    std::vector<std::string_view> chosen;
    for (const std::string_view name : variable_names()) {
      const auto variable = std::find_if(std::begin(kVariables), std::end(kVariables),
                                         [&](const Variable& v) { return v.name == name; });
      list.push_back(choice(*variable, chosen));
      chosen.push_back(name);
    }
    list.push_back({{"type", "textbox"},
                    {"name", "agent"},
                    {"label", "Agent's address"},
                    {"query", options_.agent_url},
                    {"current", {{"text", options_.agent_url}, {"value", options_.agent_url}}}});
    return list;
  }

  [[nodiscard]] std::vector<std::string_view> variable_names() const {
    std::vector<std::string_view> names{kInstance};
    names.insert(names.end(), dashboard_.variables.begin(), dashboard_.variables.end());
    return names;
  }

  // Among what those before it leave.
  [[nodiscard]] Json choice(const Variable& variable,
                            const std::vector<std::string_view>& before) const {
    const std::string query = fmt::format(
        "label_values({}, {})", expand(fmt::format("@{}", variable.measure), catalogue_, before),
        variable.name);
    return {{"type", "query"},
            {"name", variable.name},
            {"label", variable.title},
            {"datasource", datasource()},
            {"query", {{"query", query}, {"refId", "A"}}},
            {"definition", query},
            {"refresh", 2},
            {"sort", 1},
            {"multi", true},
            {"includeAll", true},
            {"allValue", ".*"},
            {"current", {{"text", {"All"}}, {"value", {"$__all"}}}}};
  }

  [[nodiscard]] Json panels() {
    Json list = Json::array();
    for (const Row& row : dashboard_.rows) {
      list.push_back({{"id", ++id_},
                      {"type", "row"},
                      {"title", row.title},
                      {"collapsed", false},
                      {"gridPos", {{"h", 1}, {"w", kColumns}, {"x", 0}, {"y", y_}}},
                      {"panels", Json::array()}});
      ++y_;
      int x = 0;
      int height = 0;
      for (const Panel& panel : row.panels) {
        if (x + panel.width > kColumns) {
          y_ += height;
          x = height = 0;
        }
        list.push_back(write(panel, x));
        x += panel.width;
        height = std::max(height, panel.height);
      }
      y_ += height;
    }
    return list;
  }

  [[nodiscard]] Json write(const Panel& panel, int x) {
    const Measure* const measure = panel.measure.empty() ? nullptr : &measure_of(panel.measure);
    Json written{
        {"id", ++id_},
        {"type", type_of(panel.kind)},
        {"title", panel.title},
        {"description",
         panel.description.empty() && measure != nullptr ? measure->help : panel.description},
        {"datasource", datasource()},
        {"gridPos", {{"h", panel.height}, {"w", panel.width}, {"x", x}, {"y", y_}}}};
    if (const Json runbooks = runbook_links(measure); !runbooks.empty())
      written["links"] = runbooks;
    written["targets"] = targets(panel);
    const std::string_view unit = !panel.unit.empty()  ? panel.unit
                                  : measure != nullptr ? grafana_unit(*measure)
                                                       : "none";
    written["fieldConfig"] = {{"defaults", defaults(panel, measure, unit)},
                              {"overrides", Json::array()}};
    add_options(panel, written);
    return written;
  }

  [[nodiscard]] const Measure& measure_of(std::string_view name) const {
    const Measure* const measure = catalogue_.find(name);
    if (measure == nullptr) throw std::logic_error(fmt::format("no measure {}", name));
    return *measure;
  }

  static std::string_view type_of(PanelKind kind) {
    switch (kind) {
      case PanelKind::stat:
        return "stat";
      case PanelKind::graph:
        return "timeseries";
      case PanelKind::timeline:
        return "state-timeline";
      case PanelKind::table:
      case PanelKind::matrix:
        return "table";
    }
    return {};
  }

  // One for each runbook of a rule about the measure.
  [[nodiscard]] Json runbook_links(const Measure* measure) const {
    Json links = Json::array();
    std::vector<std::string_view> seen;
    for (const Threshold& threshold : thresholds_) {
      if (threshold.measure != measure || measure == nullptr) continue;
      if (std::find(seen.begin(), seen.end(), threshold.runbook) != seen.end()) continue;
      seen.push_back(threshold.runbook);
      const bool elsewhere = threshold.runbook.find("://") != std::string::npos;
      links.push_back(
          {{"title", fmt::format("Runbook of {}", threshold.rule)},
           {"url", elsewhere ? threshold.runbook
                             : fmt::format("{}/runbooks/{}", kAgent, threshold.runbook)},
           {"targetBlank", true}});
    }
    return links;
  }

  // Whose buckets may lead to traces.
  [[nodiscard]] bool names_histogram(std::string_view expression) const {
    return std::ranges::any_of(catalogue_.histograms(), [&](const HistogramMeasure* histogram) {
      return expression.find(fmt::format("@{}_bucket", histogram->name)) != std::string_view::npos;
    });
  }

  [[nodiscard]] Json targets(const Panel& panel) const {
    Json list = Json::array();
    const bool table = panel.kind == PanelKind::table || panel.kind == PanelKind::matrix;
    for (const Query& query : panel.queries) {
      const char ref = static_cast<char>('A' + list.size());
      Json target{{"refId", std::string(1, ref)},
                  {"datasource", datasource()},
                  {"expr", expand(query.expression, catalogue_, variable_names())}};
      if (table) {
        target["format"] = "table";
        target["instant"] = true;
      } else if (panel.kind == PanelKind::stat) {
        target["instant"] = true;
      } else {
        target["legendFormat"] = query.legend;
        if (names_histogram(query.expression)) target["exemplar"] = true;
      }
      list.push_back(std::move(target));
    }
    return list;
  }

  [[nodiscard]] Json defaults(const Panel& panel, const Measure* measure,
                              std::string_view unit) const {
    Json config{{"unit", unit}};
    const bool drawn = !thresholds_of(measure).empty();
    const Json steps = threshold_steps(panel, measure);
    config["color"] = {{"mode", panel.kind == PanelKind::graph ? "palette-classic" : "thresholds"}};
    config["thresholds"] = {{"mode", "absolute"}, {"steps", steps}};
    if (panel.kind == PanelKind::graph) {
      config["custom"] = {{"fillOpacity", 5},
                          {"showPoints", "never"},
                          {"spanNulls", false},
                          {"thresholdsStyle", {{"mode", drawn ? "dashed" : "off"}}}};
    }
    if (panel.kind == PanelKind::matrix)
      config["custom"] = {{"align", "center"},
                          {"cellOptions", {{"type", "color-background"}, {"mode", "basic"}}}};
    if (panel.kind == PanelKind::timeline)
      config["custom"] = {{"fillOpacity", 70}, {"lineWidth", 0}, {"spanNulls", false}};
    return config;
  }

  [[nodiscard]] std::vector<const Threshold*> thresholds_of(const Measure* measure) const {
    std::vector<const Threshold*> found;
    for (const Threshold& threshold : thresholds_) {
      if (measure != nullptr && threshold.measure == measure) found.push_back(&threshold);
    }
    return found;
  }

  // Green, and from where a rule sees it the colour of its severity. Where rules disagree about the
  // side, the gravest one's counts.
  [[nodiscard]] Json threshold_steps(const Panel& panel, const Measure* measure) const {
    if (panel.bad_from) {
      return {step("green", nullptr),
              step(color_of(panel.bad_from->severity), panel.bad_from->value)};
    }
    std::vector<const Threshold*> found = thresholds_of(measure);
    Json steps = Json::array();
    if (found.empty()) {
      const bool good_at_one = panel.kind == PanelKind::timeline || panel.kind == PanelKind::matrix;
      steps.push_back(step(good_at_one ? "red" : "green", nullptr));
      if (good_at_one) steps.push_back(step("green", 1));
      return steps;
    }
    const bool above = (*std::max_element(found.begin(), found.end(), [](auto* a, auto* b) {
                         return a->severity < b->severity;
                       }))->above;
    std::erase_if(found, [&](const Threshold* threshold) { return threshold->above != above; });
    std::sort(found.begin(), found.end(), [](auto* a, auto* b) { return a->value < b->value; });
    if (above) {
      steps.push_back(step("green", nullptr));
      for (const Threshold* threshold : found)
        steps.push_back(step(color_of(threshold->severity), threshold->value));
      return steps;
    }
    steps.push_back(step(color_of(found.front()->severity), nullptr));
    for (size_t i = 0; i < found.size(); ++i) {
      steps.push_back(
          step(i + 1 < found.size() ? color_of(found[i + 1]->severity) : "green", found[i]->value));
    }
    return steps;
  }

  static void add_options(const Panel& panel, Json& written) {
    switch (panel.kind) {
      case PanelKind::stat:
        written["options"] = {{"colorMode", "background"},
                              {"graphMode", "none"},
                              {"reduceOptions", {{"calcs", {"lastNotNull"}}}}};
        return;
      case PanelKind::graph:
        written["options"] = {{"legend", {{"displayMode", "list"}, {"placement", "bottom"}}},
                              {"tooltip", {{"mode", "multi"}, {"sort", "desc"}}}};
        return;
      case PanelKind::timeline:
        written["options"] = {{"showValue", "never"}, {"mergeValues", true}};
        return;
      case PanelKind::table:
        written["options"] = {{"showHeader", true}};
        written["transformations"] = {
            {{"id", "organize"},
             {"options",
              {{"excludeByName",
                {{"Time", true}, {"__name__", true}, {"instance", true}, {"job", true}}}}}}};
        return;
      case PanelKind::matrix:
        written["options"] = {{"showHeader", true}};
        written["transformations"] = {
            {{"id", "groupingToMatrix"},
             {"options",
              {{"rowField", "node"}, {"columnField", "broker"}, {"valueField", "Value"}}}}};
        return;
    }
  }

  const Catalogue& catalogue_;
  const std::vector<Threshold>& thresholds_;
  const Dashboard& dashboard_;
  const Options& options_;
  int id_ = 0;
  int y_ = 0;
};

}  // namespace

std::vector<File> make_dashboards(const Catalogue& catalogue,
                                  const std::vector<Threshold>& thresholds,
                                  const Options& options) {
  std::vector<File> files;
  for (const Dashboard& dashboard : all_dashboards()) {
    Writer writer(catalogue, thresholds, dashboard, options);
    files.push_back(
        {fmt::format("highwater-{}.json", dashboard.name), writer.write().dump(2) + "\n"});
  }
  return files;
}

}  // namespace highwater::dashboards
