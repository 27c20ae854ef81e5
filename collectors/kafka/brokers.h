// Brokers: every broker of one cluster as seen over the network. Finds them from the bootstrap list
// and Metadata, keeps a BrokerLink to each, judges their status, and is the KafkaAdmin that real
// brokers and the simulator stand behind. One per cluster, on its thread.
//
// The status of a broker is judged from our own connection. When that is refused, the others are
// asked for Metadata at once, for half a second: still listed is a crash, not listed any more is an
// orderly stop.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/span.h"
#include "collectors/kafka/admin.h"
#include "collectors/kafka/broker_link.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {

struct BootstrapServer {
  std::string host;
  int32_t port = 9092;
};

class Brokers final : public KafkaAdmin {
 public:
  using Changed =
      std::function<void(std::vector<Span>)>;  // spans of what was asked to judge the change

  // `view` outlives this; its brokers but for their log directories, reachable and why_unreachable
  // are written here alone.
  // `changed` is called when a status or the reachability changed.
  Brokers(asio::any_io_executor executor, LinkSettings settings,
          std::vector<BootstrapServer> bootstrap, ClusterView& view, Changed changed);
  ~Brokers() override;

  void start();
  void stop();

  // Metadata's list of brokers, as one broker told it: makes and drops links, notes who is listed.
  void on_metadata(const MetadataResponse& metadata, Now now);
  // Brokers registered with the controllers, dead ones included: one that is neither listed nor
  // registered is gone.
  void on_registered(DescribeClusterResponse cluster);
  // Meets the registered brokers that hold replicas and that no Metadata ever listed: they were
  // dead when the watch began. To be called when the view's topics are new. One without replicas is
  // left alone: a broker that was taken out of service stays registered until somebody unregisters
  // it.
  void find_missing();

  [[nodiscard]] std::vector<int32_t> usable() const override;
  [[nodiscard]] std::optional<int16_t> version(int32_t broker, ApiKey key) const override;
  // Copies response times into the view.
  void refresh_response_times();
  [[nodiscard]] uint64_t requests() const { return requests_; }

  Reply<MetadataRequest> ask(int32_t broker, MetadataRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<DescribeClusterRequest> ask(int32_t broker, DescribeClusterRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<ListOffsetsRequest> ask(int32_t broker, ListOffsetsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<ListGroupsRequest> ask(int32_t broker, ListGroupsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<OffsetFetchRequest> ask(int32_t broker, OffsetFetchRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<DescribeGroupsRequest> ask(int32_t broker, DescribeGroupsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<ConsumerGroupDescribeRequest> ask(int32_t broker,
                                          ConsumerGroupDescribeRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<ShareGroupDescribeRequest> ask(int32_t broker, ShareGroupDescribeRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<FindCoordinatorRequest> ask(int32_t broker, FindCoordinatorRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<DescribeConfigsRequest> ask(int32_t broker, DescribeConfigsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<DescribeLogDirsRequest> ask(int32_t broker, DescribeLogDirsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<ListTransactionsRequest> ask(int32_t broker, ListTransactionsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<DescribeTransactionsRequest> ask(int32_t broker,
                                         DescribeTransactionsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<ListPartitionReassignmentsRequest> ask(int32_t broker,
                                               ListPartitionReassignmentsRequest request) override {
    return controller(broker, std::move(request));
  }
  Reply<DescribeQuorumRequest> ask(int32_t broker, DescribeQuorumRequest request) override {
    return controller(broker, std::move(request));
  }

 private:
  template <class Request>
  Reply<Request> poll(int32_t broker, Request request);
  template <class Request>
  Reply<Request> controller(int32_t broker, Request request);

  struct Address {
    std::string host;
    int32_t port = 0;
    std::string rack;
  };
  void meet(int32_t broker, const Address& address, Now at);
  [[nodiscard]] bool holds_replicas(int32_t broker) const;
  asio::awaitable<void> discover();  // asks the bootstrap servers while no broker answers
  asio::awaitable<std::string> try_bootstrap(BootstrapServer server);  // "" when it worked
  asio::awaitable<void> investigate(int32_t broker);                   // crash or orderly stop?
  void on_link_changed(int32_t broker);
  void set_status(int32_t broker, BrokerStatus status, std::string why, std::vector<Span> spans);
  void update_reachable();
  std::shared_ptr<BrokerLink> link(int32_t broker) const;

  asio::any_io_executor executor_;
  const LinkSettings settings_;
  const std::vector<BootstrapServer> bootstrap_;
  ClusterView& view_;
  Changed changed_;
  std::map<int32_t, std::shared_ptr<BrokerLink>> links_;
  DescribeClusterResponse registered_;  // as last told
  asio::steady_timer discover_timer_;
  std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // false: coroutines that wake must not touch this
  bool stopped_ = false;
  uint64_t requests_ = 0;
};

}  // namespace highwater::kafka
