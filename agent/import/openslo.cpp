#include "agent/import/openslo.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>

namespace highwater::agent {
namespace {

using rules::Comparison;
using rules::SloWindow;

const YamlNode& map_of(const YamlNode& node, std::string_view key) {
  static const YamlNode empty;
  const YamlNode* const found = node.kind == YamlNode::Kind::map ? node.find(key) : nullptr;
  return found != nullptr && found->kind == YamlNode::Kind::map ? *found : empty;
}

std::optional<double> number_of(const YamlNode& map, std::string_view key) {
  const std::string text = scalar_of(map, key);
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Comparison> comparison_of(std::string_view op) {
  if (op == "lte") return Comparison::less_or_equal;
  if (op == "lt") return Comparison::less;
  if (op == "gte") return Comparison::greater_or_equal;
  if (op == "gt") return Comparison::greater;
  return std::nullopt;
}

// "28d", "1w", "1M", "1Q", "1Y".
std::optional<Duration> duration_of(std::string_view text) {
  if (const Result<Duration> plain = parse_duration(text)) return *plain;
  if (text.size() < 2) return std::nullopt;
  int64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size() - 1, count);
  if (problem != std::errc() || end != text.data() + text.size() - 1 || count < 1 || count > 12)
    return std::nullopt;
  const std::chrono::hours day(24);
  if (text.back() == 'M') return day * 30 * count;
  if (text.back() == 'Q') return day * 90 * count;
  if (text.back() == 'Y') return day * 365 * count;
  return std::nullopt;
}

class OpenSloReader {
 public:
  OpenSloReader(Import& import, const ImportContext& context)
      : import_(import), context_(context) {}

  void read(const std::vector<YamlNode>& documents);

 private:
  void read_slo(const YamlNode& document);
  void read_objective(const YamlNode& objective, const YamlNode& indicator,
                      const ImportedSlo& common, bool several);
  [[nodiscard]] const YamlNode* indicator_of(const YamlNode& spec);
  [[nodiscard]] std::optional<SloWindow> window_of(const YamlNode& spec);
  [[nodiscard]] std::optional<double> target_of(const YamlNode& objective) const;
  [[nodiscard]] Result<ImportedSli> sli_of(const YamlNode& indicator, const YamlNode& objective);
  [[nodiscard]] Result<ImportedSli> sli_of_ratio_metric(const YamlNode& ratio) const;
  [[nodiscard]] static std::string query_of(const YamlNode& metric);
  void lose(const YamlNode& at, std::string_view what) {
    import_.losses.push_back({at.line, fmt::format("SLO '{}': {}", name_, what)});
  }

