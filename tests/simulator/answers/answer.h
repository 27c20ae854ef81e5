// What a broker answers: pure functions of the world it knows, of who it is, and of the time.
//
// Used by the model, which decides whether a broker answers at all, and with which world: a zombie
// is given the one it remembers. What changes the cluster (OffsetCommit) or needs the active
// controller (DescribeQuorum) is answered by the model itself.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/fetch.h"
#include "collectors/kafka/wire/groups.h"
#include "collectors/kafka/wire/metadata.h"
#include "collectors/kafka/wire/offsets.h"
#include "collectors/kafka/wire/sasl.h"
#include "collectors/kafka/wire/streams_groups.h"
#include "collectors/kafka/wire/transactions.h"
#include "tests/simulator/model/world.h"

namespace highwater::simulator {

struct Viewpoint {
  const World& world;
  std::int32_t self = 0;      // who answers
  Duration now{};             // since the scenario began
  std::int64_t start_ms = 0;  // when that was, since 1970
  std::uint64_t number = 0;   // of the request: what is random in Kafka goes round with it
  std::int16_t version = 0;   // of the request

  [[nodiscard]] std::int64_t to_unix_ms(Duration moment) const;
  [[nodiscard]] Duration from_unix_ms(std::int64_t ms) const;
  // kNone when this broker coordinates the group and can speak for it.
  [[nodiscard]] kafka::ErrorCode coordinates(std::string_view group) const;
};

[[nodiscard]] kafka::ApiVersionsResponse answer(const Viewpoint& view,
                                                const kafka::ApiVersionsRequest&);
[[nodiscard]] kafka::SaslHandshakeResponse answer(const Viewpoint& view,
                                                  const kafka::SaslHandshakeRequest&);
[[nodiscard]] kafka::SaslAuthenticateResponse answer(const Viewpoint& view,
                                                     const kafka::SaslAuthenticateRequest&);
[[nodiscard]] kafka::MetadataResponse answer(const Viewpoint& view, const kafka::MetadataRequest&);
[[nodiscard]] kafka::DescribeClusterResponse answer(const Viewpoint& view,
                                                    const kafka::DescribeClusterRequest&);
[[nodiscard]] kafka::ListOffsetsResponse answer(const Viewpoint& view,
                                                const kafka::ListOffsetsRequest&);
[[nodiscard]] kafka::FetchResponse answer(const Viewpoint& view, const kafka::FetchRequest&);
[[nodiscard]] kafka::OffsetFetchResponse answer(const Viewpoint& view,
                                                const kafka::OffsetFetchRequest&);
[[nodiscard]] kafka::FindCoordinatorResponse answer(const Viewpoint& view,
                                                    const kafka::FindCoordinatorRequest&);
[[nodiscard]] kafka::ListGroupsResponse answer(const Viewpoint& view,
                                               const kafka::ListGroupsRequest&);
[[nodiscard]] kafka::DescribeGroupsResponse answer(const Viewpoint& view,
                                                   const kafka::DescribeGroupsRequest&);
[[nodiscard]] kafka::ConsumerGroupDescribeResponse answer(
    const Viewpoint& view, const kafka::ConsumerGroupDescribeRequest&);
[[nodiscard]] kafka::ShareGroupDescribeResponse answer(const Viewpoint& view,
                                                       const kafka::ShareGroupDescribeRequest&);
[[nodiscard]] kafka::StreamsGroupDescribeResponse answer(const Viewpoint& view,
                                                         const kafka::StreamsGroupDescribeRequest&);
[[nodiscard]] kafka::DescribeConfigsResponse answer(const Viewpoint& view,
                                                    const kafka::DescribeConfigsRequest&);
[[nodiscard]] kafka::DescribeLogDirsResponse answer(const Viewpoint& view,
                                                    const kafka::DescribeLogDirsRequest&);
[[nodiscard]] kafka::ListPartitionReassignmentsResponse answer(
    const Viewpoint& view, const kafka::ListPartitionReassignmentsRequest&);
[[nodiscard]] kafka::ListTransactionsResponse answer(const Viewpoint& view,
                                                     const kafka::ListTransactionsRequest&);
[[nodiscard]] kafka::DescribeTransactionsResponse answer(const Viewpoint& view,
                                                         const kafka::DescribeTransactionsRequest&);

}  // namespace highwater::simulator
