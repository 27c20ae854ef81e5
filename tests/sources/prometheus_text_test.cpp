#include "collectors/sources/prometheus_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace highwater::sources {
namespace {

struct Seen {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
  std::optional<int64_t> unix_ms;
};

struct ReadPage {
  std::vector<Seen> samples;
  Result<size_t> result;
};

ReadPage read(std::string_view text, bool openmetrics = false, TextLimits limits = {}) {
  ReadPage page;
  page.result = read_prometheus_text(
      text, openmetrics, limits, [](std::string_view) { return true; },
      [&](const TextSample& sample) {
        Seen seen{std::string(sample.name), {}, sample.value, sample.unix_ms};
        for (const TextLabel& label : sample.labels)
          seen.labels.emplace_back(label.name, label.value);
        page.samples.push_back(std::move(seen));
      });
  return page;
}

std::string error_of(std::string_view text, bool openmetrics = false, TextLimits limits = {}) {
  const ReadPage page = read(text, openmetrics, limits);
  return page.result ? "no error" : page.result.error().message;
}

TEST(PrometheusText, SamplesComeWithLabelsAndValues) {
  const ReadPage page = read(
      "# HELP failed_total Records that failed.\n"
      "# TYPE failed_total counter\n"
      "failed_total{group=\"payments\",topic=\"orders\"} 42\n"
      "\n"
      "up 1\n"
      "temperature -3.5e-1 1700000000000\n");
  ASSERT_TRUE(page.result) << page.result.error().message;
  EXPECT_EQ(*page.result, 3U);
  ASSERT_EQ(page.samples.size(), 3U);
  EXPECT_EQ(page.samples[0].name, "failed_total");
  EXPECT_EQ(page.samples[0].value, 42);
  EXPECT_THAT(page.samples[0].labels, testing::ElementsAre(testing::Pair("group", "payments"),
                                                           testing::Pair("topic", "orders")));
  EXPECT_EQ(page.samples[1].value, 1);
  EXPECT_EQ(page.samples[2].value, -0.35);
  EXPECT_EQ(page.samples[2].unix_ms, 1700000000000);
}

TEST(PrometheusText, EscapesInLabelsAreTakenBack) {
  const ReadPage page = read("a{path=\"C:\\\\x\\\"y\\\"\\n\\q\",} 1\n");
  ASSERT_TRUE(page.result) << page.result.error().message;
  EXPECT_EQ(page.samples[0].labels[0].second, "C:\\x\"y\"\n\\q");
}

TEST(PrometheusText, SpacesMayStandBetweenAllParts) {
  const ReadPage page = read(" a { x = \"1\" , y=\"2\" }  7   123 \n");
  ASSERT_TRUE(page.result) << page.result.error().message;
  EXPECT_EQ(page.samples[0].labels.size(), 2U);
  EXPECT_EQ(page.samples[0].unix_ms, 123);
}

TEST(PrometheusText, InfinityAndNotANumberAreValues) {
  const ReadPage page = read("a +Inf\nb -Inf\nc NaN\nd 1e999\ne 1e-999\nf +5\n");
  ASSERT_TRUE(page.result) << page.result.error().message;
  EXPECT_EQ(page.samples[0].value, INFINITY);
  EXPECT_EQ(page.samples[1].value, -INFINITY);
  EXPECT_TRUE(std::isnan(page.samples[2].value));
  EXPECT_EQ(page.samples[3].value, INFINITY);
  EXPECT_EQ(page.samples[4].value, 0);
  EXPECT_EQ(page.samples[5].value, 5);
}

TEST(PrometheusText, OpenMetricsHasSecondsAndExemplarsAndAnEnd) {
  const ReadPage page = read(
      "# TYPE a counter\n"
      "a_total{x=\"1\"} 5 1700000000.25 # {trace_id=\"abc\"} 0.67 1700000000\n"
      "a_bucket{le=\"+Inf\"} 5 # {trace_id=\"abc\"} 0.67\n"
      "# EOF\n",
      true);
  ASSERT_TRUE(page.result) << page.result.error().message;
  EXPECT_EQ(page.samples[0].unix_ms, 1700000000250);
  EXPECT_FALSE(page.samples[1].unix_ms);
}

TEST(PrometheusText, OpenMetricsWithoutItsEndIsCutOff) {
  EXPECT_THAT(error_of("a 1\n", true), testing::HasSubstr("cut off"));
  EXPECT_THAT(error_of("# EOF\na 1\n", true), testing::HasSubstr("behind # EOF"));
  EXPECT_EQ(error_of("a 1\n# EOF", true), "no error");
}

TEST(PrometheusText, OpenMetricsIsKnownByItsTypeOrItsEnd) {
  EXPECT_TRUE(is_openmetrics("", "application/openmetrics-text; version=1.0.0; charset=utf-8"));
  EXPECT_TRUE(is_openmetrics("a 1\n# EOF\n", ""));
  EXPECT_FALSE(is_openmetrics("a 1\n# EOF\n", "text/plain; version=0.0.4"));
  EXPECT_FALSE(is_openmetrics("a 1\n", ""));
}

TEST(PrometheusText, APageThatEndsInAMiddleOfALineIsCutOff) {
  EXPECT_THAT(error_of("a 1\nb 12"), testing::HasSubstr("cut off"));
}

TEST(PrometheusText, WrongLinesAreNamedByTheirNumber) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"a 1\n<html>\n", "line 2: '<html>' is no sample"},
      {"a\n", "line 1: 'a' is no sample"},
      {"a x\n", "line 1: 'x' is no number"},
      {"a \n", "line 1: '' is no number"},
      {"a 0x1p3\n", "line 1: '0x1p3' is no number"},
      {"a +-1\n", "line 1: '+-1' is no number"},
      {"a 1 2 3\n", "line 1: '3' is too much"},
      {"a 1 soon\n", "line 1: 'soon' is no timestamp"},
      {"a 1 NaN\n", "line 1: 'NaN' is no timestamp"},
      {"9a 1\n", "line 1: '9a 1' is no sample"},
      {"a{x=\"1\" 1\n", "line 1: the labels do not end"},
      {"a{x=1} 1\n", "line 1: the label x has a value without quotes"},
      {"a{x=\"1} 1\n", "line 1: the label x has a value without an end"},
      {"a{x=\"1\\\n", "line 1: the label x has a value without an end"},
      {"a{x} 1\n", "line 1: the label x has no value"},
      {"a{=\"1\"} 1\n", "line 1: a label has no name"},
      {"a{x=\"1\",x=\"2\"} 1\n", "line 1: the label x stands twice"},
      {"# TYPE a\n", "line 1: it is no # TYPE"}};
  for (const auto& [text, what] : wrong) EXPECT_EQ(error_of(text), what) << text;
}

