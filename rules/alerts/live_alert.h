// LiveAlert: an alert that stands, whatever kind of rule made it, and what happened to alerts in
// one evaluation. Made by the rule watches and the SLO watches, read by the incidents; owned by the
// engine, on the pipeline's thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"
#include "agent/core/watch_first.h"
#include "rules/incidents/fault.h"

namespace highwater::rules {

// What incidents know of a rule. Its address is the rule's identity while the engine keeps it.
struct RuleIdentity {
  Symbol name;
  size_t order = 0;                  // among all rules: the earlier one wins a tie
  bool aggregated = false;           // one of its alerts stands for many rows
  const Measure* measure = nullptr;  // what it judges
  Duration hold{};                   // for how long the condition must hold before it fires
  FaultTraits traits;                // how it takes part in the search for causes
  WatchFirst watch_first{};          // what its measure forgets with a restart; or nothing
};

// An alert as reported, with what only the engine needs to know. Lives until it ends; incidents
// point to it meanwhile.
struct LiveAlert {
  Alert alert;
  const RuleIdentity* rule = nullptr;
  Symbol cluster;
  std::string entity_text;
  SteadyTime active_since;
  // When what it reports began: no later than `onset`, and after `not_before`, when it was last
  // seen to be otherwise (less the time that a verdict may take). A cause begins before its effect.
  SteadyTime onset;
  SteadyTime not_before;
  // Where `for` counts from: active_since, later by all the time in which nothing was known.
  SteadyTime counts_from;
  SteadyTime known_until;  // how long the last known sample holds
  // What it reports is over: a budget that burns only for what was, a fail-over that was slow. It
  // is evidence of what caused it, and never an incident of its own after that.
  bool past = false;
  SpanLink revealed_by;                   // the poll on which it fired
  std::optional<SteadyTime> clear_since;  // firing, but the last known sample does not meet
  // Of before a restart: until then a sample may lack what was forgotten, and the rows that met.
  SteadyTime trusted_from{};
  std::vector<std::vector<Symbol>> held_rows;  // until its subject is seen

  // A sample of `at` is known, and holds until `until`. The time since the sample before counts as
  // far as that one held.
  void confirm(SteadyTime at, SteadyTime until) {
    const Duration gap = at - std::min(at, known_until);
    counts_from += gap;
    if (clear_since) *clear_since += gap;
    known_until = until;
  }
  // For how long the condition was known to hold.
  [[nodiscard]] Duration held(SteadyTime now) const {
    return std::max(std::min(now, known_until) - counts_from, Duration::zero());
  }
  // For how long it was known not to hold; zero while it holds.
  [[nodiscard]] Duration cleared(SteadyTime now) const {
    if (!clear_since) return Duration::zero();
    return std::max(std::min(now, known_until) - *clear_since, Duration::zero());
  }
};

// How long a broker may leave a request unanswered before that is a verdict: what is seen now may
// have been so for this long before the last sample that says otherwise.
constexpr Duration kSeenWithin = std::chrono::seconds(5);
// What is looked at more rarely than this is taken to be looked at this often: of two faults a
// minute apart, the later one explains nothing.
constexpr Duration kSeenAtLeastEvery = std::chrono::seconds(60);

// How much of a lag or a duration that is too long is taken to be unusual: the rest is what it is
// on a good day.
constexpr double kUnusualShare = 0.8;

// Sets onset and not_before of an alert that was first seen at `seen`, in what is read each
// `cadence`. `lasted`: for how long it had been so by then, by what the measure says.
void set_onset(LiveAlert& alert, SteadyTime seen, Duration cadence, Duration lasted = {});

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
