// The configuration of Prometheus' Alertmanager as `receivers:`, `routes:` and `maintenance:` of
// ours. Used by the import command; pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/diagnostic.h"
#include "agent/import/alertmanager/tree.h"
#include "agent/import/fields.h"

namespace highwater::agent {

struct ImportedRouting {
  std::string yaml;
  std::vector<Loss> losses;  // by their lines
  size_t receivers = 0;      // that were written
};

// Their severities and ours, unless told otherwise.
[[nodiscard]] const alertmanager::SeverityNames& default_severities();

// Nothing when it is no such file, or one that Alertmanager refuses, or more than a configuration
// of ours can hold; the diagnostics say why.
[[nodiscard]] std::optional<ImportedRouting> import_alertmanager(
    std::string_view text, const std::string& file, const alertmanager::KnownNames& known,
    Diagnostics& diagnostics);

}  // namespace highwater::agent
