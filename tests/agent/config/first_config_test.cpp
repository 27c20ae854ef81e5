// What `highwater init` makes of a cluster.
#include "agent/commands/first_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "agent/catalogue.h"
#include "agent/config/config.h"
#include "rules/language/load.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

FirstConfig some_cluster() {
  return {.cluster = "prod",
          .bootstrap = {"kafka-1:9092"},
          .security = "",
          .facts = {.brokers = 3,
                    .addresses = {"kafka-1:9092", "kafka-2:9092", "kafka-3:9092", "kafka-4:9092"},
                    .topics = 12,
                    .groups = {{"payments", {"orders", "refunds"}, 120.4, true},
                               {"audit", {"orders"}, 0, true},
                               {"abandoned", {"orders"}, 0, false}},
                    .problems = {}}};
}

std::optional<Config> parsed(const std::string& text, Diagnostics& diagnostics) {
  return parse_config(text, "highwater.yaml", diagnostics);
}

std::string text_of(const Diagnostics& diagnostics) {
  std::string text;
  for (const Diagnostic& one : diagnostics) text += one.text() + "\n";
  return text;
}

// Comments that are YAML become YAML: "# tune: ..." and "#   - name: ...".
std::string uncommented(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t hash = line.find("# ");
    const bool is_yaml = hash != std::string::npos && line.find_first_not_of(' ') == hash &&
                         (line.find(": ") != std::string::npos || line.ends_with(":")) &&
                         line.find("Highwater") == std::string::npos && !line.ends_with(".") &&
                         line.find(". ") == std::string::npos;
    const bool sentence = line.ends_with("like this:") || line.ends_with("by its name:") ||
                          line.ends_with("groups:") || line.ends_with("pattern:");
    if (is_yaml && !sentence) line.erase(hash, 2);
    out += line + "\n";
  }
  return out;
}

rules::RuleSet rules_of(const std::string& text, Diagnostics& diagnostics) {
  return rules::parse_rules(
      text, "rules.yaml", catalogue(), [](std::string_view) { return true; }, diagnostics);
}

TEST(FirstConfig, IsAConfigurationWithoutMistakes) {
  Diagnostics diagnostics;
  const auto config = parsed(configuration_text(some_cluster()), diagnostics);
  ASSERT_TRUE(config) << text_of(diagnostics);
  EXPECT_EQ(config->clusters[0].name, "prod");
  EXPECT_THAT(config->clusters[0].bootstrap,
              ElementsAre(std::pair("kafka-1", 9092), std::pair("kafka-2", 9092),
                          std::pair("kafka-3", 9092)));
  EXPECT_TRUE(config->receivers.empty());
}

TEST(FirstConfig, HasTheSecurityOfItsCluster) {
  FirstConfig first = some_cluster();
  first.security =
      "{protocol: SASL_PLAINTEXT, mechanism: PLAIN, username: me, password: {env: PW}}";
  Diagnostics diagnostics;
  EXPECT_TRUE(parsed(configuration_text(first), diagnostics)) << text_of(diagnostics);
  EXPECT_THAT(configuration_text(first), HasSubstr("    security: {protocol: SASL_PLAINTEXT,"));
}

