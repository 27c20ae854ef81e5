#include "collectors/kafka/poll/group_listing.h"

#include <algorithm>
#include <utility>

#include "collectors/kafka/poll/unknown_reason.h"

namespace highwater::kafka {
namespace {

constexpr int kDisowned = -1;
constexpr int kLastCoordinator = 1;
constexpr int kHome = 2;

std::string_view name_of(const GroupListing::Entry& entry) {
  return entry.group->group_id;
}

}  // namespace

GroupListing::GroupListing(const ClusterView& view, const Answers& answers,
                           CoordinatorMemory& memory, SteadyTime now)
    : view_(view), answers_(answers), memory_(memory), now_(now), offsets_(view) {
  note_leaders();
  read_answers();
  choose_coordinators();
}

void GroupListing::note_leaders() {
  for (const PartitionView& partition : offsets_.partitions()) {
    const auto [found, added] = memory_.homes.try_emplace(partition.index);
    CoordinatorMemory::Home& home = found->second;
    if (home.now.leader == partition.leader) continue;
    const bool never_ceased =
        partition.leader == home.before.leader && now_ < home.now.since + kNeverCeased;
    const SteadyTime since = added ? SteadyTime() : never_ceased ? home.before.since : now_;
    home.before = std::exchange(home.now, {partition.leader, since});
  }
}

bool GroupListing::takes_over(const PartitionView& home) const {
  const auto known = memory_.homes.find(home.index);
  if (known == memory_.homes.end()) return false;
  const SteadyTime since = known->second.now.since;
  return since != SteadyTime() && now_ < since + kTakesOver;
}

void GroupListing::read_answers() {
  for (const auto& [id, broker] : view_.brokers) {
    const auto answer = answers_.find(id);
    const bool came = answer != answers_.end();
    const Unknown reason = came ? reason_of(answer->second.error_code) : Unknown::timed_out;
    if (reason == Unknown::known) {
      answered_.insert(id);
      continue;
    }
    if (!broker.listed) continue;
    complete_ = false;
    if (reason == Unknown::coordinator_loading) loading_.insert(id);
    denied_ = denied_ || reason == Unknown::denied;
  }
}

void GroupListing::choose_coordinators() {
  std::vector<Entry> all;
  for (const int32_t broker : answered_) {
    for (const auto& group : answers_.at(broker).groups) all.push_back({broker, &group});
  }
  std::ranges::stable_sort(all, {}, name_of);
  for (auto first = all.begin(); first != all.end();) {
    const std::string_view name = name_of(*first);
    const auto last = std::find_if(first, all.end(),
                                   [name](const Entry& other) { return name_of(other) != name; });
    if (last - first == 1) {
      count_home(*first);
      entries_.push_back(*first);
    } else {
      entries_.push_back(likeliest({first, last}));
    }
    first = last;
  }
}

void GroupListing::count_home(const Entry& entry) {
  const PartitionView* const home = offsets_.partition_of(name_of(entry));
  if (home == nullptr || home->leader < 0) return;
  ++(home->leader == entry.coordinator ? memory_.as_hashed : memory_.elsewhere);
}

GroupListing::Entry GroupListing::likeliest(std::span<const Entry> listers) const {
  const std::string_view name = name_of(listers.front());
  const auto known = std::ranges::lower_bound(
      view_.groups, name, {},
      [](const GroupView& group) -> std::string_view { return group.id.text(); });
  const bool is_known = known != view_.groups.end() && known->id.text() == name;
  const Symbol symbol = is_known ? known->id : Symbol(name);
  const int32_t before = is_known ? known->coordinator : -1;
  return *std::ranges::max_element(
      listers, {}, [&](const Entry& one) { return rank(symbol, one.coordinator, before); });
}

// A broker that resumes after a hang lists the groups it used to coordinate for a moment.
int GroupListing::rank(const Symbol& group, int32_t broker, int32_t last_coordinator) const {
  const auto disowned = memory_.disowned.find(group);
  if (disowned != memory_.disowned.end() && disowned->second == broker) return kDisowned;
  const PartitionView* const home = offsets_.partition_of(group.text());
  if (home != nullptr && home->leader == broker && memory_.hash_holds()) return kHome;
  return broker == last_coordinator ? kLastCoordinator : 0;
}

Unknown GroupListing::why_silent(int32_t broker) const {
  if (answered_.contains(broker)) return Unknown::known;
  return loading_.contains(broker) ? Unknown::coordinator_loading : Unknown::no_coordinator;
}

bool GroupListing::home_is_leaderless(const GroupView& group) const {
  const PartitionView* const home = offsets_.partition_of(group.id.text());
  return home != nullptr && home->leader < 0 && memory_.hash_holds();
}

Unknown GroupListing::why_unlisted(const GroupView& group) const {
  const PartitionView* const home = offsets_.partition_of(group.id.text());
  if (home_is_leaderless(group)) return Unknown::no_coordinator;
  if (home != nullptr && memory_.hash_holds()) {
    const Unknown silent = why_silent(home->leader);
    return silent == Unknown::known && takes_over(*home) ? Unknown::coordinator_loading : silent;
  }
  if (!complete_) {
    const Unknown silent = why_silent(group.coordinator);
    return silent == Unknown::known ? Unknown::no_coordinator : silent;
  }
  if (offsets_.any_leaderless()) return Unknown::no_coordinator;
  // Where __consumer_offsets is hidden, a broker that is down may have been the coordinator.
  const auto last = view_.brokers.find(group.coordinator);
  const bool away = last != view_.brokers.end() && last->second.status != BrokerStatus::up;
  return away && !offsets_.known() ? Unknown::no_coordinator : Unknown::known;
}

}  // namespace highwater::kafka
