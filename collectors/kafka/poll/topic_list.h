// TopicList: merges Metadata responses into a list of topics of the view. Used by the sweep, on the
// cluster's thread. Pure: times are arguments.
//
// A response may be stale, incomplete or wrong. What contradicts the known state is ignored at
// first and accepted once another response confirms it, so no wrong response holds for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/wire/metadata.h"

namespace highwater::kafka {

class TopicList {
 public:
  // `topics` must outlive this, and is changed here alone.
  explicit TopicList(std::vector<TopicView>& topics) : topics_(topics) {}

  [[nodiscard]] TopicView* find(const std::string& name);
  // The same for names that come nearly in the list's order: `place` is where the next one may be.
  [[nodiscard]] TopicView* find_from(size_t& place, const std::string& name);

  // Starts to merge a response of `broker` that lists all topics.
  void begin_listing(int32_t broker, SteadyTime now);
  // False when the response holds the topic twice: the first one counts.
  bool add_listed(const MetadataResponse::Topic& response);
  // The topic is not one of these; between begin_listing() and end_listing().
  void drop(const std::string& name);
  void end_listing();

  // Topics that the last listing lacks, at most `most`. Requested by name, Kafka tells deleted
  // topics from those that the principal may not see.
  [[nodiscard]] std::vector<std::string> absent(size_t most) const;
  // The response to that. A topic that is unknown by name after two listings without it is gone.
  void add_named(const MetadataResponse::Topic& response, int32_t broker, SteadyTime now);
  void forget_gone();

  // Whether the last response contradicts the known state: another broker should be asked next.
  [[nodiscard]] bool in_doubt() const { return !contradictions_.empty(); }

 private:
  using PartitionKey = std::pair<Symbol, int32_t>;
  // A partition came with an older epoch than the known one, or was missing.
  struct Contradiction {
    int32_t broker = -1;  // of the first such response
    SteadyTime since{};
    uint64_t response = 0;  // number of the last one
  };

  void add(const MetadataResponse::Topic& response);
  void merge(TopicView& known, const MetadataResponse::Topic& response);
  void merge_partitions(TopicView& known, const MetadataResponse::Topic& response);
  bool merge_in_place(TopicView& known, const MetadataResponse::Topic& response);
  void merge_partition(const TopicView& topic, PartitionView& known,
                       const MetadataResponse::Partition& response);
  // Notes a contradiction; true when it is confirmed and to be accepted.
  bool confirmed(const TopicView& topic, int32_t partition);
  void start_anew_if_replaced(TopicView& known);
  void rebuild_index();

  std::vector<TopicView>& topics_;
  std::unordered_map<std::string, size_t> index_;  // name -> place in topics_
  std::unordered_map<Symbol, int> absences_;       // listings in a row without it
  std::vector<uint8_t> listed_;                    // by place, in the current listing
  std::vector<uint8_t> seen_;                      // of the partitions of one topic
  std::map<PartitionKey, Contradiction> contradictions_;
  uint32_t local_ids_ = 0;
  size_t went_back_ = 0;  // partitions of the current topic whose older state was accepted
  bool any_gone_ = false;
  int32_t broker_ = -1;  // of the current response
  SteadyTime now_{};
  uint64_t response_ = 0;  // its number
};

}  // namespace highwater::kafka
