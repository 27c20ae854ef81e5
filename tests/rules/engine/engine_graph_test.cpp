// The dependency graph by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/incidents/dependency_graph.h"
#include "tests/rules/engine/engine_world.h"

namespace highwater::rules {
namespace {

using namespace testing;
using ::testing::ElementsAre;

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class DependencyGraphTest : public ::testing::Test {
 protected:
  // Publishes the cluster's relations to the graph; true when they are new to it.
  bool follow() {
    cluster_.publish(snapshot_, now_);
    std::vector<ObservationPtr> observations;
    for (const auto& [key, observation] : snapshot_.observations)
      observations.push_back(observation);
    return graph_.follow(observations);
  }
  DependencyGraph::Node broker(const std::string& id) {
    return graph_.node_of(cluster_.entity({{"broker", id}}));
  }
  DependencyGraph::Node partition(const std::string& id) {
    return graph_.node_of(cluster_.entity({{"topic", "orders"}, {"partition", id}}));
  }
  void lead(std::vector<FakeCluster::Ends> pairs) {
    cluster_.relate("leads partitions", {"topic", "partition"}, {"broker"}, std::move(pairs));
  }
  static std::vector<std::pair<uint32_t, uint32_t>> ends(
      std::span<const DependencyGraph::Edge> edges) {
    std::vector<std::pair<uint32_t, uint32_t>> found;
    for (const DependencyGraph::Edge& edge : edges) found.emplace_back(edge.node, edge.hops());
    return found;
  }

  FakeCluster cluster_;
  Snapshot snapshot_;
  Now now_{SteadyTime(seconds(1000)), WallTime(seconds(1000))};
  DependencyGraph graph_;
};

TEST_F(DependencyGraphTest, AnEntityIsOneNodeWhicheverKeySetNamesIt) {
  lead({{{"orders", "0"}, {"1"}}});
  cluster_.relate("coordinates", {"group"}, {"broker"}, {{{"billing"}, {"1"}}});
  (void)follow();
  graph_.connect();
  const auto group = graph_.node_of(cluster_.entity({{"group", "billing"}}));
  EXPECT_THAT(ends(graph_.dependents_of(broker("1"))),
              UnorderedElementsAre(Pair(partition("0"), 1U), Pair(group, 1U)));
  EXPECT_THAT(ends(graph_.causes_of(group)), ElementsAre(Pair(broker("1"), 1U)));
}

TEST_F(DependencyGraphTest, AnEntityIsAboutItsPartsAtNoDistance) {
  const auto lag = graph_.node_of(
      cluster_.entity({{"group", "billing"}, {"topic", "orders"}, {"partition", "0"}}));
  const auto group = graph_.node_of(cluster_.entity({{"group", "billing"}}));
  (void)graph_.node_of(cluster_.entity({{"group", "other"}}));
  (void)graph_.node_of(cluster_.entity({}));
  const auto part = partition("0");
  graph_.connect();
  EXPECT_THAT(ends(graph_.causes_of(lag)), UnorderedElementsAre(Pair(group, 0U), Pair(part, 0U)));
}

TEST_F(DependencyGraphTest, TheSameRelationsAgainAreNoNews) {
  auto observation = std::make_shared<Observation>();
  observation->relations.push_back(
      {"leads",
       std::make_shared<const KeySet>(
           kUnder.dimensions, std::vector<Symbol>{Symbol("prod"), Symbol("orders"), Symbol("0")}),
       std::make_shared<const KeySet>(kFailed.dimensions,
                                      std::vector<Symbol>{Symbol("prod"), Symbol("1")}),
       {{0, 0}}});
  const std::vector<ObservationPtr> first{observation};
  const std::vector<ObservationPtr> copy{std::make_shared<const Observation>(*observation)};
  EXPECT_TRUE(graph_.follow(first));
  EXPECT_FALSE(graph_.follow(copy));
  observation = std::make_shared<Observation>(*observation);
  observation->relations[0].pairs.clear();
  EXPECT_TRUE(graph_.follow(std::vector<ObservationPtr>{observation}));
}

TEST_F(DependencyGraphTest, NodesAreNamedAsPeopleNameThem) {
  lead({{{"orders", "0"}, {"1"}}});
  (void)follow();
  graph_.connect();
  EXPECT_EQ(graph_.name_of(partition("0")), "orders-0");
  EXPECT_EQ(graph_.name_of(broker("1")), "1");
  EXPECT_THAT(graph_.values_of("topic"), ElementsAre("orders"));
  EXPECT_EQ(graph_.label(broker("1"), "topic"), nullptr);
}

TEST_F(DependencyGraphTest, UnusedNodesAreForgottenAndTheKeptOnesRenumbered) {
  lead({{{"orders", "0"}, {"1"}}});
  (void)follow();
  for (int i = 0; i < 12'000; ++i)
    (void)graph_.node_of(cluster_.entity({{"group", std::to_string(i)}}));
  std::vector<DependencyGraph::Node> remembered{
      graph_.node_of(cluster_.entity({{"group", "11999"}}))};
  graph_.connect();
  ASSERT_GT(graph_.nodes(), 12'000U);
  const auto numbers = graph_.forget_unused(remembered);
  ASSERT_TRUE(numbers.has_value());
  remembered[0] = (*numbers)[remembered[0]];
  EXPECT_EQ(graph_.nodes(), 3U);
  EXPECT_THAT(remembered, ElementsAre(graph_.node_of(cluster_.entity({{"group", "11999"}}))));
  EXPECT_EQ(graph_.nodes(), 3U);
  EXPECT_THAT(ends(graph_.causes_of(partition("0"))), ElementsAre(Pair(broker("1"), 1U)));
}

}  // namespace
}  // namespace highwater::rules
