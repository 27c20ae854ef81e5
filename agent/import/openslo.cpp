#include "agent/import/openslo.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "agent/import/documents.h"
#include "agent/import/fields.h"
#include "agent/import/openslo_window.h"

namespace highwater::agent {
namespace {

using rules::Comparison;

std::optional<Comparison> comparison_of_op(std::string_view op) {
  if (op == "lte") return Comparison::less_or_equal;
  if (op == "lt") return Comparison::less;
  if (op == "gte") return Comparison::greater_or_equal;
  if (op == "gt") return Comparison::greater;
  return std::nullopt;
}

bool speaks_promql(std::string type) {
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return type.empty() || type.starts_with("prom") || type == "thanos" || type == "cortex" ||
         type == "mimir" || type == "victoriametrics";
}

class OpenSloReader {
 public:
  OpenSloReader(Import& import, const ImportContext& context)
      : import_(import), context_(context) {}

  void read(const std::vector<YamlNode>& documents);

 private:
  void find_indicators(const std::vector<YamlNode>& documents);
  void read_other(const YamlNode& document);
  void read_slo(const YamlNode& document);
  [[nodiscard]] bool take_over(const YamlNode& document);
  void read_metadata(const YamlNode& metadata, ImportedSlo& slo);
  [[nodiscard]] bool read_objective(const YamlNode& objective, const YamlNode& indicator,
                                    const ImportedSlo& common, bool several);
  void read_budgeting(const YamlNode& objective, bool threshold, bool events);
  [[nodiscard]] const YamlNode* indicator_of(const YamlNode& spec);
  [[nodiscard]] std::optional<double> target_of(const YamlNode& objective);
  [[nodiscard]] Result<ImportedSli> sli_of(const YamlNode& indicator, const YamlNode& objective);
  [[nodiscard]] Result<ImportedSli> sli_of_ratio_metric(const YamlNode& ratio);
  [[nodiscard]] Result<std::string> query_of(const YamlNode& metric);
  // False, for those that then give up.
  bool lose(const YamlNode& at, std::string_view what) {
    import_.losses.push_back({at.line, fmt::format("SLO '{}': {}", name_, what)});
    return false;
  }

