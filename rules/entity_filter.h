// Which entities somebody asks about, and what they may have meant when there is none. Used by the
// engine's explanations, on the pipeline's thread; pure.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"

namespace highwater::rules {

class EntityFilter {
 public:
  // Pieces of an entity's text with spaces between them, "group=payments topic=orders".
  explicit EntityFilter(std::string_view asked);

  [[nodiscard]] bool empty() const { return asked_.empty(); }
  // Whether the text is asked for: it has all of the pieces.
  [[nodiscard]] bool matches(std::string_view entity_text) const;

 private:
  friend class EntityNames;
  std::string asked_;
  std::vector<std::string> pieces_;
};

// The labels of what there is. Bounded: 5,000 of them.
class EntityNames {
 public:
  void add(const Entity& entity);
  // Of a filter that matches nothing: "did you mean 'group=payments'?"
  [[nodiscard]] std::string advice(const EntityFilter& filter) const;

 private:
  [[nodiscard]] std::string advice(const std::string& piece) const;

  std::set<std::string> dimensions_;
  std::set<std::pair<std::string, std::string>> labels_;  // dimension, value
};

}  // namespace highwater::rules
