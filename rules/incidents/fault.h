// Fault: what kind of fault a rule reports, and which kinds of fault may explain its alerts. Part
// of every rule; read by the cause search. Immutable; any thread.
//
// A ground fault is one that a rule names itself (`fault: broker`). It always has an incident in
// its own name, or is the headline of the one it belongs to.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace highwater::rules {

enum class Fault : uint8_t {
  none,  // about {cluster} alone: explains nothing
  cluster,
  quorum,
  broker,
  log_dir,
  offline,         // partitions that can be neither written nor read
  writes_refused,  // partitions that take no writes with acks=all
  loss,            // records are gone
  partition,       // the rest is what the entity is, by its dimensions
  topic,
  group,
  other
};

// What may explain an alert, as `caused_by` names it.
enum class CauseKind : uint8_t {
  cluster,
  quorum,
  broker,       // that leads or holds what the entity is about
  coordinator,  // the broker that coordinates the entity's group
  log_dir,
  partition,  // that nobody can write or read
  writes,     // that refuses writes: nothing that reads suffers from it
  topic,
  members,  // what else is wrong with the same group
  same      // what else is wrong with the same entity
};

class CauseKinds {
 public:
  CauseKinds() = default;
  CauseKinds(std::initializer_list<CauseKind> kinds) {
    for (const CauseKind kind : kinds) add(kind);
  }
  void add(CauseKind kind) { bits_ |= bit(kind); }
  [[nodiscard]] bool has(CauseKind kind) const { return (bits_ & bit(kind)) != 0; }
  bool operator==(const CauseKinds&) const = default;

 private:
  static uint16_t bit(CauseKind kind) {
    return static_cast<uint16_t>(1U << static_cast<unsigned>(kind));
  }
  uint16_t bits_ = 0;
};

// What a rule says of it; what it leaves out follows from its dimensions.
struct FaultKeys {
  std::optional<Fault> fault;
  std::optional<CauseKinds> caused_by;
  bool past = false;            // it reports what is over already
  std::string consequence;      // for the title of its cause: "no active controller"
  std::string summary_of_many;  // for several at once, with {names}, {count} and {cluster}
};

// How a rule takes part in the search for causes.
struct FaultTraits {
  FaultTraits() = default;
  // `dimensions`: of the rule's alerts.
  FaultTraits(const FaultKeys& keys, std::span<const std::string_view> dimensions);

  Fault fault = Fault::none;
  bool ground = false;  // the rule names its fault
  CauseKinds caused_by;
  std::string consequence;      // for the title of its cause: "no active controller"
  std::string summary_of_many;  // for several at once, with {names}, {count} and {cluster}
};

// What a rule that says nothing gets, by the dimensions of its alerts.
[[nodiscard]] Fault default_fault(std::span<const std::string_view> dimensions);
[[nodiscard]] CauseKinds default_causes(std::span<const std::string_view> dimensions);

// As which kind the fault explains what depends on it; nothing where it explains at most what is
// about the same entity.
[[nodiscard]] std::optional<CauseKind> kind_of(Fault fault);

// "broker", "under_min_isr"... Faults that a rule can name.
[[nodiscard]] std::optional<Fault> parse_fault(std::string_view name);
[[nodiscard]] std::vector<std::string> fault_names();
[[nodiscard]] std::optional<CauseKind> parse_cause_kind(std::string_view name);
[[nodiscard]] std::vector<std::string> cause_kind_names();
[[nodiscard]] std::string_view cause_kind_name(CauseKind kind);

// A part of the cluster that is down: what follows from it is said behind its own title.
[[nodiscard]] bool is_component(Fault fault);
// How near it is to the ground, 0 being the cluster as a whole: what is nearer can be the cause of
// what is further away.
[[nodiscard]] int depth(Fault fault);
// Of two ground faults in one incident the one with the higher number is the worse fact.
[[nodiscard]] int gravity(Fault fault);

}  // namespace highwater::rules
