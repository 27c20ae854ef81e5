// How brokers and controllers die, hang, stop and come back. The times are those measured on real
// brokers; the order of events is what makes a crash, a hang and an orderly stop look different.
#include <fmt/format.h>

#include <algorithm>

#include "tests/simulator/model/model.h"

namespace highwater::simulator {
namespace {

using Action = NetworkAction::Kind;

// From TERM until the leaders have moved, and from the end of the connections until it leaves
// "brokers".
constexpr Duration kControlledShutdown = std::chrono::milliseconds(50);
// A starting broker opens its port this long before it is unfenced.
constexpr Duration kPortBeforeUnfencing = std::chrono::milliseconds(300);

}  // namespace

Result<void> Model::on(const fault::Die& fault) {
  auto broker = find_broker(fault.broker);
  if (!broker) return tl::unexpected(broker.error());
  if ((*broker)->life == Life::kDead)
    return fail(fmt::format("broker {} is dead already", fault.broker));
  (*broker)->life = Life::kDead;
  (*broker)->memory.reset();
  actions_.push_back({Action::kReset, fault.broker});
  if (forwards_stuck_at_ == fault.broker) forwards_stuck_until_ = now_;
  fall_silent(fault.broker);
  return {};
}

Result<void> Model::on(const fault::Hang& fault) {
  auto broker = find_broker(fault.broker);
  if (!broker) return tl::unexpected(broker.error());
  if ((*broker)->life != Life::kRunning)
    return fail(fmt::format("broker {} does not run", fault.broker));
  (*broker)->life = Life::kHung;
  // A zombie that hangs again still remembers what it did before.
  if (!(*broker)->memory) {
    (*broker)->memory = std::make_shared<const World>(world_);
    (*broker)->memory_of = now_;
  }
  actions_.push_back({Action::kFreeze, fault.broker});
  if (quorum_.active() == fault.broker) {
    forwards_stuck_at_ = fault.broker;
    forwards_stuck_until_ = now_ + timings_.forward_timeout;
    after(timings_.forward_timeout, [] {});
  }
  fall_silent(fault.broker);
  return {};
}

Result<void> Model::on(const fault::Wake& fault) {
  auto found = find_broker(fault.broker);
  if (!found) return tl::unexpected(found.error());
  Broker& broker = **found;
  if (broker.life != Life::kHung) return fail(fmt::format("broker {} does not hang", fault.broker));
  broker.life = Life::kRunning;
  ++broker.incarnation;
  ++broker.fencing;
  actions_.push_back({Action::kThaw, fault.broker});
  after(timings_.zombie, fault.broker, [&broker] { broker.memory.reset(); });
  if (forwards_stuck_at_ == fault.broker && forwards_stuck_until_ > now_ + timings_.unfencing) {
    forwards_stuck_until_ = now_ + timings_.unfencing;
    after(timings_.unfencing, [] {});
  }
  quorum_.set_up(fault.broker, true, now_);
  controllers_changed();
  if (!world_.alive.contains(fault.broker)) {
    after(timings_.unfencing, fault.broker, [this, id = fault.broker] { unfence(id); });
  }
  settle();
  return {};
}

Result<void> Model::on(const fault::Stop& fault) {
  auto found = find_broker(fault.broker);
  if (!found) return tl::unexpected(found.error());
  Broker& broker = **found;
  if (broker.life != Life::kRunning)
    return fail(fmt::format("broker {} does not run", fault.broker));
  broker.life = Life::kStopping;
  broker.memory.reset();
  ++broker.incarnation;
  const std::int32_t id = fault.broker;
  after(kControlledShutdown, id, [this, id] {
    if (!controller_works()) return;
    controller().relieve(id);
    settle();
  });
  after(timings_.shutdown, id, [this, id, &broker] {
    broker.life = Life::kDead;
    actions_.push_back({Action::kClose, id});
    const bool was_active = quorum_.active() == id;
    fall_silent(id);
    if (was_active) hand_over();
    after(timings_.deregistration, id, [this, id] {
      if (!controller_works()) return;
      controller().fence(id);
      settle();
    });
  });
  return {};
}

// It registers half way: a controller that had not missed it yet fences it then.
Result<void> Model::on(const fault::Return& fault) {
  auto found = find_broker(fault.broker);
  if (!found) return tl::unexpected(found.error());
  Broker& broker = **found;
  if (broker.life != Life::kDead) return fail(fmt::format("broker {} is not dead", fault.broker));
  broker.life = Life::kStarting;
  ++broker.incarnation;
  const std::int32_t id = fault.broker;
  after(timings_.startup / 2, id, [this, id] { register_again(id); });
  const Duration port = std::max(timings_.startup - kPortBeforeUnfencing, timings_.startup / 2);
  after(port, id, [this, id, &broker] {
    broker.life = Life::kRunning;
    actions_.push_back({Action::kListen, id});
    settle();
  });
  after(timings_.startup, id, [this, id] { unfence(id); });
  return {};
}

Result<void> Model::on(const fault::QuorumLost& fault) {
  quorum_.set_lost(fault.lost);
  controllers_changed();
  return {};
}

Result<void> Model::on(const fault::Heal& fault) {
  if (fault.broker) {
    if (auto broker = find_broker(*fault.broker); !broker) return tl::unexpected(broker.error());
    heal(*fault.broker);
    return {};
  }
  for (const auto& [id, broker] : brokers_) heal(id);
  world_.denied = {};
  return on(fault::QuorumLost{false});
}

void Model::heal(std::int32_t id) {
  Broker& broker = brokers_.at(id);
  broker.disturbance = {};
  broker.half_answers = broker.garbage = 0;
  if (Topic* offsets = world_.topic(kOffsetsTopic)) {
    for (Partition& partition : offsets->partitions) {
      if (partition.leader == id) partition.loading_until = std::min(partition.loading_until, now_);
    }
  }
  switch (broker.life) {
    case Life::kHung:
      (void)on(fault::Wake{id});
      break;
    case Life::kDead:
      (void)on(fault::Return{id});
      break;
    case Life::kRunning:
      if (world_.alive.contains(id)) (void)on(fault::FallBehind{id, false});
      break;
    case Life::kStopping:
    case Life::kStarting:
      break;
  }
}

void Model::fall_silent(std::int32_t id) {
  ++brokers_.at(id).incarnation;
  quorum_.set_up(id, false, now_);
  schedule_fencing(id);
  controllers_changed();
  settle();
}

void Model::register_again(std::int32_t id) {
  ++brokers_.at(id).fencing;
  quorum_.set_up(id, true, now_);
  controllers_changed();
  if (controller_works() && world_.alive.contains(id)) {
    controller().fence(id);
    settle();
  }
}

// Without a controller nobody does it; who is elected later does.
void Model::unfence(std::int32_t id) {
  if (brokers_.at(id).life != Life::kRunning) return;
  if (!controller_works()) {
    if (quorum_.active()) after(timings_.unfencing, id, [this, id] { unfence(id); });
    return;
  }
  controller().unfence(id);
  settle();
  after(timings_.catch_up, id, [this, id] {
    if (!world_.alive.contains(id)) return;
    controller().join_isrs(id);
    settle();
  });
}

void Model::schedule_fencing(std::int32_t id) {
  const std::uint64_t number = ++brokers_.at(id).fencing;
  after(timings_.fencing, [this, id, number] {
    if (brokers_.at(id).fencing != number) return;
    if (controller_works()) {
      controller().fence(id);
      settle();
    } else if (quorum_.active()) {
      schedule_fencing(id);
    }
  });
}

// An active controller that falls silent is replaced after a while, when there is a majority. One
// that lost its majority goes on for a while before it gives up.
void Model::controllers_changed() {
  if (quorum_.active() && !quorum_.active_is_up()) quorum_.resign();
  if (quorum_.active() && !quorum_.has_majority()) {
    after(timings_.resignation, [this] {
      if (!quorum_.has_majority()) quorum_.resign();
    });
  }
  if (quorum_.active() || !quorum_.has_majority() || election_pending_) return;
  election_pending_ = true;
  after(timings_.election, [this] {
    election_pending_ = false;
    hand_over();
  });
}

// A controller that stops in order lets the others elect the next one before it goes.
void Model::hand_over() {
  if (quorum_.active() || !quorum_.has_majority()) return;
  quorum_.elect(now_);
  controller_elected();
}

// A new controller gives every broker the full time to report, and takes in those that wait.
void Model::controller_elected() {
  for (const auto& [id, broker] : brokers_) {
    const bool listed = world_.alive.contains(id);
    switch (broker.life) {
      case Life::kHung:
      case Life::kDead:
        if (listed) schedule_fencing(id);
        break;
      case Life::kRunning:
        if (!listed) after(timings_.unfencing, id, [this, waiting = id] { unfence(waiting); });
        break;
      case Life::kStopping:
      case Life::kStarting:
        break;
    }
  }
}

bool Model::controller_works() const {
  return quorum_.active().has_value() && quorum_.has_majority();
}

bool Model::works(std::int32_t id) const {
  const Life life = brokers_.at(id).life;
  return life == Life::kRunning || life == Life::kStopping;
}

}  // namespace highwater::simulator
