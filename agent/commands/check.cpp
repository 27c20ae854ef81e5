#include <fmt/format.h>

#include <iostream>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/commands/explain_rules.h"
#include "agent/commands/find_config.h"
#include "agent/load.h"

namespace highwater::agent {

void print_mistakes(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) std::cerr << diagnostic.text() << "\n";
}

int refused(const Diagnostics& diagnostics) {
  print_mistakes(diagnostics);
  return 1;
}

int check_command(const std::vector<std::string>& paths, bool explain) {
  Diagnostics diagnostics;
  std::vector<std::string> files = paths;
  if (files.empty()) {
    if (const auto found = find_config("", diagnostics)) files.push_back(*found);
  }
  std::string fine;
  for (const std::string& file : files) {
    const auto config = read_config(file, diagnostics);
    if (!config) continue;
    if (const auto loaded = load(*config, diagnostics)) {
      fine += fmt::format("{}: fine: {} clusters, {} alert rules, {} SLOs, {} receivers\n", file,
                          config->clusters.size(), loaded->rules.alerts.size(),
                          loaded->rules.slos.size(), config->receivers.size());
      if (config->receivers.empty())
        fine += fmt::format(
            "{}: note: no receivers: nobody is paged; alerts are seen in /metrics and on the "
            "status page only\n",
            file);
      if (explain) fine += "\n" + explain_rules(loaded->rules);
    }
  }
  for (const Diagnostic& diagnostic : diagnostics) std::cout << diagnostic.text() << "\n";
  std::cout << fine;
  return diagnostics.empty() ? 0 : 1;
}

}  // namespace highwater::agent
