// Alertmanager's tree of routes as a list of lines, of which the first that matches ends the
// search unless it goes on. Pure; any thread.
//
// How: Alertmanager's own search is run without an alert. Where it asks whether an alert is like
// something, both answers are followed: first yes, whose lines ask for it, and which end in one
// that takes all that is left; then no, which needs no words, because whatever it is yes for has
// been taken. So a route that does not match under a condition, as `!=` does, is a matter of order.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent/import/alertmanager/matchers.h"
#include "agent/import/fields.h"

namespace highwater::agent::alertmanager {

struct Node {
  int line = 0;
  std::string receiver;         // its own, or that of the route it stands in
  std::string repeat_interval;  // likewise; empty: nobody said
  // Likewise: the labels by which it groups; nothing: nobody said, or each alert is told by itself.
  std::optional<std::vector<std::string>> group_by;
  std::string group_wait;           // likewise; empty: nobody said
  std::string group_interval;       // likewise
  std::vector<std::string> mute;    // names of time intervals
  std::vector<std::string> active;  // likewise
  Demand demand;
  bool goes_on = false;  // `continue`
  std::vector<Node> routes;
};

// A line: who fulfils the conditions hears as the route says.
struct Line {
  Conditions conditions;
  const Node* node = nullptr;
  bool goes_on = false;
};

struct Flattened {
  std::vector<Line> lines;
  std::vector<Loss> losses;
  // The route at which there are too many lines; null: there are not.
  const Node* too_many_at = nullptr;
};
constexpr size_t kMostLines = 500;  // of `routes:`

// The lines point into the tree.
[[nodiscard]] Flattened flatten(const Node& root);

}  // namespace highwater::agent::alertmanager
