// `scope:` and `identity:` of the configuration, and what an agent with a scope does differently.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "agent/access.h"
#include "agent/config/config.h"
#include "agent/load.h"
#include "agent/sidecar.h"

namespace highwater::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::optional<Config> read(const std::string& cluster, const std::string& rest,
                           Diagnostics& diagnostics) {
  return parse_config(
      "clusters:\n  - name: prod\n    bootstrap: [\"kafka-1:9092\"]\n    " + cluster + "\n" + rest,
      "highwater.yaml", diagnostics);
}

std::string mistake(const std::string& cluster, const std::string& rest = "") {
  Diagnostics diagnostics;
  return read(cluster, rest, diagnostics) ? "" : diagnostics.front().text();
}

TEST(Scope, IsReadWithItsDefaults) {
  Diagnostics diagnostics;
  const auto config = read("scope: {groups: [payments, audit], topics: orders}", "", diagnostics);
  ASSERT_TRUE(config) << diagnostics.front().text();
  EXPECT_TRUE(config->is_sidecar());
  const kafka::Scope& scope = *config->clusters[0].scope;
  EXPECT_THAT(scope.groups, ElementsAre("payments", "audit"));
  EXPECT_THAT(scope.topics, ElementsAre("orders"));
  EXPECT_EQ(scope.member, kafka::OwnMember());
  EXPECT_EQ(scope.session_timeout, std::chrono::seconds(45));
}

TEST(Scope, PatternIsRefused) {
  EXPECT_THAT(mistake("scope: {groups: [\"pay-*\"]}"), HasSubstr("'pay-*' is not a name"));
  EXPECT_THAT(mistake("scope: {groups: [a], topics: [\"/^o/\"]}"), HasSubstr("is not a name"));
}

TEST(Scope, NeedsAGroup) {
  EXPECT_THAT(mistake("scope: {topics: [orders]}"), HasSubstr("groups"));
  EXPECT_THAT(mistake("scope: {groups: []}"), HasSubstr("'groups' is empty"));
}

TEST(Scope, ExcludesWhatChoosesFromAListing) {
  EXPECT_THAT(mistake("scope: {groups: [a]}\n    topics: {include: [b]}"),
              HasSubstr("'topics' and 'scope' exclude each other"));
}

TEST(Scope, IsOfAllClustersOrOfNone) {
  EXPECT_THAT(mistake("scope: {groups: [a]}\n  - {name: other, bootstrap: [\"kafka-2:9092\"]}"),
              HasSubstr("some clusters have a 'scope' and others have none"));
}

TEST(Scope, NeedsDescribeOnItsNamesAlone) {
  Diagnostics diagnostics;
  const auto config = read("scope: {groups: [payments], topics: [orders]}", "", diagnostics);
  ASSERT_TRUE(config);
  EXPECT_THAT(access_rules(config->clusters[0], *config),
              ElementsAre(AccessRule{Resource::topic, "orders", false, {"Describe"}},
                          AccessRule{Resource::group, "payments", false, {"Describe"}}));
}

TEST(Identity, IsReadFromTextsAndVariables) {
  Diagnostics diagnostics;
  const auto config = read("scope: {groups: [a]}",
                           "identity: {pod: {env: POD_NAME}, app: payments}\n", diagnostics);
  ASSERT_TRUE(config) << diagnostics.front().text();
  ASSERT_EQ(config->identity.size(), 2U);
  EXPECT_EQ(config->identity[0].first, "pod");
  EXPECT_TRUE(config->identity[0].second.is_elsewhere());
  EXPECT_EQ(config->identity[1].second.written(), "payments");
  EXPECT_THAT(mistake("scope: {groups: [a]}", "identity: {\"a-b\": c}\n"),
              HasSubstr("'a-b' is not a name for an annotation"));
}

TEST(Sidecar, BrokerThatIsDownIsNobodysPageByItself) {
  Diagnostics diagnostics;
  const auto config = read("scope: {groups: [a]}", "", diagnostics);
  ASSERT_TRUE(config);
  const auto loaded = load(*config, diagnostics);
  ASSERT_TRUE(loaded);
  std::map<std::string, Severity> severities;
  for (const rules::AlertRule& rule : loaded->rules.alerts) severities[rule.name] = rule.severity;
  EXPECT_EQ(severities.at("BrokerDown"), Severity::info);
  EXPECT_EQ(severities.at("BrokerStopped"), Severity::info);
  EXPECT_EQ(severities.at("MonitorBlind"), Severity::ticket);
  EXPECT_EQ(severities.at("LagTooOld"), Severity::page);
}

TEST(Sidecar, AnotherApplicationsIncidentHasAnotherId) {
  Diagnostics diagnostics;
  const Measure measure{
      "broker_failed", "h.", Unit::boolean, MeasureType::gauge, {"cluster", "broker"}};
  Alert alert;
  alert.rule = "BrokerDown";
  alert.entity = Entity(measure.dimensions, std::vector<Symbol>{Symbol("prod"), Symbol("2")});
  const auto id = [&](const std::string& groups) {
    return *correlate_of(*read("scope: {groups: " + groups + "}", "", diagnostics))(alert, measure);
  };
  EXPECT_EQ(id("[a, b]"), id("[b, a]"));
  EXPECT_NE(id("[a]"), id("[b]"));
}

}  // namespace
}  // namespace highwater::agent
