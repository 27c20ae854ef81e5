// Routes: who hears of an alert, by the `routes:` of the configuration. The lines are gone through
// from the top; the first that matches ends it, unless it says `continue`. Values; pure; any
// thread. No clock is read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/report.h"
#include "agent/core/time.h"
#include "rules/open_hours.h"
#include "rules/routing/matcher.h"

namespace highwater::rules {

// Who hears of an incident as well when nobody has acknowledged it for so long.
struct Escalation {
  Duration after{};
  std::vector<std::string> to;
};

// What a line tells of together.
struct Grouping {
  std::vector<std::string> by;  // labels; what has the same values of them; none: all of the line
  Duration wait = std::chrono::seconds(30);
  Duration interval = std::chrono::minutes(5);

  // Where an alert with these labels is told; a label that it has not is empty.
  [[nodiscard]] GroupPlace place(const Matcher& matcher, const Labels& labels) const;
};

struct Route {
  Matcher matcher;
  std::shared_ptr<const OpenHours> during;  // null: always
  std::vector<std::string> to;              // names of receivers; none: nobody hears
  std::optional<Duration> repeat_interval;  // in place of the receivers' own; 0: never
  std::optional<Grouping> group;            // of tickets and infos; pages are told by themselves
  std::vector<Escalation> escalate;         // the earliest first
  bool goes_on = false;                     // `continue: true`: the lines below are tried as well
  // It is asked about what is evidence of an incident, and about nothing else.
  bool as_evidence = false;
  std::string where;  // "highwater.yaml:20"

  // Whether it takes all that comes, so that no line below is reached.
  [[nodiscard]] bool takes_all() const {
    return matcher.matches_all() && during == nullptr && !goes_on && !as_evidence;
  }
};
using Routes = std::vector<Route>;

// Whether a line holds at that moment, by its `during`, and since when; nothing: always.
struct OpenLine {
  bool open = false;
  std::optional<WallTime> since{};
  bool operator==(const OpenLine&) const = default;
};
using OpenLines = std::vector<OpenLine>;
[[nodiscard]] OpenLines open_lines(const Routes& routes, WallTime now);

// For how long nobody has acknowledged an incident. A line whose hours began later counts from
// then.
struct Unanswered {
  WallTime since;
  Duration age{};  // by the steady clock
  WallTime now;
};

// A step of an escalation that is still to come.
struct NextStep {
  Escalation step;
  Duration in{};  // so long from now
  WallTime at;
};
struct Routed {
  std::vector<size_t> lines;  // that matched
  std::vector<Hearer> hearers;
  std::vector<NextStep> next;
};
// `unanswered`: nothing where somebody has acknowledged the incident, or it is hidden.
[[nodiscard]] Routed route(const Routes& routes, const OpenLines& open, const Labels& labels,
                           const std::optional<Unanswered>& unanswered = std::nullopt);
// Who hears of an incident because an alert with these labels is evidence of it.
[[nodiscard]] std::vector<Hearer> route_evidence(const Routes& routes, const OpenLines& open,
                                                 const Labels& labels);
// Adds those who are not among them yet.
void add_hearers(const std::vector<Hearer>& more, std::vector<Hearer>& hearers);

}  // namespace highwater::rules
