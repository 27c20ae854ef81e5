// Whether what groups have not read at the ends of logs are records or transaction markers: asked
// of the leaders with Fetch, where READ was granted, a batch header at a time.
#include <algorithm>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {
namespace {

// Kafka makes it for the first producer with a transactional id, and keeps it.
constexpr std::string_view kTransactionLog = "__transaction_state";
// Whoever cannot see this one although there are groups cannot see the other one either.
constexpr std::string_view kOffsetsLog = "__consumer_offsets";

FetchRequest to_request(const TailSearch::Question& question) {
  FetchRequest request;
  request.topics.push_back({question.topic->name.text(), {}});
  request.topics.back().partitions.push_back(
      {question.partition->index, question.partition->leader_epoch, question.offset});
  return request;
}

}  // namespace

void Sweep::note_transactions(const MetadataResponse& metadata) {
  bool transactions = false;
  bool offsets = false;
  for (const auto& topic : metadata.topics) {
    transactions = transactions || topic.name == kTransactionLog;
    offsets = offsets || topic.name == kOffsetsLog;
  }
  // Other brokers than Apache Kafka's keep no such topic, or hide it.
  const bool seen = std::ranges::any_of(view_.held_back, [](const HeldBackPartition& held) {
    return held.reason == Unknown::known && held.offset >= 0;
  });
  transactions_seen_ = transactions_seen_ || transactions || seen;
  view_.may_have_transactions = transactions_seen_ || !offsets;
}

asio::awaitable<void> Sweep::read_tails(RunPtr run) {
  tail_search_.begin(view_, SystemClock().now());
  size_t left = TailSearch::kQuestions;
  for (int round = 0; round < TailSearch::kRounds && left > 0; ++round) {
    std::vector<int32_t> brokers = ready();
    std::erase_if(brokers, [this](int32_t broker) {
      return !admin_.version(broker, ApiKey::kFetch).has_value();
    });
    const auto asked = tail_search_.questions(brokers, left, SystemClock().now());
    if (asked.empty()) break;
    left -= asked.size();
    std::vector<asio::awaitable<void>> questions;
    for (const TailSearch::Question& question : asked)
      questions.push_back(read_tail_of(run, question));
    // Whoever is late holds up no further round.
    const bool all = co_await gather(std::move(questions), settings_.patience);
    if (!all) break;
  }
}

asio::awaitable<void> Sweep::read_tail_of(RunPtr run, TailSearch::Question question) {
  const int32_t broker = question.partition->leader;
  const auto answer = co_await ask(run, broker, to_request(question));
  if (!run->open) co_return;
  FetchResponse::Partition response;
  response.error_code = ErrorCode::kUnknownServerError;
  if (answer && answer->error_code == ErrorCode::kNone) {
    for (const auto& topic : answer->topics) {
      for (const auto& partition : topic.partitions) {
        if (topic.name == question.topic->name.text() &&
            partition.partition_index == question.partition->index)
          response = partition;
      }
    }
  }
  tail_search_.answer(question, response, SystemClock().now());
}

}  // namespace highwater::kafka
