// Queries of other tools' SLOs, read into a tree: the part of PromQL in which SLIs are usually
// written. Used by the importers; pure, any thread. Bounded: 10,000 characters, 50 levels.
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

struct Query {
  Query();
  enum class Kind : uint8_t {
    number,
    selector,     // name, matchers
    call,         // name, operands
    aggregation,  // name, operands, by
    binary,       // name is the operator; two operands
  };
  Kind kind = Kind::number;
  double number = 0;
  std::string name;
  std::vector<LabelMatcher> matchers;
  std::vector<std::string> by;
  bool without = false;  // `by` lists what is left out
  bool range = false;    // [5m] stands behind it
  std::vector<Query> operands;

  [[nodiscard]] bool is(Kind wanted, std::string_view called) const {
    return kind == wanted && name == called;
  }
};

// What would change the meaning and has no counterpart here (offset, @, on, ignoring, group_left)
// is an error. `or vector(0)` is left out: a value that is not there is unknown to us, not 0.
[[nodiscard]] Result<Query> parse_query(std::string_view text);

}  // namespace highwater::agent
