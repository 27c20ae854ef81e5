// Replicas: which of the agents beside the replicas of one application tells of an incident that
// all of them see. Owned by the agent, on the pipeline's thread; no clock is read.
//
// An incident belongs to the member of the group that reads the lowest partition when the incident
// is first seen, and to that member's agent until it ends. When the member leaves the group, it
// goes to the one that has the lowest partition then. Agents do not talk to each other: each
// concludes it from what Kafka says of the group. What is not known leads to telling, never to
// silence, and what is told twice has the same id. docs/decisions/0038-one-sidecar-tells.md has the
// reasons.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/core/report.h"
#include "rules/engine.h"

namespace highwater::agent {

class Replicas {
 public:
  // `started`: when this agent began to watch.
  Replicas(const Config& config, SteadyTime started);
  // After a reload.
  void replace(const Config& config);

  // Hides what another agent tells: adds a reason to `silenced_by` of the directions of the
  // report's incidents and transitions. `told`: whether somebody has heard of the incident from
  // here. Returns incidents of which another agent told the beginning and whose end is told here.
  std::vector<Incident> decide(Report& report, const std::function<bool(uint64_t)>& told);

  // Of a group none of whose members has been of this pod, for people; empty: there is none.
  [[nodiscard]] std::string stranger(SteadyTime now) const;

 private:
  struct ScopeOf {
    std::vector<std::string> groups;
    Duration session_timeout{};
  };
  struct Member {
    std::optional<uint32_t> rank;
    bool own = false;
  };
  // What was last read of a group.
  struct Reading {
    bool known = false;  // as of now
    bool ever_known = false;
    bool ever_own = false;  // some member was of this pod
    std::map<std::string, Member> members;
    std::map<std::string, SteadyTime> since;  // when each of them was first seen; min: at the start
  };
  struct Standing {
    SteadyTime first{};                  // when it was first seen to be as severe as it is
    SteadyTime seen{};                   // when an owner was last a member
    bool decided = false;                // the owners are those of a description
    bool mine = false;                   // it is told from here, to its end
    bool told_elsewhere = false;         // an owner was there long enough to have told it
    bool ends_here = false;              // its end is told from here, and when it gets worse
    std::set<std::string> owners;        // members whose agents tell
    Severity severity = Severity::info;  // the highest so far
    DirectionPtr base{};                 // as the routes have it, and as it is shown
    DirectionPtr shown{};
    std::string text{};
  };
  using GroupKey = std::pair<std::string, std::string>;  // cluster and group

  void read(const Report& report);
  static void read_group(const Table& ranks, const std::string& group, SteadyTime now,
                         Reading& reading);
  [[nodiscard]] GroupKey group_of(const Incident& incident) const;
  [[nodiscard]] bool is_shared(const Incident& incident) const;
  [[nodiscard]] bool look(const Incident& incident, SteadyTime now, bool told, Standing& standing);
  static void choose(const Reading& reading, Standing& standing);
  static void note_told(const Reading& reading, Duration timeout, Standing& standing);
  [[nodiscard]] static std::string reason_of(const Standing& standing);
  [[nodiscard]] static DirectionPtr hidden(const DirectionPtr& base, Standing& standing);

  std::map<std::string, ScopeOf> scopes_;  // by cluster; none: this agent is no sidecar
  rules::Engine::Correlate correlate_;
  const SteadyTime started_;
  std::map<GroupKey, Reading> readings_;
  std::map<uint64_t, Standing> standings_;  // by incident
};

}  // namespace highwater::agent
