// What became of our own requests, by broker and API, since the start. Written by the sweep into
// the view, on the cluster's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/wire/error_code.h"
#include "collectors/kafka/wire/metadata.h"

namespace highwater::kafka {

// "timed_out": where no answer came, this stands for an error code.
[[nodiscard]] std::string_view failure_name(FailureKind kind);

// The different error codes in an answer, wherever they stand in it.
class AnswerErrors {
 public:
  template <class Message>
  explicit AnswerErrors(const Message& message) {
    collect(message);
  }
  [[nodiscard]] const std::vector<ErrorCode>& codes() const { return codes_; }

 private:
  template <class Message>
  void collect(const Message& message) {
    if constexpr (requires { message.error_code; }) note(message.error_code);
    if constexpr (requires { message.topics; }) collect_all(message.topics);
    if constexpr (requires { message.groups; }) collect_all(message.groups);
    if constexpr (requires { message.results; }) collect_all(message.results);
    if constexpr (requires { message.coordinators; }) collect_all(message.coordinators);
    if constexpr (requires { message.partitions; }) collect_all(message.partitions);
  }
  // What Metadata says of a partition is how it stands, not how the request went.
  void collect(const MetadataResponse::Topic& topic) { note(topic.error_code); }
  template <class List>
  void collect_all(const List& list) {
    for (const auto& one : list) collect(one);
  }
  void note(ErrorCode code) {
    if (code != ErrorCode::kNone && std::ranges::find(codes_, code) == codes_.end())
      codes_.push_back(code);
  }

  std::vector<ErrorCode> codes_;
};

// A request that was not sent counts for nothing.
template <class Response>
void count_request(ClusterView& view, int32_t broker, std::string_view api,
                   const Answer<Response>& answer) {
  const bool sent = answer || (answer.error().kind != FailureKind::not_usable &&
                               answer.error().kind != FailureKind::unsupported);
  if (!sent) return;
  RequestCounts& counts = view.requests[{broker, api}];
  ++counts.sent;
  if (!answer) return counts.add_error(failure_name(answer.error().kind));
  if constexpr (requires { answer->throttle_time_ms; })
    counts.throttled_ms += static_cast<uint64_t>(std::max(0, answer->throttle_time_ms));
  const AnswerErrors errors(*answer);
  for (const ErrorCode code : errors.codes()) {
    const std::string_view name = error_name(code);
    counts.add_error(name.empty() ? "OTHER" : name);
  }
}

}  // namespace highwater::kafka
