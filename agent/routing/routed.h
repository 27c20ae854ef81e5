// Who hears of an alert with given labels at a given moment, by a configuration alone: what
// `highwater route` prints and what routing tests compare. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "rules/routing/director.h"

namespace highwater::agent {

struct RoutedAlert {
  rules::Labels labels;  // with the team of the owner
  std::string owner;     // the line that says whose it is; empty: nobody's
  rules::Routed routed;
  std::vector<Hearer> hearers;      // of these, those that take its severity; without routes of all
  std::vector<Hearer> as_evidence;  // who hears of an incident whose evidence it is
  std::vector<const rules::Silence*> maintenance;  // of the configuration: what hides it then
};

// `config` outlives what comes back.
[[nodiscard]] RoutedAlert route_alert(const Config& config, rules::Labels labels, WallTime at);

}  // namespace highwater::agent
