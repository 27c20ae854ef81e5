// Dashboards for Grafana (10 and later), made from the catalogue and the rules: `highwater generate
// dashboards` writes them, and dashboards/ holds those of the built-in measures and rules. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/report.h"

namespace highwater::dashboards {

// A limit that a rule sets for a measure: drawn in the panels that are about it.
struct Threshold {
  const Measure* measure = nullptr;
  double value = 0;
  bool above = true;  // it is bad above the value, or at it; else below
  Severity severity = Severity::ticket;
  std::string rule;
  std::string runbook;  // a name of runbooks/, or a URL
};

struct File {
  std::string name;  // "highwater-groups.json"
  std::string text;
};

struct Options {
  std::string agent_url;  // where the agent's pages and runbooks are; no slash at the end
};

// Throws std::logic_error when the layout names a measure that the catalogue lacks.
[[nodiscard]] std::vector<File> make_dashboards(const Catalogue& catalogue,
                                                const std::vector<Threshold>& thresholds,
                                                const Options& options);

}  // namespace highwater::dashboards
