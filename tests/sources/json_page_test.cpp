#include "collectors/sources/json_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::sources {
namespace {

constexpr std::string_view kConnect = R"({
  "sink-a": {"status": {"name": "sink-a", "connector": {"state": "RUNNING"},
    "tasks": [{"id": 0, "state": "RUNNING"}, {"id": 1, "state": "FAILED"}]}},
  "dotted.name": {"status": {"tasks": []}, "depth": 2.5, "ready": true, "none": null}
})";

std::string error_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto page = JsonPage::parse(text, limits);
  return page ? "no error" : page.error().message;
}

JsonPath path(std::string_view text) {
  return JsonPath::parse(text).value();
}

std::vector<std::string> labels_at(const JsonPage& page, std::string_view where) {
  std::vector<std::string> labels;
  page.walk(path(where), [&](const JsonValue& value, const std::vector<JsonBinding>& bindings) {
    std::string label;
    for (const JsonBinding& binding : bindings) label += binding.label() + "/";
    labels.push_back(label + value.label());
  });
  return labels;
}

TEST(JsonPage, WildcardsStandForMembersAndItems) {
  const auto page = JsonPage::parse(kConnect);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_THAT(labels_at(*page, "*.status.tasks[].state"),
              testing::ElementsAre("sink-a/0/RUNNING", "sink-a/1/FAILED"));
  EXPECT_THAT(labels_at(*page, "sink-a.status.tasks[1].state"), testing::ElementsAre("FAILED"));
  EXPECT_THAT(labels_at(*page, "'dotted.name'.depth"), testing::ElementsAre("2.5"));
  EXPECT_THAT(labels_at(*page, "'dotted.name'.ready"), testing::ElementsAre("true"));
}

TEST(JsonPage, AnotherPathFollowsTheSameWildcards) {
  const auto page = JsonPage::parse(kConnect);
  ASSERT_TRUE(page);
  std::vector<std::string> ids;
  page->walk(path("*.status.tasks[].state"),
             [&](const JsonValue&, const std::vector<JsonBinding>& bindings) {
               ids.push_back(page->at(path("*.status.tasks[].id"), bindings).label() + "@" +
                             page->at(path("*.status.name"), bindings).label());
             });
  EXPECT_THAT(ids, testing::ElementsAre("0@sink-a", "1@sink-a"));
}

TEST(JsonPage, WhatIsMissingIsVisitedOnceItsWildcardsStandForSomething) {
  const auto page = JsonPage::parse(R"([{"id": 1}, {"id": 2, "depth": 7}, 5])");
  ASSERT_TRUE(page);
  std::vector<JsonValue::Kind> kinds;
  page->walk(path("[].depth"), [&](const JsonValue& value, const std::vector<JsonBinding>&) {
    kinds.push_back(value.kind);
  });
  using Kind = JsonValue::Kind;
  EXPECT_THAT(kinds, testing::ElementsAre(Kind::missing, Kind::number, Kind::missing));
  EXPECT_TRUE(labels_at(*page, "[].tasks[].id").empty());
}

TEST(JsonPage, BrokenDocumentsAreRefusedWithTheirPlace) {
  EXPECT_EQ(error_of(""), "it is empty");
  EXPECT_EQ(error_of(" \n"), "it is empty");
  EXPECT_EQ(error_of(R"({"a": [1, 2)"), "it is broken or cut off at byte 12 of 11");
  EXPECT_THAT(error_of("<html></html>"), testing::HasSubstr("broken"));
  EXPECT_THAT(error_of("{} {}"), testing::HasSubstr("broken"));
  EXPECT_THAT(error_of("{\"a\": NaN}"), testing::HasSubstr("broken"));
  EXPECT_THAT(error_of("\"\xff\""), testing::HasSubstr("broken"));
  EXPECT_EQ(error_of("{\"a\": 1e999}"), "it holds a number that is too large");
}

TEST(JsonPage, ANameThatStandsTwiceIsRefused) {
  EXPECT_EQ(error_of(R"({"a": {"x": 1, "y": {"x": 1}, "x": 2}})"),
            "the name 'x' stands twice in one object");
  EXPECT_EQ(error_of(R"([{"x": 1}, {"x": 2}, {"x": {"x": 3}}])"), "no error");
}

TEST(JsonPage, DepthAndSizeAreBounded) {
  EXPECT_EQ(error_of(std::string(100'000, '[')), "it is nested deeper than 64 levels");
  EXPECT_EQ(error_of("[\"[[[[\\\"[[[[\"]", {.depth = 1, .values = 10}), "no error");
  std::string many = "[1";
  for (int i = 0; i < 20; ++i) many += ",1";
  EXPECT_EQ(error_of(many + "]", {.depth = 4, .values = 10}), "it holds more than 10 values");
}

TEST(JsonPath, MistakesAreExplained) {
  for (const std::string_view wrong :
       {"a..b", "a.", ".a", "a[", "a[x]", "a[1", "a]b.", "'a", "a[]b", "a[-1]"}) {
    EXPECT_FALSE(JsonPath::parse(wrong)) << wrong;
  }
  EXPECT_EQ(JsonPath::parse("a[x]").error().message,
            "'a[x]': '[x]' is no place in a list: a number, or [] for all; write it like "
            "\"tasks[].state\" or \"*.status\"");
  std::string deep = "a";
  for (int i = 0; i < 16; ++i) deep += ".a";
  EXPECT_FALSE(JsonPath::parse(deep));
}

TEST(JsonPath, AnEmptyPathIsTheDocumentItself) {
  const auto page = JsonPage::parse("7");
  ASSERT_TRUE(page);
  EXPECT_THAT(labels_at(*page, ""), testing::ElementsAre("7"));
}

}  // namespace
}  // namespace highwater::sources
