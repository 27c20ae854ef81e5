#include "agent/import/sloth.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/import/documents.h"
#include "agent/import/fields.h"

namespace highwater::agent {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr QueryUse kSlothQueries{.templated_windows = true};
constexpr std::string_view kResource = "PrometheusServiceLevel";

// Sloth's file has snake_case keys, its Kubernetes resource camelCase ones.
struct Keys {
  std::string_view error_query, total_query, error_ratio_query, page_alert, ticket_alert;
};
constexpr Keys kFileKeys{"error_query", "total_query", "error_ratio_query", "page_alert",
                         "ticket_alert"};
constexpr Keys kResourceKeys{"errorQuery", "totalQuery", "errorRatioQuery", "pageAlert",
                             "ticketAlert"};

// One document: a file, or a Kubernetes resource.
class SlothReader {
 public:
  SlothReader(Import& import, const ImportContext& context, const Keys& keys)
      : import_(import), context_(context), keys_(keys) {}

  void read_file(const YamlNode& document);
  void read_resource(const YamlNode& document);

 private:
  void read_spec(const YamlNode& spec);
  void read_slo(const YamlNode& node);
  [[nodiscard]] bool take_over(const YamlNode& node);
  void add_labels(const YamlNode& labels, Labels& to);
  void read_alerting(const YamlNode& alerting, ImportedSlo& slo);
  void read_annotations(const YamlNode& annotations, ImportedSlo& slo);
  [[nodiscard]] bool has_alert(const YamlNode& alerting, std::string_view key);
  [[nodiscard]] Result<ImportedSli> read_sli(const YamlNode& node);
  // False, for those that then give up.
  bool lose(const YamlNode& at, std::string_view what) {
    import_.losses.push_back({at.line, fmt::format("SLO '{}': {}", name_, what)});
    return false;
  }

  Import& import_;
  const ImportContext& context_;
  const Keys& keys_;
  Fields fields_;
  std::string service_;
  Labels labels_;
  std::string name_;  // of the SLO that is read now
};

void SlothReader::read_file(const YamlNode& document) {
  (void)fields_.text(document, "version");
  read_spec(document);
  fields_.report(document, "the file", import_.losses);
}

void SlothReader::read_resource(const YamlNode& document) {
  (void)fields_.text(document, "apiVersion");
  (void)fields_.text(document, "kind");
  const std::string name = fields_.text(fields_.map(document, "metadata"), "name");
  read_spec(fields_.map(document, "spec"));
  fields_.report(document, fmt::format("{} '{}'", kResource, name), import_.losses);
}

void SlothReader::read_spec(const YamlNode& spec) {
  service_ = fields_.text(spec, "service");
  add_labels(fields_.map(spec, "labels"), labels_);
  const YamlNode& slos = fields_.list(spec, "slos");
  if (slos.items.empty()) import_.losses.push_back({spec.line, "it has no 'slos'"});
  for (const YamlNode& slo : slos.items) read_slo(slo);
}

void SlothReader::read_slo(const YamlNode& node) {
  fields_.open(node);
  name_ = fields_.text(node, "name");
  if (take_over(node))
    fields_.report(node, fmt::format("SLO '{}'", name_), import_.losses);
  else
    fields_.take(node);  // it is lost as a whole, and that was said
}

bool SlothReader::take_over(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::map) return lose(node, "it is no map");
  ImportedSlo slo;
  slo.line = node.line;
  slo.name = service_.empty() ? name_ : service_ + "-" + name_;
  slo.description = fields_.text(node, "description");
  slo.window.length = std::chrono::hours(24 * 30);
  const std::optional<double> percent = fields_.number(node, "objective");
  if (!percent || !(*percent > 0) || !(*percent < 100))
    return lose(node, fmt::format("its objective '{}' leaves no budget", peek(node, "objective")));
  slo.objective = *percent / 100;
  slo.labels = labels_;
  add_labels(fields_.map(node, "labels"), slo.labels);
  const YamlNode& sli = fields_.map(node, "sli");
  if (sli.kind != YamlNode::Kind::map) return lose(node, "it has no 'sli'");
  Result<ImportedSli> read = read_sli(sli);
  if (!read) return lose(sli, read.error().message);
  slo.sli = std::move(*read);
  read_alerting(fields_.map(node, "alerting"), slo);
  name_owner(slo);
  import_.slos.push_back(std::move(slo));
  return true;
}

