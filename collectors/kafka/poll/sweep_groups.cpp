// The group phases of a sweep: who coordinates which group, and who its members are.
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/group_members.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {
namespace {

constexpr size_t kGroupsPerDescribe = 100;
constexpr int kAbsencesBeforeGone = 2;
constexpr size_t kSuspiciousFrom = 3;
// Members are described when a group's state changed, and all of them every so many polls.
constexpr uint64_t kDescribeEvery = 4;
constexpr auto kSampleRebalancesFor = std::chrono::minutes(5);

GroupType type_of(const ListGroupsResponse::Group& group) {
  const std::string& type = group.group_type;
  if (type == "consumer") return GroupType::consumer;
  if (type == "share" || group.protocol_type == "share") return GroupType::share;
  if (type == "streams") return GroupType::streams;
  // Brokers that send no type have classic groups only.
  return type.empty() || type == "classic" ? GroupType::classic : GroupType::unknown;
}

// The request's own kinds take no protocol type.
template <class Group>
auto members_of(const Group& group, const std::string&) {
  return kafka::members_of(group);
}
const std::string& assignor_of(const DescribeGroupsResponse::Group& group) {
  return group.protocol_data;
}
const std::string& assignor_of(const ConsumerGroupDescribeResponse::Group& group) {
  return group.assignor_name;
}
const std::string& assignor_of(const ShareGroupDescribeResponse::Group& group) {
  return group.assignor_name;
}
std::string assignor_of(const StreamsGroupDescribeResponse::Group&) {
  return "";  // version 0 does not say
}

std::vector<std::string>& names_of(DescribeGroupsRequest& request) {
  return request.groups;
}
std::vector<std::string>& names_of(ConsumerGroupDescribeRequest& request) {
  return request.group_ids;
}
std::vector<std::string>& names_of(ShareGroupDescribeRequest& request) {
  return request.group_ids;
}

std::vector<std::string>& names_of(StreamsGroupDescribeRequest& request) {
  return request.group_ids;
}

}  // namespace

asio::awaitable<void> Sweep::read_groups(RunPtr run) {
  ++group_polls_;
  const auto listing = std::make_shared<Listing>();
  std::vector<asio::awaitable<void>> questions;
  const auto question = [](Sweep* self, RunPtr context, int32_t broker,
                           std::shared_ptr<Listing> into) -> asio::awaitable<void> {
    ListGroupsRequest request;
    auto answer = co_await self->ask(context, broker, std::move(request));
    if (!context->open) co_return;
    if (answer) {
      into->answers.emplace(broker, std::move(*answer));
    } else {
      context->problems.push_back(
          {fmt::format("broker {}: ListGroups: {}", broker, answer.error().what),
           self->broker_entity(broker)});
    }
  };
  for (const int32_t broker : ready()) questions.push_back(question(this, run, broker, listing));
  co_await gather(std::move(questions), settings_.patience);
  merge_groups(*run, *listing);
  co_await find_named_groups(run, listing);
}

void Sweep::merge_groups(SweepRun& run, const Listing& listing) {
  const GroupListing groups(view_, listing.answers, coordinators_, run.start.steady);
  std::vector<bool> listed(view_.groups.size(), false);
  std::vector<const GroupListing::Entry*> added;
  for (const GroupListing::Entry& entry : groups.entries()) {
    const auto place = group_index_.find(entry.group->group_id);
    if (place != group_index_.end()) {
      listed[place->second] = true;
      note_listed(view_.groups[place->second], entry);
    } else if (settings_.groups.accepts(entry.group->group_id) && room_.take_group()) {
      added.push_back(&entry);
    }
  }
  const bool any_listed = !added.empty() || std::ranges::find(listed, true) != listed.end();
  if (!any_listed && looks_denied(run, groups)) return;
  bool changed = !added.empty();
  size_t without_leader = 0;
  Symbol first_without;
  for (size_t i = 0; i < listed.size(); ++i) {
    GroupView& known = view_.groups[i];
    if (listed[i]) continue;
    if (groups.home_is_leaderless(known) && without_leader++ == 0) first_without = known.id;
    if (note_unlisted(known, groups)) changed = true;
  }
  if (without_leader > 0) {
    run.problems.push_back(
        {fmt::format("{} can neither be read nor commit: the partition of __consumer_offsets that "
                     "they belong to has no leader",
                     name_groups(first_without.text(), without_leader)),
         {}});
  }
  for (const GroupListing::Entry* entry : added) {
    GroupView& known = view_.groups.emplace_back();
    known.id = Symbol(entry->group->group_id);
    note_listed(known, *entry);
  }
  if (changed) {
    std::erase_if(view_.groups, [](const GroupView& known) { return known.id.empty(); });
    index_groups();
  }
  if (groups.any_denied()) view_.groups_reason = Unknown::denied;
  if (view_.groups_reason != Unknown::denied || any_listed) {
    view_.groups_reason = groups.any_answered() ? Unknown::known : Unknown::broker_unreachable;
    if (any_listed) view_.groups_vanished = {};
  }
}

void Sweep::note_listed(GroupView& known, const GroupListing::Entry& entry) {
  if (known.state != entry.group->group_state || known.coordinator != entry.coordinator) {
    undescribed_.insert(known.id);
    group_quiet_polls_.erase(known.id);
  }
  known.state = entry.group->group_state;
  known.protocol = entry.group->protocol_type;
  known.type = type_of(*entry.group);
  known.coordinator = entry.coordinator;
  known.listed = Unknown::known;
  group_absences_.erase(known.id);
  unlisted_.erase(known.id);
}

// Everything that could be listed is gone at once: that is hardly a deletion.
bool Sweep::looks_denied(SweepRun& run, const GroupListing& groups) {
  const auto gone = std::ranges::count_if(view_.groups, [&](const GroupView& known) {
    return groups.why_unlisted(known) == Unknown::known;
  });
  if (static_cast<size_t>(gone) < kSuspiciousFrom) return false;
  view_.groups_vanished.why = fmt::format(
      "{} groups were listed before, and now none: rights lost, or everything was deleted", gone);
  view_.groups_reason = Unknown::denied;
  for (GroupView& known : view_.groups) {
    const Unknown why = groups.why_unlisted(known);
    known.listed = known.committed_reason = why == Unknown::known ? Unknown::denied : why;
  }
  run.problems.push_back({view_.groups_vanished.why, {}});
  return true;
}

// True when the group is gone; its id is empty then.
bool Sweep::note_unlisted(GroupView& known, const GroupListing& groups) {
  if (named_groups_.contains(known.id)) {
    const auto unlisted = unlisted_.find(known.id);
    if (unlisted == unlisted_.end() || unlisted->second != Unknown::known) {
      set_unknown(known, unlisted == unlisted_.end() ? Unknown::not_asked : unlisted->second);
      return false;
    }
  }
  const Unknown why = groups.why_unlisted(known);
  if (why != Unknown::known) {
    known.listed = known.committed_reason = why;
    return false;
  }
  if (++group_absences_[known.id] < kAbsencesBeforeGone) {
    known.listed = known.committed_reason = Unknown::not_asked;
    return false;
  }
  group_absences_.erase(known.id);
  group_quiet_polls_.erase(known.id);
  undescribed_.erase(known.id);
  coordinators_.disowned.erase(known.id);
  known.id = Symbol();
  return true;
}

void Sweep::index_groups() {
  std::ranges::sort(view_.groups, {},
                    [](const GroupView& known) -> const std::string& { return known.id.text(); });
  group_index_.clear();
  for (size_t i = 0; i < view_.groups.size(); ++i)
    group_index_.emplace(view_.groups[i].id.text(), i);
}

asio::awaitable<void> Sweep::read_members(RunPtr run) {
  const bool all = group_polls_ % kDescribeEvery == 1;
  std::vector<GroupView*> due;
  for (GroupView& known : view_.groups) {
    if (known.listed != Unknown::known) {
      known.members_reason = known.listed;
      continue;
    }
    if (known.state == "Empty" || known.state == "Dead") {
      known.members.emplace();
      known.members_reason = Unknown::known;
      undescribed_.erase(known.id);
      continue;
    }
    if (all || known.members_reason != Unknown::known || undescribed_.contains(known.id))
      due.push_back(&known);
  }
  co_await describe(run, std::move(due));
}

asio::awaitable<void> Sweep::describe(RunPtr run, std::vector<GroupView*> groups) {
  const std::vector<int32_t> brokers = ready();
  std::map<int32_t, std::vector<DescribeGroupsRequest>> classic;
  std::map<int32_t, std::vector<ConsumerGroupDescribeRequest>> consumer;
  std::map<int32_t, std::vector<ShareGroupDescribeRequest>> share;
  std::map<int32_t, std::vector<StreamsGroupDescribeRequest>> streams;
  const auto add = [](auto& requests, int32_t broker, const std::string& name) {
    auto& list = requests[broker];
    if (list.empty() || names_of(list.back()).size() >= kGroupsPerDescribe) list.emplace_back();
    names_of(list.back()).push_back(name);
  };
  for (GroupView* const known : groups) {
    if (!std::ranges::binary_search(brokers, known->coordinator)) {
      known->members_reason = why_not(known->coordinator);
      continue;
    }
    undescribed_.erase(known->id);
    known->members_reason = Unknown::timed_out;
    switch (known->type) {
      case GroupType::unknown:
        known->members_reason = Unknown::unsupported;
        break;
      case GroupType::classic:
        add(classic, known->coordinator, known->id.text());
        break;
      case GroupType::consumer:
        add(consumer, known->coordinator, known->id.text());
        break;
      case GroupType::share:
        add(share, known->coordinator, known->id.text());
        break;
      case GroupType::streams:
        if (!admin_.version(known->coordinator, ApiKey::kStreamsGroupDescribe)) {
          known->members_reason = Unknown::unsupported;
          break;
        }
        add(streams, known->coordinator, known->id.text());
        break;
    }
  }
  std::vector<asio::awaitable<void>> questions;
  const auto ask_all = [&](auto& requests) {
    for (auto& [broker, list] : requests) {
      for (auto& request : list)
        questions.push_back(read_members_of(run, broker, std::move(request)));
    }
  };
  ask_all(classic);
  ask_all(consumer);
  ask_all(share);
  ask_all(streams);
  co_await gather(std::move(questions), settings_.patience);
}

template <class Request>
asio::awaitable<void> Sweep::read_members_of(RunPtr run, int32_t broker, Request request) {
  const std::vector<std::string> names = names_of(request);
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open) co_return;
  if (!answer) {
    run->problems.push_back(
        {fmt::format("broker {}: {}: {}", broker, api_name(Request::kApiKey), answer.error().what),
         broker_entity(broker)});
    for (const std::string& name : names) {
      if (GroupView* known = group(name)) known->members_reason = reason_of(answer.error());
    }
    co_return;
  }
  Refusals refusals;
  for (const auto& read : answer->groups) {
    GroupView* known = group(read.group_id);
    if (known == nullptr || known->coordinator != broker) continue;
    known->members_reason = reason_of(read.error_code);
    // Listed by its coordinator, but not of the kind that this request describes.
    const bool other_kind = read.error_code == ErrorCode::kGroupIdNotFound ||
                            (known->members_reason == Unknown::known &&
                             read.group_state == "Dead" && known->state != "Dead");
    if (other_kind) known->members_reason = Unknown::unsupported;
    if (read.error_code == ErrorCode::kNotCoordinator) coordinators_.disowned[known->id] = broker;
    if (!other_kind) refusals.add(read.error_code, read.group_id);
    if (known->members_reason != Unknown::known) continue;
    known->assignor = assignor_of(read);
    // Where no listing says so.
    if constexpr (requires { read.protocol_type; }) {
      if (settings_.scope) known->protocol = read.protocol_type;
    }
    // It is newer than the listing.
    if (!read.group_state.empty()) known->state = read.group_state;
    std::optional<std::vector<GroupMember>> members = members_of(read, known->protocol);
    if (!members || !room_.take_members(*members, known->members ? &*known->members : nullptr)) {
      known->members_reason = Unknown::not_asked;
      continue;
    }
    known->members = std::move(members);
  }
  note_refusals(*run, broker, api_name(Request::kApiKey), refusals);
}

void Sweep::note_refusals(SweepRun& run, int32_t broker, std::string_view api,
                          const Refusals& refusals) const {
  for (std::string& text : refusals.texts(broker, api))
    run.problems.push_back({std::move(text), broker_entity(broker)});
}

void Sweep::note_rebalances(SteadyTime now) {
  for (const GroupView& known : view_.groups) {
    if (known.listed != Unknown::known) continue;
    if (is_rebalancing(known))
      rebalancing_.try_emplace(known.id, now);
    else if (!rebalancing_.empty())
      rebalancing_.erase(known.id);
  }
  std::erase_if(rebalancing_,
                [&](const auto& entry) { return group(entry.first.text()) == nullptr; });
}

bool Sweep::any_rebalancing(SteadyTime now) const {
  return std::ranges::any_of(
      rebalancing_, [&](const auto& entry) { return now - entry.second < kSampleRebalancesFor; });
}

}  // namespace highwater::kafka
