#include "rules/alerts/alert_rule.h"

#include <gtest/gtest.h>

namespace highwater::rules {
namespace {

TEST(AlertRule, AComparisonHoldsForTheRightSideOfItsThreshold) {
  struct Case {
    Comparison comparison;
    bool below, at, above;
  };
  for (const Case& test :
       {Case{Comparison::equal, false, true, false}, Case{Comparison::not_equal, true, false, true},
        Case{Comparison::less, true, false, false},
        Case{Comparison::less_or_equal, true, true, false},
        Case{Comparison::greater, false, false, true},
        Case{Comparison::greater_or_equal, false, true, true}}) {
    const std::string what(comparison_text(test.comparison));
    EXPECT_EQ(holds(4, test.comparison, 5), test.below) << what;
    EXPECT_EQ(holds(5, test.comparison, 5), test.at) << what;
    EXPECT_EQ(holds(6, test.comparison, 5), test.above) << what;
  }
}

}  // namespace
}  // namespace highwater::rules
