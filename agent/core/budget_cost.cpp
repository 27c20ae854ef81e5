#include "agent/core/budget_cost.h"

#include <fmt/format.h>

#include <cmath>

namespace highwater {

std::string cost_text(const Incident& incident) {
  // Called by a graver fact, it still cost what its SLO says.
  const auto& budget = incident.headline.budget ? incident.headline.budget : incident.cause.budget;
  if (!budget) return {};
  const double percent = (budget->remaining_at_start - budget->remaining) * 100;
  if (!std::isfinite(percent) || percent <= 0) return {};
  if (percent < 0.1) return "less than 0.1% of the error budget";
  return fmt::format("{:.{}f}% of the error budget", percent, percent < 10 ? 1 : 0);
}

}  // namespace highwater
