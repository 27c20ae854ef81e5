// NoteIndex: what the collectors say about the entities of one cluster, found by an alert's labels.
// Built for one evaluation, only when an alert has to be worded; the observations must outlive it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/core/observation.h"

namespace highwater::rules {

class NoteIndex {
 public:
  explicit NoteIndex(std::span<const ObservationPtr> observations);

  // A note applies when the entity has all labels of what the note is about; the narrowest comes
  // first. One about {cluster} applies to what is about {cluster} alone, for everything is in it.
  // Empty when there is none.
  [[nodiscard]] std::string about(const Entity& entity) const;

 private:
  std::vector<std::vector<Symbol>> shapes_;  // the sets of dimensions notes have, narrowest first
  std::unordered_map<Entity, std::vector<std::string_view>> notes_;
};

// The part of the entity that has exactly these dimensions, sorted as in an Entity; false when one
// is missing.
[[nodiscard]] bool project(const Entity& entity, std::span<const Symbol> dimensions, Entity& part);

}  // namespace highwater::rules
