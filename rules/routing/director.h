// Director: who hears of each open incident, and whether now. Stands between the rules and those
// that tell: it fills in each report's incidents before anybody gets it. Owned by the agent, on the
// pipeline's thread; no clock is read.
//
// An incident may have several causes, such as the brokers of one rack. Whoever any of them leads
// to hears of it; one that is silenced leads nowhere, and the incident is silenced when all are.
// Its other alerts are evidence, and lead only by lines with `as_evidence`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/core/report.h"
#include "rules/routing/ack_links.h"
#include "rules/routing/acks.h"
#include "rules/routing/groups.h"
#include "rules/routing/owners.h"
#include "rules/routing/routes.h"
#include "rules/routing/silences.h"
#include "rules/routing/unattended.h"

namespace highwater::rules {

// What the configuration says of it.
struct RoutingPlan {
  Owners owners;
  Routes routes;                     // none: every receiver hears of everything
  std::vector<Silence> maintenance;  // without ids
  Listeners listeners;               // every receiver there is

  [[nodiscard]] bool escalates() const;
  [[nodiscard]] bool leads_by_evidence() const;
};

// What is looked at of an incident: the labels of each of its causes.
struct Subjects {
  std::vector<Labels> causes;    // the one that opened it first
  std::optional<Labels> others;  // what causes that are not listed have in common with them
};
[[nodiscard]] Subjects subjects_of(const Incident& incident, const Owners& owners);

// Whether it hides the incident, or a cause of it, with others' help. Nothing of `during`, begin
// and end is looked at.
[[nodiscard]] bool covers(const Silence& silence, const Labels& cause, uint64_t incident);

// All that may hide something at that moment: active ones only.
using ActiveSilences = std::vector<const Silence*>;
struct Hiding {
  std::vector<const Labels*> left;  // the causes that are not hidden; none: the incident is
  ActiveSilences by;                // what hides the others
};
[[nodiscard]] Hiding hiding(const ActiveSilences& active, const Subjects& subjects,
                            uint64_t incident);
class Director {
 public:
  explicit Director(RoutingPlan plan) : plan_(std::move(plan)) {}

  void replace(RoutingPlan plan);
  [[nodiscard]] const RoutingPlan& plan() const { return plan_; }
  [[nodiscard]] Silences& silences() { return silences_; }
  [[nodiscard]] const Silences& silences() const { return silences_; }

  [[nodiscard]] Acks& acks() { return acks_; }
  [[nodiscard]] const std::shared_ptr<AckLinks>& ack_links() const { return ack_links_; }

  // Fills in the report's incidents, transitions and groups. Silences and acknowledgements that are
  // over are removed; sentences about them come back. `heard_of`: empty: nobody heard of anything.
  std::vector<std::string> direct(Report& report, const HeardOf& heard_of = {});
  // Those that receivers heard of, as incidents of their own.
  [[nodiscard]] std::vector<Incident> told_groups() const { return groups_.told(); }

  // What must survive a restart, and its way back.
  [[nodiscard]] std::vector<StateRecord> records() const;
  [[nodiscard]] std::vector<std::string> restore(std::span<const StateRecord> records);
  [[nodiscard]] uint64_t version() const {
    return silences_.version() + acks_.version() + ack_links_->version() + unattended_.version() +
           groups_.version();
  }

  // What such a silence would hide now.
  [[nodiscard]] static std::vector<uint64_t> hidden_by(const Silence& silence,
                                                       const RoutingPlan& plan,
                                                       const std::vector<Incident>& open);

 private:
  struct Known {
    size_t signature = 0;           // of what is looked at of the incident
    std::optional<SteadyTime> due;  // of the next step of its escalation
    DirectionPtr direction;
    uint64_t seen = 0;  // the round
  };
  [[nodiscard]] ActiveSilences active(WallTime now) const;
  [[nodiscard]] DirectionPtr direction_of(const Incident& incident, Now now,
                                          const HeardOf& heard_of);
  [[nodiscard]] Direction made_for(const Incident& incident, Now now, Known& known);
  [[nodiscard]] size_t evidence_signature(uint64_t incident) const;
  void add_affected(const Incident& incident, std::vector<Hearer>& hearers) const;

  RoutingPlan plan_;
  Silences silences_;
  Acks acks_;
  std::shared_ptr<AckLinks> ack_links_ = std::make_shared<AckLinks>();
  Unattended unattended_;
  Groups groups_;
  std::map<uint64_t, Known> known_;
  // Of this round; when they differ from those of the round before, everything is looked at again.
  OpenLines open_lines_;
  ActiveSilences active_;
  std::vector<std::string> active_texts_;
  // By incident; empty where no line is about evidence. During direct() alone.
  std::map<uint64_t, std::vector<const Alert*>> evidence_;
  uint64_t acks_version_ = 0;
  uint64_t round_ = 0;
};

}  // namespace highwater::rules
