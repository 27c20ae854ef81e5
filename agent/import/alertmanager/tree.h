// The route tree of Alertmanager's configuration. Pure; any thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/core/diagnostic.h"
#include "agent/core/yaml.h"
#include "agent/import/alertmanager/flatten.h"
#include "agent/import/fields.h"

namespace highwater::agent::alertmanager {

// What Highwater's alerts have.
struct KnownNames {
  SeverityNames severities;
  std::set<std::string, std::less<>> labels;  // empty: not known
  std::set<std::string, std::less<>> alerts;  // names of rules; empty: not known
};

// Nothing when Alertmanager itself would refuse it; the diagnostics say where.
[[nodiscard]] std::optional<Node> read_tree(const YamlNode& document, const std::string& file,
                                            const KnownNames& known, Fields& fields,
                                            std::vector<Loss>& losses, Diagnostics& diagnostics);

}  // namespace highwater::agent::alertmanager