TEST(FirstConfig, HasCommentsThatCanBeSwitchedOn) {
  Diagnostics diagnostics;
  const std::string text = uncommented(configuration_text(some_cluster()));
  const auto config = parsed(text, diagnostics);
  ASSERT_TRUE(config) << text_of(diagnostics) << text;
  EXPECT_EQ(config->receivers.size(), 1U);
  EXPECT_TRUE(config->record);
  EXPECT_TRUE(config->state_path);
  EXPECT_EQ(config->rules.tune.size(), 2U);
  const auto rules = rules_of(uncommented(rules_text(some_cluster())), diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << text_of(diagnostics);
  EXPECT_EQ(rules.alerts.size(), 1U);
}

TEST(FirstConfig, SaysThatTheStateIsKeptWithoutALineToo) {
  EXPECT_THAT(configuration_text(some_cluster()),
              HasSubstr("survive a restart in a file. Without this line it is\n"
                        "# /var/lib/highwater/state.db for root and under systemd, else "
                        "~/.local/state/highwater/state.db.\n# state: {path: "));
}

TEST(FirstConfig, HasAnSloForEachGroupInUse) {
  Diagnostics diagnostics;
  const auto rules = rules_of(rules_text(some_cluster()), diagnostics);
  ASSERT_TRUE(diagnostics.empty()) << text_of(diagnostics);
  std::vector<std::string> names;
  for (const rules::SloRule& slo : rules.slos) names.push_back(slo.name);
  EXPECT_THAT(names, ElementsAre("cluster-availability", "payments-lag", "audit-lag"));
  EXPECT_THAT(rules_text(some_cluster()),
              HasSubstr("# Reads orders, refunds; 120 records/s when this was written.\n"));
}

TEST(FirstConfig, LeavesOutNamesThatCouldBeReadAsSomethingElse) {
  FirstConfig first = some_cluster();
  for (const char* name : {"a*", "/x/", "a\"b", "a\nslos:", "", "gr\xc3\xbc", "a: b"})
    first.facts.groups.push_back({name, {"orders"}, 1000, true});
  first.facts.groups[0].topics = {"a\nb"};
  Diagnostics diagnostics;
  EXPECT_EQ(rules_of(rules_text(first), diagnostics).slos.size(), 3U);
  EXPECT_TRUE(diagnostics.empty()) << text_of(diagnostics);
}

TEST(FirstConfig, OfAClusterWithoutGroupsHasAnExample) {
  FirstConfig first = some_cluster();
  first.facts.groups.clear();
  Diagnostics diagnostics;
  EXPECT_EQ(rules_of(rules_text(first), diagnostics).slos.size(), 1U);
  EXPECT_EQ(rules_of(uncommented(rules_text(first)), diagnostics).slos.size(), 2U);
  EXPECT_TRUE(diagnostics.empty()) << text_of(diagnostics);
}

const Measure kCommitted{"group_committed_offset",
                         "Help.",
                         Unit::none,
                         MeasureType::gauge,
                         {"cluster", "group", "topic", "partition"}};
const Measure kMembers{
    "group_members", "Help.", Unit::count, MeasureType::gauge, {"cluster", "group"}};

ObservationPtr groups_seen(Duration at, double committed, double audit) {
  auto observation = std::make_shared<Observation>();
  observation->part = "groups";
  observation->at.steady = SteadyTime(at);
  const auto add = [&](const Measure& measure, std::vector<Symbol> cells,
                       std::vector<double> values) {
    Table table;
    table.measure = &measure;
    table.keys = std::make_shared<const KeySet>(measure.dimensions, std::move(cells));
    table.values = std::move(values);
    observation->tables.push_back(std::move(table));
  };
  const Symbol c("prod"), pay("pay"), audit_group("audit"), t("orders"), zero("0"), one("1");
  add(kCommitted, {c, pay, t, zero, c, pay, t, one, c, audit_group, t, zero},
      {committed, committed, audit});
  add(kMembers, {c, pay, c, audit_group}, {0, 2});
  return observation;
}

TEST(ClusterFacts, RankGroupsByWhatTheyCommitAndThenByMembers) {
  SeenCluster seen;
  seen.first_groups = groups_seen(10s, 1000, 50);
  seen.parts["groups"] = groups_seen(15s, 1100, 50);
  const ClusterFacts facts = facts_of(seen);
  ASSERT_EQ(facts.groups.size(), 2U);
  EXPECT_EQ(facts.groups[0].name, "pay");
  EXPECT_DOUBLE_EQ(facts.groups[0].records_per_second, 40) << "two partitions, 100 in 5 s each";
  EXPECT_FALSE(facts.groups[0].has_members);
  EXPECT_THAT(facts.groups[0].topics, ElementsAre("orders"));
  EXPECT_EQ(facts.groups[1].records_per_second, 0);
  seen.parts["groups"] = groups_seen(15s, 900, 50);
  EXPECT_EQ(facts_of(seen).groups[0].name, "audit") << "going back is not reading";
}

TEST(ClusterFacts, AreEmptyWhenNothingWasSeen) {
  const ClusterFacts facts = facts_of({});
  EXPECT_EQ(facts.brokers, 0U);
  EXPECT_TRUE(facts.groups.empty());
}

}  // namespace
}  // namespace highwater::agent
