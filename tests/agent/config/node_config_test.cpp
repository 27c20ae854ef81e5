// `node:` of the configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "agent/config/config.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

std::string with_node(const std::string& node) {
  return "clusters: [{name: prod, bootstrap: \"kafka:9092\"}, {name: test, bootstrap: "
         "\"t:9092\"}]\n"
         "node: " +
         node + "\n";
}

TEST(NodeConfig, IsRead) {
  Diagnostics diagnostics;
  const auto config = parse_config(
      with_node("{name: b, every: 5s, cluster: test, log_dirs: [/data/1/, /data/1, /data/2]}"),
      "highwater.yaml", diagnostics);
  ASSERT_TRUE(config) << diagnostics.front().text();
  ASSERT_TRUE(config->node);
  EXPECT_EQ(config->node->name, "b");
  EXPECT_FALSE(config->node->judges_cluster);
  EXPECT_EQ(config->node->every, 5s);
  EXPECT_EQ(config->node->cluster, "test");
  EXPECT_EQ(config->node->log_dirs, (std::vector<std::string>{"/data/1", "/data/2"}));
}

TEST(NodeConfig, IsNamedAsTheMachineUnlessItSaysOtherwise) {
  Diagnostics diagnostics;
  const auto config = parse_config(with_node("{judges: cluster}"), "highwater.yaml", diagnostics);
  ASSERT_TRUE(config) << diagnostics.front().text();
  EXPECT_FALSE(config->node->name.empty());
  EXPECT_TRUE(config->node->judges_cluster);
}

TEST(NodeConfig, MistakesAreSaid) {
  const std::map<std::string, std::string> mistakes{
      {"{name: b, log_dirs: [/data]}", "does not say to which cluster"},
      {"{name: b, cluster: tset}", "there is no cluster 'tset'"},
      {"{name: b, judges: all}", "one of: node, cluster"},
      {"{name: b, every: 10ms}", "'every' is 10ms"},
      {"{name: b, cluster: test, log_dirs: [data]}", "no absolute path"},
      {"{name: \"\"}", "the node has no name"}};
  for (const auto& [node, said] : mistakes) {
    Diagnostics diagnostics;
    EXPECT_FALSE(parse_config(with_node(node), "highwater.yaml", diagnostics)) << node;
    ASSERT_EQ(diagnostics.size(), 1U) << node;
    EXPECT_THAT(diagnostics.front().text(), testing::HasSubstr(said));
  }
}

}  // namespace
}  // namespace highwater::agent
