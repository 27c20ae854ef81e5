#include "agent/core/budget_cost.h"

#include <gtest/gtest.h>

#include <limits>

namespace highwater {
namespace {

Alert alert_of_slo(double at_start, double now) {
  Alert alert;
  alert.budget.emplace();
  alert.budget->remaining_at_start = at_start;
  alert.budget->remaining = now;
  return alert;
}

std::string cost_of(double at_start, double now) {
  Incident incident;
  incident.headline = alert_of_slo(at_start, now);
  return cost_text(incident);
}

TEST(BudgetCost, SmallOnesHaveADecimal) {
  EXPECT_EQ(cost_of(0.9, 0.868), "3.2% of the error budget");
  EXPECT_EQ(cost_of(0.9, 0.78), "12% of the error budget");
  EXPECT_EQ(cost_of(0.9, 0.8999), "less than 0.1% of the error budget");
}

TEST(BudgetCost, MoreThanAllOfItCanBeSpent) {
  EXPECT_EQ(cost_of(0.5, -1.0), "150% of the error budget");
}

TEST(BudgetCost, WhatCostNothingOrIsUnknownSaysNothing) {
  EXPECT_EQ(cost_of(0.9, 0.9), "");
  EXPECT_EQ(cost_of(0.9, 0.95), "") << "what was bad left the window meanwhile";
  EXPECT_EQ(cost_of(std::numeric_limits<double>::quiet_NaN(), 0.5), "");
  EXPECT_EQ(cost_text(Incident{}), "");
}

TEST(BudgetCost, AGraverFactAsTitleDoesNotHideTheCost) {
  Incident incident;
  incident.cause = alert_of_slo(1, 0.5);
  EXPECT_EQ(cost_text(incident), "50% of the error budget");
}

}  // namespace
}  // namespace highwater
