#include "collectors/cluster/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/kafka/offsets_topic.h"
#include "collectors/tables/column.h"

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

const Measure kIncomplete{
    "listing_incomplete",
    "Whether there may be things of the dimension (topic, group, broker or log_dir) that are not "
    "listed: not everybody who would list them has answered, or none was seen since the start; "
    "until it is 0 no alert of before a restart is taken for gone.",
    Unit::boolean,
    MeasureType::gauge,
    {"cluster", "dimension"}};

constexpr std::array<const Measure*, 6> kMeasures{&kReachable, &kEmpty,        &kInfo,
                                                  &kBrokers,   &kRightMissing, &kIncomplete};

template <class Predicate>
bool any_topic(const kafka::ClusterView& view, Predicate predicate) {
  return std::ranges::any_of(view.topics, predicate) ||
         std::ranges::any_of(view.internal_topics, predicate);
}

// The leader of a group's partition of __consumer_offsets is the only one that lists the group.
bool hides_groups(const kafka::ClusterView& view) {
  return any_topic(view, [](const kafka::TopicView& topic) {
    return topic.name.text() == kafka::kOffsetsTopic &&
           std::ranges::any_of(topic.partitions,
                               [](const auto& partition) { return partition.leader < 0; });
  });
}

// A broker that does not answer lists neither its groups nor its directories.
bool any_broker_silent(const kafka::ClusterView& view, bool only_listed) {
  return std::ranges::any_of(view.brokers, [only_listed](const auto& entry) {
    return entry.second.status != kafka::BrokerStatus::up && (entry.second.listed || !only_listed);
  });
}

// One that is down since before the watch began is listed by nobody before Kafka 4.0: only replicas
// tell of it. There may be a hundred thousand partitions, and their brokers are few.
bool names_unlisted_broker(const kafka::ClusterView& view) {
  int32_t last = -1;
  const auto is_listed = [&](int32_t broker) {
    if (broker == last) return true;
    if (!view.brokers.contains(broker)) return false;
    last = broker;
    return true;
  };
  return any_topic(view, [&](const kafka::TopicView& topic) {
    return std::ranges::any_of(topic.partitions, [&](const kafka::PartitionView& partition) {
      return !std::all_of(partition.replicas.begin(), partition.replicas.end(), is_listed);
    });
  });
}

bool hides_log_dirs(const kafka::ClusterView& view) {
  return std::ranges::any_of(view.brokers, [](const auto& entry) {
    return entry.second.log_dirs_reason != Unknown::known &&
           entry.second.log_dirs_reason != Unknown::unsupported;
  });
}

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
  append(view.why_denied);
  if (!view.reachable && view.why_denied.empty()) {
    append(view.why_unreachable);
    if (!view.ever_reached)
      append(
          "since its start the agent has reached no broker, so it knows only the addresses of "
          "'bootstrap'");
  }
  append(view.credentials_problem);
  if (view.quorum.lost) append(view.quorum.why_lost);
  append(view.topics_vanished.why);
  append(view.groups_vanished.why);
  for (const std::string& what : view.misdirected) append(what);
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
  // Brokers that turn us away are there, and may serve everybody else.
  const Unknown turned_away =
      view.reachable || view.why_denied.empty() ? Unknown::known : Unknown::broker_unreachable;
  add_single_row(observation, kReachable, keys, view.reachable ? 1 : 0,
                 was_tried(view) ? turned_away : Unknown::not_asked);
  // A suspicion stands also while nothing answers any more. Who has seen nothing since the start
  // does not know whether anything vanished before.
  seen_topics_ = seen_topics_ || !view.topics.empty();
  seen_groups_ = seen_groups_ || !view.groups.empty();
  const Unknown seen = seen_topics_ || seen_groups_ ? Unknown::known : Unknown::not_asked;
  add_single_row(observation, kEmpty, keys, looks_empty(view) ? 1 : 0,
                 looks_empty(view) ? Unknown::known : first_unknown(metadata_reason(view), seen));
  add_listings(observation, view);
  add_single_row(observation, kBrokers, keys, listed_brokers(view), metadata_reason(view));
  add_info(observation, view);
  add_rights(observation, view);
  if (const std::string wrong = what_is_wrong(view); !wrong.empty())
    observation.notes.push_back({cluster_entity(view), wrong});
  if (!view.reachable && !view.why_unreachable.empty() && view.why_denied.empty())
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

void ClusterTables::add_listings(Observation& observation, const kafka::ClusterView& view) {
  const bool unread = metadata_reason(view) != Unknown::known || view.topics_vanished.stands();
  const bool topics = unread || view.topics_reason != Unknown::known || !seen_topics_;
  const bool groups = unread || view.groups_reason != Unknown::known || !seen_groups_ ||
                      view.groups_vanished.stands() || any_broker_silent(view, true) ||
                      hides_groups(view);
  const bool log_dirs = unread || any_broker_silent(view, false) || hides_log_dirs(view);
  Column incomplete(kIncomplete, 4);
  const auto add = [&](const Symbol& dimension, bool hidden) {
    listing_keys_.add(view.cluster, dimension);
    incomplete.add(hidden ? 1 : 0);
  };
  static const Symbol kBroker("broker"), kGroup("group"), kLogDir("log_dir"), kTopic("topic");
  add(kBroker, unread || names_unlisted_broker(view));
  add(kGroup, groups);
  add(kLogDir, log_dirs);
  add(kTopic, topics);
  observation.tables.push_back(std::move(incomplete).build(listing_keys_.finish()));
}

Unknown metadata_reason(const kafka::ClusterView& view) {
  if (view.reachable) return Unknown::known;
  if (!view.why_denied.empty()) return Unknown::broker_unreachable;
  return view.ever_reached ? Unknown::broker_unreachable : Unknown::not_asked;
}

}  // namespace highwater::collectors
