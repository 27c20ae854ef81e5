#include "tests/simulator/scenario/scenario.h"

#include <gmock/gmock.h>

#include <string>

namespace highwater::simulator {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string problem_of(const std::string& yaml) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_scenario(yaml, "s.yaml", diagnostics));
  return diagnostics.empty() ? "" : diagnostics.front().text();
}

Scenario read(const std::string& yaml) {
  Diagnostics diagnostics;
  const auto scenario = parse_scenario(yaml, "s.yaml", diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.text();
  return scenario.value_or(Scenario{});
}

TEST(ScenarioReader, ReadsBrokersByNumberOrOneByOne) {
  const Scenario counted = read("brokers: 4\nracks: [a, b]\nkafka: 3.9");
  ASSERT_EQ(counted.brokers.size(), 4u);
  EXPECT_EQ(counted.brokers[3].id, 4);
  EXPECT_EQ(counted.brokers[3].rack, "b");
  EXPECT_EQ(counted.brokers[3].release, Release::k3_9);
  const Scenario listed = read("brokers: [{id: 7, rack: x}, {id: 9, kafka: 2.8}]");
  ASSERT_EQ(listed.brokers.size(), 2u);
  EXPECT_EQ(listed.brokers[0].rack, "x");
  EXPECT_EQ(listed.brokers[1].release, Release::k2_8);
}

TEST(ScenarioReader, ExpandsCountsAndGoesRoundTheTopics) {
  const Scenario scenario = read(
      "topics: [{name: t-%d, count: 3}]\n"
      "groups: [{name: g-%d, count: 5, topics: [t-%d], commit_every: 10s}]");
  ASSERT_EQ(scenario.topics.size(), 3u);
  EXPECT_EQ(scenario.topics[2].name, "t-3");
  ASSERT_EQ(scenario.groups.size(), 5u);
  EXPECT_EQ(scenario.groups[4].name, "g-5");
  EXPECT_THAT(scenario.groups[4].topics, ElementsAre("t-2"));
  EXPECT_EQ(scenario.groups[1].first_commit, 2s);
}

TEST(ScenarioReader, OrdersFaultsByTime) {
  const Scenario scenario = read(
      "faults: [{at: 20s, return: 2}, {at: 10s, die: 2}, {at: 15s, slow: {broker: 1, delay: "
      "500ms}}]");
  ASSERT_EQ(scenario.faults.size(), 3u);
  EXPECT_EQ(describe(scenario.faults[0].fault), "die 2");
  EXPECT_EQ(describe(scenario.faults[1].fault), "slow 1 by 500ms");
  EXPECT_EQ(scenario.faults[2].at, 20s);
}

TEST(ScenarioReader, ReadsEveryKindOfFault) {
  const Scenario scenario = read(R"(
topics: [{name: orders, partitions: 2}]
groups: [{name: payments, topics: [orders]}]
faults:
  - {at: 0, die: 1}
  - {at: 1s, return: 1}
  - {at: 2s, hang: 1}
  - {at: 3s, wake: 1}
  - {at: 4s, stop: 1}
  - {at: 5s, slow: {broker: 1, delay: 1s}}
  - {at: 6s, half_answer: 1}
  - {at: 7s, half_answer: {broker: 1, times: 3}}
  - {at: 8s, garbage: {broker: 1, whole_frame: true}}
  - {at: 9s, leader_change: {topic: orders, partition: 1, to: 3}}
  - {at: 10s, preferred_election: true}
  - {at: 11s, move_coordinators: true}
  - {at: 12s, loading: {broker: 1, for: 5s}}
  - {at: 13s, quorum_lost: true}
  - {at: 14s, quorum_lost: false}
  - {at: 15s, denied: topics}
  - {at: 16s, denied: [groups, cluster]}
  - {at: 17s, denied: {topics: [orders], groups: [payments]}}
  - {at: 18s, fall_behind: 1}
  - {at: 19s, keep_up: 1}
  - {at: 20s, reassign: {topic: orders, partition: 0, to: [2, 3], for: 4s}}
  - {at: 21s, create_topic: {name: new, partitions: 3}}
  - {at: 22s, delete_topic: new}
  - {at: 23s, alter_config: {topic: orders, name: retention.ms, value: 1000}}
  - {at: 24s, delete_records: {topic: orders, partition: 0, before: 10}}
  - {at: 25s, create_group: {name: late, topics: [orders]}}
  - {at: 26s, delete_group: late}
  - {at: 27s, members: {group: payments, count: 0}}
  - {at: 28s, rebalance: {group: payments, for: 3s}}
  - {at: 29s, consume: {group: payments, rate: none}}
  - {at: 30s, produce: {topic: orders, rate: 5/s}}
  - {at: 31s, open_transaction: {topic: orders, partition: 0, records: 3}}
  - {at: 32s, end_transaction: {topic: orders, partition: 0}}
  - {at: 33s, heal: all}
  - {at: 34s, heal: 1}
)");
  EXPECT_EQ(scenario.faults.size(), 35u);
}

TEST(ScenarioReader, NamesThePlaceOfAMistakeAndWhatToDo) {
  EXPECT_THAT(problem_of("topisc: []"),
              HasSubstr("s.yaml:1:1: scenario has no key 'topisc': did you mean 'topics'?"));
  EXPECT_THAT(problem_of("faults: [{at: 1s, dye: 2}]"), HasSubstr("did you mean 'die'?"));
  EXPECT_THAT(problem_of("faults: [{at: 1s, die: 4}]"), HasSubstr("no broker 4"));
  EXPECT_THAT(problem_of("faults: [{at: 1s}]"), HasSubstr("nothing happens here"));
  EXPECT_THAT(problem_of("faults: [{at: 1s, die: 1, hang: 2}]"), HasSubstr("two faults"));
  EXPECT_THAT(problem_of("faults: [{die: 1}]"), HasSubstr("no 'at'"));
  EXPECT_THAT(problem_of("faults: [{at: 1s, delete_topic: x}]"), HasSubstr("no topic 'x'"));
  EXPECT_THAT(problem_of("topics: [{name: a}, {name: a}]"), HasSubstr("'a' is here twice"));
  EXPECT_THAT(problem_of("topics: [{name: a, count: 2}]"), HasSubstr("no %d in its name"));
  EXPECT_THAT(problem_of("topics: [{name: a, produce: 5}]"), HasSubstr("not a rate"));
  EXPECT_THAT(problem_of("topics: [{name: a, replication_factor: 4}]"),
              HasSubstr("between 1 and 3"));
  EXPECT_THAT(problem_of("groups: [{name: g, topics: [a]}]"), HasSubstr("no topic 'a'"));
  EXPECT_THAT(problem_of("groups: [{name: g, type: odd}]"),
              HasSubstr("one of: classic, consumer, share"));
}

TEST(ScenarioReader, TellsAllMistakesAtOnce) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_scenario("brokers: 0\nfencing: fast\ntopics: [{partitions: 1}]", "s.yaml",
                              diagnostics));
  EXPECT_EQ(diagnostics.size(), 3u);
}

