// The JSON Schema (draft 2020-12) of rule files, so that editors complete and check them: names of
// measures, dimensions, severities and runbooks come from where they are declared. Used by
// `highwater generate schema`; pure, any thread.
//
// A schema says less than `highwater check`: which dimensions a measure has, whether a tier can
// fire and the like it cannot say. What it refuses, the loader refuses as well.
#pragma once

#include <span>
#include <string>

#include "agent/core/measure.h"

namespace highwater::rules {

// `runbooks` are the names of the pages that are built in.
[[nodiscard]] std::string rules_schema(const Catalogue& catalogue,
                                       std::span<const std::string> runbooks);
// Of `rules:` in the configuration: JSON without $schema.
[[nodiscard]] std::string rule_settings_schema(const Catalogue& catalogue,
                                               std::span<const std::string> runbooks);

// Of `during:`: JSON without $schema.
[[nodiscard]] std::string during_schema();

}  // namespace highwater::rules
