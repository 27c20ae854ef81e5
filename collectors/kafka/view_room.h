// ViewRoom: how much of one cluster is watched at most, in bytes of memory. A client of Kafka can
// create groups, commit for every partition of every topic and send members as it likes, and a
// broker can say anything: each of these is harmless, and their product fills any memory. What is
// known stays; what comes when the room is taken is left out and counted. Used by the sweep, on the
// cluster's thread. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {

class ViewRoom {
 public:
  // What each costs with all that is made of it: rows, histories, what rules remember. Measured,
  // and rounded up.
  static constexpr size_t kBroker = 20'000;  // with its connections
  static constexpr size_t kPartition = 1500;
  static constexpr size_t kTopic = 1500;
  static constexpr size_t kGroup = 6000;
  static constexpr size_t kMember = 2500;
  static constexpr size_t kAssigned = 24;  // a partition that is assigned to a member
  static constexpr size_t kCommitted = 460;

  explicit ViewRoom(size_t bytes) : bytes_(bytes) {}

  // Takes stock of what is there; what was left out so far is another poll's.
  void count(const ClusterView& view);

  // Each takes the room when it is there; otherwise what was asked for is left out.
  [[nodiscard]] bool take_topic(size_t partitions);
  [[nodiscard]] bool take_group();
  [[nodiscard]] bool take_committed(size_t more);
  [[nodiscard]] bool take_members(const std::vector<GroupMember>& members,
                                  const std::vector<GroupMember>* before);

  // For people, of all that was left out since count(); "" when nothing was.
  [[nodiscard]] std::string left_out() const;

 private:
  [[nodiscard]] bool take(size_t bytes, size_t most);

  const size_t bytes_;
  size_t taken_ = 0;
  size_t topics_left_out_ = 0;
  size_t groups_left_out_ = 0;
  size_t commits_left_out_ = 0;  // groups of which the offsets are
  size_t members_left_out_ = 0;  // groups of which the members are
};

}  // namespace highwater::kafka
