// What a sweep of a scope asks in place of listings: the coordinator of each of its groups, what
// that says of the group, and the topics by name. Nothing here needs more than DESCRIBE on these
// groups and topics.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {
namespace {

// A group's kind is found by describing it: a broker answers for another kind as for a group that
// does not exist. The usual ones first.
constexpr std::array kKinds{GroupType::classic, GroupType::consumer, GroupType::share,
                            GroupType::streams};
constexpr int kAbsencesBeforeGone = 2;
constexpr size_t kMostTopics = 1000;

}  // namespace

MetadataRequest Sweep::scope_topics() const {
  MetadataRequest request;
  std::vector<MetadataRequest::Topic>& topics = request.topics.emplace();
  for (const std::string& name : settings_.scope->topics) topics.push_back({{}, name});
  if (!topics.empty()) return request;
  for (const std::string& name : used_topics_) topics.push_back({{}, name});
  return request;
}

void Sweep::note_absent_topics(SweepRun& run, const MetadataResponse& metadata) {
  for (const auto& read : metadata.topics) {
    if (read.error_code == ErrorCode::kUnknownTopicOrPartition)
      run.problems.push_back(
          {fmt::format("topic '{}' is named in the scope, and does not exist", read.name), {}});
    else if (read.error_code == ErrorCode::kTopicAuthorizationFailed)
      run.problems.push_back(
          {fmt::format("topic '{}' of the scope is denied: DESCRIBE on it is missing", read.name),
           {}});
  }
}

asio::awaitable<void> Sweep::read_scope_groups(RunPtr run) {
  ++group_polls_;
  for (const std::string& name : settings_.scope->groups) {
    if (group(name) != nullptr) continue;
    GroupView& known = view_.groups.emplace_back();
    known.id = Symbol(name);
    set_unknown(known, Unknown::not_asked);
    index_groups();
  }
  const std::vector<int32_t> brokers = ready();
  if (brokers.empty()) co_return;
  std::vector<asio::awaitable<void>> questions;
  for (const GroupView& known : view_.groups) {
    const bool lost = !std::ranges::binary_search(brokers, known.coordinator) ||
                      coordinators_.disowned.contains(known.id);
    if (lost) questions.push_back(find_coordinator(run, brokers.front(), known.id));
  }
  if (!questions.empty()) {
    co_await gather(std::move(questions), settings_.patience);
    // Connects to those that were not needed before.
    if (hooks_.metadata) hooks_.metadata(scope_brokers_, SystemClock().now());
  }
  co_await describe_scope(run);
  std::erase_if(view_.groups, [](const GroupView& known) { return known.id.empty(); });
  index_groups();
  view_.groups_reason = Unknown::known;
}

asio::awaitable<void> Sweep::find_coordinator(RunPtr run, int32_t broker, Symbol name) {
  FindCoordinatorRequest request;
  request.coordinator_keys.push_back(name.text());
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open) co_return;
  GroupView* const known = group(name.text());
  if (known == nullptr) co_return;
  if (!answer || answer->coordinators.empty()) {
    run->problems.push_back({fmt::format("broker {}: FindCoordinator: {}", broker,
                                         answer ? "no answer" : answer.error().what),
                             broker_entity(broker)});
    set_unknown(*known, answer ? Unknown::failed : reason_of(answer.error()));
    co_return;
  }
  const auto& found = answer->coordinators.front();
  coordinators_.disowned.erase(name);
  known->coordinator = found.error_code == ErrorCode::kNone ? found.node_id : -1;
  if (found.error_code == ErrorCode::kNone) co_return;
  set_unknown(*known, reason_of(found.error_code));
  Refusals refusals;
  refusals.add(found.error_code, name.text());
  note_refusals(*run, broker, "FindCoordinator", refusals);
}

asio::awaitable<void> Sweep::describe_scope(RunPtr run) {
  std::map<Symbol, GroupType> before;
  std::vector<GroupView*> asked;
  for (GroupView& known : view_.groups) {
    if (known.coordinator < 0) continue;
    before[known.id] = known.type;
    // Else "Dead" would be what it was already.
    known.state.clear();
    known.members_reason = Unknown::unsupported;
    if (known.type != GroupType::unknown) asked.push_back(&known);
  }
  if (!asked.empty()) co_await describe(run, std::move(asked));
  for (const GroupType kind : kKinds) {
    asked.clear();
    for (GroupView& known : view_.groups) {
      const auto found = before.find(known.id);
      if (found == before.end() || found->second == kind ||
          known.members_reason != Unknown::unsupported)
        continue;
      known.type = kind;
      asked.push_back(&known);
    }
    if (!asked.empty()) co_await describe(run, std::move(asked));
  }
  for (GroupView& known : view_.groups) {
    if (before.contains(known.id)) settle_scope_group(*run, known);
  }
}

// What its description means for the rest of what is known of it.
void Sweep::settle_scope_group(SweepRun& run, GroupView& known) {
  if (known.members_reason == Unknown::known) {
    if (known.type != GroupType::classic)
      known.protocol = known.type == GroupType::share ? "share" : "consumer";
    known.listed = Unknown::known;
    group_absences_.erase(known.id);
    return;
  }
  const Unknown why = known.members_reason;
  // Whoever coordinates it now is asked for with the next poll.
  if (why == Unknown::no_coordinator) coordinators_.disowned[known.id] = known.coordinator;
  set_unknown(known, why);
  if (why != Unknown::unsupported) return;
  // No kind of group of that name is there.
  known.type = GroupType::unknown;
  known.listed = known.committed_reason = known.members_reason = Unknown::not_asked;
  run.problems.push_back(
      {fmt::format("group '{}' is named in the scope, and does not exist", known.id.text()), {}});
  if (++group_absences_[known.id] < kAbsencesBeforeGone) return;
  group_absences_.erase(known.id);
  group_quiet_polls_.erase(known.id);
  coordinators_.disowned.erase(known.id);
  known.id = Symbol();
}

// Topics that the groups use and that are not known yet: asked for at once, so that a new group
// has lag in its first poll.
asio::awaitable<void> Sweep::read_new_topics(RunPtr run) {
  if (!settings_.scope->topics.empty()) co_return;
  std::set<std::string> used;
  bool all_known = !view_.groups.empty();
  for (const GroupView& known : view_.groups) {
    all_known = all_known && known.committed_reason == Unknown::known;
    for (const CommittedTopic& committed : known.committed) used.insert(committed.topic.text());
    if (!known.members) continue;
    for (const GroupMember& member : *known.members) {
      for (const auto& [topic, partitions] : member.assignment) used.insert(topic.text());
    }
  }
  // What could not be read may still be used.
  if (!all_known) used.insert(used_topics_.begin(), used_topics_.end());
  while (used.size() > kMostTopics) used.erase(std::prev(used.end()));
  const bool any_new = std::ranges::any_of(
      used, [&](const std::string& name) { return !used_topics_.contains(name); });
  used_topics_ = std::move(used);
  if (any_new) co_await read_metadata(run);
}

}  // namespace highwater::kafka
