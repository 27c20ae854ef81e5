#include "agent/core/table.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace highwater {
namespace {

TEST(KeySet, FindsEachRowAndNoOther) {
  for (const int rows : {0, 1, 2, 3, 100, 5000}) {
    std::vector<Symbol> cells;
    for (int row = 0; row < rows; ++row) {
      cells.emplace_back("group-" + std::to_string(row / 100));
      cells.push_back(Symbol::number(row % 100));
    }
    const KeySet keys({"group", "partition"}, cells);
    ASSERT_EQ(keys.rows(), static_cast<size_t>(rows));
    for (size_t row = 0; row < keys.rows(); ++row) ASSERT_EQ(keys.find(keys.row(row)), row);
    const std::array<Symbol, 2> absent{Symbol("group-0"), Symbol::number(100)};
    EXPECT_EQ(keys.find(absent), std::nullopt);
  }
}

TEST(Entity, ThatIsEmptyLeavesNoBlankAfterTheNameOfItsRule) {
  EXPECT_EQ(Entity().text_after("NotificationTest"), "NotificationTest");
  Entity broker;
  broker.labels = {{Symbol("broker"), Symbol("3")}, {Symbol("cluster"), Symbol("prod")}};
  EXPECT_EQ(broker.text_after("BrokerDown"), "BrokerDown broker=3 cluster=prod");
}

}  // namespace
}  // namespace highwater
