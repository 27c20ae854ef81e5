// What the keys of an SLO must have in common: tiers that can fire, that no single sample sets off,
// and that fit the window and how often is polled. Used by the SLO parser; pure, any thread.
#pragma once

#include <vector>

#include "agent/core/yaml.h"
#include "rules/language/slo_fields.h"

namespace highwater::rules {

// The rule's tiers are `tiers`, or by default those of its window, as its author sees them: their
// errors stand where the tiers do, those of default tiers at `objective` and `window`.
void check_tiers(YamlMap& map, const SloRule& rule, const std::vector<PlacedTier>& tiers,
                 Duration sample_every);

}  // namespace highwater::rules
