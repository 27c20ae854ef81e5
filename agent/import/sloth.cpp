#include "agent/import/sloth.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace highwater::agent {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Sloth's file has snake_case keys, its Kubernetes resource camelCase ones.
const YamlNode* find_either(const YamlNode& map, std::string_view snake, std::string_view camel) {
  if (map.kind != YamlNode::Kind::map) return nullptr;
  const YamlNode* const found = map.find(snake);
  return found != nullptr ? found : map.find(camel);
}

void add_labels(const YamlNode* map, Labels& labels) {
  if (map == nullptr || map->kind != YamlNode::Kind::map) return;
  for (const auto& [name, value] : map->entries) {
    if (value.kind != YamlNode::Kind::scalar) continue;
    const auto same = std::ranges::find(labels, name.scalar, &Labels::value_type::first);
    if (same != labels.end())
      same->second = value.scalar;
    else
      labels.emplace_back(name.scalar, value.scalar);
  }
}

class SlothReader {
 public:
  SlothReader(Import& import, const ImportContext& context) : import_(import), context_(context) {}

  void read(const YamlNode& spec);

 private:
  void read_slo(const YamlNode& node);
  void read_alerting(const YamlNode& alerting, ImportedSlo& slo);
  [[nodiscard]] bool read_alert(const YamlNode& alerting, std::string_view snake,
                                std::string_view camel);
  [[nodiscard]] Result<ImportedSli> read_sli(const YamlNode& node);
  void lose(const YamlNode& at, std::string_view slo, std::string_view what) {
    import_.losses.push_back({at.line, fmt::format("SLO '{}': {}", slo, what)});
  }

  Import& import_;
  const ImportContext& context_;
  std::string service_;
  Labels labels_;
  std::string name_;  // of the SLO that is read now
};

void SlothReader::read(const YamlNode& spec) {
  service_ = scalar_of(spec, "service");
  add_labels(spec.find("labels"), labels_);
  report_other_keys(spec, {"version", "service", "labels", "slos"}, "the file", import_.losses);
  const YamlNode* const slos = spec.find("slos");
  if (slos == nullptr || slos->kind != YamlNode::Kind::list) {
    import_.losses.push_back({spec.line, "it has no list of 'slos'"});
    return;
  }
  for (const YamlNode& slo : slos->items) {
    if (slo.kind == YamlNode::Kind::map)
      read_slo(slo);
    else
      import_.losses.push_back({slo.line, "an SLO is no map"});
  }
}

void SlothReader::read_slo(const YamlNode& node) {
  name_ = scalar_of(node, "name");
  report_other_keys(node, {"name", "description", "objective", "labels", "sli", "alerting"},
                    fmt::format("SLO '{}'", name_), import_.losses);
  ImportedSlo slo;
  slo.line = node.line;
  slo.name = service_.empty() ? name_ : service_ + "-" + name_;
  slo.description = scalar_of(node, "description");
  slo.window.length = std::chrono::hours(24 * 30);
  const std::string objective = scalar_of(node, "objective");
  double percent = 0;
  const auto [end, problem] =
      std::from_chars(objective.data(), objective.data() + objective.size(), percent);
  if (problem != std::errc() || end != objective.data() + objective.size() || !(percent > 0) ||
      !(percent < 100)) {
    return lose(node, name_, fmt::format("its objective '{}' leaves no budget", objective));
  }
  slo.objective = percent / 100;
  slo.labels = labels_;
  add_labels(node.find("labels"), slo.labels);
  const YamlNode* const sli = node.find("sli");
  if (sli == nullptr || sli->kind != YamlNode::Kind::map)
    return lose(node, name_, "it has no 'sli'");
  Result<ImportedSli> read = read_sli(*sli);
  if (!read) return lose(*sli, name_, read.error().message);
  slo.sli = std::move(*read);
  if (const YamlNode* alerting = node.find("alerting")) read_alerting(*alerting, slo);
  const auto owner = std::ranges::find_if(slo.labels, [](const auto& label) {
    return label.first == "owner" || label.first == "team";
  });
  if (owner != slo.labels.end()) slo.owner = owner->second;
  std::erase_if(slo.labels, [](const auto& label) { return label.first == "owner"; });
  import_.slos.push_back(std::move(slo));
}

