#include "agent/routing/replicas.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "agent/sidecar.h"

namespace highwater::agent {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kRanks = "group_member_rank";
constexpr std::string_view kMembers = "group_members";
// A group that could not be read yet is waited for so long before all agents tell.
constexpr auto kWaitFor = seconds(30);
// From when an agent has concluded something until the receivers have heard of it; with the time by
// which two agents' polls of the group are apart.
constexpr auto kTellsWithin = seconds(20);
// An agent that began to watch later fires later: by the `for` of the rule, at most.
constexpr auto kFiresLater = minutes(15);
constexpr auto kStrangerAfter = minutes(5);

const Table* find_table(const Observation& observation, std::string_view name) {
  const auto found = std::ranges::find_if(
      observation.tables, [&](const Table& table) { return table.measure->name == name; });
  return found == observation.tables.end() ? nullptr : &*found;
}

}  // namespace

Replicas::Replicas(const Config& config, SteadyTime started) : started_(started) {
  replace(config);
}

void Replicas::replace(const Config& config) {
  scopes_.clear();
  correlate_ = correlate_of(config);
  for (const kafka::ClusterSettings& cluster : config.clusters) {
    if (cluster.scope)
      scopes_[cluster.name] = {cluster.scope->groups, cluster.scope->session_timeout};
  }
}

void Replicas::read(const Report& report) {
  for (auto& [key, reading] : readings_) reading.known = false;
  for (const auto& [cluster, scope] : scopes_) {
    const auto found = report.snapshot->observations.find({Symbol(cluster), "groups"});
    if (found == report.snapshot->observations.end() || !found->second) continue;
    const Observation& seen = *found->second;
    const Table* const ranks = find_table(seen, kRanks);
    const Table* const counts = find_table(seen, kMembers);
    if (ranks == nullptr || counts == nullptr || is_stale(seen, report.at.steady)) continue;
    for (size_t row = 0; row < counts->rows(); ++row) {
      if (!counts->known(row)) continue;
      const std::string& group = counts->keys->row(row)[1].text();
      read_group(*ranks, group, report.at.steady, readings_[{cluster, group}]);
    }
  }
}

void Replicas::read_group(const Table& ranks, const std::string& group, SteadyTime now,
                          Reading& reading) {
  std::map<std::string, Member> members;
  for (size_t row = 0; row < ranks.rows(); ++row) {
    const std::span<const Symbol> cells = ranks.keys->row(row);
    if (cells[1].text() != group) continue;
    Member& member = members[cells[2].text()];
    member.own = cells[3].text() == "yes";
    if (ranks.known(row)) member.rank = static_cast<uint32_t>(ranks.values[row]);
    reading.ever_own = reading.ever_own || member.own;
    // Those that were there when this agent came are no younger than it.
    reading.since.try_emplace(cells[2].text(), reading.ever_known ? now : SteadyTime::min());
  }
  std::erase_if(reading.since, [&](const auto& one) { return !members.contains(one.first); });
  reading.members = std::move(members);
  reading.known = reading.ever_known = true;
}

std::string Replicas::stranger(SteadyTime now) const {
  if (now - started_ < kStrangerAfter) return {};
  for (const auto& [key, reading] : readings_) {
    if (reading.known && !reading.members.empty() && !reading.ever_own) return key.second;
  }
  return {};
}

// Where it is about no group of the scope, the first group stands for the application.
Replicas::GroupKey Replicas::group_of(const Incident& incident) const {
  const std::string& cluster = incident.cause.entity.label("cluster").text();
  const std::vector<std::string>& groups = scopes_.at(cluster).groups;
  const std::string& group = incident.cause.entity.label("group").text();
  const bool own = std::ranges::find(groups, group) != groups.end();
  return {cluster, own ? group : groups.front()};
}

std::vector<Incident> Replicas::decide(Report& report, const std::function<bool(uint64_t)>& told) {
  std::vector<Incident> ends;
  if (scopes_.empty()) return ends;
  read(report);
  std::set<uint64_t> there;
  const auto look_at = [&](Incident& incident) {
    if (!is_shared(incident)) return;
    Standing& standing = standings_[incident.id];
    if (there.insert(incident.id).second &&
        look(incident, report.at.steady, told(incident.id), standing))
      ends.push_back(incident);
    if (!standing.mine) incident.direction = hidden(incident.direction, standing);
  };
  for (Incident& incident : report.incidents) look_at(incident);
  for (Transition& transition : report.transitions) {
    if (transition.kind != TransitionKind::resolved) look_at(transition.incident);
  }
  std::erase_if(standings_, [&](const auto& entry) { return !there.contains(entry.first); });
  return ends;
}

