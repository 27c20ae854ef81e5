#include "agent/core/symbol.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace highwater {
namespace {

TEST(Symbol, EqualTextsAreOneSymbol) {
  EXPECT_EQ(Symbol("orders"), Symbol(std::string("ord") + "ers"));
  EXPECT_NE(Symbol("orders"), Symbol("payments"));
  EXPECT_EQ(Symbol(), Symbol(""));
}

TEST(Symbol, TextsNobodyRefersToAreForgotten) {
  const size_t before = live_symbols();
  {
    std::vector<Symbol> symbols;
    for (int i = 0; i < 5000; ++i)
      symbols.emplace_back("a-rather-long-name-that-lives-on-the-heap-" + std::to_string(i));
    EXPECT_EQ(live_symbols(), before + 5000);
  }
  EXPECT_EQ(live_symbols(), before);
  EXPECT_EQ(Symbol("a-rather-long-name-that-lives-on-the-heap-1").text(),
            "a-rather-long-name-that-lives-on-the-heap-1");
}

TEST(Symbol, MovedFromIsEmptyAndAssignedToItselfStays) {
  Symbol one("orders");
  Symbol other = std::move(one);
  EXPECT_TRUE(one.empty());  // NOLINT(bugprone-use-after-move)
  const Symbol& same = other;
  other = same;
  EXPECT_EQ(other.text(), "orders");
}

TEST(Symbol, ManyThreadsInternAndForgetTheSameTexts) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([] {
      for (int i = 0; i < 20'000; ++i) {
        const std::string text = "shared-" + std::to_string(i % 3000);
        const Symbol one(text);
        const Symbol other(text);  // NOLINT(performance-unnecessary-copy-initialization)
        ASSERT_EQ(one, other);
        ASSERT_EQ(other.text(), text);
        if (i % 500 == 0) (void)live_symbols();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace highwater