Result<ImportedSli> SlothReader::read_sli(const YamlNode& node) {
  if (const YamlNode* events = node.find("events")) {
    const YamlNode* const errors = find_either(*events, "error_query", "errorQuery");
    const YamlNode* const total = find_either(*events, "total_query", "totalQuery");
    if (errors == nullptr || total == nullptr)
      return fail("its events have no error query, or no total query");
    return sli_of_events(errors->scalar, false, total->scalar, context_.catalogue);
  }
  if (const YamlNode* raw = node.find("raw")) {
    const YamlNode* const ratio = find_either(*raw, "error_ratio_query", "errorRatioQuery");
    if (ratio == nullptr) return fail("its raw SLI has no error ratio query");
    return sli_of_ratio(ratio->scalar, false, context_.catalogue);
  }
  if (node.find("plugin") != nullptr)
    return fail("its SLI is a plugin: only Sloth knows what that asks for");
  return fail("its SLI has neither events nor a ratio");
}

void SlothReader::read_alerting(const YamlNode& alerting, ImportedSlo& slo) {
  if (alerting.kind != YamlNode::Kind::map) return;
  report_other_keys(
      alerting,
      {"name", "labels", "annotations", "page_alert", "pageAlert", "ticket_alert", "ticketAlert"},
      fmt::format("SLO '{}', alerting", name_), import_.losses);
  if (const std::string alert = scalar_of(alerting, "name"); !alert.empty())
    lose(alerting, name_, fmt::format("its alerts are called as the SLO, not '{}'", alert));
  add_labels(alerting.find("labels"), slo.labels);
  if (const YamlNode* annotations = alerting.find("annotations");
      annotations != nullptr && annotations->kind == YamlNode::Kind::map) {
    for (const auto& [key, value] : annotations->entries) {
      if (key.scalar == "runbook" || key.scalar == "runbook_url")
        slo.runbook = value.scalar;
      else if (key.scalar == "summary" && value.scalar.find('{') == std::string::npos)
        slo.summary = value.scalar;
      else
        lose(key, name_, fmt::format("its annotation '{}' was not taken over", key.scalar));
    }
  }
  slo.pages = read_alert(alerting, "page_alert", "pageAlert");
  slo.tickets = read_alert(alerting, "ticket_alert", "ticketAlert");
}

// Whether there is such an alert.
bool SlothReader::read_alert(const YamlNode& alerting, std::string_view snake,
                             std::string_view camel) {
  const YamlNode* const alert = find_either(alerting, snake, camel);
  if (alert == nullptr || alert->kind != YamlNode::Kind::map) return true;
  report_other_keys(*alert, {"disable"}, fmt::format("SLO '{}', {}", name_, snake), import_.losses);
  return scalar_of(*alert, "disable") != "true";
}

}  // namespace

std::optional<Import> import_sloth(std::string_view text, const std::string& file,
                                   const ImportContext& context, Diagnostics& diagnostics) {
  const auto documents = read_documents(text, file, diagnostics);
  if (!documents) return std::nullopt;
  Import import;
  import.file = file;
  import.source = "Sloth";
  for (const YamlNode& document : *documents) {
    if (scalar_of(document, "version") == "prometheus/v1") {
      SlothReader(import, context).read(document);
    } else if (scalar_of(document, "kind") == "PrometheusServiceLevel" &&
               document.find("spec") != nullptr &&
               document.find("spec")->kind == YamlNode::Kind::map) {
      SlothReader(import, context).read(*document.find("spec"));
    } else {
      const bool openslo = scalar_of(document, "apiVersion").starts_with("openslo/");
      diagnostics.push_back({file, document.line, document.column, "this is no SLO file of Sloth",
                             openslo ? "it is OpenSLO: highwater import openslo"
                                     : "it begins with 'version: prometheus/v1'"});
    }
  }
  if (documents->empty()) diagnostics.push_back({file, 0, 0, "the file is empty", ""});
  if (!diagnostics.empty()) return std::nullopt;
  return import;
}

}  // namespace highwater::agent
