// Groups that the configuration names and no broker lists: what is not listed may be denied, or its
// coordinator is away; both look like a group that does not exist.
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/poll/sweep.h"

namespace highwater::kafka {
namespace {

// In group polls: a group that does not exist is looked for now and then only.
constexpr uint64_t kLookEvery = 10;

}  // namespace

asio::awaitable<void> Sweep::find_named_groups(RunPtr run, std::shared_ptr<const Listing> listing) {
  if (named_groups_.empty()) co_return;
  std::set<int32_t> answered;
  std::set<std::string_view> listed;
  for (const auto& [broker, answer] : listing->answers) {
    if (answer.error_code != ErrorCode::kNone) continue;
    answered.insert(broker);
    for (const auto& group : answer.groups) listed.insert(group.group_id);
  }
  const std::vector<int32_t> brokers = ready();
  // The question makes a cluster create __consumer_offsets; where a group is, it is there already.
  if (listed.empty() || brokers.empty()) co_return;
  std::vector<asio::awaitable<void>> questions;
  for (const Symbol& name : named_groups_) {
    if (listed.contains(name.text())) {
      unlisted_.erase(name);
      continue;
    }
    if (unlisted_.contains(name) && group_polls_ % kLookEvery != 0) continue;
    questions.push_back(find_named_group(run, brokers.front(), name, answered));
  }
  co_await gather(std::move(questions), settings_.patience);
}

asio::awaitable<void> Sweep::find_named_group(RunPtr run, int32_t broker, Symbol name,
                                              std::set<int32_t> answered) {
  FindCoordinatorRequest request;
  request.coordinator_keys.push_back(name.text());
  const auto answer = co_await ask(run, broker, std::move(request));
  if (!run->open || !answer || answer->coordinators.empty()) co_return;
  const auto& found = answer->coordinators.front();
  Unknown reason = reason_of(found.error_code);
  if (reason == Unknown::known && !answered.contains(found.node_id))
    reason = Unknown::no_coordinator;
  unlisted_[name] = reason;
  if (reason == Unknown::known) {
    // Its coordinator was asked, and does not list it.
    run->problems.push_back(
        {fmt::format("group '{}' is named in the configuration, and does not exist", name.text()),
         {}});
    co_return;
  }
  if (group(name.text()) == nullptr) {
    view_.groups.emplace_back();
    view_.groups.back().id = name;
    index_groups();
  }
  set_unknown(*group(name.text()), reason);
}

void Sweep::set_unknown(GroupView& group, Unknown reason) {
  group.listed = group.committed_reason = group.members_reason = reason;
}

}  // namespace highwater::kafka
