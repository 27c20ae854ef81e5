// The whole way from simulated brokers to observations, over real sockets and in real time. Waits
// are for conditions, and bounded; only a failure is slow.
#include "collectors/kafka_collector.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "tests/simulator/scenario/scenario.h"
#include "tests/simulator/simulator.h"

namespace highwater::collectors {
namespace {

using namespace std::chrono_literals;
using simulator::Simulator;

// __consumer_offsets has 50 partitions more, with three copies each.
constexpr std::string_view kScenario = R"(
brokers: 3
fencing: 1s
startup: 500ms
topics:
  - {name: orders, partitions: 6, produce: 50/s}
  - {name: audit, partitions: 6, replication_factor: 1, records: 60}
groups:
  - {name: group-%d, topics: [orders, audit], consume: all, members: 1, commit_every: 200ms, count: 9}
)";

const std::string kSingleCopies = "offsets_replication_factor: 1\n" + std::string(kScenario);

// Brokers, a collector that watches them, and the newest observation of each part.
class Watched {
 public:
  // Watches all groups, or those that are named. `before` happened, and was over, long before.
  explicit Watched(const std::vector<std::string>& groups = {}, Duration group_cadence = 200ms,
                   std::string_view before = "", std::string_view scenario = kScenario)
      : log_(clock_, LogLevel::error, LogForm::json, null_sink()) {
    Diagnostics diagnostics;
    scenario_ = simulator::parse_scenario(scenario, "scenario.yaml", diagnostics).value();
    simulator_ = std::move(Simulator::start(scenario_).value());
    kafka::ClusterSettings settings;
    settings.name = "prod";
    for (const int32_t broker : {1, 2, 3})
      settings.bootstrap.emplace_back("127.0.0.1", simulator_->port(broker));
    settings.poll = {200ms, 200ms, group_cadence, 2s};
    settings.request_timeout = 600ms;
    for (const std::string& group : groups)
      settings.groups.include.push_back(Pattern::parse(group).value());
    if (!before.empty()) {
      happen(before);
      std::this_thread::sleep_for(2500ms);  // until the controller has noticed
    }
    collector_ = std::make_unique<KafkaCollector>(
        std::move(settings), log_,
        [this](ObservationPtr observation) { take(std::move(observation)); });
    collector_->start();
  }

  void happen(std::string_view fault) {
    Diagnostics diagnostics;
    const auto parsed = simulator::parse_fault(fault, scenario_, diagnostics);
    ASSERT_TRUE(parsed) << diagnostics.front().text();
    ASSERT_TRUE(simulator_->apply(*parsed));
  }

  // The value of a row; NaN when it is unknown or absent.
  double value(std::string_view measure, const std::vector<std::string>& cells) {
    const std::lock_guard lock(mutex_);
    return value_locked(measure, cells);
  }

