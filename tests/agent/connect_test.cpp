// What `highwater check --connect` prints of a trial.
#include "agent/commands/connect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace highwater::agent {
namespace {

using kafka::Trial;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

Trial trial() {
  Trial trial;
  trial.cluster = "prod";
  trial.cluster_id = "abc";
  trial.servers = {
      {"kafka-1:9092", -1, {{"connect", 1ms, "", ""}}, false},
      {"kafka-1:9092",
       1,
       {{"connect", 1ms, "", ""}, {"who it is", 12ms, "cluster abc", ""}},
       false},
      {"kafka-2:9092", 2, {{"connect", 2s, "connection refused", "does it run?"}}, true}};
  trial.rights = {{"DESCRIBE on the cluster", true, true, "", "the quorum"},
                  {"DESCRIBE_CONFIGS on topics", false, true, "on 3 of 12", "retention"},
                  {"READ on topics", false, false, "on 0 of 12", "markers"}};
  return trial;
}

TEST(Connect, SaysWhatFailedAndWhatToDo) {
  const std::string text = trial_text(trial(), {.colour = false, .width = 100});
  EXPECT_THAT(text, HasSubstr("broker 1, kafka-1:9092\n    ✓  connect    1.0 ms\n    ✓  who it is  "
                              "12 ms   cluster abc\n"));
  EXPECT_THAT(text, HasSubstr("✗  connect  2000 ms  connection refused\n"));
  EXPECT_THAT(text, HasSubstr("does it run?"));
  EXPECT_THAT(
      text, HasSubstr("✗  DESCRIBE_CONFIGS on topics  on 3 of 12; without it unknown: retention"));
  EXPECT_THAT(text, HasSubstr("–  READ on topics"));
  EXPECT_THAT(text, HasSubstr("prod: 1 of 2 brokers can be used, 1 right is missing\n"));
  EXPECT_FALSE(all_well(trial()));
}

TEST(Connect, IsWellWithoutWhatIsNotNeeded) {
  Trial well = trial();
  well.servers.pop_back();
  well.rights[1].granted = true;
  EXPECT_TRUE(all_well(well));
  EXPECT_THAT(trial_text(well, {}), Not(HasSubstr("✗")));
  well.rights[1].granted.reset();
  EXPECT_TRUE(all_well(well)) << "what is not told is not known to be missing";
}

TEST(Connect, TellsProgramsTheSame) {
  const auto json = trial_json(trial());
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["servers"][2]["steps"][0]["ok"], false);
  EXPECT_EQ(json["servers"][2]["broker"], 2);
  EXPECT_FALSE(json["servers"][0].contains("broker"));
  EXPECT_EQ(json["rights"][1]["granted"], false);
}

TEST(Connect, NobodyReachedIsSaid) {
  Trial none;
  none.cluster = "prod";
  none.servers = {{"kafka-1:9092", -1, {{"connect", 1ms, "refused", ""}}, true}};
  EXPECT_THAT(trial_text(none, {}), HasSubstr("prod: no server of bootstrap could be used"));
}

}  // namespace
}  // namespace highwater::agent
