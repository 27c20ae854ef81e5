// Whose transaction it is that holds readers back: asked seldom, and only while one does for long.
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"
#include "collectors/kafka/wire_time.h"

namespace highwater::kafka {
namespace {

constexpr Duration kBetween = std::chrono::seconds(30);
// Of one broker at a time: brokers of older versions tell of every transaction that is open.
constexpr size_t kDescribed = 200;
constexpr size_t kKept = 50;

// What of the transaction holds somebody back.
OpenTransaction to_view(const ClusterView& view,
                        const DescribeTransactionsResponse::Transaction& response) {
  OpenTransaction transaction;
  transaction.id = response.transactional_id;
  transaction.state = response.state;
  transaction.producer_id = response.producer_id;
  transaction.producer_epoch = response.producer_epoch;
  transaction.began = moment(response.start_time_ms).value_or(WallTime{});
  transaction.timeout = std::chrono::milliseconds(response.timeout_ms);
  for (const auto& topic : response.topics) {
    const Symbol name(topic.name);
    for (const int32_t partition : topic.partitions) {
      if (HeldBack::find(view, name, partition) != nullptr)
        transaction.holds.emplace_back(name, partition);
    }
  }
  return transaction;
}

}  // namespace

asio::awaitable<void> Sweep::read_transactions(RunPtr run) {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!HeldBack::worth_asking(view_, now)) {
    view_.transactions.clear();
    view_.transactions_reason = Unknown::not_asked;
    co_return;
  }
  if (transactions_asked_ && now - *transactions_asked_ < kBetween) co_return;
  transactions_asked_ = now;
  const std::vector<int32_t> brokers = ready();
  const auto answers = std::make_shared<TransactionAnswers>();
  if (brokers.size() < view_.brokers.size()) answers->reason = Unknown::broker_unreachable;
  std::vector<asio::awaitable<void>> questions;
  for (const int32_t broker : brokers)
    questions.push_back(read_transactions_of(run, broker, answers));
  const bool all = co_await gather(std::move(questions), settings_.patience);
  view_.transactions = std::move(answers->transactions);
  view_.transactions_reason =
      answers->reason == Unknown::known && !all ? Unknown::timed_out : answers->reason;
}

asio::awaitable<void> Sweep::read_transactions_of(RunPtr run, int32_t broker,
                                                  std::shared_ptr<TransactionAnswers> answers) {
  ListTransactionsRequest list;
  list.state_filters = {"Ongoing", "PrepareCommit", "PrepareAbort"};
  list.duration_filter_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(kLongTransaction).count() / 2;
  const auto listed = co_await ask(run, broker, std::move(list));
  if (!run->open) co_return;
  if (!listed || listed->error_code != ErrorCode::kNone) {
    answers->reason = listed ? reason_of(listed->error_code) : reason_of(listed.error());
    co_return;
  }
  DescribeTransactionsRequest describe;
  for (const auto& transaction : listed->transactions) {
    // Whose transaction it is when none of the others holds a partition back stays unknown.
    if (describe.transactional_ids.size() == kDescribed) {
      answers->reason = Unknown::not_asked;
      break;
    }
    describe.transactional_ids.push_back(transaction.transactional_id);
  }
  if (describe.transactional_ids.empty()) co_return;
  const auto described = co_await ask(run, broker, std::move(describe));
  if (!run->open) co_return;
  if (!described) {
    answers->reason = reason_of(described.error());
    co_return;
  }
  for (const auto& transaction : described->transactions) {
    if (transaction.error_code != ErrorCode::kNone)
      answers->reason = reason_of(transaction.error_code);
    if (transaction.error_code != ErrorCode::kNone || !is_moment(transaction.start_time_ms))
      continue;
    OpenTransaction open = to_view(view_, transaction);
    if (open.holds.empty()) continue;
    if (answers->transactions.size() < kKept)
      answers->transactions.push_back(std::move(open));
    else
      answers->reason = Unknown::not_asked;
  }
}

}  // namespace highwater::kafka