  Import& import_;
  const ImportContext& context_;
  Fields fields_;
  std::map<std::string, const YamlNode*> indicators_;  // documents of kind SLI
  std::set<const YamlNode*> used_;                     // ... that an SLO uses
  std::string name_;                                   // of the SLO that is read now
  std::string budgeting_;                              // ... its method
};

void OpenSloReader::read(const std::vector<YamlNode>& documents) {
  find_indicators(documents);
  for (const YamlNode& document : documents) {
    (void)fields_.text(document, "apiVersion");
    (void)fields_.text(document, "kind");
    if (peek(document, "kind") == "SLO") read_slo(document);
  }
  for (const YamlNode& document : documents) {
    if (peek(document, "kind") != "SLO") read_other(document);
  }
}

void OpenSloReader::find_indicators(const std::vector<YamlNode>& documents) {
  for (const YamlNode& document : documents) {
    if (peek(document, "kind") != "SLI") continue;
    const std::string name = fields_.text(fields_.map(document, "metadata"), "name");
    if (indicators_.emplace(name, &document).second) continue;
    import_.losses.push_back(
        {document.line, fmt::format("SLI '{}': there is another one with this name: the first "
                                    "one was used",
                                    name)});
    fields_.take(document);
    used_.insert(&document);  // was said
  }
}

void OpenSloReader::read_other(const YamlNode& document) {
  const std::string kind = peek(document, "kind");
  const std::string name = fields_.text(fields_.map(document, "metadata"), "name");
  const std::string what = fmt::format("{} '{}'", kind, name);
  if (kind == "Service") (void)fields_.map(document, "spec");
  if (kind == "Service" || used_.contains(&document))
    return fields_.report(document, what, import_.losses);
  const std::string why = kind == "SLI"               ? "no SLO uses it"
                          : kind == "DataSource"      ? "Highwater reads Kafka itself"
                          : kind.starts_with("Alert") ? "the default tiers say when it notifies"
                                                      : "there is nothing like it here";
  import_.losses.push_back({document.line, fmt::format("{} was not taken over: {}", what, why)});
}

void OpenSloReader::read_slo(const YamlNode& document) {
  name_ = fields_.text(fields_.map(document, "metadata"), "name");
  if (take_over(document))
    fields_.report(document, fmt::format("SLO '{}'", name_), import_.losses);
  else
    fields_.take(document);  // it is lost as a whole, and that was said
}

bool OpenSloReader::take_over(const YamlNode& document) {
  const YamlNode& spec = fields_.map(document, "spec");
  ImportedSlo common;
  common.line = document.line;
  common.name = name_;
  common.description = fields_.text(spec, "description");
  if (const std::string service = fields_.text(spec, "service"); !service.empty())
    common.labels.emplace_back("service", service);
  read_metadata(fields_.map(document, "metadata"), common);
  const YamlNode* const indicator = indicator_of(spec);
  if (indicator == nullptr) return false;
  const OpenSloWindow window = read_openslo_window(spec, fields_);
  for (const auto& [at, what] : window.losses) lose(*at, what);
  if (!window.window) return false;
  common.window = *window.window;
  budgeting_ = fields_.text(spec, "budgetingMethod");
  if (const YamlNode* policies = spec.find("alertPolicies")) {
    fields_.take(*policies);
    if (!policies->items.empty())
      lose(*policies, "its alert policies were not taken over: it has the default tiers");
  }
  const YamlNode& objectives = fields_.list(spec, "objectives");
  if (objectives.items.empty()) return lose(document, "it has no objectives");
  for (const YamlNode& objective : objectives.items) {
    fields_.open(objective);
    if (!read_objective(objective, fields_.map(*indicator, "spec"), common,
                        objectives.items.size() > 1))
      fields_.take(objective);
  }
  return true;
}

void OpenSloReader::read_metadata(const YamlNode& metadata, ImportedSlo& slo) {
  if (slo.description.empty()) slo.description = fields_.text(metadata, "displayName");
  const YamlNode& labels = fields_.map(metadata, "labels");
  for (const auto& [key, value] : labels.entries) {
    std::string text = fields_.text(labels, key.scalar);
    // A label may have several values there; one in a list is one.
    if (value.items.size() == 1 && value.items[0].kind == YamlNode::Kind::scalar) {
      fields_.take(value);
      text = value.items[0].scalar;
    }
    if (text.empty()) continue;
    if (key.scalar == "service" && !slo.labels.empty())
      lose(key, fmt::format("its label 'service' is its service, not '{}'", text));
    else
      slo.labels.emplace_back(key.scalar, text);
  }
  const YamlNode& annotations = fields_.map(metadata, "annotations");
  for (const std::string_view key : {"runbook", "runbook_url"}) {
    if (slo.runbook.empty()) slo.runbook = fields_.text(annotations, key);
  }
  name_owner(slo);
}

bool OpenSloReader::read_objective(const YamlNode& objective, const YamlNode& indicator,
                                   const ImportedSlo& common, bool several) {
  const std::optional<double> target = target_of(objective);
  if (!target) return lose(objective, "an objective has no target that leaves a budget");
  Result<ImportedSli> sli = sli_of(indicator, objective);
  if (!sli) return lose(objective, sli.error().message);
  read_budgeting(objective, indicator.find("ratioMetric") == nullptr, !sli->total.empty());
  ImportedSlo slo = common;
  slo.objective = *target;
  slo.sli = std::move(*sli);
  if (several) {
    const std::string display = fields_.text(objective, "displayName");
    slo.name += "-" + (display.empty() ? fmt::format("{:g}", *target * 100) : display);
  }
  import_.slos.push_back(std::move(slo));
  fields_.report(objective, fmt::format("SLO '{}', an objective", name_), import_.losses);
  return true;
}

// What is counted: data points, time slices, or the average of slices.
void OpenSloReader::read_budgeting(const YamlNode& objective, bool threshold, bool events) {
  const bool slices = budgeting_ == "Timeslices" || budgeting_ == "RatioTimeslices";
  if (!budgeting_.empty() && budgeting_ != "Occurrences" && !slices)
    lose(objective, fmt::format("its budgeting method '{}' is not known", budgeting_));
  if (budgeting_ == "Occurrences" && threshold)
    lose(objective, "it counts data points; here the time that each of them holds is counted");
  if (!slices) return;
  const std::optional<double> target = fields_.number(objective, "timeSliceTarget");
  const std::string window = fields_.text(objective, "timeSliceWindow");
  const std::string of = window.empty() ? "" : fmt::format(" of {}", window);
  if (events)
    lose(objective,
         fmt::format("it counts time slices{}{}; here events are counted", of,
                     target ? fmt::format(" with {:g}% good events", *target * 100) : ""));
  else if (budgeting_ == "Timeslices" && (!threshold || target.value_or(1) != 1))
    lose(objective, fmt::format("its time slices{} may be bad in part; here every bad sample "
                                "counts until the next",
                                of));
  else if (!window.empty())
    lose(objective,
         fmt::format("its time slices{} count as a whole; here every bad sample counts until "
                     "the next",
                     of));
}

const YamlNode* OpenSloReader::indicator_of(const YamlNode& spec) {
  if (const YamlNode& own = fields_.map(spec, "indicator"); own.kind == YamlNode::Kind::map) {
    (void)fields_.text(fields_.map(own, "metadata"), "name");
    return &own;
  }
  const std::string reference = fields_.text(spec, "indicatorRef");
  const auto found = indicators_.find(reference);
  if (found != indicators_.end()) {
    used_.insert(found->second);
    return found->second;
  }
  lose(spec, reference.empty() ? std::string("it has no indicator")
                               : fmt::format("there is no SLI '{}' in this file", reference));
  return nullptr;
}

std::optional<double> OpenSloReader::target_of(const YamlNode& objective) {
  std::optional<double> target = fields_.number(objective, "target");
  if (!target) {
    target = fields_.number(objective, "targetPercent");
    if (target) *target /= 100;
  }
  if (!target || !(*target > 0) || !(*target < 1)) return std::nullopt;
  return target;
}

Result<ImportedSli> OpenSloReader::sli_of(const YamlNode& indicator, const YamlNode& objective) {
  if (const YamlNode& ratio = fields_.map(indicator, "ratioMetric");
      ratio.kind == YamlNode::Kind::map)
    return sli_of_ratio_metric(ratio);
  const YamlNode& threshold = fields_.map(indicator, "thresholdMetric");
  if (threshold.kind != YamlNode::Kind::map)
    return fail("its indicator has neither a ratio metric nor a threshold metric");
  const std::optional<Comparison> comparison = comparison_of_op(fields_.text(objective, "op"));
  const std::optional<double> value = fields_.number(objective, "value");
  if (!comparison || !value) return fail("an objective has no 'op' (lte, lt, gte, gt) and 'value'");
  const Result<std::string> query = query_of(threshold);
  if (!query) return tl::unexpected(query.error());
  if (query->empty()) return fail("its metric has no query");
  return sli_of_threshold(*query, *comparison, *value, context_.names, QueryUse{});
}

Result<ImportedSli> OpenSloReader::sli_of_ratio_metric(const YamlNode& ratio) {
  QueryUse use;
  use.counters_grow = fields_.flag(ratio, "counter").value_or(false);
  const Result<std::string> raw = query_of(fields_.map(ratio, "raw"));
  if (!raw) return tl::unexpected(raw.error());
  if (!raw->empty()) {
    const std::string type = fields_.text(ratio, "rawType");
    if (type != "success" && type != "failure")
      return fail("it does not say whether its 'rawType' is 'success' or 'failure'");
    return sli_of_ratio(*raw, type == "success", context_.names, use);
  }
  const Result<std::string> total = query_of(fields_.map(ratio, "total"));
  if (!total) return tl::unexpected(total.error());
  // Where there are both, the other one is said to be left.
  const std::string_view key = ratio.find("bad") != nullptr ? "bad" : "good";
  const Result<std::string> part = query_of(fields_.map(ratio, key));
  if (!part) return tl::unexpected(part.error());
  if (total->empty() || part->empty())
    return fail("its ratio metric lacks the query of the total, or of good or bad events");
  return sli_of_events(*part, key == "good", *total, context_.names, use);
}

// Data sources call it "query", some "promql".
Result<std::string> OpenSloReader::query_of(const YamlNode& metric) {
  const YamlNode& source = fields_.map(metric, "metricSource");
  const std::string type = fields_.text(source, "type");
  if (!speaks_promql(type)) return fail(fmt::format("its queries are for '{}'", type));
  const YamlNode& spec = fields_.map(source, "spec");
  for (const std::string_view key : {"query", "promql"}) {
    if (std::string query = fields_.text(spec, key); !query.empty()) return query;
  }
  return std::string();
}

}  // namespace

std::optional<Import> import_openslo(std::string_view text, const std::string& file,
                                     const ImportContext& context, Diagnostics& diagnostics) {
  auto documents = read_documents(text, file, diagnostics);
  if (!documents) return std::nullopt;
  Import import;
  import.file = file;
  import.source = "OpenSLO";
  bool sloth = false;
  const int line = documents->empty() ? 0 : documents->front().line;
  const bool empty = documents->empty();
  std::erase_if(*documents, [&](const YamlNode& document) {
    const std::string version = peek(document, "apiVersion");
    if (version == "openslo/v1") return false;
    sloth = sloth || peek(document, "version") == "prometheus/v1";
    import.losses.push_back(
        {document.line, version.starts_with("openslo/")
                            ? fmt::format("a document is '{}', not 'openslo/v1': left out", version)
                            : std::string("a document is no OpenSLO: left out")});
    return true;
  });
  if (documents->empty()) {
    diagnostics.push_back({file, line, 0,
                           empty ? "the file is empty" : "this is no document of OpenSLO v1",
                           sloth ? "it is Sloth: highwater-import sloth"
                                 : "it begins with 'apiVersion: openslo/v1'"});
    return std::nullopt;
  }
  OpenSloReader(import, context).read(*documents);
  return import;
}

}  // namespace highwater::agent
