// SLIs of other tools, said in measures: which time is good, or which counters count events. What
// cannot be said is an error that says why; what is not quite the same is a difference that people
// are told. Used by the importers; pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/import/meaning.h"

namespace highwater::agent {

struct ImportedSli {
  std::string measure;  // time; or of events the counter of bad or good ones
  std::string good;     // time: "<= 300"
  std::string total;    // events: the counter of all
  bool first_is_good = false;
  ImportedFilters select;
  ImportedFilters exclude;
  std::vector<std::string> per;
  std::string no_data;  // "good", "bad"; empty: as rules have it
  std::vector<std::string> differences;
};

// Two queries: the bad (or good) part and the total, as rates of counters or as samples counted
// over time.
[[nodiscard]] Result<ImportedSli> sli_of_events(std::string_view part, bool part_is_good,
                                                std::string_view total, const MetricNames& names,
                                                const QueryUse& use);

// One query from 0 to 1: the share of bad (or good) time, or of events.
[[nodiscard]] Result<ImportedSli> sli_of_ratio(std::string_view ratio, bool ratio_is_good,
                                               const MetricNames& names, const QueryUse& use);

// One query for a value that is good while it compares so.
[[nodiscard]] Result<ImportedSli> sli_of_threshold(std::string_view value,
                                                   rules::Comparison comparison, double threshold,
                                                   const MetricNames& names, const QueryUse& use);

}  // namespace highwater::agent
