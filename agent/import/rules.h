// What an import is made of, whatever tool it comes from: SLOs that could be taken over, and an
// list of what could not. Written as a rule file that `highwater check` accepts. Used by the
// importers and the import command; pure, any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/import/fields.h"
#include "agent/import/metrics.h"
#include "agent/import/sli.h"
#include "rules/slo/slo_rule.h"

namespace highwater::agent {

struct ImportedSlo {
  int line = 0;
  std::string name;  // as the other tool has it; made one of ours when written
  ImportedSli sli;
  double objective = 0;  // above 0, below 1
  rules::SloWindow window;
  bool pages = true;    // false: without the tiers that page
  bool tickets = true;  // false: without those that do not
  std::string runbook;  // empty: none is named
  std::string owner;
  std::string summary;
  std::string description;
  std::vector<std::pair<std::string, std::string>> labels;
};

// What queries are read with, and rules checked against.
struct ImportContext {
  MetricNames names;
  std::function<bool(std::string_view)> runbook_exists;
};

struct Import {
  std::string source;  // "Sloth", for people
  std::string file;
  std::vector<ImportedSlo> slos;
  std::vector<Loss> losses;
  size_t written = 0;  // SLOs in the rule file
};

// The rule file; comments alone when no SLO is left. Adds to the losses what the rule language does
// not allow or the agent had to add; an SLO that would be refused all the same is left out and
// said.
[[nodiscard]] std::string write_rules(Import& import, const ImportContext& context);

// Makes its owner of a label 'owner' or 'team'. A rule has a key of its own for the owner, and
// refuses that label.
void name_owner(ImportedSlo& slo);

// "file:12: SLO 'x': what" without line breaks.
[[nodiscard]] std::string loss_text(const Import& import, const Loss& loss);

}  // namespace highwater::agent
