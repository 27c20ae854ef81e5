// Nearby: the topics, groups and brokers that an incident's cause may be looked for in: those it
// is about, and those they depend on, one and two relations away. Used to find the changes that
// may have to do with an incident. Made for one incident; no thread of its own.
//
// It is looked for in the direction of dependence: a group is stopped by what happens to the topic
// it reads, and not by the other groups that read it. Two things go the other way. A log directory
// is filled by what is kept in it, and dead letters are written by who reads the topic they come
// from.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/core/report.h"

namespace highwater::changes {

class Nearby {
 public:
  // `snapshot` may be null: then nothing is known of what depends on what.
  Nearby(const Incident& incident, const Snapshot* snapshot, int farthest);

  struct Place {
    int distance = 0;
    bool by_size = false;  // what makes it take more room counts, and nothing else of it
  };
  // Where the topic, group or broker is that the entity names; nothing: it is not near, or names
  // none. One that names several is near when all of them are, as near as the nearest.
  [[nodiscard]] std::optional<Place> find(const Entity& entity) const;
  // The incident names no topic, group or broker: it is about all of its cluster.
  [[nodiscard]] bool is_whole_cluster() const { return whole_cluster_; }

  // What an incident and a change can share.
  static constexpr std::array<std::string_view, 3> kNames{"topic", "group", "broker"};

 private:
  template <class Value>
  using ByName = std::array<std::unordered_map<Symbol, Value>, kNames.size()>;
  // What is equally far away, and where it is by each of its names.
  struct Ring {
    std::vector<Entity> things;
    ByName<std::vector<size_t>> places;
  };

  void add(Ring& ring, Entity thing, int distance);
  void follow(const Relation& relation, const Ring& from, Ring& to, int distance);
  // Nothing further is looked for from these: the groups that read the topics, and what the rows
  // that name one of the things name besides.
  void add_readers(const Relation& relation, const Ring& topics, int distance);
  void add_parts(const KeySet& rows, const Ring& things, std::string_view name, Place place);
  void add_name(const KeySet& keys, size_t row, std::string_view name, Place place);
  // The row is one of the ring's things or a part of one, and the other row is what it says
  // besides.
  [[nodiscard]] static bool has(const Ring& ring, const KeySet& keys, size_t row,
                                const KeySet& other, size_t other_row);

  ByName<Place> names_;
  bool whole_cluster_ = false;
};

}  // namespace highwater::changes