// By the id that only such incidents have. The measure is not at hand; those of this pod alone have
// ids of their own.
bool Replicas::is_shared(const Incident& incident) const {
  const std::string& cluster = incident.cause.entity.label("cluster").text();
  static const Measure kAny{};
  if (!scopes_.contains(cluster)) return false;
  const std::optional<TraceId> shared = correlate_(incident.cause, kAny);
  return shared && *shared == incident.correlation;
}

// True when its end is told here from now on, and its beginning was told by another agent.
bool Replicas::look(const Incident& incident, SteadyTime now, bool told, Standing& standing) {
  if (standing.first == SteadyTime()) standing.first = standing.seen = now;
  if (incident.severity > standing.severity) {
    // What nobody was told of as it was then.
    standing.mine = standing.mine || standing.ends_here;
    standing.severity = incident.severity;
    standing.first = now;
    standing.told_elsewhere = false;
  }
  if (told && !standing.ends_here) standing.mine = true;
  if (standing.mine || standing.ends_here) return false;

  const GroupKey key = group_of(incident);
  const auto found = readings_.find(key);
  const Reading* const reading =
      found != readings_.end() && found->second.known ? &found->second : nullptr;
  const Duration timeout = scopes_.at(key.first).session_timeout;
  if (!standing.decided) {
    if (reading == nullptr) {
      standing.mine = now - standing.first >= kWaitFor;
      return false;
    }
    standing.decided = true;
    choose(*reading, standing);
    return false;
  }
  if (reading != nullptr) {
    const bool present = std::ranges::any_of(
        standing.owners, [&](const std::string& id) { return reading->members.contains(id); });
    if (present) {
      standing.seen = now;
      note_told(*reading, timeout, standing);
      return false;
    }
  } else if (now - standing.seen < timeout + kWaitFor) {
    return false;
  }
  // The member is gone, and its agent most likely with it.
  if (reading != nullptr)
    choose(*reading, standing);
  else
    standing.mine = true;
  standing.seen = now;
  if (!standing.mine || !standing.told_elsewhere) return false;
  standing.mine = false;
  standing.ends_here = true;
  return true;
}

void Replicas::choose(const Reading& reading, Standing& standing) {
  standing.owners.clear();
  std::optional<uint32_t> lowest;
  for (const auto& [id, member] : reading.members) {
    if (member.rank) lowest = std::min(lowest.value_or(*member.rank), *member.rank);
  }
  for (const auto& [id, member] : reading.members) {
    if (!lowest || member.rank != lowest) continue;
    standing.owners.insert(id);
    standing.mine = standing.mine || member.own;
  }
  // Nobody has a partition, or this agent does not know which members are of its pod.
  if (standing.owners.empty() || !reading.ever_own) standing.mine = true;
}

// Kafka lists a member for a session time-out after its death: one that is still listed so much
// later was alive when it had something to tell, if it watched for as long as this agent.
void Replicas::note_told(const Reading& reading, Duration timeout, Standing& standing) {
  if (standing.told_elsewhere || standing.seen - standing.first < timeout + kTellsWithin) return;
  standing.told_elsewhere = std::ranges::any_of(standing.owners, [&](const std::string& id) {
    const auto since = reading.since.find(id);
    if (since == reading.since.end()) return false;
    return since->second == SteadyTime::min() || since->second + kFiresLater <= standing.first;
  });
}

std::string Replicas::reason_of(const Standing& standing) {
  if (!standing.decided) return "it is not known yet which replica's sidecar notifies";
  if (standing.ends_here)
    return "sent by the sidecar of a replica that has left; its end is sent from here";
  return fmt::format("sent by the sidecar of {}", *standing.owners.begin());
}

// The same value as long as nothing of it changes.
DirectionPtr Replicas::hidden(const DirectionPtr& base, Standing& standing) {
  std::string text = reason_of(standing);
  if (standing.shown != nullptr && base == standing.base && text == standing.text)
    return standing.shown;
  Direction direction = base != nullptr ? *base : Direction{};
  direction.silenced_by.push_back(text);
  standing.base = base;
  standing.text = std::move(text);
  standing.shown = std::make_shared<const Direction>(std::move(direction));
  return standing.shown;
}

}  // namespace highwater::agent
