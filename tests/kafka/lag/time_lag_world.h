// A partition that knows the truth, a group that reads it, and a watcher that polls both as a sweep
// does, all in made-up time. Used by the tests of time lag.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "collectors/kafka/lag/time_lag.h"

namespace highwater::kafka {

// Milliseconds since 1970; the steady clock began an hour before kStartOfTime.
inline constexpr int64_t kStartOfTime = 1'700'000'000'000;

[[nodiscard]] inline Now now_at(int64_t wall) {
  const auto since = std::chrono::milliseconds(wall - kStartOfTime);
  return {SteadyTime(std::chrono::hours(100'000)) + since,
          WallTime(std::chrono::milliseconds(wall))};
}

// The log of one partition. Nothing changes what was written, but truncate().
class TrueLog {
 public:
  struct Record {
    int64_t appended;  // when consumers could read it
    int64_t stamp;     // what its producer's clock said
    bool exists = true;
  };

  void append(int64_t when, std::optional<int64_t> stamp = std::nullopt) {
    records_.push_back({when, stamp.value_or(when)});
    const int64_t before = highest_.empty() ? INT64_MIN : highest_.back();
    highest_.push_back(std::max(before, records_.back().stamp));
  }
  void compact(int64_t offset) {
    records_[static_cast<size_t>(offset)].exists = false;
    compacted_ = true;
  }
  void delete_before(int64_t offset) { start_ = std::max(start_, offset); }
  void truncate(int64_t end) {
    records_.resize(static_cast<size_t>(end));
    highest_.resize(static_cast<size_t>(end));
  }

  [[nodiscard]] const Record& at(int64_t offset) const {
    return records_[static_cast<size_t>(offset)];
  }
  [[nodiscard]] int64_t start() const { return start_; }
  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(records_.size()); }
  // Records are appended ahead of time; these are there at `now`.
  [[nodiscard]] int64_t end(int64_t now) const {
    const auto after =
        std::upper_bound(records_.begin(), records_.end(), now,
                         [](int64_t time, const Record& record) { return time < record.appended; });
    return after - records_.begin();
  }

  // ListOffsets by time: offset and stamp.
  [[nodiscard]] std::optional<std::pair<int64_t, int64_t>> first_stamped(int64_t since,
                                                                         int64_t now) const {
    int64_t offset = start_;
    if (start_ == 0 && !compacted_)
      offset = std::lower_bound(highest_.begin(), highest_.end(), since) - highest_.begin();
    for (; offset < end(now); ++offset) {
      if (at(offset).stamp >= since && at(offset).exists) return {{offset, at(offset).stamp}};
    }
    return std::nullopt;
  }

  // How long ago the oldest record from `committed` on was appended, in milliseconds; 0: none.
  [[nodiscard]] int64_t age(int64_t committed, int64_t now) const {
    for (int64_t offset = std::max(committed, start_); offset < end(now); ++offset) {
      if (at(offset).exists) return now - at(offset).appended;
    }
    return 0;
  }

 private:
  std::vector<Record> records_;
  std::vector<int64_t> highest_;  // stamp so far
  int64_t start_ = 0;
  bool compacted_ = false;
};

// Polls topic "t", partition 0, and group "g", which is led and coordinated by broker 1.
class Watcher {
 public:
  Watcher() {
    view.cluster = Symbol("prod");
    TopicView topic;
    topic.name = Symbol("t");
    PartitionView partition;
    partition.index = 0;
    partition.leader = 1;
    topic.partitions.push_back(partition);
    view.topics.push_back(topic);
    GroupView group;
    group.id = Symbol("g");
    group.coordinator = 1;
    group.committed.push_back({Symbol("t"), {{0, -1, Unknown::no_commit, {}}}});
    view.groups.push_back(group);
  }

  PartitionView& partition() { return view.topics[0].partitions[0]; }
  CommittedOffset& commit() { return view.groups[0].committed[0].partitions[0]; }

  // As a sweep does: the commit at `now`, then the ends, then what else must be asked.
  void poll(const TrueLog& log, int64_t committed, int64_t now,
            std::optional<int64_t> last_stable = std::nullopt) {
    GroupView& group = view.groups[0];
    group.committed_reason = Unknown::known;
    group.committed_at = now_at(now).steady;
    if (commit().offset != committed) commit() = {0, committed, Unknown::known, {}};
    const int64_t end = log.end(now + 3);
    partition().high_watermark = {end, Unknown::known};
    partition().last_stable = {last_stable.value_or(end), Unknown::known};
    partition().log_start = {log.start(), Unknown::known};
    see(end, now);
    judge(log, now);
  }
  // A poll of the ends alone.
  void see(int64_t end, int64_t now) {
    if (partition().history)
      partition().history->saw_end(end, to_millis(now_at(now + 1).steady),
                                   to_millis(now_at(now + 5).steady));
  }
  void judge(const TrueLog& log, int64_t now) {
    lag_.begin(view, now_at(now + 1).steady, ours(now + 6));
    rounds = asked_now = 0;
    const int32_t leader = 1;
    for (; answers && rounds < TimeLag::kRounds; ++rounds) {
      const int64_t then = now + 10 + 5 * rounds;
      const auto questions = lag_.questions(rounds, {&leader, 1}, 18, ours(then));
      if (questions.empty()) break;
      for (const TimeLag::Question& question : questions) {
        const auto found = log.first_stamped(question.stamp, then);
        lag_.answer(*question.topic, *question.partition, found ? found->first : -1,
                    found ? found->second : -1, ours(then));
        ++asked_now;
      }
    }
    asked += asked_now;
    lag_.finish(ours(now + 50));
  }

  [[nodiscard]] const UnreadSince& unread() { return commit().unread; }
  [[nodiscard]] TimeLag& lag() { return lag_; }

  ClusterView view;
  bool answers = true;  // Kafka answers questions by time
  int64_t off = 0;      // milliseconds by which our wall clock is ahead of everybody else's
  int rounds = 0;       // of the last poll
  int asked_now = 0;
  int asked = 0;  // questions so far

 private:
  [[nodiscard]] Now ours(int64_t wall) const {
    Now now = now_at(wall);
    now.wall += std::chrono::milliseconds(off);
    return now;
  }

  TimeLag lag_{[this](const Symbol& name) -> TopicView* {
    for (TopicView& topic : view.topics) {
      if (topic.name == name) return &topic;
    }
    return nullptr;
  }};
};

}  // namespace highwater::kafka
