// Every message of the codec as a list of types, and the frames captured from real brokers.
//
// Used by the codec's tests and by the fuzz target.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/fetch.h"
#include "collectors/kafka/wire/frame.h"
#include "collectors/kafka/wire/groups.h"
#include "collectors/kafka/wire/metadata.h"
#include "collectors/kafka/wire/offsets.h"
#include "collectors/kafka/wire/sasl.h"
#include "collectors/kafka/wire/streams_groups.h"
#include "collectors/kafka/wire/transactions.h"

namespace highwater::kafka {

template <class... Requests>
struct MessageList {};

using EveryRequest =
    MessageList<FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
                OffsetFetchRequest, FindCoordinatorRequest, DescribeGroupsRequest,
                ListGroupsRequest, SaslHandshakeRequest, ApiVersionsRequest, DescribeConfigsRequest,
                DescribeLogDirsRequest, SaslAuthenticateRequest, ListPartitionReassignmentsRequest,
                DescribeQuorumRequest, DescribeClusterRequest, ConsumerGroupDescribeRequest,
                ShareGroupDescribeRequest, StreamsGroupDescribeRequest, ListTransactionsRequest,
                DescribeTransactionsRequest>;

// Calls use.template operator()<Request>() with the request type of that API; false when there is
// none.
template <class Use, class... Requests>
bool with_request_type(ApiKey key, Use use, MessageList<Requests...>) {
  return ((Requests::kApiKey == key ? (use.template operator()<Requests>(), true) : false) || ...);
}

template <class Use>
bool with_request_type(ApiKey key, Use use) {
  return with_request_type(key, use, EveryRequest());
}

// The same with the type of a request or of a response.
template <class Use>
bool with_message_type(ApiKey key, bool response, Use use) {
  return with_request_type(key, [&]<class Request>() {
    if (response) {
      use.template operator()<typename Request::Response>();
    } else {
      use.template operator()<Request>();
    }
  });
}

template <class Message>
Result<Message> decode_message(std::span<const std::byte> body, std::int16_t version) {
  if constexpr (requires { typename Message::Response; }) {
    return decode_request<Message>(body, version);
  } else {
    return decode_response<Message>(body, version);
  }
}

// Without length and header.
template <class Message>
Bytes encode_body(const Message& message, std::int16_t version) {
  Writer writer(version, is_flexible(Message::kApiKey, version));
  writer.write(message);
  return std::move(writer.bytes());
}

struct CapturedFrame {
  std::string name;  // "Metadata.v12.named.response"
  ApiKey api_key{};
  std::int16_t version = 0;
  bool response = false;
  Bytes bytes;

  std::span<const std::byte> payload() const { return std::span(bytes).subspan(kFrameLengthSize); }
  // What follows the header.
  Bytes body() const;
};

// Everything in tests/kafka/frames, ordered by name; ends the test program when a file makes no
// sense.
const std::vector<CapturedFrame>& captured_frames();
const CapturedFrame& captured_frame(const std::string& name);

// The answer or request of that name, as a message; ends the test program when it cannot be
// decoded.
template <class Message>
Message captured(const std::string& name) {
  const CapturedFrame& frame = captured_frame(name);
  return decode_message<Message>(frame.body(), frame.version).value();
}

// Answers come in any order, so tests find things by name.
template <class Element, class Value>
const Element& find(const std::vector<Element>& list, Value Element::*field, const auto& wanted) {
  const auto found = std::ranges::find(list, wanted, field);
  if (found == list.end()) throw std::runtime_error("not in the answer");
  return *found;
}

inline std::string numbered(const char* api, int version) {
  return std::string(api) + ".v" + std::to_string(version) + ".response";
}

}  // namespace highwater::kafka
