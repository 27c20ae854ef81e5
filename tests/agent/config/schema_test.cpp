#include "rules/language/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/config/config.h"
#include "agent/config/schema.h"

namespace highwater::agent {
namespace {

using nlohmann::json;
using testing::UnorderedElementsAreArray;

const std::vector<std::string> kRunbooks{"lag-growing"};

json parsed_config_schema() {
  return json::parse(config_schema(kRunbooks));
}

json parsed_rules_schema() {
  return json::parse(rules::rules_schema(catalogue(), kRunbooks));
}

// What a reader knows, as it tells when asked for a key that there is not; it names ten at most,
// and counts the others.
struct Known {
  std::vector<std::string> keys;
  size_t more = 0;
};
Known known_keys(const Diagnostics& diagnostics) {
  Known known;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.what.find("has no key 'qqqqqqqqqqqq'") == std::string::npos) continue;
    std::string list = diagnostic.advice.substr(std::string("one of: ").size());
    if (std::smatch found; std::regex_search(list, found, std::regex(" and (\\d+) more$"))) {
      known.more = std::stoul(found[1]);
      list = list.substr(0, static_cast<size_t>(found.position(0)));
    }
    const std::regex word("[a-z_]+");
    for (std::sregex_iterator at(list.begin(), list.end(), word), end; at != end; ++at)
      known.keys.push_back(at->str());
  }
  return known;
}

void expect_same(const json& schema, const Diagnostics& diagnostics, const std::string& where) {
  const Known known = known_keys(diagnostics);
  ASSERT_FALSE(known.keys.empty()) << where;
  const json& properties = schema.at("properties");
  EXPECT_EQ(properties.size(), known.keys.size() + known.more) << where;
  for (const std::string& key : known.keys)
    EXPECT_TRUE(properties.contains(key)) << where << " misses " << key;
}

TEST(Schema, KnowsEveryKeyOfTheConfiguration) {
  const json schema = parsed_config_schema();
  const json& properties = schema["properties"];
  const json& cluster = properties["clusters"]["items"];
  const json& receiver = properties["receivers"]["items"];
  const std::string unknown = "{qqqqqqqqqqqq: 1}";
  const struct {
    json schema;
    std::string text;
  } kCases[] = {
      {schema, unknown},
      {cluster, "clusters: [" + unknown + "]"},
      {cluster["properties"]["poll"], "clusters: [{poll: " + unknown + "}]"},
      {cluster["properties"]["topics"], "clusters: [{topics: " + unknown + "}]"},
      {cluster["properties"]["groups"], "clusters: [{groups: " + unknown + "}]"},
      {properties["rules"], "rules: " + unknown},
      {receiver, "receivers: [" + unknown + "]"},
      {receiver["properties"]["webhook"], "receivers: [{webhook: " + unknown + "}]"},
      {properties["traces"], "traces: " + unknown},
      {properties["log"], "log: " + unknown},
      {properties["metrics"], "metrics: " + unknown},
      {properties["state"], "state: " + unknown},
      {properties["record"], "record: " + unknown},
  };
  for (const auto& [part, text] : kCases) {
    Diagnostics diagnostics;
    (void)parse_config(text, "highwater.yaml", diagnostics);
    expect_same(part, diagnostics, text);
  }
}

TEST(Schema, KnowsEveryKeyOfARuleFile) {
  const json schema = parsed_rules_schema();
  const json& properties = schema["properties"];
  const json& slo = properties["slos"]["items"];
  const std::string unknown = "{qqqqqqqqqqqq: 1}";
  const struct {
    json schema;
    std::string text;
  } kCases[] = {
      {schema, "{qqqqqqqqqqqq: 1}"},
      {properties["alerts"]["items"], "alerts: [" + unknown + "]"},
      {slo, "slos: [" + unknown + "]"},
      {slo["properties"]["tiers"]["items"], "slos: [{tiers: [" + unknown + "]}]"},
      {slo["properties"]["sli"]["anyOf"][1], "slos: [{sli: " + unknown + "}]"},
      {properties["defaults"], "{slos: [{use: consumer-lag}], defaults: " + unknown + "}"},
  };
  for (const auto& [part, text] : kCases) {
    Diagnostics diagnostics;
    (void)rules::parse_rules(
        text, "rules.yaml", catalogue(), [](std::string_view) { return true; }, diagnostics);
    expect_same(part, diagnostics, text);
  }
}

TEST(Schema, TakesNamesFromTheCatalogue) {
  const json slo = parsed_rules_schema()["properties"]["slos"]["items"]["properties"];
  const auto gauges = slo["sli"]["anyOf"][0]["enum"].get<std::vector<std::string>>();
  const auto counters =
      slo["sli"]["anyOf"][1]["properties"]["total"]["enum"].get<std::vector<std::string>>();
  for (const Measure* measure : catalogue().measures()) {
    const bool gauge = measure->type == MeasureType::gauge && measure->unit != Unit::info;
    const bool counter = measure->type == MeasureType::counter;
    EXPECT_EQ(std::ranges::count(gauges, measure->name), gauge ? 1 : 0) << measure->name;
    EXPECT_EQ(std::ranges::count(counters, measure->name), counter ? 1 : 0) << measure->name;
    for (const std::string_view dimension : measure->dimensions)
      EXPECT_TRUE(slo["select"]["properties"].contains(std::string(dimension))) << dimension;
  }
  EXPECT_EQ(slo["runbook"]["anyOf"][0]["enum"], json(kRunbooks));
}

}  // namespace
}  // namespace highwater::agent
