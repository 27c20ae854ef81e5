// One node of a query while its meaning is read: what of it nobody has taken yet. Private to the
// readers of meanings.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "agent/import/query.h"

namespace highwater::agent {

class QueryNode {
 public:
  // The query must outlive it.
  explicit QueryNode(const Query& query)
      : query_(query),
        operand_taken_(query.operands.size(), false),
        modifier_taken_(query.modifiers.size(), false) {}

  // Its kind, its name and the number of its operands.
  [[nodiscard]] const Query& query() const { return query_; }

  const Query& operand(size_t place) {
    operand_taken_.at(place) = true;
    return query_.operands[place];
  }
  // The first of this kind that was not taken; null when there is none.
  const Modifier* take(Modifier::Kind kind) {
    for (size_t i = 0; i < query_.modifiers.size(); ++i) {
      if (modifier_taken_[i] || query_.modifiers[i].kind != kind) continue;
      modifier_taken_[i] = true;
      return &query_.modifiers[i];
    }
    return nullptr;
  }
  // Something that nobody took, for people; empty when all is taken.
  [[nodiscard]] std::string not_taken() const {
    for (size_t i = 0; i < modifier_taken_.size(); ++i) {
      if (!modifier_taken_[i]) return query_.modifiers[i].text;
    }
    return std::ranges::all_of(operand_taken_, [](bool taken) { return taken; }) ? "" : query_.name;
  }

 private:
  const Query& query_;
  std::vector<bool> operand_taken_;
  std::vector<bool> modifier_taken_;
};

}  // namespace highwater::agent
