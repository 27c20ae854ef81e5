// LiveAlert: an alert that stands, whatever kind of rule made it, and what happened to alerts in
// one evaluation. Made by the rule watches and the SLO watches, read by the incidents; owned by the
// engine, on the pipeline's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"

namespace highwater::rules {

// What incidents know of a rule. Its address is the rule's identity while the engine keeps it.
struct RuleIdentity {
  Symbol name;
  size_t order = 0;                  // among all rules: the earlier one wins a tie
  bool aggregated = false;           // one of its alerts stands for many rows
  const Measure* measure = nullptr;  // what it judges
  Duration hold{};                   // for how long the condition must hold before it fires
};

// An alert as reported, with what only the engine needs to know. Lives until it ends; incidents
// point to it meanwhile.
struct LiveAlert {
  Alert alert;
  const RuleIdentity* rule = nullptr;
  Symbol cluster;
  std::string entity_text;
  SteadyTime active_since;
  SpanLink revealed_by;                   // the poll on which it fired
  std::optional<SteadyTime> clear_since;  // firing, but the last known sample does not meet
};

struct FiredAlert {
  LiveAlert* alert = nullptr;
  ObservationPtr revealed_by;
};

struct EndedAlert {
  std::unique_ptr<LiveAlert> alert;
  std::string_view resolution;
};

// What happened in one evaluation. An alert that was only pending comes and goes unheard.
struct AlertEvents {
  std::vector<FiredAlert> fired;
  std::vector<EndedAlert> ended;
  bool relisted = false;  // which alerts there are, or how grave they are, is not as before
};

}  // namespace highwater::rules
