// When the newest record of each partition was stamped: asked once for each partition, a bounded
// number per poll, because a broker looks it up in its logs. From then on the ends of the logs say
// when something came.
#include <fmt/format.h>

#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"
#include "collectors/kafka/wire_time.h"

namespace highwater::kafka {
namespace {

// Of one broker in one poll.
constexpr size_t kPartitions = 200;
// Brokers that offer less take "the latest timestamp" for a time.
constexpr int16_t kFirstVersion = 7;

}  // namespace

asio::awaitable<void> Sweep::read_newest(RunPtr run) {
  std::vector<asio::awaitable<void>> questions;
  for (const int32_t broker : ready()) {
    const auto version = admin_.version(broker, ApiKey::kListOffsets);
    if (!version) continue;
    ListOffsetsRequest request;
    size_t partitions = 0;
    for (TopicView& known : view_.topics) {
      if (known.internal || known.reason != Unknown::known) continue;
      const size_t before = partitions;
      for (PartitionView& partition : known.partitions) {
        if (partition.leader != broker || partition.newest_stamp != kStampNotAsked) continue;
        if (*version < kFirstVersion) {
          partition.newest_stamp = kStampUnknown;
          continue;
        }
        if (partitions == kPartitions) break;
        if (partitions++ == before) request.topics.push_back({known.name.text(), {}});
        request.topics.back().partitions.push_back(
            {partition.index, partition.leader_epoch, kMaxTimestampOffset});
      }
    }
    if (partitions > 0) questions.push_back(read_newest_of(run, broker, std::move(request)));
  }
  if (!questions.empty()) co_await gather(std::move(questions), settings_.patience);
}

asio::awaitable<void> Sweep::read_newest_of(RunPtr run, int32_t broker,
                                            ListOffsetsRequest request) {
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open) co_return;
  if (!answer) {
    run->problems.push_back({fmt::format("broker {}: ListOffsets of the newest record: {}", broker,
                                         answer.error().what),
                             broker_entity(broker)});
    co_return;
  }
  for (const auto& read : answer->topics) {
    TopicView* const known = topic(read.name);
    if (known == nullptr) continue;
    for (const auto& response : read.partitions) {
      PartitionView* const partition = find_partition(known->partitions, response.partition_index);
      if (partition == nullptr || partition->leader != broker) continue;
      if (response.error_code == ErrorCode::kNone)
        partition->newest_stamp = std::max(possible_stamp(response.timestamp), kStampUnknown);
      else if (response.error_code == ErrorCode::kUnsupportedVersion)
        partition->newest_stamp = kStampUnknown;
    }
  }
}

}  // namespace highwater::kafka
