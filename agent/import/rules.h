// What an import is made of, whatever tool it comes from: SLOs that could be taken over, and an
// honest list of what could not. Written as a rule file that `highwater check` accepts. Used by the
// importers and the import command; pure, any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/diagnostic.h"
#include "agent/core/measure.h"
#include "agent/core/yaml.h"
#include "agent/import/sli.h"
#include "rules/slo_rule.h"

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

// Something that was not taken over, or not quite.
struct Loss {
  int line = 0;
  std::string what;
};

// What rules are checked against.
struct ImportContext {
  const Catalogue& catalogue;
  std::function<bool(std::string_view)> runbook_exists;
};

struct Import {
  std::string source;  // "Sloth", for people
  std::string file;
  std::vector<ImportedSlo> slos;
  std::vector<Loss> losses;
};

// The rule file; comments alone when no SLO is left. Adds to the losses what the rule language does
// not allow or the agent had to add; an SLO that would be refused all the same is left out and
// said.
[[nodiscard]] std::string write_rules(Import& import, const ImportContext& context);

// "file:12: SLO 'x': what" without line breaks.
[[nodiscard]] std::string loss_text(const Import& import, const Loss& loss);

// The documents of a file, each with the line numbers it has there; nothing when one is no YAML.
[[nodiscard]] std::optional<std::vector<YamlNode>> read_documents(std::string_view text,
                                                                  const std::string& file,
                                                                  Diagnostics& diagnostics);

// A text of a map, or empty.
[[nodiscard]] std::string scalar_of(const YamlNode& map, std::string_view key);
// Says which keys are there that nobody looks at.
void report_other_keys(const YamlNode& map, const std::vector<std::string_view>& known,
                       const std::string& what, std::vector<Loss>& losses);

}  // namespace highwater::agent
