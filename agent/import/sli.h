// SLIs of other tools, said in measures: which time is good, or which counters count events. What
// cannot be said is an error that says why; what is not quite the same is a difference that people
// are told. Used by the importers; pure, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/result.h"
#include "rules/alert_rule.h"

namespace highwater::agent {

struct ImportedSli {
  std::string measure;  // time; or of events the counter of bad or good ones
  std::string good;     // time: "<= 300"
  std::string total;    // events: the counter of all
  bool first_is_good = false;
  // Dimension -> patterns, as `select` and `exclude` want them.
  std::map<std::string, std::vector<std::string>> select;
  std::map<std::string, std::vector<std::string>> exclude;
  std::vector<std::string> per;
  std::vector<std::string> differences;
};

// Two queries: the bad (or good) part and the total, as rates of counters or as samples counted
// over time.
[[nodiscard]] Result<ImportedSli> sli_of_events(std::string_view part, bool part_is_good,
                                                std::string_view total, const Catalogue& catalogue);

// One query from 0 to 1: the share of bad (or good) time.
[[nodiscard]] Result<ImportedSli> sli_of_ratio(std::string_view ratio, bool ratio_is_good,
                                               const Catalogue& catalogue);

// One query for a value that is good while it compares so.
[[nodiscard]] Result<ImportedSli> sli_of_threshold(std::string_view value,
                                                   rules::Comparison comparison, double threshold,
                                                   const Catalogue& catalogue);

}  // namespace highwater::agent
