// The rights that `highwater generate acls` asks for, in each form.
#include "agent/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace highwater::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string written(const std::string& cluster, const std::string& format,
                    const std::string& principal = "User:highwater") {
  Diagnostics diagnostics;
  const auto config =
      parse_config("clusters:\n  - name: prod\n    bootstrap: [\"kafka-1:9092\"]\n" + cluster,
                   "highwater.yaml", diagnostics);
  if (!config) return diagnostics.front().text();
  return access_text(access_rules(config->clusters[0], *config), config->clusters[0], principal,
                     format);
}

TEST(Access, IsToReadAndNothingElse) {
  const std::string head =
      "kafka-acls.sh --bootstrap-server kafka-1:9092 --command-config admin.properties --add "
      "--allow-principal 'User:highwater'";
  EXPECT_EQ(written("", "kafka-acls"),
            head + " --operation Describe --operation DescribeConfigs --cluster\n" + head +
                " --operation Describe --operation DescribeConfigs --topic '*'\n" + head +
                " --operation Describe --group '*'\n" + head +
                " --operation Describe --transactional-id '*'\n");
}

TEST(Access, OfEverybodyIsNotGivenUnawares) {
  const std::string text = written("", "kafka-acls", "User:ANONYMOUS");
  EXPECT_THAT(text, testing::StartsWith("# User:ANONYMOUS is everybody who reaches"));
  EXPECT_THAT(text, HasSubstr("\nkafka-acls.sh --bootstrap-server kafka-1:9092"));
  EXPECT_THAT(written("", "kafka-acls"), Not(HasSubstr("#")));
}

TEST(Access, IsAsNarrowAsTheIncludeLists) {
  const std::string text = written(
      "    topics: {include: [orders, \"pay-*\"]}\n    groups: {include: [\"/^a/\", billing]}\n",
      "kafka-acls");
  EXPECT_THAT(text, HasSubstr("--topic 'orders'\n"));
  EXPECT_THAT(text, HasSubstr("--topic 'pay-' --resource-pattern-type prefixed\n"));
  EXPECT_THAT(text, Not(HasSubstr("--topic '*'")));
  EXPECT_THAT(text, HasSubstr("--group '*'\n")) << "no right is a regular expression";
  EXPECT_THAT(text, Not(HasSubstr("billing")));
}

TEST(Access, OfACanaryIsToWriteItsTopic) {
  const std::string text = written("    canary: {topic: probe}\n", "confluent", "sa-123");
  EXPECT_THAT(
      text,
      HasSubstr("--service-account 'sa-123' --operations describe,read,write --topic 'probe'\n"));
  EXPECT_THAT(text, HasSubstr("--operations read --consumer-group 'highwater-canary'\n"));
  EXPECT_THAT(text, HasSubstr("--operations describe,describe-configs --cluster-scope\n"));
}

TEST(Access, QuotesForTheShell) {
  const std::string text =
      written("    topics: {include: [\"it's\"]}\n", "kafka-acls", "User:CN=o'neill");
  EXPECT_THAT(text, HasSubstr("--topic 'it'\\''s'"));
  EXPECT_THAT(text, HasSubstr("--allow-principal 'User:CN=o'\\''neill'"));
}

TEST(Access, OfStrimziIsPartOfAKafkaUser) {
  const std::string text = written("    topics: {include: [\"pay-*\"]}\n", "strimzi");
  EXPECT_THAT(text, HasSubstr("    - resource: {\"type\":\"cluster\"}\n      operations: "
                              "[Describe, DescribeConfigs]\n"));
  EXPECT_THAT(text, HasSubstr("{\"type\":\"topic\",\"name\":\"pay-\",\"patternType\":\"prefix\"}"));
}

TEST(Access, OfAwsIsAPolicy) {
  const auto policy = nlohmann::json::parse(
      written("    topics: {include: [\"pay-*\"]}\n    canary: {topic: probe}\n", "aws-iam"));
  std::vector<std::string> actions;
  for (const auto& statement : policy["Statement"]) {
    EXPECT_EQ(statement["Effect"], "Allow");
    for (const auto& action : statement["Action"]) actions.push_back(action);
  }
  EXPECT_THAT(actions,
              testing::IsSupersetOf({"kafka-cluster:Connect", "kafka-cluster:DescribeTopic",
                                     "kafka-cluster:WriteData"}));
  EXPECT_EQ(policy["Statement"][1]["Resource"],
            "arn:aws:kafka:REGION:ACCOUNT:topic/CLUSTER/CLUSTER_ID/pay-*");
}

}  // namespace
}  // namespace highwater::agent
