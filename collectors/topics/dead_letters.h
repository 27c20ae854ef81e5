// Dead-letter topics: where applications put what they could not process. Tables of part
// "partitions"; used by its interpreter, on its thread.
//
// They are known by their names, and so are the topics they are of: "orders.dlq" is of "orders",
// where that exists. What matters is that something comes: the first record after an hour of
// silence, how fast they grow, and how much that is of what their topic gets.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/core/pattern.h"
#include "agent/core/watch_first.h"
#include "collectors/interpreter.h"
#include "collectors/tables/key_tracker.h"
#include "collectors/tables/row_history.h"
#include "collectors/tables/sample_ring.h"

namespace highwater::collectors {

// What dead-letter topics are usually called.
[[nodiscard]] std::vector<Pattern> usual_dead_letters();

class DeadLetters {
 public:
  [[nodiscard]] static std::span<const Measure* const> measures();
  [[nodiscard]] static std::span<const WatchFirst> watch_first();

  // Topics that one of the patterns matches.
  explicit DeadLetters(std::vector<Pattern> patterns) : patterns_(std::move(patterns)) {}

  void add_to(Observation& observation, const kafka::ClusterView& view, Now now);

 private:
  // A dead-letter topic and the topic it is of, as places in the view.
  struct Pair {
    size_t topic = 0;
    std::optional<size_t> source;
  };
  struct Memory {
    kafka::TopicId id{};
    bool seen = false;
    double end = 0;        // the sum of the logs' ends
    double arrived = 0;    // records since the last silence
    SteadyTime grew{};     // when the last one came
    SteadyTime began{};    // its watch
    Duration silence{};    // before the first of those that arrived
    bool watched = false;  // ... and records had come before it
    SampleRing<1> own;
    SampleRing<2> both;  // and of its topic
  };

  void find_topics(const kafka::ClusterView& view);
  [[nodiscard]] std::optional<size_t> source_of(std::string_view name) const;
  static void add_note(Observation& observation, std::span<const Symbol> names,
                       const Memory& memory);
  static void watch(const kafka::TopicView& topic, double end, Now now, Memory& memory);

  const std::vector<Pattern> patterns_;
  std::vector<Symbol> names_;  // of the view that pairs_ was made of
  std::vector<Pair> pairs_;
  std::unordered_map<Symbol, size_t> places_;
  KeyTracker keys_{{"cluster", "topic"}};
  KeyTracker share_keys_{{"cluster", "topic", "source_topic"}};
  KeyTracker source_keys_{{"cluster", "topic"}};
  RowHistory<Memory> history_;
};

}  // namespace highwater::collectors
