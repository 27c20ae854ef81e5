#include "collectors/cluster/quorum.h"

#include <algorithm>
#include <array>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

using kafka::QuorumReplica;

const std::vector<std::string_view> kCluster{"cluster"};
const std::vector<std::string_view> kReplica{"cluster", "broker"};

const Measure kLeader{"quorum_leader",
                      "Id of the metadata quorum's leader, the active controller; unknown while "
                      "no broker reports it.",
                      Unit::none, MeasureType::gauge, kCluster};
const Measure kEpoch{"quorum_epoch",
                     "Epoch of the metadata quorum's leader; it grows with every election.",
                     Unit::none, MeasureType::gauge, kCluster};
const Measure kLost{"quorum_lost",
                    "Whether the metadata quorum is lost: a majority of its voters is down, or "
                    "nobody has named a leader for long.",
                    Unit::boolean, MeasureType::gauge, kCluster};
const Measure kVoterLag{"quorum_voter_lag_records",
                        "How many metadata records the voter is behind the quorum's leader.",
                        Unit::records, MeasureType::gauge, kReplica};
const Measure kVoterCaughtUp{
    "quorum_voter_caught_up_seconds",
    "How long ago the voter had caught up with the quorum's leader, by the "
    "leader's clock.",
    Unit::seconds, MeasureType::gauge, kReplica};
const Measure kObserverLag{"quorum_observer_lag_records",
                           "How many metadata records the observer is behind the quorum's leader.",
                           Unit::records, MeasureType::gauge, kReplica};
const Measure kObserverCaughtUp{"quorum_observer_caught_up_seconds",
                                "How long ago the observer had caught up with the quorum's leader, "
                                "by the leader's clock.",
                                Unit::seconds, MeasureType::gauge, kReplica};
const Measure kClock{
    "controller_clock_difference_seconds",
    "By how much the clocks of the active controller and of the agent differ, to within half of "
    "what asking took, which is taken off; unknown while the controller does not report its time.",
    Unit::seconds, MeasureType::gauge, kCluster};

constexpr std::array<const Measure*, 8> kMeasures{
    &kLeader,           &kEpoch, &kLost, &kVoterLag, &kVoterCaughtUp, &kObserverLag,
    &kObserverCaughtUp, &kClock};

void add_replicas(Observation& observation, const Measure& lag_measure,
                  const Measure& caught_up_measure, const std::vector<QuorumReplica>& replicas,
                  Unknown reason, KeyTracker& keys, const Symbol& cluster, NumberSymbols& numbers) {
  Column lag(lag_measure, replicas.size());
  Column caught_up(caught_up_measure, replicas.size());
  for (const QuorumReplica& replica : replicas) {
    keys.add(cluster, numbers.of(replica.id));
    lag.add(static_cast<double>(replica.lag_records), reason);
    const Unknown never = replica.caught_up ? Unknown::known : Unknown::not_asked;
    caught_up.add(replica.caught_up ? to_seconds(*replica.caught_up) : kNoValue,
                  first_unknown(reason, never));
  }
  const auto rows = keys.finish();
  observation.tables.push_back(std::move(lag).build(rows));
  observation.tables.push_back(std::move(caught_up).build(rows));
}

void add_clock(Observation& observation, const kafka::ClusterView& view,
               const std::shared_ptr<const KeySet>& keys) {
  const auto& clock = view.quorum.clock;
  const Duration apart = clock ? std::chrono::abs(clock->ahead) - clock->error : Duration();
  add_single_row(observation, kClock, keys, clock ? std::max(0.0, to_seconds(apart)) : kNoValue,
                 first_unknown(view.quorum.reason, clock ? Unknown::known : Unknown::unsupported));
}

}  // namespace

std::span<const Measure* const> QuorumTables::measures() {
  return kMeasures;
}

void QuorumTables::add_to(Observation& observation, const kafka::ClusterView& view,
                          NumberSymbols& numbers) {
  const kafka::QuorumView& quorum = view.quorum;
  if (!view.has_quorum) return;
  keys_.add(view.cluster);
  const auto keys = keys_.finish();
  const Unknown no_leader = quorum.leader < 0 ? Unknown::leaderless : Unknown::known;
  add_single_row(observation, kLeader, keys, quorum.leader < 0 ? kNoValue : quorum.leader,
                 first_unknown(quorum.reason, no_leader));
  add_single_row(observation, kEpoch, keys, quorum.epoch, quorum.reason);
  add_single_row(observation, kLost, keys, quorum.lost ? 1 : 0,
                 quorum.lost ? Unknown::known : quorum.reason);
  add_clock(observation, view, keys);
  add_replicas(observation, kVoterLag, kVoterCaughtUp, quorum.voters, quorum.reason, voter_keys_,
               view.cluster, numbers);
  add_replicas(observation, kObserverLag, kObserverCaughtUp, quorum.observers, quorum.reason,
               observer_keys_, view.cluster, numbers);
}

}  // namespace highwater::collectors
