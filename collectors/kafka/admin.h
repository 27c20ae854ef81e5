// KafkaAdmin: the port through which everything above asks Kafka. Real brokers and the simulator
// stand behind the network implementation (brokers.h); tests put a fake here. All calls are made
// and resumed on the cluster's thread.
//
// The implementation chooses the version, the connection and the deadline. An answer is what the
// broker said, errors inside it included; a Failure means that it said nothing usable.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/fetch.h"
#include "collectors/kafka/wire/groups.h"
#include "collectors/kafka/wire/metadata.h"
#include "collectors/kafka/wire/offsets.h"
#include "collectors/kafka/wire/streams_groups.h"
#include "collectors/kafka/wire/transactions.h"

namespace highwater::kafka {

template <class Request>
using Reply = asio::awaitable<Answer<typename Request::Response>>;

class KafkaAdmin {
 public:
  virtual ~KafkaAdmin() = default;

  // Brokers that can be asked now, ascending.
  [[nodiscard]] virtual std::vector<int32_t> usable() const = 0;
  // The version a request to this broker would have; nothing when the broker is unknown or too old.
  [[nodiscard]] virtual std::optional<int16_t> version(int32_t broker, ApiKey key) const = 0;

  virtual Reply<MetadataRequest> ask(int32_t broker, MetadataRequest request) = 0;
  virtual Reply<DescribeClusterRequest> ask(int32_t broker, DescribeClusterRequest request) = 0;
  virtual Reply<ListOffsetsRequest> ask(int32_t broker, ListOffsetsRequest request) = 0;
  virtual Reply<FetchRequest> ask(int32_t broker, FetchRequest request) = 0;
  virtual Reply<ListGroupsRequest> ask(int32_t broker, ListGroupsRequest request) = 0;
  virtual Reply<OffsetFetchRequest> ask(int32_t broker, OffsetFetchRequest request) = 0;
  virtual Reply<DescribeGroupsRequest> ask(int32_t broker, DescribeGroupsRequest request) = 0;
  virtual Reply<ConsumerGroupDescribeRequest> ask(int32_t broker,
                                                  ConsumerGroupDescribeRequest request) = 0;
  virtual Reply<ShareGroupDescribeRequest> ask(int32_t broker,
                                               ShareGroupDescribeRequest request) = 0;
  virtual Reply<StreamsGroupDescribeRequest> ask(int32_t broker,
                                                 StreamsGroupDescribeRequest request) = 0;
  virtual Reply<FindCoordinatorRequest> ask(int32_t broker, FindCoordinatorRequest request) = 0;
  virtual Reply<DescribeConfigsRequest> ask(int32_t broker, DescribeConfigsRequest request) = 0;
  virtual Reply<DescribeLogDirsRequest> ask(int32_t broker, DescribeLogDirsRequest request) = 0;
  virtual Reply<ListTransactionsRequest> ask(int32_t broker, ListTransactionsRequest request) = 0;
  virtual Reply<DescribeTransactionsRequest> ask(int32_t broker,
                                                 DescribeTransactionsRequest request) = 0;
  // These two are forwarded to the active controller and may hang with it: they have a connection
  // of their own.
  virtual Reply<ListPartitionReassignmentsRequest> ask(
      int32_t broker, ListPartitionReassignmentsRequest request) = 0;
  virtual Reply<DescribeQuorumRequest> ask(int32_t broker, DescribeQuorumRequest request) = 0;
};

}  // namespace highwater::kafka