void SlothReader::add_labels(const YamlNode& labels, Labels& to) {
  for (const auto& [key, ignored] : labels.entries) {
    const std::string& name = key.scalar;
    const std::string value = fields_.text(labels, name);
    if (value.empty()) continue;
    const auto same = std::ranges::find(to, name, &Labels::value_type::first);
    if (same != to.end())
      same->second = value;
    else
      to.emplace_back(name, value);
  }
}

Result<ImportedSli> SlothReader::read_sli(const YamlNode& node) {
  if (const YamlNode& events = fields_.map(node, "events"); !events.entries.empty()) {
    const std::string errors = fields_.text(events, keys_.error_query);
    const std::string total = fields_.text(events, keys_.total_query);
    if (errors.empty() || total.empty())
      return fail("its events have no error query, or no total query");
    return sli_of_events(errors, false, total, context_.names, kSlothQueries);
  }
  if (const YamlNode& raw = fields_.map(node, "raw"); !raw.entries.empty()) {
    const std::string ratio = fields_.text(raw, keys_.error_ratio_query);
    if (ratio.empty()) return fail("its raw SLI has no error ratio query");
    return sli_of_ratio(ratio, false, context_.names, kSlothQueries);
  }
  if (node.find("plugin") != nullptr)
    return fail("its SLI is a plugin: only Sloth knows what that asks for");
  return fail("its SLI has neither events nor a ratio");
}

void SlothReader::read_alerting(const YamlNode& alerting, ImportedSlo& slo) {
  add_labels(fields_.map(alerting, "labels"), slo.labels);
  read_annotations(fields_.map(alerting, "annotations"), slo);
  slo.pages = has_alert(alerting, keys_.page_alert);
  slo.tickets = has_alert(alerting, keys_.ticket_alert);
}

void SlothReader::read_annotations(const YamlNode& annotations, ImportedSlo& slo) {
  for (const std::string_view key : {"runbook", "runbook_url"}) {
    if (slo.runbook.empty()) slo.runbook = fields_.text(annotations, key);
  }
  if (peek(annotations, "summary").find('{') == std::string::npos)
    slo.summary = fields_.text(annotations, "summary");
}

bool SlothReader::has_alert(const YamlNode& alerting, std::string_view key) {
  return !fields_.flag(fields_.map(alerting, key), "disable").value_or(false);
}

bool is_resource(const YamlNode& document) {
  return peek(document, "kind") == kResource && peek(document, "apiVersion").starts_with("sloth.");
}

}  // namespace

std::optional<Import> import_sloth(std::string_view text, const std::string& file,
                                   const ImportContext& context, Diagnostics& diagnostics) {
  const auto documents = read_documents(text, file, diagnostics);
  if (!documents) return std::nullopt;
  Import import;
  import.file = file;
  import.source = "Sloth";
  size_t understood = 0;
  bool openslo = false;
  for (const YamlNode& document : *documents) {
    const bool of_a_file = peek(document, "version") == "prometheus/v1";
    if (!of_a_file && !is_resource(document)) {
      openslo = openslo || peek(document, "apiVersion").starts_with("openslo/");
      import.losses.push_back({document.line, "a document is no SLO file of Sloth: left out"});
      continue;
    }
    ++understood;
    if (of_a_file)
      SlothReader(import, context, kFileKeys).read_file(document);
    else
      SlothReader(import, context, kResourceKeys).read_resource(document);
  }
  if (understood > 0) return import;
  const int line = documents->empty() ? 0 : documents->front().line;
  diagnostics.push_back({file, line, 0,
                         documents->empty() ? "the file is empty" : "this is no SLO file of Sloth",
                         openslo ? "it is OpenSLO: highwater-import openslo"
                                 : "it begins with 'version: prometheus/v1'"});
  return std::nullopt;
}

}  // namespace highwater::agent
