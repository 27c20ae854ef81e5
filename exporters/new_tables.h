// NewTables: the tables of a report that the report before did not have. An observation is taken
// once, however many reports it is part of. For one thread.
#pragma once

#include <map>
#include <string_view>
#include <utility>

#include "agent/core/report.h"

namespace highwater {

class NewTables {
 public:
  // `visit(table, observation, at)`. `at` is when it was observed, by the wall clock as it is now,
  // so that a step of the clock is met once.
  template <class Visit>
  void for_each(const Report& report, Visit visit) {
    if (report.snapshot == nullptr) return;
    for (const auto& [part, observation] : report.snapshot->observations) {
      ObservationPtr& seen = seen_[part];
      if (seen == observation) continue;
      seen = observation;
      const WallTime at = report.at.wall - (report.at.steady - observation->at.steady);
      for (const Table& table : observation->tables) visit(table, *observation, at);
    }
  }

 private:
  std::map<std::pair<Symbol, std::string_view>, ObservationPtr> seen_;
};

}  // namespace highwater
