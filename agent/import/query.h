// Queries of other tools' SLOs, read into a tree: all of PromQL's syntax that an SLI can need. What
// it means is said in meaning.h. Used by the importers; pure, any thread. Bounded: 10,000
// characters, 50 levels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"

namespace highwater::agent {

struct LabelMatcher {
  enum class Kind : uint8_t { equal, not_equal, matches, matches_not };
  std::string label;
  Kind kind = Kind::equal;
  std::string value;
};

// What changes the meaning of a node. Whoever reads a query takes each of them, or must say that it
// was not taken over.
struct Modifier {
  enum class Kind : uint8_t {
    boolean,  // bool
    by,       // also by (), which has no labels
    without,
    on,
    ignoring,
    range,  // [5m], [5m:1m]; `window` is "5m"
  };
  Kind kind = Kind::boolean;
  std::vector<std::string> labels;
  std::string window;
  std::string text;  // for people: "without (a, b)"
};

struct Query {
  Query();
  enum class Kind : uint8_t {
    number,
    text,         // name is what is in the quotes
    selector,     // name, matchers
    call,         // name, operands
    aggregation,  // name, operands
    binary,       // name is the operator; two operands
  };
  Kind kind = Kind::number;
  double number = 0;
  std::string name;
  std::vector<LabelMatcher> matchers;
  std::vector<Modifier> modifiers;
  std::vector<Query> operands;

  [[nodiscard]] bool is(Kind wanted, std::string_view called) const {
    return kind == wanted && name == called;
  }
};

// 'offset', '@' and 'group_left' have no counterpart here and are errors at once. Everything else
// is in the tree.
[[nodiscard]] Result<Query> parse_query(std::string_view text);

}  // namespace highwater::agent
