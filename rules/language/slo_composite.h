// Reads what a composite SLO is made of: its key `all_of`. Used by the SLO parser, when all other
// SLOs of all files have been read; any thread.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/core/yaml.h"
#include "rules/language/rule_parser.h"
#include "rules/language/slo_parser.h"
#include "rules/slo/slo_rule.h"

namespace highwater::rules {

// The SLOs that a composite one may name.
struct KnownSlos {
  const std::vector<ParsedSlo>& parsed;
  std::set<std::string, std::less<>> mistaken;  // those with mistakes, which were said
};

// The names in the list, as far as there are some; for the order in which SLOs are read.
[[nodiscard]] std::vector<std::string> names_in_all_of(const YamlNode& slo);

// What could be read; without a measure when something is wrong with it, which the map's
// diagnostics say. The map has the key.
[[nodiscard]] Sli read_all_of(YamlMap& map, const RuleSource& source);

}  // namespace highwater::rules
