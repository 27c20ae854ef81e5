// TailSearch: whether what a group has not read at the end of a log is a record or only a
// transaction's marker. ListOffsets cannot tell: a marker answers it like a record. The header of a
// batch can, and Kafka gives it to whoever may READ the topic.
//
// It asks seldom: of logs that stand still, about the last offsets only, once for each of them, and
// a bounded number in a poll. Fetch has no effect on any consumer group. Used by the sweep, on the
// cluster's thread. Pure: no I/O, times are arguments.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "agent/core/time.h"
#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/wire/fetch.h"

namespace highwater::kafka {

class TailSearch {
 public:
  static constexpr int kRounds = 8;           // of one poll: a batch each
  static constexpr size_t kQuestions = 32;    // in one poll
  static constexpr int64_t kLongest = 100;    // offsets that are looked at
  static constexpr size_t kDeniedAtOnce = 4;  // topics that are tried again in one poll

  using FindTopic = std::function<TopicView*(const Symbol&)>;  // null when there is none
  explicit TailSearch(FindTopic find_topic) : find_topic_(std::move(find_topic)) {}

  // Committed offsets and ends were read. The view's topics stay where they are until the last
  // answer of this poll.
  void begin(const ClusterView& view, Now now);

  struct Question {
    TopicView* topic = nullptr;
    PartitionView* partition = nullptr;
    int64_t offset = 0;
  };
  // One for each of the brokers that can be asked (ascending) at most, and no more than `most`.
  [[nodiscard]] std::vector<Question> questions(std::span<const int32_t> askable, size_t most,
                                                Now now);
  // What the leader said when it was asked for the batch at this offset.
  void answer(const Question& question, const FetchResponse::Partition& response, Now now);

 private:
  struct Target {
    TopicView* topic;
    PartitionView* partition;
    int64_t from;
    int64_t end;
    bool failed = false;
  };
  [[nodiscard]] static bool worth_asking(const TopicView& topic, const PartitionView& partition,
                                         int64_t from, Now now);

  FindTopic find_topic_;
  std::vector<Target> targets_;          // of the poll in hand
  std::map<Symbol, SteadyTime> denied_;  // topics, and when READ was last refused
  std::vector<Symbol> tried_again_;      // of those, in this poll
  uint64_t first_ = 0;                   // which target is asked first; they take turns
};

// What one answer says of the batch at `offset`: how far it reaches, and whether it holds a record
// for a reader of committed records.
struct BatchContent {
  int64_t end = 0;  // exclusive
  bool record = false;
  bool operator==(const BatchContent&) const = default;
};
// Nothing when the answer makes no sense.
[[nodiscard]] std::optional<BatchContent> content_of_batch(const FetchResponse::Partition& response,
                                                           int64_t offset);

}  // namespace highwater::kafka
