#include "collectors/kafka/poll/group_members.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "collectors/kafka/wire/consumer_protocol.h"

namespace highwater::kafka {
namespace {

constexpr int kLeftForAWhile = -2;  // the epoch of a static member that is away
constexpr size_t kMostAssigned = 1'000'000;

using Assigned = std::vector<std::pair<Symbol, std::vector<int32_t>>>;

Assigned assignment_of(const GroupAssignment& assignment) {
  Assigned out;
  for (const auto& assigned : assignment.topic_partitions)
    out.emplace_back(Symbol(assigned.topic_name), assigned.partitions);
  return out;
}

using Streams = StreamsGroupDescribeResponse;

// By topic or task; brokers give these and their partitions in any order.
using Sorted = std::vector<std::pair<std::string_view, std::vector<int32_t>>>;

template <class Parts, class Name>
Sorted sorted_by(const Parts& parts, Name name) {
  Sorted all;
  for (const auto& part : parts) {
    all.emplace_back(part.*name, part.partitions);
    std::ranges::sort(all.back().second);
  }
  std::ranges::sort(all);
  return all;
}

Sorted sorted(const GroupAssignment& assignment) {
  return sorted_by(assignment.topic_partitions, &GroupAssignment::TopicPartitions::topic_name);
}

Sorted sorted(const Streams::Assignment& assignment) {
  return sorted_by(assignment.active_tasks, &Streams::TaskIds::subtopology_id);
}

template <class Group, class Member>
bool settled(const Group& group, const Member& member) {
  return member.member_epoch == group.assignment_epoch &&
         (member.assignment == member.target_assignment ||
          sorted(member.assignment) == sorted(member.target_assignment));
}

// What each subtopology reads.
std::map<std::string_view, std::vector<Symbol>> topics_by_subtopology(const Streams::Group& group) {
  std::map<std::string_view, std::vector<Symbol>> topics;
  if (!group.topology || !group.topology->subtopologies) return topics;
  for (const Streams::Subtopology& one : *group.topology->subtopologies) {
    std::vector<Symbol>& names = topics[one.subtopology_id];
    for (const std::string& name : one.source_topics) names.emplace_back(name);
    for (const Streams::TopicInfo& topic : one.repartition_source_topics)
      names.emplace_back(topic.name);
  }
  return topics;
}

}  // namespace

std::vector<GroupMember> members_of(const DescribeGroupsResponse::Group& group,
                                    const std::string& protocol) {
  std::vector<GroupMember> members;
  members.reserve(group.members.size());
  for (const auto& read : group.members) {
    GroupMember& member = members.emplace_back(GroupMember{
        read.member_id, read.client_id, read.client_host, read.group_instance_id.value_or(""), {}});
    if (protocol != "consumer" || read.member_assignment.empty()) continue;
    if (const auto assignment = decode_consumer_assignment(read.member_assignment)) {
      for (const auto& assigned : assignment->topics)
        member.assignment.emplace_back(Symbol(assigned.name), assigned.partitions);
    }
  }
  return members;
}

std::vector<GroupMember> members_of(const ConsumerGroupDescribeResponse::Group& group) {
  std::vector<GroupMember> members;
  members.reserve(group.members.size());
  for (const auto& read : group.members)
    members.push_back({read.member_id, read.client_id, read.client_host,
                       read.instance_id.value_or(""), assignment_of(read.assignment),
                       read.member_epoch == kLeftForAWhile, settled(group, read)});
  return members;
}

std::vector<GroupMember> members_of(const ShareGroupDescribeResponse::Group& group) {
  std::vector<GroupMember> members;
  members.reserve(group.members.size());
  for (const auto& read : group.members)
    members.push_back(
        {read.member_id, read.client_id, read.client_host, "", assignment_of(read.assignment)});
  return members;
}

std::optional<std::vector<GroupMember>> members_of(const Streams::Group& group) {
  const auto topics = topics_by_subtopology(group);
  std::vector<GroupMember> members;
  members.reserve(group.members.size());
  size_t left = kMostAssigned;
  for (const Streams::Member& read : group.members) {
    GroupMember& member = members.emplace_back(GroupMember{read.member_id,
                                                           read.client_id,
                                                           read.client_host,
                                                           read.instance_id.value_or(""),
                                                           {},
                                                           read.member_epoch == kLeftForAWhile,
                                                           settled(group, read)});
    member.stands_by =
        !read.assignment.standby_tasks.empty() || !read.assignment.warmup_tasks.empty();
    for (const Streams::TaskIds& tasks : read.assignment.active_tasks) {
      const auto found = topics.find(tasks.subtopology_id);
      if (found == topics.end()) continue;
      // A topic without partitions costs as well.
      const size_t of_each = tasks.partitions.size() + 1;
      if (found->second.size() > left / of_each) return std::nullopt;
      left -= found->second.size() * of_each;
      for (const Symbol& topic : found->second)
        member.assignment.emplace_back(topic, tasks.partitions);
    }
  }
  return members;
}

}  // namespace highwater::kafka
