#include "agent/core/entity_text.h"

#include <gtest/gtest.h>

#include <random>

namespace highwater {
namespace {

Entity entity_of(const EntityLabels& labels) {
  Entity entity;
  for (const auto& [name, value] : labels) entity.labels.emplace_back(Symbol(name), Symbol(value));
  return entity;
}

TEST(EntityText, LeavesTheClusterOut) {
  EXPECT_EQ(entity_text(entity_of({{"cluster", "prod"}, {"group", "a"}, {"topic", "t"}})),
            "group=a topic=t");
  EXPECT_EQ(entity_text(entity_of({{"cluster", "prod"}})), "");
}

TEST(EntityText, QuotesWhatWouldBeReadAsSomethingElse) {
  EXPECT_EQ(entity_text(entity_of({{"group", "a topic=b"}})), R"(group="a topic=b")");
  EXPECT_EQ(entity_text(entity_of({{"group", ""}})), R"(group="")");
}

TEST(EntityText, IsReadAsWhatItWasMadeOf) {
  std::mt19937 random(7);
  constexpr std::string_view kCharacters = "ab =\"\\\n\xc3\xa4";
  for (int i = 0; i < 2000; ++i) {
    EntityLabels labels;
    for (const char* const name : {"broker", "group", "topic"}) {
      std::string value;
      for (size_t length = random() % 6; length > 0; --length)
        value += kCharacters[random() % kCharacters.size()];
      if (random() % 3 > 0) labels.emplace_back(name, value);
    }
    const std::string text = entity_text(entity_of(labels));
    EXPECT_EQ(parse_entity_text(text), labels) << text;
  }
}

TEST(EntityText, OfAnotherFormIsRefused) {
  for (const char* const text : {"a", "=a", "a=b ", "a=b  c=d", "a=\"b", "a=b\"", "a=\"b\\", "a="})
    EXPECT_EQ(parse_entity_text(text), std::nullopt) << text;
}

}  // namespace
}  // namespace highwater
