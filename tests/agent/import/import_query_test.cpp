// How queries of other tools are read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/import/query.h"

namespace highwater::agent {
namespace {

using testing::HasSubstr;

Query parsed(std::string_view text) {
  const Result<Query> query = parse_query(text);
  EXPECT_TRUE(query) << text << ": " << query.error().message;
  return query.value_or(Query());
}

std::string refusal(std::string_view text) {
  const Result<Query> query = parse_query(text);
  EXPECT_FALSE(query) << text;
  return query ? "" : query.error().message;
}

Modifier modifier(const Query& query) {
  EXPECT_EQ(query.modifiers.size(), 1U);
  return query.modifiers.empty() ? Modifier() : query.modifiers[0];
}

TEST(ImportQuery, ReadsASelectorWithItsMatchers) {
  const Query query = parsed(R"(lag{group="a", topic=~"b|c", x!="d",y!~'e',})");
  EXPECT_TRUE(query.is(Query::Kind::selector, "lag"));
  ASSERT_EQ(query.matchers.size(), 4U);
  EXPECT_EQ(query.matchers[0].value, "a");
  EXPECT_EQ(query.matchers[1].kind, LabelMatcher::Kind::matches);
  EXPECT_EQ(query.matchers[2].kind, LabelMatcher::Kind::not_equal);
  EXPECT_EQ(query.matchers[3].kind, LabelMatcher::Kind::matches_not);
  EXPECT_EQ(query.matchers[3].value, "e");
}

TEST(ImportQuery, ReadsRangesWhateverStandsInThem) {
  EXPECT_EQ(modifier(parsed("rate(a_total[{{.window}}])").operands[0]).window, "{{.window}}");
  const Modifier range = modifier(parsed("avg_over_time((a > 5)[{{ .window }}:1m])").operands[0]);
  EXPECT_EQ(range.window, "{{.window}}");
  EXPECT_EQ(range.text, "[{{ .window }}:1m]");
}

TEST(ImportQuery, ReadsAggregationsWithTheirLabelsOnEitherSide) {
  EXPECT_EQ(modifier(parsed("sum by (a, b) (x)")).labels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(modifier(parsed("sum(x) by (a)")).labels, (std::vector<std::string>{"a"}));
  EXPECT_EQ(modifier(parsed("max without (a) (x)")).kind, Modifier::Kind::without);
  EXPECT_EQ(parsed("topk(5, x)").operands.size(), 2U);
}

TEST(ImportQuery, ComparisonsBindWeakerThanArithmetic) {
  const Query query = parsed("1 - a / b > bool 0.5");
  EXPECT_TRUE(query.is(Query::Kind::binary, ">"));
  EXPECT_TRUE(query.operands[0].is(Query::Kind::binary, "-"));
  EXPECT_TRUE(query.operands[0].operands[1].is(Query::Kind::binary, "/"));
  EXPECT_EQ(query.operands[1].number, 0.5);
}

TEST(ImportQuery, KeepsEveryModifierOfAnOperator) {
  const Query query = parsed("sum(x) OR on() vector(0)");
  EXPECT_TRUE(query.is(Query::Kind::binary, "or"));
  EXPECT_EQ(modifier(query).kind, Modifier::Kind::on);
  EXPECT_TRUE(query.operands[1].is(Query::Kind::call, "vector"));
  EXPECT_EQ(modifier(parsed("a / ignoring (x, y) b")).text, "ignoring (x, y)");
  EXPECT_EQ(modifier(parsed("a > bool 1")).kind, Modifier::Kind::boolean);
}

TEST(ImportQuery, ReadsSignsAndTexts) {
  const Query query = parsed("a > -5");
  EXPECT_TRUE(query.operands[1].is(Query::Kind::binary, "-"));
  EXPECT_EQ(query.operands[1].operands[1].number, 5);
  EXPECT_EQ(parsed("label_replace(a, \"b\")").operands[1].kind, Query::Kind::text);
  EXPECT_THAT(refusal("a > 5m"), HasSubstr("'5m' was not understood"));
}

TEST(ImportQuery, AWordEndsWhereItEnds) {
  EXPECT_TRUE(parsed("orders").is(Query::Kind::selector, "orders"));
  EXPECT_THAT(refusal("a orb"), HasSubstr("'orb' is too much"));
}

TEST(ImportQuery, RefusesWhatItCannotSay) {
  EXPECT_THAT(refusal("a offset 5m"), HasSubstr("offset"));
  EXPECT_THAT(refusal("a / on (x) group_left b"), HasSubstr("group_left"));
  EXPECT_THAT(refusal("sum(a"), HasSubstr("')' is missing before 'the end'"));
  EXPECT_THAT(refusal("a{b=\"c}"), HasSubstr("quote"));
  EXPECT_THAT(refusal("a[5m"), HasSubstr("'['"));
  EXPECT_THAT(refusal(""), HasSubstr("too early"));
}

TEST(ImportQuery, RefusesWhatIsTooDeepOrTooLong) {
  EXPECT_THAT(refusal(std::string(5000, '(')), HasSubstr("too deeply"));
  std::string chain = "a";
  for (int i = 0; i < 1000; ++i) chain += " + a";
  EXPECT_THAT(refusal(chain), HasSubstr("too deeply"));
  EXPECT_THAT(refusal(std::string(20'000, ' ')), HasSubstr("too long"));
}

}  // namespace
}  // namespace highwater::agent
