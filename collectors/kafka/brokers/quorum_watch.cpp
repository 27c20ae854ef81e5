#include "collectors/kafka/brokers/quorum_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>
#include <set>

#include "collectors/kafka/wire_time.h"

namespace highwater::kafka {
namespace {

using Replicas = std::vector<DescribeQuorumResponse::ReplicaState>;

// A quorum whose leader nobody has named for this long is lost, even if its voters cannot be
// counted.
constexpr auto kSilence = std::chrono::seconds(15);
// ... but for this long when a broker was away meanwhile: brokers go on forwarding the question to
// a controller that hangs, and were seen to answer only 34 s after another one had been elected.
constexpr auto kSilenceAfterFault = std::chrono::seconds(60);
// A voter that works fetches from the leader twice a second.
constexpr auto kFollows = std::chrono::seconds(5);

// A broker that refuses us may well be a controller: the leader says whether it still fetches.
bool is_down(const QuorumReplica& voter, BrokerStatus status, bool leader_known) {
  if (status == BrokerStatus::refuses && leader_known && voter.caught_up &&
      *voter.caught_up < kFollows)
    return false;
  return is_failed(status) || status == BrokerStatus::stopped;
}

std::vector<QuorumReplica> to_view(const Replicas& response, int64_t end, int64_t clock) {
  std::vector<QuorumReplica> replicas;
  std::set<int32_t> ids;
  for (const auto& replica : response) {
    if (!ids.insert(replica.replica_id).second) continue;
    QuorumReplica& seen = replicas.emplace_back();
    seen.id = replica.replica_id;
    seen.lag_records = std::max<int64_t>(0, end - std::max<int64_t>(0, replica.log_end_offset));
    if (is_moment(replica.last_caught_up_timestamp)) {
      seen.caught_up =
          std::chrono::milliseconds(std::max<int64_t>(0, clock - replica.last_caught_up_timestamp));
    }
  }
  return replicas;
}

}  // namespace

asio::awaitable<bool> QuorumWatch::read() {
  const int32_t asked = broker();
  if (asked < 0) co_return false;
  const Now start = SystemClock().now();
  // Whoever comes while there is no quorum must notice as well.
  if (seen_ == SteadyTime{}) seen_ = start.steady;
  const auto answer = co_await sweep_.read_quorum(asked);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!answer) co_return note_failure(reason_of(answer.error()), now);
  if (answer->error_code != ErrorCode::kNone)
    co_return note_failure(reason_of(answer->error_code), now);
  if (answer->topics.empty() || answer->topics.front().partitions.empty())
    co_return note_failure(Unknown::failed, now);
  const auto& response = answer->topics.front().partitions.front();
  const bool changed = note_leader(response, now);
  note_clock(response, start.wall, now - start.steady);
  co_return changed;
}

void QuorumWatch::forget(SteadyTime now) {
  if (view_.quorum.reason == Unknown::known) view_.quorum.reason = Unknown::not_asked;
  if (seen_ != SteadyTime{}) seen_ = now;
  failures_ = 0;
}

bool QuorumWatch::note_failure(Unknown reason, SteadyTime now) {
  ++failures_;
  view_.quorum.reason = reason;
  refused_ = reason == Unknown::unsupported || reason == Unknown::denied;
  if (refused_) {
    view_.has_quorum = false;
    seen_ = now;
  }
  const bool was_lost = view_.quorum.lost;
  judge(now);
  return view_.quorum.lost != was_lost;
}

bool QuorumWatch::note_leader(const DescribeQuorumResponse::Partition& response, SteadyTime now) {
  QuorumView& quorum = view_.quorum;
  if (response.error_code != ErrorCode::kNone || response.leader_id < 0) {
    ++failures_;
    quorum.reason = response.error_code != ErrorCode::kNone ? reason_of(response.error_code)
                                                            : Unknown::leaderless;
    return false;
  }
  failures_ = 0;
  refused_ = false;
  seen_ = now;
  view_.has_quorum = true;
  const bool changed = quorum.leader != response.leader_id ||
                       quorum.epoch != response.leader_epoch || quorum.reason != Unknown::known;
  quorum.reason = Unknown::known;
  quorum.leader = response.leader_id;
  quorum.epoch = response.leader_epoch;
  int64_t end = 0;
  int64_t clock = 0;
  for (const auto& voter : response.current_voters) {
    if (voter.replica_id == response.leader_id) end = std::max<int64_t>(0, voter.log_end_offset);
    if (is_moment(voter.last_caught_up_timestamp))
      clock = std::max(clock, voter.last_caught_up_timestamp);
  }
  quorum.voters = to_view(response.current_voters, end, clock);
  quorum.observers = to_view(response.observers, end, clock);
  return changed;
}

// The leader has no fetches of its own to tell of: it puts the moment of its answer there.
void QuorumWatch::note_clock(const DescribeQuorumResponse::Partition& response, WallTime asked,
                             Duration took) {
  view_.quorum.clock.reset();
  const auto leader = std::ranges::find(response.current_voters, response.leader_id,
                                        &DescribeQuorumResponse::ReplicaState::replica_id);
  if (leader == response.current_voters.end()) return;
  const auto stamp = moment(leader->last_fetch_timestamp);
  if (!stamp) return;
  // It is cut to whole milliseconds.
  constexpr Duration kHalfMilli = std::chrono::microseconds(500);
  view_.quorum.clock = {*stamp + kHalfMilli - (asked + took / 2), took / 2 + kHalfMilli};
}

void QuorumWatch::judge(SteadyTime now) {
  QuorumView& quorum = view_.quorum;
  size_t down = 0;
  for (const QuorumReplica& voter : quorum.voters) {
    const auto broker = view_.brokers.find(voter.id);
    if (broker == view_.brokers.end()) continue;
    if (is_down(voter, broker->second.status, failures_ == 0)) ++down;
  }
  const bool majority_down = down > 0 && down * 2 >= quorum.voters.size();
  if (std::ranges::any_of(view_.brokers,
                          [](const auto& entry) { return is_failed(entry.second.status); }))
    fault_seen_ = now;
  const Duration silence = now - seen_;
  const Duration limit = fault_seen_ > seen_ ? kSilenceAfterFault : kSilence;
  const bool silent = failures_ > 0 && !refused_ && silence > limit && view_.reachable;
  quorum.lost = majority_down || silent;
  view_.has_quorum = view_.has_quorum || silent;
  quorum.why_lost =
      !quorum.lost ? ""
      : majority_down
          ? fmt::format("{} of {} controllers are down", down, quorum.voters.size())
          : fmt::format("no broker has named a controller for {}", describe_duration(silence));
}

int32_t QuorumWatch::broker() const {
  const std::vector<int32_t> usable = brokers_.usable();
  if (usable.empty()) return -1;
  if (failures_ == 0 && std::ranges::binary_search(usable, view_.quorum.leader))
    return view_.quorum.leader;
  return usable[static_cast<size_t>(failures_) % usable.size()];
}

}  // namespace highwater::kafka
