// From simulated brokers to what a node says of them, over real sockets and in real time.
#include "collectors/node_collector.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/collectors/fixture.h"
#include "tests/simulator/scenario/scenario.h"
#include "tests/simulator/simulator.h"

namespace highwater::collectors {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kScenario = R"(
brokers: 3
fencing: 2s
startup: 500ms
topics:
  - {name: orders, partitions: 6}
)";

class NodeOfACluster : public ::testing::Test {
 protected:
  void SetUp() override {
    Diagnostics diagnostics;
    scenario_ = simulator::parse_scenario(kScenario, "scenario.yaml", diagnostics).value();
    simulator_ = std::move(simulator::Simulator::start(scenario_).value());
    kafka::NodeProbeSettings settings;
    settings.cluster.name = "prod";
    for (const int32_t broker : {1, 2, 3})
      settings.cluster.bootstrap.emplace_back("127.0.0.1", simulator_->port(broker));
    settings.cluster.request_timeout = 500ms;
    settings.every = 300ms;
    collector_ = std::make_unique<NodeCollector>(std::move(settings), Symbol("b"), false, log_,
                                                 [this](ObservationPtr observation) {
                                                   const std::lock_guard lock(mutex_);
                                                   newest_ = std::move(observation);
                                                   changed_.notify_all();
                                                 });
    collector_->start();
  }

  void happen(std::string_view fault) {
    Diagnostics diagnostics;
    const auto parsed = simulator::parse_fault(fault, scenario_, diagnostics);
    ASSERT_TRUE(parsed) << diagnostics.front().text();
    ASSERT_TRUE(simulator_->apply(*parsed));
  }

  [[nodiscard]] bool comes(std::string_view measure, std::string_view broker, Cell wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, [&] {
      return newest_ && newest_->tables.size() > 1 &&
             cell(*newest_, measure, {"b", broker}) == wanted;
    });
  }

  SystemClock clock_;
  Log log_{clock_, LogLevel::error, LogForm::json, null_sink()};
  simulator::Scenario scenario_;
  std::unique_ptr<simulator::Simulator> simulator_;
  std::mutex mutex_;
  std::condition_variable changed_;
  ObservationPtr newest_;
  std::unique_ptr<NodeCollector> collector_;  // last: ends first
};

TEST_F(NodeOfACluster, ReachesItsBrokers) {
  for (const char* broker : {"1", "2", "3"}) {
    EXPECT_TRUE(comes("node_broker_reachable", broker, is(1))) << broker;
    EXPECT_TRUE(comes("node_broker_cut_off", broker, is(0))) << broker;
  }
}

// Listed for the two seconds until the controller gives it up, and not from then on.
TEST_F(NodeOfACluster, IsNotCutOffFromABrokerThatDied) {
  ASSERT_TRUE(comes("node_broker_reachable", "2", is(1)));
  happen("die: 2");
  EXPECT_TRUE(comes("node_broker_reachable", "2", is(0)));
  EXPECT_TRUE(comes("node_broker_cut_off", "2", is(0)));
}

TEST_F(NodeOfACluster, IsCutOffFromABrokerThatTalksNonsenseToItAlone) {
  ASSERT_TRUE(comes("node_broker_reachable", "2", is(1)));
  happen("garbage: {broker: 2, times: 1000000}");
  EXPECT_TRUE(comes("node_broker_cut_off", "2", is(1)));
  EXPECT_TRUE(comes("node_broker_cut_off", "3", is(0)));
}

// Nobody takes the dead broker out of what the others list.
TEST_F(NodeOfACluster, DoesNotKnowWhetherItIsCutOffWithoutAController) {
  ASSERT_TRUE(comes("node_broker_reachable", "2", is(1)));
  happen("quorum_lost: true");
  std::this_thread::sleep_for(5s);  // until the controller has noticed
  happen("die: 2");
  ASSERT_TRUE(comes("node_broker_cut_off", "2", unknown(Unknown::broker_unreachable)));
  const auto until = std::chrono::steady_clock::now() + 3s;
  while (std::chrono::steady_clock::now() < until) {
    std::unique_lock lock(mutex_);
    EXPECT_EQ(cell(*newest_, "node_broker_cut_off", {"b", "2"}),
              unknown(Unknown::broker_unreachable));
    changed_.wait_for(lock, 100ms);
  }
}

TEST_F(NodeOfACluster, ReachesABrokerAgainThatIsBack) {
  ASSERT_TRUE(comes("node_broker_reachable", "3", is(1)));
  happen("hang: 3");
  ASSERT_TRUE(comes("node_broker_reachable", "3", is(0)));
  happen("wake: 3");
  EXPECT_TRUE(comes("node_broker_reachable", "3", is(1)));
}

}  // namespace
}  // namespace highwater::collectors
