#include "agent/heartbeats.h"

#include <utility>

namespace highwater::agent {
namespace {

// What decides whether it is the same one.
std::string written_of(const Config& config, const notify::HeartbeatConfig& heartbeat) {
  std::string written = heartbeat.name + "\n";
  for (const std::string& part :
       {std::string("heartbeat"), part_name("receivers", heartbeat.receiver)}) {
    const auto found = config.written.find(part);
    if (found != config.written.end()) written += found->second + "\n";
  }
  return written;
}

}  // namespace

Heartbeats::Heartbeats(notify::Surroundings surroundings, const Clock& clock, Log& log)
    : surroundings_(std::move(surroundings)), clock_(clock), log_(log) {}

void Heartbeats::replace(const Config& config) {
  Entries before;
  {
    const std::lock_guard lock(mutex_);
    before = entries_;
  }
  Entries after;
  for (const notify::HeartbeatConfig& one : config.heartbeats) {
    std::string written = written_of(config, one);
    const auto same = before.find(written);
    if (same != before.end()) {
      after.insert(*same);
      continue;
    }
    auto made = std::make_shared<notify::Heartbeat>(
        one.name, one.every, notify::make_beat(one, config.receivers, surroundings_, clock_, log_),
        [this] { return aliveness_.problem(clock_.now().steady); }, log_);
    made->start();
    after.emplace(std::move(written), std::move(made));
  }
  for (const auto& [written, heartbeat] : before) {
    if (!after.contains(written)) heartbeat->stop();
  }
  const std::lock_guard lock(mutex_);
  entries_ = std::move(after);
}

void Heartbeats::stop() {
  replace(Config());
}

void Heartbeats::show(SelfMetrics& metrics) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [written, heartbeat] : entries_) {
    const notify::HeartbeatTotals totals = heartbeat->totals();
    metrics.set_heartbeats(heartbeat->name(), totals.sent, totals.failed, totals.held);
  }
}

}  // namespace highwater::agent
