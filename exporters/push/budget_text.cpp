#include "exporters/push/budget_text.h"

#include <fmt/format.h>

namespace highwater {
namespace {

std::string percent(double ratio) {
  return fmt::format("{:.4g}%", ratio * 100);
}

std::string exhaustion(const BudgetDetail& budget) {
  if (!budget.exhausted_in) return "never at this rate";
  if (*budget.exhausted_in <= Duration::zero()) return "it is exhausted";
  return "in " + describe_duration(*budget.exhausted_in);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> budget_texts(const BudgetDetail& budget) {
  std::vector<std::pair<std::string, std::string>> texts{
      {"objective",
       fmt::format("{} over {}", percent(budget.objective), format_duration(budget.window))},
      {"burn_rate", fmt::format("{:.3g} ({})", budget.burn, budget.tier)},
      {"error_budget_remaining", percent(budget.remaining)},
      {"error_budget_exhausted", exhaustion(budget)}};
  if (budget.excluded >= std::chrono::seconds(1))
    texts.emplace_back("error_budget_excluded",
                       describe_duration(budget.excluded) + " of maintenance");
  if (budget.clears_at)
    texts.emplace_back("clears_at",
                       describe_time(*budget.clears_at) + ", if all is good from now on");
  return texts;
}

}  // namespace highwater
