#include "tests/simulator/model/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/simulator/model/consumption.h"

namespace highwater::simulator {
namespace {

constexpr size_t kMaxVoters = 3;

std::vector<std::int32_t> voters_of(const Scenario& scenario) {
  if (!scenario.controllers.empty()) return scenario.controllers;
  std::vector<std::int32_t> voters;
  for (const BrokerSpec& broker : scenario.brokers) {
    if (voters.size() < kMaxVoters) voters.push_back(broker.id);
  }
  return voters;
}

std::int64_t unix_ms(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

}  // namespace

Model::Model(const Scenario& scenario, WallTime start)
    : timings_(scenario.timings),
      offsets_partitions_(scenario.offsets_partitions),
      offsets_replication_factor_(scenario.offsets_replication_factor),
      start_ms_(unix_ms(start)),
      world_(make_world(scenario)),
      quorum_(voters_of(scenario), world_.brokers) {
  for (const BrokerInfo& broker : world_.brokers) brokers_[broker.id] = {};
  for (const TimedFault& timed : scenario.faults) {
    after(timed.at, [this, fault = timed.fault] {
      const Result<void> done = apply(fault);
      lines_.push_back(fmt::format("{:.3f}s {}{}", to_seconds(now_), describe(fault),
                                   done ? "" : ": " + done.error().message));
    });
  }
  for (const GroupSpec& group : scenario.groups)
    start_committing(group, group.first_commit + group.commit_every);
  if (timings_.preferred_election > Duration::zero())
    after(timings_.preferred_election, [this] { elect_preferred_regularly(); });
  settle();
}

void Model::set_port(std::int32_t broker, std::uint16_t port) {
  std::ranges::find(world_.brokers, broker, &BrokerInfo::id)->port = port;
}

bool Model::advance(Duration now) {
  bool happened = false;
  while (!events_.empty() && events_.begin()->first <= now) {
    now_ = std::max(now_, events_.begin()->first);
    const Event event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
    happened = true;
  }
  now_ = std::max(now_, now);
  return happened;
}

std::optional<Duration> Model::next_event() const {
  if (events_.empty()) return std::nullopt;
  return events_.begin()->first;
}

Result<void> Model::apply(const Fault& fault) {
  return std::visit([this](const auto& f) { return on(f); }, fault);
}

Disturbance Model::disturb(std::int32_t broker) {
  Broker& state = brokers_.at(broker);
  Disturbance disturbance = state.disturbance;
  if (state.half_answers > 0) {
    --state.half_answers;
    disturbance.half = true;
  } else if (state.garbage > 0) {
    --state.garbage;
    disturbance.garbage = true;
  }
  return disturbance;
}

std::int64_t Model::to_unix_ms(Duration moment) const {
  return start_ms_ + std::chrono::floor<std::chrono::milliseconds>(moment).count();
}

void Model::start_committing(const GroupSpec& spec, Duration first) {
  const std::uint64_t serial = committing_[spec.name] = ++serials_;
  after(first - now_, [this, name = spec.name, serial] { commit_tick(name, serial); });
}

// The members read on, and commit when their coordinator can be reached and has loaded the group.
void Model::commit_tick(const std::string& name, std::uint64_t serial) {
  Group* group = world_.group(name);
  const auto counts = committing_.find(name);
  if (group == nullptr || counts == committing_.end() || counts->second != serial) return;
  read_on(world_, *group, now_);
  const Partition* home = world_.home_of(name);
  if (home != nullptr && home->leader != kNoLeader && works(home->leader) &&
      now_ >= home->loading_until && group->spec.members > 0)
    commit(world_, *group);
  after(group->spec.commit_every, [this, name, serial] { commit_tick(name, serial); });
}

void Model::elect_preferred_regularly() {
  if (controller_works()) {
    controller().elect_preferred();
    settle();
  }
  after(timings_.preferred_election, [this] { elect_preferred_regularly(); });
}

void Model::after(Duration delay, Event event) {
  events_.emplace(now_ + delay, std::move(event));
}

void Model::after(Duration delay, std::int32_t broker, Event event) {
  const std::uint64_t incarnation = brokers_.at(broker).incarnation;
  after(delay, [this, broker, incarnation, event = std::move(event)] {
    if (brokers_.at(broker).incarnation == incarnation) event();
  });
}

void Model::settle() {
  stall_partitions(world_, now_, [this](std::int32_t broker) { return works(broker); });
}

Result<Model::Broker*> Model::find_broker(std::int32_t broker) {
  const auto found = brokers_.find(broker);
  if (found == brokers_.end()) return fail(fmt::format("there is no broker {}", broker));
  return &found->second;
}

}  // namespace highwater::simulator
