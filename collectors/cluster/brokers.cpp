#include "collectors/cluster/brokers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

using kafka::BrokerStatus;
using kafka::BrokerView;

const std::vector<std::string_view> kBroker{"cluster", "broker"};

const Measure kUp{"broker_up",
                  "Whether the broker answers on our own connection to it: 1 yes, 0 it failed or "
                  "was stopped; unknown until it was first judged.",
                  Unit::boolean, MeasureType::gauge, kBroker};
const Measure kFailed{
    "broker_failed",
    "Whether the broker is down, and not by an orderly shutdown: crashed, hung, cut off, or "
    "refusing us; an orderly stop is not a failure, and unknown of one that was down when the "
    "watch began.",
    Unit::boolean, MeasureType::gauge, kBroker};
const Measure kStopped{"broker_stopped",
                       "Whether the broker is down and the others do not list it: it was shut down "
                       "in order, or it was down already when the watch began.",
                       Unit::boolean, MeasureType::gauge, kBroker};
const Measure kListed{
    "broker_listed",
    "Whether the newest Metadata of the other brokers lists the broker, which for "
    "about ten seconds after a crash it still does.",
    Unit::boolean, MeasureType::gauge, kBroker};
const Measure kStatus{"broker_status",
                      "The broker's status as a label: connecting, up, crashed, hung, cut_off, "
                      "refuses, denied (its certificate or our login is not accepted), stopped, or "
                      "away: down since before the watch began; one row per broker.",
                      Unit::info,
                      MeasureType::gauge,
                      {"cluster", "broker", "status"}};
const Measure kInfo{"broker_info",
                    "The broker's advertised address and its rack.",
                    Unit::info,
                    MeasureType::gauge,
                    {"cluster", "broker", "address", "rack"}};
const Measure kStatusSince{"broker_status_timestamp_seconds",
                           "Unix time at which the broker took its present status.", Unit::seconds,
                           MeasureType::gauge, kBroker};
const Measure kResponse{"broker_response_seconds",
                        "How long the broker took to answer the last probe; unknown while it does "
                        "not answer.",
                        Unit::seconds, MeasureType::gauge, kBroker};
const Measure kContradiction{
    "broker_contradiction_seconds",
    "For how long Metadata has listed the broker although it failed on the "
    "wire; 0 when the two agree.",
    Unit::seconds, MeasureType::gauge, kBroker};

constexpr std::array<const Measure*, 9> kMeasures{&kUp,          &kFailed,   &kStopped,
                                                  &kListed,      &kStatus,   &kInfo,
                                                  &kStatusSince, &kResponse, &kContradiction};

double flag(bool value) {
  return value ? 1 : 0;
}

double contradiction_seconds(const BrokerView& broker, Now now) {
  if (!broker.contradicted_since) return 0;
  return seconds_so_far(now.steady - *broker.contradicted_since);
}

// What the broker does, as titles have it.
std::string_view kind_of(BrokerStatus status) {
  switch (status) {
    case BrokerStatus::connecting:
      return "is being connected to";
    case BrokerStatus::up:
      return "is up";
    case BrokerStatus::crashed:
      return "crashed";
    case BrokerStatus::hung:
      return "hangs";
    case BrokerStatus::cut_off:
      return "is cut off";
    case BrokerStatus::refuses:
      return "refuses Highwater";
    case BrokerStatus::denied:
      return "and Highwater do not accept each other";
    case BrokerStatus::stopped:
      return "has been shut down";
  }
  return "is up";
}

constexpr std::string_view kAway = "has been away";

// Of a broker that this process never saw: one that accepts connections is there, and fails; of one
// that does not, and that nobody lists, nobody here knows how it went.
bool may_have_been_stopped(const BrokerView& broker) {
  const bool silent = broker.status == BrokerStatus::stopped ||
                      broker.status == BrokerStatus::crashed ||
                      broker.status == BrokerStatus::cut_off;
  return silent && !broker.listed;
}

// "hangs: no answer to ApiVersions within 2 s; Metadata still lists it"
std::string standing(const BrokerView& broker, bool away) {
  std::string details = broker.why;
  if (away)
    return fmt::format("{}: so it was when the watch began{}{}", kAway, details.empty() ? "" : "; ",
                       details);
  if (broker.contradicted_since)
    details += details.empty() ? "Metadata still lists it" : "; Metadata still lists it";
  return fmt::format("{}{}{}", kind_of(broker.status), details.empty() ? "" : ": ", details);
}

// The columns with one row per broker.
struct BrokerColumns {
  explicit BrokerColumns(size_t rows)
      : up(kUp, rows),
        failed(kFailed, rows),
        stopped(kStopped, rows),
        listed(kListed, rows),
        since(kStatusSince, rows),
        response(kResponse, rows),
        contradiction(kContradiction, rows) {}

