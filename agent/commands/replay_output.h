// What `highwater replay` prints: when rules fired on which data, and what was left of the budgets.
// Main's thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "rules/rehearsal/timeline.h"
#include "rules/slo/burn.h"

namespace highwater::agent {

enum class Side : uint8_t { both, only_new, only_old };

struct ReplayRow {
  rules::Firing firing;
  bool slo = false;
  Side side = Side::both;
};

struct ReplayBudget {
  std::string slo;
  bool events = false;
  Entity entity;
  rules::BudgetStatus status;
};

// One piece of data, played.
struct Replayed {
  std::string name;
  std::optional<WallTime> start;  // of a recording: when it began
  std::vector<ReplayRow> rows;    // in the order of time
  std::vector<ReplayBudget> budgets;
};

// The rows of two plays of the same data, in the order of time; what is alike is there once.
[[nodiscard]] std::vector<ReplayRow> compare(std::vector<ReplayRow> now,
                                             std::vector<ReplayRow> old);

void print_json(const std::vector<Replayed>& all, bool compared);
void print_tables(const std::vector<Replayed>& all, bool compared);

}  // namespace highwater::agent
