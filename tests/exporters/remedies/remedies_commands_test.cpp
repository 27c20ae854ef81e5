// Commands as they are printed: for transactions, for other clusters than the plainest, and with
// names that somebody chose to do harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/remedies/remedy_world.h"

namespace highwater {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::displaced;
using testing_support::expect_none;
using testing_support::World;

TEST(AnOpenTransaction, ThatNobodyKnowsOfIsAborted) {
  World world;
  world.set("open_transaction_seconds", {"orders", "2", ""}, 900)
      .set("partition_last_stable_offset", {"orders", "2"}, 4017)
      .set("partition_high_watermark", {"orders", "2"}, 5000);
  const Remedy remedy = world.remedy("TransactionOpen", {{"topic", "orders"}});
  EXPECT_EQ(remedy.action, "abort the transaction that hangs in orders-2");
  EXPECT_THAT(
      remedy.commands,
      ElementsAre("kafka-transactions.sh --bootstrap-server kafka-1:9092 find-hanging --topic "
                  "orders --partition 2 --max-transaction-timeout 1 | grep -F -w -- orders && "
                  "kafka-transactions.sh --bootstrap-server kafka-1:9092 abort --topic orders "
                  "--partition 2 --start-offset 4017"));
  EXPECT_THAT(remedy.check, HasSubstr("only when Kafka's tool finds it hanging as well"));
}

TEST(AnOpenTransaction, ThatItsCoordinatorKnowsIsNotAborted) {
  World world;
  world.set("open_transaction_seconds", {"orders", "2", "billing-1"}, 900);
  const Remedy remedy = world.remedy("TransactionOpen", {{"topic", "orders"}});
  EXPECT_EQ(remedy.action, "start the application with transactional id billing-1 again");
  EXPECT_THAT(remedy.commands, IsEmpty());
  EXPECT_THAT(remedy.check, HasSubstr("does not hang"));
}

TEST(AnOpenTransaction, WhoseCoordinatorWasNotAskedIsLeftAlone) {
  expect_none(World().remedy("TransactionOpen", {{"topic", "orders"}}), "is not known yet");
}

TEST(AnOpenTransaction, WhoseBeginningIsNotKnownIsLeftAlone) {
  World world;
  world.set("open_transaction_seconds", {"orders", "2", ""}, 900);
  expect_none(world.remedy("TransactionOpen", {{"topic", "orders"}}), "is not known now");
  world.set("partition_last_stable_offset", {"orders", "2"}, 5000)
      .set("partition_high_watermark", {"orders", "2"}, 5000);
  expect_none(world.remedy("TransactionOpen", {{"topic", "orders"}}), "is not known now");
}

TEST(CommandsOfRulesAboutHighwater, OnlyLook) {
  EXPECT_THAT(World().remedy("MonitorDenied", {}).commands, ElementsAre("highwater generate acls"));
  EXPECT_THAT(World().remedy("ReloadFailing", {{"file", "/etc/high water.yaml"}}).commands,
              ElementsAre("highwater check '/etc/high water.yaml'"));
  EXPECT_THAT(World().remedy("RuleJudgesNothing", {{"rule", "late"}}).commands,
              ElementsAre("highwater explain late"));
  expect_none(World().remedy("ReloadFailing", {}), "which file");
}

TEST(Commands, OfASecuredClusterNameAFileOfSettings) {
  World world = displaced(1);
  world.access.secured = true;
  const Remedy election = world.remedy("LeaderImbalance", {});
  EXPECT_THAT(election.commands[0], HasSubstr(" --admin.config client.properties "));
  EXPECT_THAT(election.check, HasSubstr("client.properties stands for"));
  world.set("open_transaction_seconds", {"orders", "2", ""}, 900)
      .set("partition_last_stable_offset", {"orders", "2"}, 4017)
      .set("partition_high_watermark", {"orders", "2"}, 5000);
  for (const std::string& command : world.remedy("TransactionOpen", {{"topic", "orders"}}).commands)
    EXPECT_THAT(command, HasSubstr(" --command-config client.properties "));
}

TEST(Commands, BracketAddressesOfIPv6AsTheConfigurationDoes) {
  World world = displaced(1);
  world.access.bootstrap = "[::1]:9092,kafka-2:9092";
  EXPECT_THAT(world.remedy("LeaderImbalance", {}).commands[0],
              HasSubstr("--bootstrap-server '[::1]:9092,kafka-2:9092' "));
}

TEST(Commands, AreNoneForAClusterThatIsNotConfiguredAnyMore) {
  World world = displaced(1);
  world.access.bootstrap = "";
  expect_none(world.remedy("LeaderImbalance", {}), "servers are not known");
}

TEST(Commands, TakeNamesForWordsWhateverIsInThem) {
  const std::string hostile = "a'; rm -rf / #$(x)`y`";
  World world;
  world.set("open_transaction_seconds", {hostile, "0", ""}, 900)
      .set("partition_last_stable_offset", {hostile, "0"}, 1)
      .set("partition_high_watermark", {hostile, "0"}, 2);
  EXPECT_THAT(world.remedy("TransactionOpen", {{"topic", hostile}}).commands[0],
              HasSubstr("abort --topic 'a'\\''; rm -rf / #$(x)`y`' --partition 0"));
}

TEST(Commands, AreNoneForNamesThatLookLikeOthers) {
  for (const std::string& name : {std::string("a\nb"), std::string("a\x1b[2K"), std::string("\xFF"),
                                  std::string("a?~00c0ffee00c0ffee"), std::string("(no name)"),
                                  std::string("a\xE2\x80\xAE"
                                              "b")})
    expect_none(World().remedy("TransactionOpen", {{"topic", name}}), "characters");
  World world = displaced(1);
  world.set("partition_preferred_leader", {"or\nders", "0"}, 0)
      .set("partition_preferred_broker", {"or\nders", "0"}, 1)
      .set("partition_replica_in_sync", {"or\nders", "0", "1"}, 1);
  EXPECT_THAT(world.remedy("LeaderImbalance", {}).commands,
              ElementsAre(HasSubstr("--topic orders --partition 0")));
}

TEST(TheLineOfARemedy, SaysWhatToRunInWhichOrderAndWhy) {
  EXPECT_EQ(remedy_line({"start broker 3", {}, "it has all records"}),
            "start broker 3 (it has all records)");
  EXPECT_EQ(remedy_line({"set it back", {"look", "do"}, "safe"}),
            "set it back: look; then: do (safe)");
  EXPECT_EQ(remedy_line({{}, {}, "nothing helps"}), "");
}

TEST(TheLineOfARemedy, NeverHasHalfACommand) {
  EXPECT_EQ(remedy_line({"elect", {std::string(1000, 'x')}, "safe"}),
            "elect: with the command on the incident's page (safe)");
}

}  // namespace
}  // namespace highwater
