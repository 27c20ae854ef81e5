#include "collectors/kafka/view_room.h"

#include <fmt/format.h>

namespace highwater::kafka {
namespace {

size_t cost_of(const std::vector<GroupMember>& members) {
  size_t bytes = 0;
  for (const GroupMember& member : members) {
    bytes += ViewRoom::kMember;
    for (const auto& [topic, partitions] : member.assignment)
      bytes += 100 + partitions.size() * ViewRoom::kAssigned;
  }
  return bytes;
}

}  // namespace

void ViewRoom::count(const ClusterView& view) {
  topics_left_out_ = groups_left_out_ = commits_left_out_ = members_left_out_ = 0;
  taken_ = view.brokers.size() * kBroker;
  for_each_topic(view, [this](const TopicView& topic) {
    taken_ += kTopic + topic.partitions.size() * kPartition;
  });
  for (const GroupView& group : view.groups) {
    taken_ += kGroup;
    for (const CommittedTopic& topic : group.committed)
      taken_ += topic.partitions.size() * kCommitted;
    if (group.members) taken_ += cost_of(*group.members);
  }
}

bool ViewRoom::take(size_t bytes, size_t most) {
  if (taken_ + bytes > most) return false;
  taken_ += bytes;
  return true;
}

bool ViewRoom::take_topic(size_t partitions) {
  // Topics leave room for groups.
  const bool taken = take(kTopic + partitions * kPartition, bytes_ / 4 * 3);
  if (!taken) ++topics_left_out_;
  return taken;
}

bool ViewRoom::take_group() {
  const bool taken = take(kGroup, bytes_);
  if (!taken) ++groups_left_out_;
  return taken;
}

bool ViewRoom::take_committed(size_t more) {
  const bool taken = take(more * kCommitted, bytes_);
  if (!taken) ++commits_left_out_;
  return taken;
}

bool ViewRoom::take_members(const std::vector<GroupMember>& members,
                            const std::vector<GroupMember>* before) {
  const size_t had = before == nullptr ? 0 : cost_of(*before);
  const size_t wanted = cost_of(members);
  if (wanted <= had) return true;
  const bool taken = take(wanted - had, bytes_);
  if (!taken) ++members_left_out_;
  return taken;
}

std::string ViewRoom::left_out() const {
  std::string text;
  const auto add = [&](size_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(topics_left_out_, "topics");
  add(groups_left_out_, "groups");
  add(commits_left_out_, "groups' offsets");
  add(members_left_out_, "groups' members");
  if (text.empty()) return text;
  return fmt::format(
      "{} are left out: the agent may take {} MiB of memory for this cluster; raise 'memory', or "
      "watch less with 'topics' and 'groups'",
      text, bytes_ >> 20);
}

}  // namespace highwater::kafka
