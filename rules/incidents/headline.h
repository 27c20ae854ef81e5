// Headline: what an incident is called. The worst of its alerts that stand gives the title; what
// else is wrong with a part of the cluster that is down is said behind it. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/alerts/live_alert.h"

namespace highwater::rules {

// "orders-0", "billing", "2": the entity's labels but for the cluster, as people name it.
[[nodiscard]] std::string entity_name(const Entity& entity);

// "a, b and 3 more"; `count` is how many there truly are.
[[nodiscard]] std::string list_names(std::span<const std::string> names, size_t count);

// Whether the one is the worse fact to be called by: by gravity, then severity, then what is a
// cause, then the older one.
struct HeadlineRank {
  HeadlineRank() = default;
  HeadlineRank(const LiveAlert& alert, bool is_cause);

  int gravity = 0;
  Severity severity = Severity::info;
  bool cause = false;
  SteadyTime since = SteadyTime::max();
  [[nodiscard]] bool worse_than(const HeadlineRank& other) const;
};

// Alerts of one rule in one incident.
struct Peers {
  const FaultTraits* traits = nullptr;
  size_t count = 0;
  std::vector<std::string> names;  // the first of them, sorted
  void add(const Entity& entity);
};

struct TitleParts {
  const Alert* headline = nullptr;
  const FaultTraits* traits = nullptr;
  const Peers* peers = nullptr;            // those of the headline's rule that are causes
  std::vector<const Peers*> consequences;  // other ground faults that stand
  std::vector<const Peers*> remarks;       // what else is said of the headline's group
  const std::vector<Impact>* impact = nullptr;
};
[[nodiscard]] std::string compose_title(const TitleParts& parts);
// What follows from the headline when a part of the cluster is down ("1 partition offline, 8 failed
// over"), and why it is so when it is about a group ("it has no members"); may be empty.
[[nodiscard]] std::string title_facts(const TitleParts& parts);

// "Resolved after 12 min: slow-analytics was 7 min behind on orders (prod)".
[[nodiscard]] std::string resolved_title(const Incident& incident);

}  // namespace highwater::rules
