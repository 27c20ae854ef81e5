// What people read of an SLO's budget. Used by the notifications, the status and the pages; pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/core/report.h"

namespace highwater {

// Names as annotations have them, and their texts: {"error_budget_remaining", "63.2%"}.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> budget_texts(
    const BudgetDetail& budget);

}  // namespace highwater
