// The ListOffsets phase of a sweep: log start, high watermark and last stable offset of every
// partition, asked of its leader.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {
namespace {

// More in one request would hold up the broker's other answers on this connection, and our own
// loop.
constexpr size_t kPartitionsPerRequest = 5000;

struct Kind {
  int64_t timestamp;
  IsolationLevel isolation;
  OffsetView PartitionView::*field;
};
// The same partition twice in one request is an error, so these are three requests.
constexpr std::array<Kind, 3> kKinds{
    {{kEarliestOffset, IsolationLevel::kReadUncommitted, &PartitionView::log_start},
     {kLatestOffset, IsolationLevel::kReadUncommitted, &PartitionView::high_watermark},
     {kLatestOffset, IsolationLevel::kReadCommitted, &PartitionView::last_stable}}};

void mark(PartitionView& partition, Unknown reason) {
  for (const Kind& kind : kKinds) (partition.*kind.field).reason = reason;
}

// What one broker is asked, without kind and time.
struct Questions {
  std::vector<ListOffsetsRequest> requests;
  size_t last_size = 0;  // partitions in the last request
  const TopicView* last_topic = nullptr;

  void add(const TopicView& topic, const PartitionView& partition) {
    const bool full = requests.empty() || last_size >= kPartitionsPerRequest;
    if (full) {
      requests.emplace_back();
      last_size = 0;
    }
    auto& topics = requests.back().topics;
    if (full || last_topic != &topic) {
      topics.push_back({topic.name.text(), {}});
      topics.back().partitions.reserve(topic.partitions.size());
      last_topic = &topic;
    }
    topics.back().partitions.push_back({partition.index, partition.leader_epoch, kLatestOffset});
    ++last_size;
  }
};

ListOffsetsRequest of_kind(const Kind& kind, ListOffsetsRequest request) {
  request.isolation_level = kind.isolation;
  for (auto& topic : request.topics) {
    for (auto& partition : topic.partitions) partition.timestamp = kind.timestamp;
  }
  return request;
}

}  // namespace

asio::awaitable<void> Sweep::read_offsets(RunPtr run) {
  const std::vector<int32_t> brokers = ready();
  std::vector<Questions> by_broker(brokers.size());
  for_each_topic(view_, [&](TopicView& known) {
    for (PartitionView& partition : known.partitions) {
      if (known.reason != Unknown::known) {
        mark(partition, known.reason);
        continue;
      }
      if (partition.leader < 0) {
        mark(partition, Unknown::leaderless);
        continue;
      }
      const auto leader = std::ranges::lower_bound(brokers, partition.leader);
      if (leader == brokers.end() || *leader != partition.leader) {
        mark(partition, why_not(partition.leader));
        continue;
      }
      mark(partition, Unknown::timed_out);  // until the answer says otherwise
      by_broker[static_cast<size_t>(leader - brokers.begin())].add(known, partition);
    }
  });
  std::vector<asio::awaitable<void>> questions;
  for (size_t i = 0; i < brokers.size(); ++i) {
    for (const ListOffsetsRequest& request : by_broker[i].requests) {
      for (const Kind& kind : kKinds)
        questions.push_back(read_offsets_of(run, brokers[i], of_kind(kind, request), kind.field));
    }
  }
  co_await gather(std::move(questions), settings_.patience);
}

asio::awaitable<void> Sweep::read_offsets_of(RunPtr run, int32_t broker, ListOffsetsRequest request,
                                             OffsetView PartitionView::*field) {
  const Millis asked = to_millis(std::chrono::steady_clock::now());
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open) co_return;
  const Millis answered = to_millis(std::chrono::steady_clock::now());
  if (!answer) {
    run->problems.push_back({fmt::format("broker {}: ListOffsets: {}", broker, answer.error().what),
                             broker_entity(broker)});
    const Unknown reason = reason_of(answer.error());
    for_each_topic(view_, [&](TopicView& known) {
      for (PartitionView& partition : known.partitions) {
        if (partition.leader == broker) (partition.*field).reason = reason;
      }
    });
    co_return;
  }
  size_t place = 0;
  for (const auto& read : answer->topics) {
    TopicView* known = topic_from(place, read.name);
    if (known == nullptr) continue;
    for (const auto& response : read.partitions) {
      PartitionView* partition = find_partition(known->partitions, response.partition_index);
      if (partition == nullptr || partition->leader != broker) continue;
      OffsetView& offset = partition->*field;
      offset.reason = reason_of(response.error_code);
      if (offset.reason != Unknown::known) continue;
      // The epoch we sent is the fence: a leader that was deposed and does not know it yet refuses
      // it. The epoch in the answer is the record's, and may be old on a healthy leader.
      if (response.offset < 0) {
        offset.reason = Unknown::failed;
      } else {
        offset.offset = response.offset;
        if (field == &PartitionView::high_watermark && partition->history)
          partition->history->saw_end(response.offset, asked, answered);
      }
    }
  }
}

}  // namespace highwater::kafka