  template <class Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 120s, [&] { return condition(*this); });
  }

  double value_locked(std::string_view measure, const std::vector<std::string>& cells) const {
    std::vector<Symbol> row{Symbol("prod")};
    for (const std::string& cell : cells) row.emplace_back(cell);
    for (const auto& [part, observation] : newest_) {
      for (const Table& table : observation->tables) {
        if (table.measure->name != measure) continue;
        const auto found = table.keys->find(row);
        if (found && table.known(*found)) return table.values[*found];
      }
    }
    return std::nan("");
  }

  // How many rows of a measure are known; -1 before it was seen.
  int known_locked(std::string_view measure) const {
    for (const auto& [part, observation] : newest_) {
      for (const Table& table : observation->tables) {
        if (table.measure->name != measure) continue;
        int known = 0;
        for (size_t row = 0; row < table.rows(); ++row) known += table.known(row) ? 1 : 0;
        return known;
      }
    }
    return -1;
  }

  // Why a row has no value; nothing when there is no such row.
  std::optional<Unknown> reason_locked(std::string_view measure,
                                       const std::vector<std::string>& cells) const {
    std::vector<Symbol> row{Symbol("prod")};
    for (const std::string& cell : cells) row.emplace_back(cell);
    for (const auto& [part, observation] : newest_) {
      for (const Table& table : observation->tables) {
        if (table.measure->name != measure) continue;
        if (const auto found = table.keys->find(row)) return table.reason(*found);
      }
    }
    return std::nullopt;
  }

  // How long one observation after the other said that the group had been rebalancing.
  [[nodiscard]] const std::vector<double>& rebalancing_locked() const { return rebalancing_; }

  [[nodiscard]] bool complained_of(const std::string& whom) const {
    return std::any_of(problems_.begin(), problems_.end(), [&](const std::string& what) {
      return what.find(whom) != std::string::npos;
    });
  }

  // Values that must never be seen, with their measures; kept from every observation.
  std::vector<std::string> nonsense() {
    const std::lock_guard lock(mutex_);
    return nonsense_;
  }

 private:
  void take(ObservationPtr observation) {
    const std::lock_guard lock(mutex_);
    for (const Table& table : observation->tables) {
      for (size_t row = 0; row < table.rows(); ++row) {
        const bool may_be_negative = table.measure->name.find("leader") != std::string_view::npos;
        if (table.known(row) && !(table.values[row] >= 0) && !may_be_negative) {
          nonsense_.push_back(fmt::format("{} is {}", table.measure->name, table.values[row]));
        }
      }
    }
    for (const Problem& problem : observation->problems) problems_.push_back(problem.what);
    const bool rebalances = observation->part == "rebalances";
    newest_[observation->part] = std::move(observation);
    if (rebalances) rebalancing_.push_back(value_locked("group_rebalance_seconds", {"group-1"}));
    changed_.notify_all();
  }

  SystemClock clock_;
  Log log_;
  simulator::Scenario scenario_;
  std::unique_ptr<Simulator> simulator_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string_view, ObservationPtr> newest_;
  std::vector<std::string> nonsense_;
  std::vector<std::string> problems_;
  std::vector<double> rebalancing_;
  std::unique_ptr<KafkaCollector> collector_;  // last: ends first
};

bool all_up(const Watched& watched) {
  return watched.value_locked("broker_up", {"1"}) == 1 &&
         watched.value_locked("broker_up", {"2"}) == 1 &&
         watched.value_locked("broker_up", {"3"}) == 1;
}

bool all_known(const Watched& watched) {
  return all_up(watched) && watched.known_locked("partition_high_watermark") == 50 + 12 &&
         watched.known_locked("group_lag_records") == 9 * 12;
}

TEST(KafkaCollector, KnowsEveryRowOfAHealthyCluster) {
  Watched watched;
  EXPECT_TRUE(watched.wait_for(all_known));
  EXPECT_EQ(watched.value("cluster_reachable", {}), 1);
}

TEST(KafkaCollector, KeepsEveryRowThatIsLedAndCoordinatedElsewhereWhenABrokerDies) {
  Watched watched;
  ASSERT_TRUE(watched.wait_for(all_known));
  watched.happen("die: 2");
  ASSERT_TRUE(watched.wait_for(
      [](const Watched& w) { return w.value_locked("broker_failed", {"2"}) == 1; }));
  // After fencing the six partitions with three replicas have living leaders, as have four of the
  // six with one; and every group has a coordinator again.
  EXPECT_TRUE(watched.wait_for([](const Watched& w) {
    return w.known_locked("partition_high_watermark") == 50 + 10 &&
           w.known_locked("group_lag_records") == 9 * 10 &&
           w.value_locked("broker_up", {"1"}) == 1 && w.value_locked("broker_up", {"3"}) == 1;
  }));
  EXPECT_EQ(watched.nonsense(), std::vector<std::string>{});
}

TEST(KafkaCollector, GroupsOfLeaderlessOffsetsAreUnknownUntilTheirBrokerReturns) {
  Watched watched({}, 200ms, "", kSingleCopies);
  ASSERT_TRUE(watched.wait_for(all_known));
  std::vector<std::string> stranded;
  for (int i = 1; i <= 9; ++i) {
    const std::string group = fmt::format("group-{}", i);
    if (watched.value("group_coordinator", {group}) == 3) stranded.push_back(group);
  }
  ASSERT_FALSE(stranded.empty());
  watched.happen("die: 3");
  const auto all_unknown = [&](const Watched& w) {
    return std::ranges::all_of(stranded, [&](const std::string& group) {
      return w.reason_locked("group_lag_records", {group, "orders", "0"}) ==
             Unknown::no_coordinator;
    });
  };
  ASSERT_TRUE(watched.wait_for([&](const Watched& w) {
    return w.value_locked("broker_listed", {"3"}) == 0 && all_unknown(w);
  }));
  std::this_thread::sleep_for(2s);  // ten polls
  EXPECT_TRUE(watched.wait_for(all_unknown));
  EXPECT_TRUE(watched.wait_for(
      [&](const Watched& w) { return w.complained_of("can neither be read nor commit"); }));
  watched.happen("return: 3");
  EXPECT_TRUE(watched.wait_for(all_known));
}

