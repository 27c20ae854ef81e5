#include "collectors/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/column.h"

namespace highwater::collectors {
namespace {

const std::vector<std::string_view> kCluster{"cluster"};

const Measure kReachable{"cluster_reachable",
                         "Whether any broker of the cluster answers; unknown until one was tried.",
                         Unit::boolean, MeasureType::gauge, kCluster};
const Measure kEmpty{"cluster_suspiciously_empty",
                     "Whether all topics or all groups vanished from one answer to the next, which "
                     "is rather a lost right or a fault than a deletion.",
                     Unit::boolean, MeasureType::gauge, kCluster};
const Measure kInfo{"cluster_info",
                    "The id that Kafka gave the cluster.",
                    Unit::info,
                    MeasureType::gauge,
                    {"cluster", "cluster_id"}};
const Measure kBrokers{"cluster_brokers", "How many brokers the newest Metadata lists.",
                       Unit::count, MeasureType::gauge, kCluster};
const Measure kRightMissing{"cluster_right_missing",
                            "Whether our principal lacks the right, so that what needs it stays "
                            "unknown or looks empty.",
                            Unit::boolean,
                            MeasureType::gauge,
                            {"cluster", "right"}};

constexpr std::array<const Measure*, 5> kMeasures{&kReachable, &kEmpty, &kInfo, &kBrokers,
                                                  &kRightMissing};

bool was_tried(const kafka::ClusterView& view) {
  return view.reachable || view.ever_reached || !view.why_unreachable.empty() ||
         std::any_of(view.brokers.begin(), view.brokers.end(), [](const auto& entry) {
           return entry.second.status != kafka::BrokerStatus::connecting;
         });
}

double listed_brokers(const kafka::ClusterView& view) {
  return static_cast<double>(std::count_if(view.brokers.begin(), view.brokers.end(),
                                           [](const auto& entry) { return entry.second.listed; }));
}

// What is less nobody needs to hear of.
constexpr Duration kClockDifferenceTold = std::chrono::seconds(5);

std::string clock_words(const kafka::QuorumView& quorum) {
  if (!quorum.clock || quorum.reason != Unknown::known) return "";
  const Duration apart = std::chrono::abs(quorum.clock->ahead);
  if (apart < kClockDifferenceTold) return "";
  return fmt::format("the clock of the active controller, {}, is {} {} the agent's", quorum.leader,
                     describe_duration(apart),
                     quorum.clock->ahead > Duration() ? "ahead of" : "behind");
}

// All that is wrong with the cluster as a whole, in one note: an entity has one note.
std::string what_is_wrong(const kafka::ClusterView& view) {
  std::string text;
  const auto append = [&](const std::string& more) {
    if (more.empty()) return;
    if (!text.empty()) text += "; ";
    text += more;
  };
  if (!view.reachable) append(view.why_unreachable);
  if (view.quorum.lost) append(view.quorum.why_lost);
  if (view.suspiciously_empty) append(view.why_empty);
  append(clock_words(view.quorum));
  return text;
}

}  // namespace

std::span<const Measure* const> ClusterTables::measures() {
  return kMeasures;
}

void ClusterTables::add_to(Observation& observation, const kafka::ClusterView& view) {
  keys_.add(view.cluster);
  const auto keys = keys_.finish();
  add_single_row(observation, kReachable, keys, view.reachable ? 1 : 0,
                 was_tried(view) ? Unknown::known : Unknown::not_asked);
  // A suspicion stands also while nothing answers any more.
  add_single_row(observation, kEmpty, keys, view.suspiciously_empty ? 1 : 0,
                 view.suspiciously_empty ? Unknown::known : metadata_reason(view));
  add_single_row(observation, kBrokers, keys, listed_brokers(view), metadata_reason(view));
  add_info(observation, view);
  add_rights(observation, view);
  if (const std::string wrong = what_is_wrong(view); !wrong.empty())
    observation.notes.push_back({cluster_entity(view), wrong});
  if (!view.reachable && !view.why_unreachable.empty())
    observation.problems.push_back(
        {"the cluster is unreachable: " + view.why_unreachable, cluster_entity(view)});
}

void ClusterTables::add_info(Observation& observation, const kafka::ClusterView& view) {
  if (view.cluster_id.empty()) return;
  if (cluster_id_.text() != view.cluster_id) cluster_id_ = Symbol(view.cluster_id);
  info_keys_.add(view.cluster, cluster_id_);
  add_single_row(observation, kInfo, info_keys_.finish(), 1, Unknown::known);
}

void ClusterTables::add_rights(Observation& observation, const kafka::ClusterView& view) {
  rights_.resize(view.rights.size());
  Column missing(kRightMissing, view.rights.size());
  for (size_t i = 0; i < rights_.size(); ++i) {
    if (rights_[i].text() != view.rights[i].first) rights_[i] = Symbol(view.rights[i].first);
    right_keys_.add(view.cluster, rights_[i]);
    missing.add(view.rights[i].second ? 1 : 0);
  }
  observation.tables.push_back(std::move(missing).build(right_keys_.finish()));
}

Unknown metadata_reason(const kafka::ClusterView& view) {
  if (view.reachable) return Unknown::known;
  return view.ever_reached ? Unknown::broker_unreachable : Unknown::not_asked;
}

}  // namespace highwater::collectors
