// A cluster of fake brokers and the client that watches it, for tests of who is believed and what
// each broker is said to be. Real sockets and real time; waits are for conditions.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collectors/kafka/brokers/brokers.h"
#include "tests/kafka/fake_broker.h"

namespace highwater::kafka {

using namespace std::chrono_literals;
using testing::HasSubstr;

class BrokersWorld : public testing::Test {
 protected:
  // Brokers 1 to `count` of the cluster "ours", which list each other.
  void have_brokers(int32_t count) {
    for (int32_t id = 1; id <= count; ++id) fakes_.emplace(id, std::make_unique<FakeBroker>());
    for (int32_t id = 1; id <= count; ++id) listed_.push_back(fakes_.at(id)->as_listed(id));
    tell_all();
  }

  // What every living broker does from now on, but for its id.
  void tell_all(Behaviour behaviour = {}) {
    behaviour.brokers = listed_;
    for (const auto& [id, fake] : fakes_) {
      behaviour.id = id;
      fake->set(behaviour);
    }
  }

  void tell(int32_t id, Behaviour behaviour) {
    behaviour.id = id;
    behaviour.brokers = listed_;
    fakes_.at(id)->set(std::move(behaviour));
  }

  void unlist(int32_t id) {
    std::erase_if(listed_, [id](const auto& broker) { return broker.node_id == id; });
    tell_all();
  }

  // Something else listens where the broker was.
  FakeBroker& take_over(int32_t id, Behaviour behaviour) {
    const uint16_t port = fakes_.at(id)->port();
    fakes_.erase(id);
    others_.push_back(std::make_unique<FakeBroker>(port));
    others_.back()->set(std::move(behaviour));
    return *others_.back();
  }

  void watch(std::vector<int32_t> through = {1}) {
    std::vector<BootstrapServer> servers;
    for (const int32_t id : through) servers.push_back({"127.0.0.1", fakes_.at(id)->port()});
    watch_servers(std::move(servers));
  }

  void watch_servers(std::vector<BootstrapServer> servers) {
    LinkSettings settings;
    settings.connect_timeout = settings.request_timeout = 1500ms;
    settings.hello_timeout = 1000ms;
    settings.probe_interval = 100ms;
    settings.longest_back_off = longest_back_off_;
    brokers_ = std::make_unique<Brokers>(
        io_.get_executor(), settings, std::move(servers), view_,
        [this](std::vector<Span>) { ++changes_; }, tools_);
    brokers_->start();
  }

  void watch_all_up(int32_t count) {
    have_brokers(count);
    watch();
    ASSERT_TRUE(wait_for([&] { return up() == count; }));
  }

  template <class Condition>
  bool wait_for(Condition condition, Duration patience = 20s) {
    const SteadyTime end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      run_for(5ms);
    }
    return true;
  }

  void run_for(std::chrono::milliseconds duration) {
    io_.restart();
    io_.run_for(duration);
  }

  // A sweep's Metadata.
  void read_metadata(Now now = SystemClock().now()) {
    MetadataResponse metadata;
    metadata.cluster_id = "ours";
    metadata.brokers = listed_;
    metadata.topics = topics_;
    brokers_->on_metadata(metadata, now);
  }
  static MetadataResponse::Topic held_by(int32_t broker) {
    MetadataResponse::Partition partition;
    partition.replica_nodes = {broker};
    MetadataResponse::Topic topic;
    topic.name = "orders";
    topic.partitions = {partition};
    return topic;
  }

  [[nodiscard]] int32_t up() const {
    return static_cast<int32_t>(std::ranges::count_if(
        view_.brokers, [](const auto& entry) { return entry.second.status == BrokerStatus::up; }));
  }
  [[nodiscard]] BrokerStatus status(int32_t id) const {
    const auto found = view_.brokers.find(id);
    return found == view_.brokers.end() ? BrokerStatus::connecting : found->second.status;
  }
  [[nodiscard]] bool is(int32_t id, BrokerStatus wanted) const { return status(id) == wanted; }
  [[nodiscard]] std::string why(int32_t id) const { return view_.brokers.at(id).why; }

  Duration longest_back_off_ = 30s;
  asio::io_context io_{1};
  ClusterView view_;
  std::shared_ptr<LinkTools> tools_ = std::make_shared<LinkTools>();
  std::map<int32_t, std::unique_ptr<FakeBroker>> fakes_;
  std::vector<std::unique_ptr<FakeBroker>> others_;
  std::vector<MetadataResponse::Broker> listed_;
  std::vector<MetadataResponse::Topic> topics_;
  std::unique_ptr<Brokers> brokers_;
  int changes_ = 0;
};

}  // namespace highwater::kafka
