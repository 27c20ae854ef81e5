// The OffsetFetch phase of a sweep: what every group committed, asked of its coordinator.
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {
namespace {

constexpr size_t kGroupsPerOffsetFetch = 50;  // a slow chunk then holds up little
// A group that is Empty and did not move for this many polls is read only every kQuietEvery-th.
constexpr int kQuietAfter = 6;
constexpr uint64_t kQuietEvery = 10;

CommittedOffset to_view(const OffsetFetchResponse::Partition& read) {
  CommittedOffset offset{
      read.partition_index, read.committed_offset, reason_of(read.error_code), {}};
  if (offset.reason == Unknown::known && offset.offset < 0) offset.reason = Unknown::no_commit;
  return offset;
}

CommittedOffset* find_offset(std::vector<CommittedOffset>& offsets, int32_t partition) {
  // Many groups commit to every partition of a topic: then the place is the number.
  const auto guess = static_cast<size_t>(partition);
  if (partition >= 0 && guess < offsets.size() && offsets[guess].partition == partition)
    return &offsets[guess];
  const auto found = std::ranges::lower_bound(offsets, partition, {}, &CommittedOffset::partition);
  return found == offsets.end() || found->partition != partition ? nullptr : &*found;
}

// True when an offset moved, or one came or went.
bool merge_committed(CommittedTopic& topic,
                     const std::vector<OffsetFetchResponse::Partition>& response) {
  std::vector<CommittedOffset>& known = topic.partitions;
  bool moved = false;
  const auto merge_in_place = [&](const OffsetFetchResponse::Partition& read) {
    CommittedOffset* const offset = find_offset(known, read.partition_index);
    if (offset == nullptr) return false;
    const bool same = offset->offset == read.committed_offset;
    moved = moved || !same;
    const UnreadSince unread = same ? offset->unread : UnreadSince{};
    *offset = to_view(read);
    offset->unread = unread;
    return true;
  };
  if (known.size() == response.size() && std::ranges::all_of(response, merge_in_place))
    return moved;
  known.clear();
  known.reserve(response.size());
  for (const auto& read : response) known.push_back(to_view(read));
  std::ranges::sort(known, {}, &CommittedOffset::partition);
  return true;
}

// Of a topic or partition that comes twice the first one counts.
void drop_repeated(OffsetFetchResponse::Group& response) {
  const auto drop = [](auto& list, auto key) {
    // Nearly always in order.
    if (std::ranges::adjacent_find(list, std::ranges::greater_equal{}, key) == list.end()) return;
    std::ranges::stable_sort(list, {}, key);
    const auto repeated = std::ranges::unique(list, {}, key);
    list.erase(repeated.begin(), repeated.end());
  };
  drop(response.topics, &OffsetFetchResponse::Topic::name);
  for (auto& topic : response.topics)
    drop(topic.partitions, &OffsetFetchResponse::Partition::partition_index);
}

size_t offsets_in(const auto& topics) {
  size_t count = 0;
  for (const auto& topic : topics) count += topic.partitions.size();
  return count;
}

// The response is sorted and has no duplicates.
bool merge_committed(std::vector<CommittedTopic>& committed,
                     const OffsetFetchResponse::Group& response) {
  const auto name = [](const CommittedTopic& topic) -> const std::string& {
    return topic.topic.text();
  };
  bool moved = committed.size() != response.topics.size();
  if (!std::ranges::equal(committed, response.topics, {}, name,
                          &OffsetFetchResponse::Topic::name)) {
    std::vector<CommittedTopic> merged(response.topics.size());
    for (size_t i = 0; i < merged.size(); ++i) {
      const std::string& wanted = response.topics[i].name;
      const auto before = std::ranges::lower_bound(committed, wanted, {}, name);
      if (before != committed.end() && name(*before) == wanted) {
        merged[i] = *before;
      } else {
        merged[i].topic = Symbol(wanted);
        moved = true;
      }
    }
    committed = std::move(merged);
  }
  for (size_t i = 0; i < committed.size(); ++i) {
    const bool topic_moved = merge_committed(committed[i], response.topics[i].partitions);
    moved = moved || topic_moved;
  }
  return moved;
}

}  // namespace

bool Sweep::worth_reading(const GroupView& group) const {
  if (group.listed != Unknown::known || group.coordinator < 0 || group.type == GroupType::share)
    return false;
  const auto quiet = group_quiet_polls_.find(group.id);
  const bool asleep =
      group.state == "Empty" && quiet != group_quiet_polls_.end() && quiet->second >= kQuietAfter;
  // Spread over the polls, so that ten thousand abandoned groups do not all come in one.
  return !asleep || group.committed_reason != Unknown::known ||
         (group_polls_ + group.id.hash() / 64) % kQuietEvery == 0;
}

asio::awaitable<void> Sweep::read_committed(RunPtr run) {
  struct Questions {
    size_t groups_at_once = 1;
    std::vector<OffsetFetchRequest> requests;
  };
  std::map<int32_t, Questions> by_broker;
  for (const int32_t broker : ready()) {
    const bool batched = admin_.version(broker, ApiKey::kOffsetFetch).value_or(0) >= 8;
    by_broker[broker].groups_at_once = batched ? kGroupsPerOffsetFetch : 1;
  }
  for (GroupView& known : view_.groups) {
    if (!worth_reading(known)) {
      // As if it had been read: it has not moved for long.
      if (known.committed_reason == Unknown::known) {
        known.committed_at = run->start.steady;
        known.committed_took = {};
      }
      continue;
    }
    const auto coordinator = by_broker.find(known.coordinator);
    if (coordinator == by_broker.end()) {
      known.committed_reason = why_not(known.coordinator);
      continue;
    }
    known.committed_reason = Unknown::timed_out;  // until the answer says otherwise
    auto& [groups_at_once, list] = coordinator->second;
    if (list.empty() || list.back().groups.size() >= groups_at_once) list.emplace_back();
    OffsetFetchRequest::Group asked;
    asked.group_id = known.id.text();
    list.back().groups.push_back(std::move(asked));
  }
  std::vector<asio::awaitable<void>> questions;
  for (auto& [broker, asked] : by_broker) {
    for (OffsetFetchRequest& request : asked.requests)
      questions.push_back(read_committed_of(run, broker, std::move(request)));
  }
  co_await gather(std::move(questions), settings_.patience);
}

asio::awaitable<void> Sweep::read_committed_of(RunPtr run, int32_t broker,
                                               OffsetFetchRequest request) {
  std::vector<std::string> names;
  for (const auto& asked : request.groups) names.push_back(asked.group_id);
  const SteadyTime asked = std::chrono::steady_clock::now();
  auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open) co_return;
  const SteadyTime answered = std::chrono::steady_clock::now();
  if (!answer) {
    run->problems.push_back({fmt::format("broker {}: OffsetFetch: {}", broker, answer.error().what),
                             broker_entity(broker)});
    for (const std::string& name : names) {
      if (GroupView* known = group(name)) known->committed_reason = reason_of(answer.error());
    }
    co_return;
  }
  // Below v8 the answer names no group: there was one.
  if (answer->groups.size() == 1 && answer->groups.front().group_id.empty() && names.size() == 1) {
    answer->groups.front().group_id = names.front();
  }
  Refusals refusals;
  for (auto& read : answer->groups) {
    GroupView* known = group(read.group_id);
    if (known == nullptr || known->coordinator != broker) continue;
    known->committed_reason = reason_of(read.error_code);
    if (read.error_code == ErrorCode::kNotCoordinator) coordinators_.disowned[known->id] = broker;
    // Groups of an unknown kind may keep their offsets elsewhere.
    if (known->type == GroupType::unknown && known->committed_reason == Unknown::failed)
      known->committed_reason = Unknown::unsupported;
    else
      refusals.add(read.error_code, read.group_id);
    if (known->committed_reason != Unknown::known) continue;
    coordinators_.disowned.erase(known->id);
    drop_repeated(read);
    for (const auto& topic : read.topics) {
      for (const auto& partition : topic.partitions)
        refusals.add(partition.error_code, read.group_id);
    }
    known->committed_at = answered;
    known->committed_took = std::chrono::ceil<std::chrono::milliseconds>(answered - asked);
    const size_t before = offsets_in(known->committed);
    const size_t now = offsets_in(read.topics);
    if (now > before && !room_.take_committed(now - before)) {
      known->committed_reason = Unknown::not_asked;
      continue;
    }
    const bool first = known->committed.empty();
    const bool moved = merge_committed(known->committed, read);
    if (moved && !first) known->last_commit_change = answered;
    int& quiet = group_quiet_polls_[known->id];
    quiet = moved || known->state != "Empty" ? 0 : quiet + 1;
  }
  note_refusals(*run, broker, "OffsetFetch", refusals);
}

}  // namespace highwater::kafka