TEST(KafkaCollector, TellsAnOrderlyStopFromACrash) {
  Watched watched;
  ASSERT_TRUE(watched.wait_for(all_known));
  watched.happen("stop: 3");
  EXPECT_TRUE(watched.wait_for(
      [](const Watched& w) { return w.value_locked("broker_stopped", {"3"}) == 1; }));
  EXPECT_EQ(watched.value("broker_failed", {"3"}), 0);
}

// It is listed until its logs are closed, while another one has what it led. That of a crash does
// not move for seconds.
TEST(KafkaCollector, TellsAnOrderlyStopFromACrashWithZooKeeper) {
  constexpr std::string_view kOld = R"(
brokers: 3
kafka: 2.8
deregistration: 7s
topics: [{name: orders, partitions: 6}]
groups: [{name: group-1, topics: [orders]}]
)";
  Watched watched({}, 200ms, "", kOld);
  ASSERT_TRUE(
      watched.wait_for([](const Watched& w) { return w.value_locked("broker_up", {"3"}) == 1; }));
  watched.happen("stop: 3");
  ASSERT_TRUE(watched.wait_for(
      [](const Watched& w) { return w.value_locked("broker_stopped", {"3"}) == 1; }));
  std::this_thread::sleep_for(6s);  // more than one that is listed again has to come up
  EXPECT_EQ(watched.value("broker_listed", {"3"}), 1);
  EXPECT_EQ(watched.value("broker_stopped", {"3"}), 1);
  EXPECT_EQ(watched.value("broker_failed", {"3"}), 0);
  watched.happen("die: 2");
  EXPECT_TRUE(watched.wait_for(
      [](const Watched& w) { return w.value_locked("broker_failed", {"2"}) == 1; }));
}

TEST(KafkaCollector, FindsABrokerThatWasDeadBeforeTheWatchBegan) {
  Watched watched({}, 200ms, "die: 2");
  EXPECT_TRUE(watched.wait_for([](const Watched& w) {
    return w.value_locked("broker_up", {"2"}) == 0 && w.value_locked("broker_stopped", {"2"}) == 1;
  })) << "Metadata lists it no more, but partitions have replicas on it";
  watched.happen("return: 2");
  EXPECT_TRUE(watched.wait_for([](const Watched& w) {
    return w.value_locked("broker_up", {"2"}) == 1 && w.value_locked("broker_listed", {"2"}) == 1;
  }));
}

TEST(KafkaCollector, ComesBackWithinSecondsAfterEveryHang) {
  // HIGHWATER_HANG_CYCLES=50 for the long form.
  const char* wanted = std::getenv("HIGHWATER_HANG_CYCLES");
  const int cycles = wanted != nullptr ? std::atoi(wanted) : 3;
  Watched watched;
  ASSERT_TRUE(watched.wait_for(all_known));
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const std::string broker = std::to_string(1 + cycle % 3);
    watched.happen("hang: " + broker);
    ASSERT_TRUE(watched.wait_for([&](const Watched& w) {
      return w.value_locked("broker_failed", {broker}) == 1;
    })) << "cycle "
        << cycle;
    for (const std::string other : {"1", "2", "3"}) {
      if (other == broker) continue;
      EXPECT_EQ(watched.value("broker_up", {other}), 1) << "cycle " << cycle;
    }
    watched.happen("wake: " + broker);
    ASSERT_TRUE(watched.wait_for(all_up)) << "cycle " << cycle;
  }
  EXPECT_TRUE(watched.wait_for(all_known));
  EXPECT_EQ(watched.nonsense(), std::vector<std::string>{});
}

