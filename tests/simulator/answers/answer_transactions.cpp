// Each open transaction has one producer of its own, and all have the living broker of the lowest
// number as their coordinator.
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulator/answers/answer.h"

namespace highwater::simulator {
namespace {

using kafka::DescribeTransactionsResponse;
using kafka::ErrorCode;

constexpr std::string_view kOngoing = "Ongoing";
constexpr std::int64_t kFirstProducer = 4000;
constexpr std::int16_t kFirstWithDuration = 1;  // of ListTransactions
constexpr std::int32_t kTimeoutMs = 900'000;

struct Open {
  std::string id;
  std::int64_t producer = 0;
  std::string topic;
  std::int32_t partition = 0;
  Duration began{};
};

std::vector<Open> open_transactions(const Viewpoint& view) {
  std::vector<Open> found;
  if (view.world.alive.empty() || *view.world.alive.begin() != view.self) return found;
  std::int64_t producer = kFirstProducer;
  for (const auto& [name, topic] : view.world.topics) {
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      const auto index = static_cast<std::int32_t>(p);
      const auto began = topic.log.transaction_began(index);
      if (!began) continue;
      found.push_back(
          {fmt::format("transaction-{}-{}", name, index), producer++, name, index, *began});
    }
  }
  return found;
}

}  // namespace

kafka::ListTransactionsResponse answer(const Viewpoint& view,
                                       const kafka::ListTransactionsRequest& request) {
  kafka::ListTransactionsResponse answer;
  const auto& states = request.state_filters;
  if (!states.empty() && std::ranges::find(states, kOngoing) == states.end()) return answer;
  const auto least = view.version >= kFirstWithDuration ? request.duration_filter_ms : -1;
  for (const Open& open : open_transactions(view)) {
    if (view.now - open.began > std::chrono::milliseconds(least))
      answer.transactions.push_back({open.id, open.producer, std::string(kOngoing)});
  }
  return answer;
}

kafka::DescribeTransactionsResponse answer(const Viewpoint& view,
                                           const kafka::DescribeTransactionsRequest& request) {
  DescribeTransactionsResponse answer;
  const std::vector<Open> all = open_transactions(view);
  for (const std::string& id : request.transactional_ids) {
    auto& told = answer.transactions.emplace_back();
    told.transactional_id = id;
    const auto open = std::ranges::find(all, id, &Open::id);
    if (open == all.end()) {
      told.error_code = ErrorCode::kTransactionalIdNotFound;
      continue;
    }
    told.state = kOngoing;
    told.timeout_ms = kTimeoutMs;
    told.start_time_ms = view.to_unix_ms(open->began);
    told.producer_id = open->producer;
    told.producer_epoch = 0;
    told.topics = {{open->topic, {open->partition}}};
  }
  return answer;
}

}  // namespace highwater::simulator
