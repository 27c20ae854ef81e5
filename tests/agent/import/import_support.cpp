#include "import_support.h"

#include <gtest/gtest.h>

#include "agent/catalogue.h"
#include "agent/import/openslo.h"
#include "agent/import/sloth.h"

namespace highwater::agent {

const ImportContext& import_context() {
  static const ImportContext instance{
      MetricNames{catalogue()}, [](std::string_view name) {
        return name == "lag-growing" || name == "under-replicated" || name == "cluster-unreachable";
      }};
  return instance;
}

namespace {

template <class Importer>
Imported imported(Importer importer, std::string_view text) {
  Diagnostics diagnostics;
  std::optional<Import> import = importer(text, "theirs.yaml", import_context(), diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.text();
  Imported result;
  if (!import) return result;
  result.yaml = write_rules(*import, import_context());
  result.written = import->written;
  for (const Loss& loss : import->losses) result.losses.push_back(loss_text(*import, loss));
  if (result.yaml.find("\nslos:\n") == std::string::npos) return result;
  // Whatever comes out has to pass `highwater check`.
  result.rules = rules::parse_rules(result.yaml, "ours.yaml", catalogue(),
                                    import_context().runbook_exists, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics)
    ADD_FAILURE() << diagnostic.text() << "\n" << result.yaml;
  return result;
}

}  // namespace

Imported from_sloth(std::string_view text) {
  return imported(import_sloth, text);
}

Imported from_openslo(std::string_view text) {
  return imported(import_openslo, text);
}

std::string sloth(const std::string& sli, const std::string& objective) {
  return "version: prometheus/v1\n"
         "service: payments\n"
         "labels: {team: money}\n"
         "slos:\n"
         "  - name: Lag\n"
         "    objective: " +
         objective +
         "\n"
         "    description: not too far behind\n"
         "    sli:\n      " +
         sli +
         "\n"
         "    alerting:\n"
         "      annotations: {runbook: \"https://wiki.example.com/lag\"}\n";
}

std::string raw(const std::string& query) {
  return "raw: {error_ratio_query: '" + query + "'}";
}

std::string events(const std::string& errors, const std::string& total) {
  return "events: {error_query: '" + errors + "', total_query: '" + total + "'}";
}

}  // namespace highwater::agent