  Import& import_;
  const ImportContext& context_;
  std::map<std::string, const YamlNode*> indicators_;  // documents of kind SLI
  std::string name_;                                   // of the SLO that is read now
};

void OpenSloReader::read(const std::vector<YamlNode>& documents) {
  for (const YamlNode& document : documents) {
    if (scalar_of(document, "kind") == "SLI")
      indicators_[scalar_of(map_of(document, "metadata"), "name")] = &document;
  }
  for (const YamlNode& document : documents) {
    const std::string kind = scalar_of(document, "kind");
    if (kind == "SLO") {
      read_slo(document);
    } else if (kind != "SLI" && kind != "Service" && kind != "DataSource") {
      import_.losses.push_back(
          {document.line, fmt::format("{} '{}' was not taken over: the default tiers say when "
                                      "people are told",
                                      kind, scalar_of(map_of(document, "metadata"), "name"))});
    }
  }
}

void OpenSloReader::read_slo(const YamlNode& document) {
  const YamlNode& metadata = map_of(document, "metadata");
  const YamlNode& spec = map_of(document, "spec");
  name_ = scalar_of(metadata, "name");
  report_other_keys(spec,
                    {"description", "service", "indicator", "indicatorRef", "timeWindow",
                     "budgetingMethod", "objectives", "alertPolicies"},
                    fmt::format("SLO '{}'", name_), import_.losses);
  ImportedSlo common;
  common.line = document.line;
  common.name = name_;
  common.description = scalar_of(spec, "description");
  if (const std::string service = scalar_of(spec, "service"); !service.empty())
    common.labels.emplace_back("service", service);
  const YamlNode* const indicator = indicator_of(spec);
  const std::optional<SloWindow> window = window_of(spec);
  if (indicator == nullptr || !window) return;
  common.window = *window;
  if (const YamlNode* policies = spec.find("alertPolicies");
      policies != nullptr && policies->kind == YamlNode::Kind::list && !policies->items.empty())
    lose(*policies, "its alert policies were not taken over: it has the default tiers");
  const YamlNode* const objectives = spec.find("objectives");
  if (objectives == nullptr || objectives->kind != YamlNode::Kind::list ||
      objectives->items.empty())
    return lose(document, "it has no objectives");
  for (const YamlNode& objective : objectives->items)
    read_objective(objective, map_of(*indicator, "spec"), common, objectives->items.size() > 1);
  if (scalar_of(spec, "budgetingMethod") == "Occurrences" &&
      map_of(map_of(*indicator, "spec"), "thresholdMetric").kind == YamlNode::Kind::map)
    lose(spec, "it counts data points; here the time that each of them holds is counted");
}

void OpenSloReader::read_objective(const YamlNode& objective, const YamlNode& indicator,
                                   const ImportedSlo& common, bool several) {
  report_other_keys(objective,
                    {"displayName", "op", "value", "target", "targetPercent", "timeSliceTarget",
                     "timeSliceWindow"},
                    fmt::format("SLO '{}', an objective", name_), import_.losses);
  const std::optional<double> target = target_of(objective);
  if (!target) return lose(objective, "an objective has no target that leaves a budget");
  if (const auto slice = number_of(objective, "timeSliceTarget"); slice && *slice != 1)
    lose(objective,
         "its time slices may be bad in part; here every bad sample counts until the "
         "next");
  Result<ImportedSli> sli = sli_of(indicator, objective);
  if (!sli) return lose(objective, sli.error().message);
  ImportedSlo slo = common;
  slo.objective = *target;
  slo.sli = std::move(*sli);
  const std::string display = scalar_of(objective, "displayName");
  if (several) slo.name += "-" + (display.empty() ? fmt::format("{:g}", *target * 100) : display);
  import_.slos.push_back(std::move(slo));
}

const YamlNode* OpenSloReader::indicator_of(const YamlNode& spec) {
  const YamlNode& own = map_of(spec, "indicator");
  if (own.kind == YamlNode::Kind::map) return &own;
  const std::string reference = scalar_of(spec, "indicatorRef");
  const auto found = indicators_.find(reference);
  if (found != indicators_.end()) return found->second;
  lose(spec, reference.empty() ? std::string("it has no indicator")
                               : fmt::format("there is no SLI '{}' in this file", reference));
  return nullptr;
}

std::optional<SloWindow> OpenSloReader::window_of(const YamlNode& spec) {
  const YamlNode* node = spec.kind == YamlNode::Kind::map ? spec.find("timeWindow") : nullptr;
  if (node != nullptr && node->kind == YamlNode::Kind::list && !node->items.empty())
    node = &node->items.front();
  if (node == nullptr || node->kind != YamlNode::Kind::map) {
    lose(spec, "it has no time window");
    return std::nullopt;
  }
  const std::string text = scalar_of(*node, "duration");
  const YamlNode& calendar = map_of(*node, "calendar");
  SloWindow window;
  if (calendar.kind == YamlNode::Kind::map) {
    const std::string zone = scalar_of(calendar, "timeZone");
    window.time_zone = zone.empty() ? "UTC" : zone;
    window.length = duration_of(text).value_or(Duration::zero());
    lose(*node,
         "its calendar windows begin with the week, month or quarter, whatever its start "
         "time is");
    if (text == "1w" || text == "7d")
      window.kind = SloWindow::Kind::week;
    else if (text == "1M")
      window.kind = SloWindow::Kind::month;
    else if (text == "1Q" || text == "3M")
      window.kind = SloWindow::Kind::quarter;
    else {
      lose(*node, fmt::format("there is no calendar window of '{}'", text));
      return std::nullopt;
    }
    return window;
  }
  const std::optional<Duration> length = duration_of(text);
  if (!length) {
    lose(*node, fmt::format("its window '{}' is no duration", text));
    return std::nullopt;
  }
  window.length = *length;
  return window;
}

std::optional<double> OpenSloReader::target_of(const YamlNode& objective) const {
  std::optional<double> target = number_of(objective, "target");
  if (const auto percent = number_of(objective, "targetPercent"); !target && percent)
    target = *percent / 100;
  if (!target || !(*target > 0) || !(*target < 1)) return std::nullopt;
  return target;
}

Result<ImportedSli> OpenSloReader::sli_of(const YamlNode& indicator, const YamlNode& objective) {
  if (const YamlNode& ratio = map_of(indicator, "ratioMetric"); ratio.kind == YamlNode::Kind::map)
    return sli_of_ratio_metric(ratio);
  const YamlNode& threshold = map_of(indicator, "thresholdMetric");
  if (threshold.kind != YamlNode::Kind::map)
    return fail("its indicator has neither a ratio metric nor a threshold metric");
  const std::optional<Comparison> comparison = comparison_of(scalar_of(objective, "op"));
  const std::optional<double> value = number_of(objective, "value");
  if (!comparison || !value) return fail("an objective has no 'op' (lte, lt, gte, gt) and 'value'");
  const std::string query = query_of(threshold);
  if (query.empty()) return fail("its metric has no query");
  return sli_of_threshold(query, *comparison, *value, context_.catalogue);
}

Result<ImportedSli> OpenSloReader::sli_of_ratio_metric(const YamlNode& ratio) const {
  if (const std::string raw = query_of(map_of(ratio, "raw")); !raw.empty())
    return sli_of_ratio(raw, scalar_of(ratio, "rawType") != "failure", context_.catalogue);
  const std::string good = query_of(map_of(ratio, "good"));
  const std::string bad = query_of(map_of(ratio, "bad"));
  const std::string total = query_of(map_of(ratio, "total"));
  if (total.empty() || (good.empty() && bad.empty()))
    return fail("its ratio metric lacks the query of the total, or of good or bad events");
  return sli_of_events(bad.empty() ? good : bad, bad.empty(), total, context_.catalogue);
}

// Data sources call it "query", some "promql".
std::string OpenSloReader::query_of(const YamlNode& metric) {
  const YamlNode& spec = map_of(map_of(metric, "metricSource"), "spec");
  for (const std::string_view key : {"query", "promql"}) {
    if (std::string query = scalar_of(spec, key); !query.empty()) return query;
  }
  return {};
}

}  // namespace

std::optional<Import> import_openslo(std::string_view text, const std::string& file,
                                     const ImportContext& context, Diagnostics& diagnostics) {
  const auto documents = read_documents(text, file, diagnostics);
  if (!documents) return std::nullopt;
  for (const YamlNode& document : *documents) {
    const std::string version = scalar_of(document, "apiVersion");
    if (version == "openslo/v1") continue;
    const bool sloth = scalar_of(document, "version") == "prometheus/v1";
    diagnostics.push_back({file, document.line, document.column,
                           "this is no document of OpenSLO v1",
                           sloth ? "it is Sloth: highwater import sloth"
                                 : "it begins with 'apiVersion: openslo/v1'"});
  }
  if (documents->empty()) diagnostics.push_back({file, 0, 0, "the file is empty", ""});
  if (!diagnostics.empty()) return std::nullopt;
  Import import;
  import.file = file;
  import.source = "OpenSLO";
  OpenSloReader(import, context).read(*documents);
  return import;
}

}  // namespace highwater::agent