  void add(const BrokerView& broker, bool away, Unknown metadata, Now now) {
    const Unknown own = judged(broker.status);
    up.add(flag(broker.status == BrokerStatus::up), own);
    failed.add(flag(!away && kafka::is_failed(broker.status)), away ? Unknown::not_asked : own);
    stopped.add(flag(away || broker.status == BrokerStatus::stopped), own);
    listed.add(flag(broker.listed), metadata);
    since.add(to_unix_seconds(broker.since.wall));
    add_response(broker);
    contradiction.add(contradiction_seconds(broker, now), own);
  }

  // Who does not let us in may serve everybody else.
  static Unknown judged(BrokerStatus status) {
    if (status == BrokerStatus::connecting) return Unknown::not_asked;
    return status == BrokerStatus::denied ? Unknown::broker_unreachable : Unknown::known;
  }

  void add_response(const BrokerView& broker) {
    const double seconds = broker.response_time ? to_seconds(*broker.response_time) : kNoValue;
    if (broker.status == BrokerStatus::up)
      response.add(seconds, broker.response_time ? Unknown::known : Unknown::not_asked);
    else if (judged(broker.status) != Unknown::known)
      response.add(seconds, judged(broker.status));
    else
      response.add(seconds, Unknown::broker_unreachable);
  }

  void move_to(Observation& observation, const std::shared_ptr<const KeySet>& keys) && {
    for (Column* column : {&up, &failed, &stopped, &listed, &since, &response, &contradiction})
      observation.tables.push_back(std::move(*column).build(keys));
  }

  Column up, failed, stopped, listed, since, response, contradiction;
};

}  // namespace

std::span<const Measure* const> BrokersInterpreter::measures() {
  return kMeasures;
}

std::span<const WatchFirst> BrokersInterpreter::watch_first() {
  static const WatchFirst kWatch[] = {{&kContradiction, std::chrono::hours(1), true}};
  return kWatch;
}

Observation BrokersInterpreter::interpret(const kafka::ClusterView& view, PollInfo poll, Now now) {
  Observation observation = start_observation(view, "brokers", std::move(poll), now);
  numbers_.trim();
  std::erase_if(labels_, [&](const auto& entry) { return !view.brokers.contains(entry.first); });
  std::erase_if(witnessed_, [&](int32_t broker) { return !view.brokers.contains(broker); });
  add_brokers(observation, view, now);
  cluster_.add_to(observation, view);
  credentials_.add_to(observation, view, numbers_, now);
  quorum_.add_to(observation, view, numbers_);
  requests_.add_to(observation, view, numbers_);
  log_dirs_.add_to(observation, view, numbers_);
  return observation;
}

void BrokersInterpreter::add_brokers(Observation& observation, const kafka::ClusterView& view,
                                     Now now) {
  const Unknown metadata = metadata_reason(view);
  BrokerColumns columns(view.brokers.size());
  Column status(kStatus, view.brokers.size());
  Column info(kInfo, view.brokers.size());
  for (const auto& [id, broker] : view.brokers) {
    const bool away = is_away(broker);
    const Labels& labels = labels_of(broker);
    const Symbol& number = numbers_.of(id);
    keys_.add(view.cluster, number);
    columns.add(broker, away, metadata, now);
    status_keys_.add(view.cluster, number, away ? away_ : labels.status);
    status.add(1);
    info_keys_.add(view.cluster, number, labels.address, labels.rack);
    info.add(1);
    if (broker.status == BrokerStatus::up || broker.status == BrokerStatus::connecting) continue;
    const Entity entity = broker_entity(view, id);
    observation.notes.push_back({entity, standing(broker, away)});
    if (kafka::is_failed(broker.status) && !away)
      observation.problems.push_back(
          {fmt::format("broker {} {}", id, standing(broker, away)), entity});
  }
  std::move(columns).move_to(observation, keys_.finish());
  observation.tables.push_back(std::move(status).build(status_keys_.finish()));
  observation.tables.push_back(std::move(info).build(info_keys_.finish()));
}

bool BrokersInterpreter::is_away(const BrokerView& broker) {
  if (broker.status == BrokerStatus::connecting) return false;
  if (may_have_been_stopped(broker)) return !witnessed_.contains(broker.id);
  witnessed_.insert(broker.id);
  return false;
}

const BrokersInterpreter::Labels& BrokersInterpreter::labels_of(const BrokerView& broker) {
  const auto [found, added] = labels_.try_emplace(broker.id);
  Labels& labels = found->second;
  if (added || labels.host != broker.host || labels.port != broker.port) {
    labels.host = broker.host;
    labels.port = broker.port;
    const bool ipv6 = broker.host.find(':') != std::string::npos;
    labels.address = Symbol(ipv6 ? fmt::format("[{}]:{}", broker.host, broker.port)
                                 : fmt::format("{}:{}", broker.host, broker.port));
  }
  if (labels.rack.text() != broker.rack) labels.rack = Symbol(broker.rack);
  if (added || labels.judged != broker.status) {
    labels.judged = broker.status;
    labels.status = Symbol(kafka::status_name(broker.status));
  }
  return labels;
}

}  // namespace highwater::collectors
