// Brokers: every broker of one cluster as seen over the network. Finds them from the bootstrap list
// and Metadata, keeps a BrokerLink to each, judges their status, and is the KafkaAdmin that real
// brokers and the simulator stand behind. One per cluster, on its thread.
//
// The status of a broker is judged from our own connection. When that is lost, the others are asked
// for Metadata at once, for half a second: still listed is a failure, not listed any more is an
// orderly stop, whatever became of its address. With ZooKeeper one that handed over what it held
// before its connections ended stopped as well, though it is listed a while longer. Who answers is
// checked on every connection and with every Metadata; a stranger's answers are never used.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/span.h"
#include "collectors/kafka/admin.h"
#include "collectors/kafka/brokers/bootstrap.h"
#include "collectors/kafka/brokers/broker_link.h"
#include "collectors/kafka/brokers/investigation.h"
#include "collectors/kafka/brokers/unneeded_brokers.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {

class Brokers final : public KafkaAdmin {
 public:
  using Changed =
      std::function<void(std::vector<Span>)>;  // spans of what was asked to judge the change

  // More are not watched: nobody has as many, and each has a connection.
  static constexpr size_t kMaxBrokers = 1000;
  static constexpr size_t kSpares = 3;

  // `view` outlives this; its brokers but for their log directories, reachable, why_unreachable and
  // misdirected are written here alone.
  // `changed` is called when a status, the reachability or what is misdirected changed.
  Brokers(asio::any_io_executor executor, LinkSettings settings,
          std::vector<BootstrapServer> bootstrap, ClusterView& view, Changed changed,
          std::shared_ptr<LinkTools> tools = std::make_shared<LinkTools>());
  ~Brokers() override;

  // Of a scope: only the brokers that lead a partition of the view or coordinate a group of it are
  // connected to, and up to kSpares others while none of those answers. Before start().
  void watch_needed_only() { needed_only_ = true; }

  void start();
  void stop();

  // Metadata's list of brokers, as one broker told it: makes and drops links, notes who is listed.
  void on_metadata(const MetadataResponse& metadata, Now now);
  // Brokers registered with the controllers, dead ones included: one that is neither listed nor
  // registered is gone.
  void on_registered(DescribeClusterResponse cluster);
  // To be called when the view's topics are new.
  void on_topics(SteadyTime now);

  [[nodiscard]] std::vector<int32_t> usable() const override;
  [[nodiscard]] std::optional<int16_t> version(int32_t broker, ApiKey key) const override;
  // After a pause of our own: each broker is looked at at once, and what it is said to be is from
  // before until then.
  void confirm_all();
  // Whether every broker was looked at since.
  [[nodiscard]] bool confirmed_since(SteadyTime time) const;
  // Copies response times into the view.
  void refresh_response_times();
  // Copies into the view what is wrong with our own files and tokens, and when they end.
  void refresh_security();
  [[nodiscard]] uint64_t requests() const { return requests_; }

  Reply<MetadataRequest> ask(int32_t broker, MetadataRequest request) override;
  Reply<DescribeClusterRequest> ask(int32_t broker, DescribeClusterRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<ListOffsetsRequest> ask(int32_t broker, ListOffsetsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<ListGroupsRequest> ask(int32_t broker, ListGroupsRequest request) override {
    return poll(broker, std::move(request));
  }
  Reply<FetchRequest> ask(int32_t broker, FetchRequest request) override {
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
  Reply<StreamsGroupDescribeRequest> ask(int32_t broker,
                                         StreamsGroupDescribeRequest request) override {
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
  struct Entry {
    std::shared_ptr<BrokerLink> link;
    bool ever_up = false;
    std::optional<SteadyTime> unlisted_since;  // by Metadata
    std::optional<SteadyTime> relisted_since;  // after it had stopped
    std::optional<HeldReplica> held;           // of a cluster with ZooKeeper, since it is up
    SteadyTime held_at{};
    bool leaving = false;  // it stopped, and is listed until it has closed its logs
  };
  void add_broker(int32_t broker, const Address& address, Now at);
  void note_listed(BrokerView& broker, bool listed, Now at);
  // Adds the registered brokers that hold replicas and that no Metadata ever listed: they were
  // dead when the watch began. One without replicas is left alone: a broker that was taken out of
  // service stays registered until somebody unregisters it.
  void find_missing();
  void note_held(SteadyTime now);
  [[nodiscard]] bool has_quorum() const;
  void note_shared_addresses();
  void forget_unlisted(SteadyTime now);
  void forget(const std::set<int32_t>& gone);
  [[nodiscard]] std::set<int32_t> replica_holders() const;
  [[nodiscard]] std::set<int32_t> needed(const MetadataResponse& metadata) const;
  void forget_others(const std::set<int32_t>& needed);

  asio::awaitable<void> discover();  // asks the bootstrap servers while no broker answers
  void note_bootstrap(BootstrapResult result);
  void on_link_changed(int32_t broker);
  static void note_up(Entry& entry);
  void conclude(int32_t broker, Investigation::Verdict verdict);
  void set_failed(int32_t broker, std::vector<Span> spans, std::string_view remark = "");
  void set_status(int32_t broker, BrokerStatus status, std::string why, std::vector<Span> spans);
  void set_misdirected();
  void update_reachable();
  void update_denied();
  std::shared_ptr<BrokerLink> link(int32_t broker) const;

  asio::any_io_executor executor_;
  const LinkSettings settings_;
  const std::vector<BootstrapServer> bootstrap_;
  const std::shared_ptr<LinkTools> tools_;
  ClusterView& view_;
  Changed changed_;
  std::map<int32_t, Entry> entries_;  // as in the view
  Investigation investigation_;
  DescribeClusterResponse registered_;  // as last told
  UnneededBrokers unneeded_;
  std::vector<std::string> strangers_;  // bootstrap servers of other clusters
  std::vector<std::string> shared_;     // addresses that several brokers have
  std::string bootstrap_denied_;        // while no bootstrap server accepts us
  size_t too_many_ = 0;                 // brokers in the last Metadata that are not watched
  asio::steady_timer discover_timer_;
  std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // false: coroutines that wake must not touch this
  bool stopped_ = false;
  bool needed_only_ = false;
  uint64_t requests_ = 0;
};

}  // namespace highwater::kafka
