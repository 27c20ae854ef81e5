#include "agent/api/alertmanager_matchers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

rules::Silence silence(const std::vector<std::string>& matchers) {
  rules::Silence made;
  made.matcher = *rules::Matcher::parse(matchers);
  return made;
}

Json matcher(const char* name, const char* value, bool regex = false, bool equal = true) {
  return {{"name", name}, {"value", value}, {"isRegex", regex}, {"isEqual", equal}};
}

// What is written for Alertmanager and read back hides the same.
TEST(AlertmanagerMatchers, MeanTheSameOnTheWayThereAndBack) {
  const std::vector<std::string> names{"orders",   "orders-1", "xorders", "a.b", "acb",
                                       "payments", "pay*",     "/x/",     "a|b", "ab"};
  for (const std::vector<std::string>& patterns :
       std::vector<std::vector<std::string>>{{"topic=orders"},
                                             {"topic=orders*"},
                                             {"topic=a.b"},
                                             {"topic=a?b"},
                                             {"topic=/^orders/"},
                                             {"topic=/rder|pay/"},
                                             {"topic=orders", "topic=pay*"},
                                             {"topic=a|b", "topic=/x/"}}) {
    const rules::Silence before = silence(patterns);
    const auto after = silence_of_matchers(alertmanager_matchers(before));
    ASSERT_TRUE(after) << patterns.front() << ": " << after.error().message;
    for (const std::string& name : names)
      EXPECT_EQ(before.matcher.matches({{"topic", name}}),
                after->matcher.matches({{"topic", name}}))
          << patterns.front() << " on " << name;
  }
}

TEST(AlertmanagerMatchers, OfAlertmanagerMatchTheWholeValue) {
  const auto regex = silence_of_matchers(Json::array({matcher("topic", "orders|a.b", true)}));
  ASSERT_TRUE(regex);
  EXPECT_TRUE(regex->matcher.matches({{"topic", "acb"}}));
  EXPECT_FALSE(regex->matcher.matches({{"topic", "orders-1"}}));
  const auto text = silence_of_matchers(Json::array({matcher("topic", "pay*")}));
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->matcher.matches({{"topic", "pay*"}}));
  EXPECT_FALSE(text->matcher.matches({{"topic", "payments"}}));
}

TEST(AlertmanagerMatchers, ThatWeDoNotHaveAreRefusedInWords) {
  const auto why = [](const Json& matchers) {
    const auto made = silence_of_matchers(matchers);
    return made ? std::string() : made.error().message;
  };
  EXPECT_THAT(why(Json::array({matcher("topic", "a", false, false)})),
              HasSubstr("what it is not about"));
  EXPECT_THAT(why(Json::array({matcher("topic", "a"), matcher("topic", "b")})),
              HasSubstr("one matcher"));
  EXPECT_THAT(why(Json::array({matcher("topic", "")})), HasSubstr("empty"));
  EXPECT_THAT(why(Json::array({matcher("topic", "(", true)})), HasSubstr("'topic'"));
  EXPECT_THAT(why(Json::array({matcher("severity", "critical")})), HasSubstr("not a severity"));
}

TEST(LabelFilters, AreReadAsAmtoolWritesThem) {
  const auto accepts = [](const char* text, const std::map<std::string, std::string>& labels) {
    const auto filter = parse_label_filter(text);
    EXPECT_TRUE(filter) << text;
    return filter && filter->accepts(labels);
  };
  const std::map<std::string, std::string> labels{{"alertname", "Lag"}, {"cluster", "prod"}};
  EXPECT_TRUE(accepts("alertname=\"Lag\"", labels));
  EXPECT_TRUE(accepts("alertname=Lag", labels));
  EXPECT_FALSE(accepts("alertname=\"La\"", labels));
  EXPECT_TRUE(accepts("alertname=~\"La.*|Down\"", labels));
  EXPECT_FALSE(accepts("alertname!~\"La.*\"", labels));
  EXPECT_TRUE(accepts("alertname!=\"Down\"", labels));
  EXPECT_TRUE(accepts("team=\"\"", labels));
  EXPECT_FALSE(accepts("cluster=\"\"", labels));
  EXPECT_TRUE(accepts("cluster!=\"\"", labels));
  for (const char* const text : {"", "=a", "alertname", "a=~\"(\""})
    EXPECT_FALSE(parse_label_filter(text)) << text;
}

}  // namespace
}  // namespace highwater::agent
