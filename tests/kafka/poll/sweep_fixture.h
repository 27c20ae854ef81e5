// A sweep of topic "orders" and group "billing" on broker 1, which answers what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include "collectors/kafka/poll/sweep.h"
#include "tests/kafka/fake_admin.h"

namespace highwater::kafka {

inline MetadataResponse::Partition partition(int32_t index, int32_t epoch = 5) {
  MetadataResponse::Partition made;
  made.partition_index = index;
  made.leader_id = 1;
  made.leader_epoch = epoch;
  made.replica_nodes = made.isr_nodes = {1, 2, 3};
  return made;
}

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    BrokerView broker;
    broker.id = 1;
    broker.status = BrokerStatus::up;
    broker.listed = true;
    view_.brokers.emplace(1, broker);
    admin_.metadata.topics.push_back({{}, "orders", {}, false, {partition(0), partition(1)}, 0});
    admin_.offsets.topics.push_back({"orders", {{0, {}, -1, 100, 5}, {1, {}, -1, 200, 5}}});
    admin_.groups.groups.push_back({"billing", "consumer", "Stable", "classic"});
    admin_.committed.groups.push_back(
        {"billing", {{"orders", {{0, 10, -1, {}, {}}, {1, 20, -1, {}, {}}}}}, {}});
  }

  std::shared_ptr<SweepRun> sweep() {
    SweepDue due;
    due.groups = true;
    std::shared_ptr<SweepRun> done;
    asio::co_spawn(io_, sweep_.run(due),
                   [&](const std::exception_ptr&, std::shared_ptr<SweepRun> run) { done = run; });
    io_.restart();
    io_.run();
    return done;
  }

  std::vector<PartitionView>& partitions() { return view_.topics.at(0).partitions; }
  std::vector<MetadataResponse::Partition>& told() { return admin_.metadata.topics[0].partitions; }
  std::vector<OffsetFetchResponse::Partition>& told_commits() {
    return admin_.committed.groups[0].topics[0].partitions;
  }
  std::vector<int32_t> indexes() {
    std::vector<int32_t> out;
    for (const PartitionView& known : partitions()) out.push_back(known.index);
    return out;
  }
  std::vector<int64_t> ends() {
    std::vector<int64_t> out;
    for (const PartitionView& known : partitions()) out.push_back(known.high_watermark.offset);
    return out;
  }
  std::vector<int64_t> commits() {
    std::vector<int64_t> out;
    for (const CommittedOffset& known : view_.groups.at(0).committed.at(0).partitions)
      out.push_back(known.offset);
    return out;
  }

  asio::io_context io_;
  FakeAdmin admin_;
  ClusterView view_;
  Sweep sweep_{admin_, {}, view_, {}};
};

}  // namespace highwater::kafka
