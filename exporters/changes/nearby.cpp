#include "exporters/changes/nearby.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

namespace highwater::changes {
namespace {

constexpr std::string_view kTopic = "topic";
constexpr std::string_view kGroup = "group";
constexpr std::string_view kBroker = "broker";
constexpr std::string_view kLogDir = "log_dir";
// Its rows say which broker holds which partition: relations name the leader, and who lacks it.
constexpr std::string_view kReplicas = "partition_replica_in_sync";

bool has_dimension(const KeySet& keys, std::string_view dimension) {
  return std::ranges::find(keys.dimensions(), dimension) != keys.dimensions().end();
}

// What the row has there; null: it has no such dimension.
const Symbol* cell(const KeySet& keys, size_t row, std::string_view dimension) {
  const std::span<const std::string_view> dimensions = keys.dimensions();
  const auto found = std::ranges::find(dimensions, dimension);
  if (found == dimensions.end()) return nullptr;
  return &keys.row(row)[static_cast<size_t>(found - dimensions.begin())];
}

// Whether the thing names what the row names, and what the row does not name as the other one does:
// a group's lag on one topic depends on that topic only.
bool agree(const Entity& thing, const KeySet& keys, size_t row, const KeySet& other,
           size_t other_row) {
  return std::ranges::all_of(thing.labels, [&](const auto& label) {
    const Symbol* named = cell(keys, row, label.first.text());
    if (named == nullptr) named = cell(other, other_row, label.first.text());
    return named == nullptr || *named == label.second;
  });
}

bool is_usable(const Relation& relation) {
  return relation.from != nullptr && relation.to != nullptr;
}

// A topic comes from another: dead letters.
bool makes_topics(const Relation& relation) {
  return has_dimension(*relation.from, kTopic) && has_dimension(*relation.to, kTopic);
}

bool reads_topics(const Relation& relation) {
  return has_dimension(*relation.from, kGroup) && has_dimension(*relation.to, kTopic);
}

// The relations of one cluster.
template <class Visit>
void for_each_relation(const Snapshot& snapshot, Symbol cluster, Visit visit) {
  for (const auto& [part, observation] : snapshot.observations) {
    if (part.first != cluster) continue;
    for (const Relation& relation : observation->relations) {
      if (is_usable(relation)) visit(relation);
    }
  }
}

// Null: which brokers hold what is not known.
const KeySet* replicas_of(const Snapshot& snapshot, Symbol cluster) {
  for (const auto& [part, observation] : snapshot.observations) {
    if (part.first != cluster) continue;
    for (const Table& table : observation->tables) {
      if (table.measure != nullptr && table.measure->name == kReplicas) return table.keys.get();
    }
  }
  return nullptr;
}

}  // namespace

Nearby::Nearby(const Incident& incident, const Snapshot* snapshot, int farthest) {
  Ring about;
  for (const Alert* alert : {&incident.cause, &incident.headline}) {
    add(about, alert->entity, 0);
    for (const Entity& row : alert->rows) add(about, row, 0);
  }
  for (const Evidence& evidence : incident.evidence) {
    if (evidence.cause) add(about, evidence.entity, 0);
  }
  whole_cluster_ = about.things.empty();
  if (snapshot == nullptr || whole_cluster_) return;
  const Symbol cluster = incident.cause.entity.label("cluster");

  const KeySet* const replicas = replicas_of(*snapshot, cluster);
  if (replicas != nullptr && !incident.cause.entity.label(kLogDir).empty())
    add_parts(*replicas, about, kTopic, {1, true});
  Ring ring = std::move(about);
  Ring sources;  // of dead letters
  for (int distance = 1; distance <= farthest; ++distance) {
    for_each_relation(*snapshot, cluster, [&](const Relation& relation) {
      if (reads_topics(relation)) add_readers(relation, sources, distance);
    });
    sources = {};
    Ring next;
    for_each_relation(*snapshot, cluster, [&](const Relation& relation) {
      follow(relation, ring, next, distance);
      if (makes_topics(relation)) follow(relation, ring, sources, distance);
    });
    if (replicas != nullptr) add_parts(*replicas, ring, kBroker, {distance, false});
    ring = std::move(next);
  }
}

std::optional<Nearby::Place> Nearby::find(const Entity& entity) const {
  std::optional<Place> nearest;
  for (size_t i = 0; i < kNames.size(); ++i) {
    const Symbol value = entity.label(kNames[i]);
    if (value.empty()) continue;
    const auto found = names_[i].find(value);
    if (found == names_[i].end()) return std::nullopt;
    if (!nearest || found->second.distance < nearest->distance) nearest = found->second;
  }
  return nearest;
}

void Nearby::add(Ring& ring, Entity thing, int distance) {
  const size_t place = ring.things.size();
  bool named = false;
  for (size_t i = 0; i < kNames.size(); ++i) {
    const Symbol value = thing.label(kNames[i]);
    if (value.empty()) continue;
    named = true;
    names_[i].try_emplace(value, Place{distance, false});
    ring.places[i][value].push_back(place);
  }
  if (named) ring.things.push_back(std::move(thing));
}

void Nearby::follow(const Relation& relation, const Ring& from, Ring& to, int distance) {
  if (from.things.empty()) return;
  std::vector<uint8_t> added(relation.to->rows());
  for (const auto& [left, right] : relation.pairs) {
    if (left >= relation.from->rows() || right >= added.size() || added[right] != 0) continue;
    if (!has(from, *relation.from, left, *relation.to, right)) continue;
    added[right] = 1;
    add(to, Entity(relation.to->dimensions(), relation.to->row(right)), distance);
  }
}

void Nearby::add_readers(const Relation& relation, const Ring& topics, int distance) {
  if (topics.things.empty()) return;
  for (const auto& [left, right] : relation.pairs) {
    if (left >= relation.from->rows() || right >= relation.to->rows()) continue;
    if (has(topics, *relation.to, right, *relation.from, left))
      add_name(*relation.from, left, kGroup, {distance, false});
  }
}

void Nearby::add_parts(const KeySet& rows, const Ring& things, std::string_view name, Place place) {
  if (things.things.empty()) return;
  for (size_t row = 0; row < rows.rows(); ++row) {
    if (has(things, rows, row, rows, row)) add_name(rows, row, name, place);
  }
}

void Nearby::add_name(const KeySet& keys, size_t row, std::string_view name, Place place) {
  const auto index = std::ranges::find(kNames, name) - kNames.begin();
  names_[static_cast<size_t>(index)].try_emplace(*cell(keys, row, name), place);
}

bool Nearby::has(const Ring& ring, const KeySet& keys, size_t row, const KeySet& other,
                 size_t other_row) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    const Symbol* const value = cell(keys, row, kNames[i]);
    if (value == nullptr) continue;
    const auto found = ring.places[i].find(*value);
    if (found == ring.places[i].end()) continue;
    const auto is_one = [&](size_t place) {
      return agree(ring.things[place], keys, row, other, other_row);
    };
    if (std::ranges::any_of(found->second, is_one)) return true;
  }
  return false;
}

}  // namespace highwater::changes
