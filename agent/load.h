// What a configuration names and must be read before start: runbooks and rules. Used by `run`,
// `check` and reload, so that what one refuses the others refuse.
#pragma once

#include <optional>

#include "agent/config.h"
#include "exporters/runbooks.h"
#include "rules/load.h"

namespace highwater::agent {

struct Loaded {
  Runbooks runbooks;
  rules::RuleSet rules;
};

[[nodiscard]] std::optional<Loaded> load(const Config& config, Diagnostics& diagnostics);

}  // namespace highwater::agent
