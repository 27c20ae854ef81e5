// Faults with what changed before them: some that a change has caused, and one for every built-in
// rule that nothing has caused. Used by the test of what is said to have changed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/prior_changes.h"
#include "exporters/changes/ledger.h"
#include "tests/week/restart_faults.h"

namespace highwater::testing {

// The week's world, with what the agent notes of changes: the product's own ledger and search.
class Scene {
 public:
  explicit Scene(const std::string& slos);
  Scene(const Scene&) = delete;

  World& world() { return *world_; }
  [[nodiscard]] const changes::Ledger& ledger() const { return ledger_; }
  // Said now of a change outside of Kafka; `labels` as "group=payments-service", or empty.
  void mark(const std::string& labels, const std::string& text);
  // The open incident that the rule's alert belongs to, as it was told; null: none fires.
  [[nodiscard]] const Incident* incident_of(const std::string& rule) const;
  // Whether the rule's condition holds, long enough or not.
  [[nodiscard]] bool is_active(const std::string& rule) const;

 private:
  void see(const Report& report);

  std::unique_ptr<World> world_;
  changes::Ledger ledger_;
  agent::PriorChanges prior_;
  Report seen_;
};

struct ChangedFault {
  std::string name;
  RuleFault fault;
  std::function<void(Scene&)> change{};  // what causes it, some minutes before
  // What the first change that is named must contain: one of these. Empty: none may be named.
  std::vector<std::string> cause{};
  // Once the fault burns a budget, and before that is told; may be null.
  std::function<void(Scene&)> meanwhile{};
};

// changed_faults.cpp
[[nodiscard]] std::vector<ChangedFault> faults_with_cause();
[[nodiscard]] std::vector<ChangedFault> faults_without_cause();

}  // namespace highwater::testing
