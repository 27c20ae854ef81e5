// Border: the one place where names enter from Kafka and leave to it. Behind it every name is valid
// text of bounded length, and no two things in one answer have the same one. Sizes, offsets and
// epochs that nothing can have do not pass either.
//
// A consumer group's id may be any 32,767 bytes that some client chose, and a broker that is broken
// may say anything at all. What is not fit to be a label, a column or a line of a log is known by
// another name inside, and Kafka is asked by the true one. Topics whose names Kafka itself does
// not allow cannot be; they are left out and counted. Used by the sweep, on the cluster's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/groups.h"
#include "collectors/kafka/wire/metadata.h"
#include "collectors/kafka/wire/offsets.h"
#include "collectors/kafka/wire/streams_groups.h"
#include "collectors/kafka/wire/transactions.h"

namespace highwater::kafka {

class Border {
 public:
  static constexpr size_t kLongestName = 255;  // bytes, inside
  static constexpr size_t kLongestTopic = 249;
  static constexpr size_t kNames = 10'000;         // that are others inside
  static constexpr size_t kNameBytes = 16U << 20;  // of all of them together
  static constexpr size_t kLogDirs = 100;          // of one broker

  // Of answers: what comes behind is fit to be used. Other answers hold no names, or only names
  // that are looked up.
  void enter(MetadataResponse& answer);
  void enter(ListGroupsResponse& answer);
  void enter(ListOffsetsResponse& answer) const;
  void enter(OffsetFetchResponse& answer) const;
  void enter(DescribeGroupsResponse& answer) const;
  void enter(ConsumerGroupDescribeResponse& answer) const;
  void enter(ShareGroupDescribeResponse& answer) const;
  void enter(StreamsGroupDescribeResponse& answer) const;
  void enter(DescribeClusterResponse& answer) const;
  void enter(DescribeLogDirsResponse& answer) const;
  void enter(ListPartitionReassignmentsResponse& answer) const;
  void enter(DescribeQuorumResponse& answer) const;
  void enter(DescribeTransactionsResponse& answer) const;
  template <class Answer>
  void enter(Answer&) const {}

  // Of requests: names as Kafka knows them.
  void leave(OffsetFetchRequest& request) const;
  void leave(DescribeGroupsRequest& request) const;
  void leave(ConsumerGroupDescribeRequest& request) const;
  void leave(ShareGroupDescribeRequest& request) const;
  void leave(StreamsGroupDescribeRequest& request) const;
  template <class Request>
  void leave(Request&) const {}

  // Left out of the last answer of their kind.
  [[nodiscard]] size_t topics_left_out() const { return topics_left_out_; }
  [[nodiscard]] size_t groups_left_out() const { return groups_left_out_; }

 private:
  static constexpr uint64_t kKeptListings = 1000;  // in which a name did not occur

  struct TrueName {
    std::string text;
    uint64_t seen = 0;  // the last listing with it
  };
  void leave_name(std::string& name) const;
  void forget_old_names();

  std::unordered_map<std::string, TrueName> true_names_;  // by the name inside
  uint64_t listings_ = 0;
  size_t true_name_bytes_ = 0;
  size_t topics_left_out_ = 0;
  size_t groups_left_out_ = 0;
};

// The name that a group has inside: itself when it is valid UTF-8 without control characters and
// not too long, otherwise what is readable of it and a number made of all of it.
[[nodiscard]] std::string name_inside(std::string_view true_name);

}  // namespace highwater::kafka
