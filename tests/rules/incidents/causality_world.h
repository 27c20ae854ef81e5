// A small cluster under the built-in rules, on which faults and conditions can be switched on and
// off: for tests of what becomes whose evidence.
#pragma once

#include <string>
#include <vector>

#include "rules/language/load.h"
#include "tests/rules/engine/engine_world.h"
#include "tests/rules/local_catalogue.h"

namespace highwater::rules::testing {

// Something that can be wrong: a row of a measure, and the value that makes a rule fire.
struct Trouble {
  std::string rule;
  std::string measure;
  Cells cells;
  double good = 0;
  double bad = 1;
};

// Brokers 1 to 3. Broker 1 leads both partitions of orders, whose replicas there lie in /data;
// broker 2 leads stock-0. billing reads orders and audit reads stock; broker 3 coordinates billing,
// broker 2 audit.
class CausalityWorld {
 public:
  CausalityWorld();

  void set(const Trouble& trouble, bool wrong);
  // Others lead what broker 1 led, and broker 2 coordinates billing.
  void move_away();
  Report pass(Duration duration);  // a poll each 10 s
  // Transitions of the last pass(): "opened BrokerDown".
  [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }
  [[nodiscard]] EngineWorld& world() { return world_; }

 private:
  void relate(const std::string& leader, const std::string& coordinator);
  EngineWorld world_;
  std::vector<std::string> heard_;
};

// The faults of the ground on this cluster.
[[nodiscard]] std::vector<Trouble> ground_faults();

}  // namespace highwater::rules::testing
