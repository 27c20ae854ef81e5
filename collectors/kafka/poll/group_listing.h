// GroupListing: the ListGroups responses of one poll: which broker coordinates which group, and
// whether a group that is not listed is gone. Used by the sweep, on the cluster's thread.
//
// A group is listed by its coordinator alone, the leader of its partition of __consumer_offsets.
// Without a response of that broker the group is unknown; with one, the others do not matter.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/offsets_topic.h"
#include "collectors/kafka/wire/groups.h"

namespace highwater::kafka {

// What is remembered from poll to poll.
struct CoordinatorMemory {
  // Groups, and the broker that answered NOT_COORDINATOR for them.
  std::unordered_map<Symbol, int32_t> disowned;
  // How many groups were listed by the leader that Kafka's hash names, and by another broker: other
  // implementations have other hashes.
  uint64_t as_hashed = 0;
  uint64_t elsewhere = 0;
  [[nodiscard]] bool hash_holds() const { return elsewhere * 4 <= as_hashed; }
  // Who leads each partition of __consumer_offsets, and since when; of those it led when it was
  // first seen, since the epoch.
  struct Reign {
    int32_t leader = -1;
    SteadyTime since{};
  };
  struct Home {
    Reign now;
    Reign before;
  };
  std::unordered_map<int32_t, Home> homes;
};

// A new coordinator first reads its partition. Until it begins to, it lists what it has without an
// error, and on a busy machine that is more than one poll: what it does not list is not gone before
// it has led for this long.
constexpr Duration kTakesOver = std::chrono::seconds(15);
// Who leads again after so short a time never ceased to: an answer in between was wrong.
constexpr Duration kNeverCeased = std::chrono::seconds(3);

class GroupListing {
 public:
  using Answers = std::map<int32_t, ListGroupsResponse>;  // by broker
  struct Entry {
    int32_t coordinator = -1;
    const ListGroupsResponse::Group* group = nullptr;
  };

  // All of them must outlive this. `now`: when the answers came.
  GroupListing(const ClusterView& view, const Answers& answers, CoordinatorMemory& memory,
               SteadyTime now);

  // Every listed group, by name; of several brokers that list it the likeliest coordinator.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // Why a group that is not listed may still exist; `known`: it does not.
  [[nodiscard]] Unknown why_unlisted(const GroupView& group) const;

  // Its partition of __consumer_offsets has no leader: it can neither be listed nor commit.
  [[nodiscard]] bool home_is_leaderless(const GroupView& group) const;
  [[nodiscard]] bool any_answered() const { return !answered_.empty(); }
  [[nodiscard]] bool any_denied() const { return denied_; }

 private:
  void note_leaders();
  [[nodiscard]] bool takes_over(const PartitionView& home) const;
  void read_answers();
  void choose_coordinators();
  void count_home(const Entry& entry);
  [[nodiscard]] Entry likeliest(std::span<const Entry> listers) const;
  [[nodiscard]] int rank(const Symbol& group, int32_t broker, int32_t last_coordinator) const;
  [[nodiscard]] Unknown why_silent(int32_t broker) const;

  const ClusterView& view_;
  const Answers& answers_;
  CoordinatorMemory& memory_;
  const SteadyTime now_;
  OffsetsTopic offsets_;
  std::set<int32_t> answered_;
  std::set<int32_t> loading_;
  bool complete_ = true;  // every listed broker answered
  bool denied_ = false;
  std::vector<Entry> entries_;  // ascending by name
};

}  // namespace highwater::kafka
