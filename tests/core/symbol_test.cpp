#include "agent/core/symbol.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace highwater
