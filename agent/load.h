// What a configuration names and must be read before start: runbooks and rules. Used by `run`,
// `check` and reload, so that what one refuses the others refuse.
#pragma once

#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/core/measure.h"
#include "exporters/runbooks/runbooks.h"
#include "rules/language/load.h"
#include "rules/slo/exclusions.h"

namespace highwater::agent {

struct Loaded {
  Runbooks runbooks;
  rules::RuleSet rules;
};

[[nodiscard]] std::optional<Loaded> load(const Config& config, Diagnostics& diagnostics);

// The maintenance of a configuration whose time counts for no error budget; null without any.
[[nodiscard]] rules::ExclusionsPtr exclusions_of(const Config& config);

// The measures that rules may speak of: with those of a configuration, when a file of one is given.
[[nodiscard]] std::optional<Catalogue> load_catalogue(const std::string& config_file,
                                                      Diagnostics& diagnostics);

}  // namespace highwater::agent
