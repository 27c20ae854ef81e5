// What happens to the topics between polls: when something was written last, and how leaders and
// in-sync replicas came and went. Tables of part "partitions"; used by its interpreter, on its
// thread.
//
// A topic is as fresh as its freshest partition. Once a log was seen to grow, the age counts from
// the poll that saw it, so it is understated by one poll at most and no producer's clock matters.
// Before that it counts from the timestamp that Kafka has of the newest record, and where there is
// none from our first look: then the true age is the greater one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/core/watch_first.h"
#include "collectors/interpreter.h"
#include "collectors/tables/broker_rows.h"
#include "collectors/tables/column.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/row_history.h"

namespace highwater::collectors {

class TopicActivity {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();

  // `brokers` knows those of the view.
  void add_to(Observation& observation, const kafka::ClusterView& view, const BrokerRows& brokers,
              Now now);

  // A row for each topic of the view that was last added.
  [[nodiscard]] const std::shared_ptr<const KeySet>& topics() const { return rows_; }

 private:
  struct Partition {
    int64_t end = -1;      // -1: not seen yet
    int32_t epoch = -1;    // of the leader
    int32_t in_sync = -1;  // replicas
    int64_t stamp = kafka::kStampNotAsked;
    Unknown reason = Unknown::not_asked;  // of the end
    int32_t leader = -1;                  // the last that could be reached
    std::optional<SteadyTime> without_leader;
    SteadyTime last_without{};  // the last poll that saw it so
  };
  // Of those that ended lately, the longest.
  struct Longest {
    Duration took{};
    SteadyTime ended{};

    void add(Duration one, SteadyTime now);
    [[nodiscard]] Duration lately(SteadyTime now) const;
  };
  // What is remembered about a topic.
  struct Topic {
    kafka::TopicId id{};
    SteadyTime first_seen{};
    bool seen = false;
    std::optional<SteadyTime> grew;  // when a log was last seen to have grown
    uint64_t leader_changes = 0;
    uint64_t isr_shrinks = 0;
    Longest unreachable;  // times without a leader that can be reached
    Longest failover;     // those after which another broker led
    std::vector<std::pair<int32_t, SteadyTime>> leaderless;  // partitions, and since when
    std::vector<Partition> partitions;
  };
  struct Age {
    double seconds = kNoValue;
    Unknown reason = Unknown::known;
  };

  [[nodiscard]] std::vector<Topic>& align(const kafka::ClusterView& view);
  // What is remembered of a topic of that name is not about this one.
  static void start_anew(const kafka::TopicView& view, Now now, Topic& topic);
  static void watch(const kafka::PartitionView& view, bool has_leader, Now now, Topic& topic,
                    Partition& partition);
  [[nodiscard]] static Age age_of(const Topic& topic, Now now);
  static void watch_reach(const kafka::PartitionView& view, bool has_leader, SteadyTime now,
                          Topic& topic, Partition& partition);
  [[nodiscard]] static double unreachable_of(const Topic& topic, SteadyTime now);
  static void watch_leader(const kafka::PartitionView& view, SteadyTime now, Topic& topic);
  [[nodiscard]] static double leaderless_of(const Topic& topic, SteadyTime now);

  KeyTracker keys_{{"cluster", "topic"}};
  RowHistory<Topic> history_;
  std::shared_ptr<const KeySet> rows_;  // of the poll in hand
};

}  // namespace highwater::collectors
