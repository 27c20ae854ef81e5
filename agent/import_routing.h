// What the import of Alertmanager's configuration asks the agent: the names that alerts can have.
// Main's thread of highwater-import.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/import/alertmanager/alertmanager.h"
#include "agent/import_names.h"
#include "exporters/runbooks/runbooks.h"

namespace highwater::agent {

// "critical=page"; these go before the ones that hold without.
[[nodiscard]] Result<alertmanager::SeverityNames> severities_of(
    const std::vector<std::string>& options);

// Without a configuration those of the built-in rules.
[[nodiscard]] alertmanager::KnownNames known_names(const std::optional<Config>& config,
                                                   const Runbooks& runbooks,
                                                   alertmanager::SeverityNames severities);

}  // namespace highwater::agent