TEST(FaultReader, ReadsOneFaultWithoutItsTime) {
  Diagnostics diagnostics;
  const auto fault = parse_fault("slow: {broker: 2, delay: 1s}", Scenario{}, diagnostics);
  ASSERT_TRUE(fault);
  EXPECT_EQ(describe(*fault), "slow 2 by 1s");
  EXPECT_FALSE(parse_fault("die: 7", Scenario{}, diagnostics));
  EXPECT_EQ(diagnostics.size(), 1u);
}

class ShippedScenario : public ::testing::TestWithParam<const char*> {};

TEST_P(ShippedScenario, IsRead) {
  Diagnostics diagnostics;
  const std::string path = std::string(SIMULATOR_SCENARIOS "/") + GetParam();
  EXPECT_TRUE(read_scenario(path, diagnostics));
  for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.text();
}

INSTANTIATE_TEST_SUITE_P(All, ShippedScenario,
                         ::testing::Values("demo.yaml", "healthy-untidy.yaml", "scale.yaml"));

TEST(ScaleScenario, HasTheSizeItPromises) {
  Diagnostics diagnostics;
  const auto scenario = read_scenario(SIMULATOR_SCENARIOS "/scale.yaml", diagnostics);
  ASSERT_TRUE(scenario);
  int partitions = scenario->offsets_partitions;
  for (const TopicSpec& topic : scenario->topics) partitions += topic.partitions;
  size_t committed = 0;
  for (const GroupSpec& group : scenario->groups) committed += 10 * group.topics.size();
  EXPECT_EQ(partitions, 2000);
  EXPECT_EQ(scenario->groups.size(), 510u);
  EXPECT_EQ(committed, 5400u);
}

}  // namespace
}  // namespace highwater::simulator
