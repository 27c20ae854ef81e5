// Imports as tests make them: what comes out must pass the rule loader.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/import/rules.h"
#include "rules/language/load.h"

namespace highwater::agent {

[[nodiscard]] const ImportContext& import_context();

struct Imported {
  std::string yaml;
  std::vector<std::string> losses;
  size_t written = 0;
  rules::RuleSet rules;
};
[[nodiscard]] Imported from_sloth(std::string_view text);
[[nodiscard]] Imported from_openslo(std::string_view text);

// A file of Sloth with one SLO, which has this `sli`.
[[nodiscard]] std::string sloth(const std::string& sli, const std::string& objective = "99");
[[nodiscard]] std::string raw(const std::string& query);
[[nodiscard]] std::string events(const std::string& errors, const std::string& total);

}  // namespace highwater::agent