TEST(KafkaCollector, LooksAtARebalanceEachSecondBetweenThePolls) {
  Watched watched({}, 2500ms);
  ASSERT_TRUE(watched.wait_for(all_known));
  watched.happen("rebalance: {group: group-1, for: 6s}");
  ASSERT_TRUE(watched.wait_for([](const Watched& now) {
    return now.value_locked("group_rebalance_last_seconds", {"group-1"}) > 0;
  }));
  const std::vector<double>& seen = watched.rebalancing_locked();
  size_t seconds = 0;  // that were told of
  for (size_t i = 1; i < seen.size(); ++i)
    seconds += seen[i] - seen[i - 1] > 0.5 && seen[i] - seen[i - 1] < 1.5;
  EXPECT_GE(seconds, 2U);
}

TEST(KafkaCollector, ReportsABrokerThatSendsGarbageAndRecovers) {
  Watched watched;
  ASSERT_TRUE(watched.wait_for(all_known));
  watched.happen("garbage: {broker: 1, times: 5}");
  EXPECT_TRUE(watched.wait_for([](const Watched& w) { return w.complained_of("broker 1"); }));
  EXPECT_TRUE(watched.wait_for(all_known));
  EXPECT_EQ(watched.nonsense(), std::vector<std::string>{});
}

TEST(KafkaCollector, ANamedGroupThatIsDeniedIsUnknownAndNotGone) {
  Watched watched({"group-1", "group-2"});
  const auto members = [](std::string_view group) {
    return [group = std::string(group)](const Watched& w) {
      return w.value_locked("group_members", {group}) == 1;
    };
  };
  ASSERT_TRUE(watched.wait_for(members("group-1")));
  watched.happen("denied: {groups: [group-1]}");
  EXPECT_TRUE(watched.wait_for([](const Watched& w) {
    return w.reason_locked("group_members", {"group-1"}) == Unknown::denied;
  }));
  EXPECT_EQ(watched.value("group_members", {"group-2"}), 1);
  watched.happen("denied: nothing");
  EXPECT_TRUE(watched.wait_for(members("group-1")));
}

constexpr std::string_view kStreams = R"(
brokers: 3
kafka: RELEASE
topics: [{name: orders, partitions: 6, records: 60}, {name: audit, partitions: 3}]
groups:
  - {name: joins, type: streams, topics: [orders, audit], consume: none, lag: 12, members: 2}
  - {name: idle, type: streams, topics: [audit], consume: none, members: 4}
)";
std::string streams_of(std::string_view release) {
  std::string scenario(kStreams);
  scenario.replace(scenario.find("RELEASE"), 7, fmt::format("\"{}\"", release));
  return scenario;
}

TEST(KafkaCollector, StreamsGroupsHaveMembersAndTheirPartitions) {
  const std::string scenario = streams_of("4.4");
  Watched watched({}, 200ms, "", scenario);
  EXPECT_TRUE(watched.wait_for([](const Watched& w) {
    return w.value_locked("group_members", {"joins"}) == 2 &&
           w.value_locked("group_lag_records", {"joins", "orders", "0"}) == 2 &&
           w.value_locked("group_members", {"idle"}) == 4 &&
           w.value_locked("group_idle_members", {"idle"}) == 1;
  }));
  EXPECT_FALSE(watched.complained_of("StreamsGroupDescribe"));
}

// Kafka lists them from 4.1 on, and describes them from 4.2 on.
TEST(KafkaCollector, StreamsGroupsOfAnOlderBrokerHaveUnknownMembersAndNoProblem) {
  const std::string scenario = streams_of("4.1");
  Watched watched({}, 200ms, "", scenario);
  EXPECT_TRUE(watched.wait_for([](const Watched& w) {
    return w.reason_locked("group_members", {"joins"}) == Unknown::unsupported &&
           w.value_locked("group_lag_records", {"joins", "orders", "0"}) == 2;
  }));
  EXPECT_FALSE(watched.complained_of("StreamsGroupDescribe"));
}

TEST(KafkaCollector, ANamedGroupThatDoesNotExistIsAbsentAndSaid) {
  Watched watched({"group-1", "no-such"});
  EXPECT_TRUE(watched.wait_for([](const Watched& w) { return w.complained_of("'no-such'"); }));
  EXPECT_TRUE(watched.wait_for([](const Watched& w) {
    return w.value_locked("group_members", {"group-1"}) == 1 &&
           !w.reason_locked("group_members", {"no-such"});
  }));
}

}  // namespace
}  // namespace highwater::collectors
