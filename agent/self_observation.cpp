#include "agent/self_observation.h"

#include <algorithm>

namespace highwater::agent {
namespace {

constexpr auto kFailingAfter = std::chrono::minutes(5);

const Measure kNotificationFailing{"notification_failing",
                                   "1 when a receiver of notifications refused them for good, or "
                                   "could not be reached for 5 minutes.",
                                   Unit::boolean,
                                   MeasureType::gauge,
                                   {"cluster", "receiver"}};
const Measure kStateFailing{
    "state_failing",
    "1 when alerts, incidents and budgets cannot be written to the disk, or "
    "what was there could not be read: a restart forgets them.",
    Unit::boolean,
    MeasureType::gauge,
    {"cluster"}};
const Measure kRecordingDropped{
    "recording_dropped_total",
    "Moments that are not in the recording, because its disk was full, slow or out of reach; a "
    "replay takes what happened then for unknown.",
    Unit::count,
    MeasureType::counter,
    {"cluster"}};
const Measure* const kMeasures[] = {&kNotificationFailing, &kStateFailing, &kRecordingDropped};

}  // namespace

std::span<const Measure* const> self_measures() {
  return kMeasures;
}

ObservationPtr SelfObserver::observe(const std::vector<notify::ReceiverStats>& receivers,
                                     const std::string& state_problem,
                                     const RecorderHealth* recording, Now now) {
  const Symbol cluster(kSelfCluster);
  if (!keys_ || !std::ranges::equal(receivers, names_, {}, &notify::ReceiverStats::name)) {
    std::vector<Symbol> cells;
    names_.clear();
    for (const auto& receiver : receivers) {
      names_.push_back(receiver.name);
      cells.push_back(cluster);
      cells.emplace_back(receiver.name);
    }
    keys_ = std::make_shared<const KeySet>(kNotificationFailing.dimensions, std::move(cells));
  }
  Observation observation;
  observation.cluster = cluster;
  observation.part = kAgentPart;
  observation.at = now;
  observation.cadence = std::chrono::seconds(5);
  TableBuilder failing(kNotificationFailing, keys_);
  for (size_t i = 0; i < receivers.size(); ++i) {
    const auto& receiver = receivers[i];
    if (receiver.last_error.empty()) {
      failing_since_.erase(receiver.name);
    } else {
      failing_since_.try_emplace(receiver.name, now.steady);
      observation.notes.push_back(
          {Entity(kNotificationFailing.dimensions, keys_->row(i)), receiver.last_error});
    }
    const auto since = failing_since_.find(receiver.name);
    failing.set(i, since != failing_since_.end() &&
                           (receiver.misconfigured || now.steady - since->second >= kFailingAfter)
                       ? 1
                       : 0);
  }
  observation.tables.push_back(std::move(failing).build());
  if (!own_keys_)
    own_keys_ =
        std::make_shared<const KeySet>(kStateFailing.dimensions, std::vector<Symbol>{cluster});
  const auto add_own = [&](const Measure& measure, double value, const std::string& problem) {
    TableBuilder table(measure, own_keys_);
    table.set(0, value);
    observation.tables.push_back(std::move(table).build());
    if (!problem.empty())
      observation.notes.push_back({Entity(measure.dimensions, own_keys_->row(0)), problem});
  };
  add_own(kStateFailing, state_problem.empty() ? 0 : 1, state_problem);
  if (recording != nullptr) add_own(kRecordingDropped, static_cast<double>(recording->dropped), {});
  return std::make_shared<const Observation>(std::move(observation));
}

}  // namespace highwater::agent