TEST(PrometheusText, WhatIsForeignIsShownInPlainCharacters) {
  EXPECT_EQ(error_of("\x1b[31m\xc3\xa4 1\n"), "line 1: '?[31m? 1' is no sample");
}

TEST(PrometheusText, WhatIsNotUtf8IsRefused) {
  for (const std::string_view bytes :
       {"a{x=\"\xff\"} 1\n", "a{x=\"\xc0\xaf\"} 1\n", "a{x=\"\xed\xa0\x80\"} 1\n",
        "a{x=\"\xf4\x90\x80\x80\"} 1\n", "a 1\n\xc3", "\xe2\x82"})
    EXPECT_EQ(error_of(bytes), "the page is not text in UTF-8");
  using namespace std::string_view_literals;
  EXPECT_EQ(error_of("\xff\xfe\x61\x00"sv), "the page is not text in UTF-8");
  EXPECT_EQ(error_of("a 1\n\0"sv), "the page is not text in UTF-8");
  EXPECT_EQ(error_of("a{x=\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"} 1\n"), "no error");
}

TEST(PrometheusText, LimitsHoldOnLinesLabelsAndSamples) {
  TextLimits limits;
  limits.line = 20;
  EXPECT_EQ(error_of("a 1\nthis_is_a_long_name_of_a_metric 1\n", false, limits),
            "line 2: it is longer than 20 bytes");
  limits = {};
  limits.labels = 2;
  EXPECT_EQ(error_of("a{x=\"1\",y=\"2\",z=\"3\"} 1\n", false, limits),
            "line 1: it has more than 2 labels");
  limits = {};
  limits.samples = 2;
  EXPECT_EQ(error_of("a 1\nb 1\nc 1\n", false, limits), "the page has more than 2 samples");
}

TEST(PrometheusText, AnEmptyPageIsRefused) {
  EXPECT_EQ(error_of(""), "the page is empty");
}

TEST(PrometheusText, LabelsOfUnwantedNamesAreChecked) {
  size_t visited = 0;
  const auto result = read_prometheus_text(
      "a{x=\"1\"} 1\nb{x=\"1} 2\n", false, {}, [](std::string_view name) { return name == "a"; },
      [&](const TextSample&) { ++visited; });
  EXPECT_EQ(visited, 1U);
  EXPECT_FALSE(result);
}

TEST(PrometheusText, LineEndsOfWindowsAreRead) {
  const ReadPage page = read("a 1\r\nb 2\r\n");
  ASSERT_TRUE(page.result) << page.result.error().message;
  EXPECT_EQ(page.samples[1].value, 2);
}

}  // namespace
}  // namespace highwater::sources
