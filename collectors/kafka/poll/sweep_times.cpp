// The last phase about offsets: since when the oldest unread record of each group has been there.
// Mostly the histories know; where they do not, leaders are asked for offsets by time, in a few
// rounds and with a bounded number of requests.
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>
#include <span>
#include <tuple>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"
#include "collectors/kafka/wire_time.h"

namespace highwater::kafka {
namespace {

// In one poll, of all rounds.
constexpr size_t kRequests = 18;

ListOffsetsRequest to_request(std::span<const TimeLag::Question> questions) {
  ListOffsetsRequest request;
  const TopicView* last = nullptr;
  for (const TimeLag::Question& question : questions) {
    if (question.topic != last) request.topics.push_back({question.topic->name.text(), {}});
    last = question.topic;
    const PartitionView& partition = *question.partition;
    request.topics.back().partitions.push_back(
        {partition.index, partition.leader_epoch, question.stamp});
  }
  return request;
}

}  // namespace

asio::awaitable<void> Sweep::read_times(RunPtr run, SteadyTime ends_asked) {
  time_lag_.begin(view_, ends_asked, SystemClock().now());
  size_t requests = 0;
  for (int round = 0; round < TimeLag::kRounds; ++round) {
    const std::vector<int32_t> brokers = ready();
    std::vector<TimeLag::Question> asked =
        time_lag_.questions(round, brokers, kRequests - requests, SystemClock().now());
    std::ranges::sort(asked, {}, [](const TimeLag::Question& question) {
      return std::tuple(question.partition->leader, question.topic, question.partition);
    });
    std::vector<asio::awaitable<void>> questions;
    for (auto rest = asked.begin(); rest != asked.end();) {
      const int32_t leader = rest->partition->leader;
      const auto end = std::find_if(rest, asked.end(), [leader](const auto& question) {
        return question.partition->leader != leader;
      });
      questions.push_back(read_times_of(run, leader, to_request({rest, end})));
      rest = end;
    }
    if (questions.empty()) break;
    requests += questions.size();
    // Whoever is late holds up no further round.
    const bool all = co_await gather(std::move(questions), settings_.patience);
    if (!all) break;
  }
  time_lag_.finish(SystemClock().now());
}

asio::awaitable<void> Sweep::read_times_of(RunPtr run, int32_t broker, ListOffsetsRequest request) {
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open) co_return;
  if (!answer) {
    run->problems.push_back(
        {fmt::format("broker {}: ListOffsets by time: {}", broker, answer.error().what),
         broker_entity(broker)});
    co_return;
  }
  const Now now = SystemClock().now();
  for (const auto& read : answer->topics) {
    TopicView* const known = topic(read.name);
    if (known == nullptr) continue;
    for (const auto& response : read.partitions) {
      PartitionView* const partition = find_partition(known->partitions, response.partition_index);
      if (partition == nullptr || partition->leader != broker) continue;
      if (response.error_code == ErrorCode::kNone)
        time_lag_.answer(*known, *partition, response.offset, possible_stamp(response.timestamp),
                         now);
    }
  }
}

}  // namespace highwater::kafka
