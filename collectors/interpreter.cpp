#include "collectors/interpreter.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/plain_text.h"

namespace highwater::collectors {

Observation start_observation(const kafka::ClusterView& view, std::string_view part, PollInfo poll,
                              Now now) {
  Observation observation;
  observation.cluster = view.cluster;
  observation.part = part;
  observation.at = now;
  observation.took = poll.took;
  observation.cadence = poll.cadence;
  observation.missed = poll.missed;
  observation.spans = std::move(poll.spans);
  observation.problems = std::move(poll.problems);
  return observation;
}

std::string status_words(kafka::BrokerStatus status) {
  std::string words(kafka::status_name(status));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

Entity cluster_entity(const kafka::ClusterView& view) {
  Entity entity;
  entity.labels.emplace_back(Symbol("cluster"), view.cluster);
  return entity;
}

Entity broker_entity(const kafka::ClusterView& view, int32_t broker) {
  Entity entity;
  entity.labels.emplace_back(Symbol("broker"), Symbol::number(broker));
  entity.labels.emplace_back(Symbol("cluster"), view.cluster);
  return entity;
}

}  // namespace highwater::collectors
