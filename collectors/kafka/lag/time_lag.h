// TimeLag: since when the oldest record beyond each committed offset has been there. Between the
// reading of the ends and the interpreters it writes `unread` into every commit of the view, from
// the partitions' histories, and names what Kafka should be asked to know it better. Used by the
// sweep, on the cluster's thread. Pure: no I/O, times are arguments.
//
// A record counts from the moment at which consumers can read it. What lies beyond is judged by
// what a reader of committed records can see: at the last stable offset nothing is unread; a commit
// beyond it is that of a reader who sees open transactions too, and is judged by the high
// watermark. The last offsets of a log may be transaction markers and no records: what was looked
// at (tail_search.h) is known, and what was not is unknown once the log stands still.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "agent/core/time.h"
#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {

[[nodiscard]] constexpr Millis to_millis(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

class TimeLag {
 public:
  // Of one poll, however many partitions lag; the others have their turn later. Some are asked for
  // because nothing is known yet, others because it could be known better.
  static constexpr size_t kUnknownPerPoll = 1000;
  static constexpr size_t kKnownPerPoll = 300;
  static constexpr int kRounds = 6;

  using FindTopic = std::function<TopicView*(const Symbol&)>;  // null when there is none
  explicit TimeLag(FindTopic find_topic) : find_topic_(std::move(find_topic)) {}

  // Committed offsets and then ends were read, the ends not before `ends_asked`. Judges every
  // commit. The view's topics and groups stay where they are until finish().
  void begin(ClusterView& view, SteadyTime ends_asked, Now now);

  // "What is the first record stamped `stamp` or later?", `stamp` in milliseconds since 1970.
  struct Question {
    TopicView* topic = nullptr;
    PartitionView* partition = nullptr;
    Millis ask = 0;  // for OffsetHistory::ask()
    int64_t stamp = 0;
  };
  // At most one per partition and round, for at most so many of the leaders that can be asked
  // (ascending).
  [[nodiscard]] std::vector<Question> questions(int round, std::span<const int32_t> askable,
                                                size_t leaders, Now now);
  // As Kafka said: -1, -1 when there is no such record.
  void answer(const TopicView& topic, PartitionView& partition, int64_t offset, int64_t stamp,
              Now now);
  // Judges once more what was asked for.
  void finish(Now now);

  [[nodiscard]] size_t bytes() const { return bytes_; }  // of all histories, as of begin()

 private:
  struct Target {
    TopicView* topic;
    PartitionView* partition;
    CommittedOffset* commit;
    int64_t offset;  // of the oldest record that is unread, if it still exists
    std::optional<Millis> ask;
    Millis asked_at;  // of its partition
    bool known;
  };

  void judge(const ClusterView& view, TopicView& topic, CommittedOffset& commit, bool fresh,
             SteadyTime ends_asked, Now now);
  void estimate(Target target, Now now);
  void choose();
  void tidy(ClusterView& view, Now now);

  FindTopic find_topic_;
  std::vector<Target> targets_;  // whose answer could be better
  std::vector<Target*> open_;    // those that are still asked for
  uint64_t polls_ = 0;
  size_t histories_ = 0;  // as of the last poll
  size_t bytes_ = 0;
};

}  // namespace highwater::kafka
