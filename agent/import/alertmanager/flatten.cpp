#include "agent/import/alertmanager/flatten.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace highwater::agent::alertmanager {
namespace {

constexpr size_t kMostSteps = 20'000;

// A route whose children are being gone through.
struct Level {
  const Node* node = nullptr;
  size_t next = 0;                   // of its children
  bool matched = false;              // one of them does, for sure
  std::vector<const Node*> maybe{};  // children that go on, and have their line: if one of them
                                     // matches, the route itself does not hear
  size_t asked = 0;                  // of `maybe`
};

// Where a search stands, and what is known of the alert there.
struct Search {
  Conditions known;
  std::vector<Level> levels;
  const Node* child = nullptr;      // which is being asked; null: the level's next
  size_t step = 0;                  // of its questions
  const Node* delivered = nullptr;  // who has heard for sure
};

// Its children and exceptions say nothing: one line that goes on is all there is to it.
bool is_plain(const Node& node) {
  return node.goes_on && node.routes.empty() && node.demand.exceptions.empty();
}

class Flattener {
 public:
  explicit Flattener(const Node& root) {
    Search begin;
    begin.levels.push_back({.node = &root});
    agenda_.push_back(std::move(begin));
  }

  Flattened run() {
    size_t steps = 0;
    while (!agenda_.empty() && flattened_.too_many_at == nullptr) {
      Search search = std::move(agenda_.back());
      agenda_.pop_back();
      at_ = search.child != nullptr ? search.child : search.levels.back().node;
      if (++steps > kMostSteps) flattened_.too_many_at = at_;
      if (search.child != nullptr)
        ask(std::move(search));
      else
        go_on(std::move(search));
    }
    return std::move(flattened_);
  }

 private:
  void go_on(Search search) {
    Level& level = search.levels.back();
    if (level.next < level.node->routes.size()) {
      search.child = &level.node->routes[level.next++];
      search.step = 0;
      agenda_.push_back(std::move(search));
    } else if (level.matched) {
      settle(std::move(search), nullptr);
    } else if (level.asked < level.maybe.size()) {
      ask_whether_heard(std::move(search));
    } else {
      const Node* const node = level.node;
      settle(std::move(search), node);
    }
  }

  // What is asked of a child, one question after the other. Exceptions for a label of which
  // something is wanted come first: two patterns of one label cannot be joined later.
  void ask(Search search) {
    const Node& child = *search.child;
    const Demand& demand = child.demand;
    if (demand.never) return leave_out(std::move(search), search.known);
    if (is_plain(child)) return tell_and_go_on(std::move(search));
    std::vector<const Exception*> questions;  // null: what is wanted
    for (const Exception& exception : demand.exceptions) {
      if (demand.wanted.contains(exception.label)) questions.push_back(&exception);
    }
    questions.push_back(nullptr);
    for (const Exception& exception : demand.exceptions) {
      if (!demand.wanted.contains(exception.label)) questions.push_back(&exception);
    }
    if (search.step == questions.size()) {
      search.levels.push_back({.node = &child});
      search.child = nullptr;
      agenda_.push_back(std::move(search));
      return;
    }
    const Exception* const exception = questions[search.step++];
    if (exception == nullptr)
      ask_wanted(std::move(search));
    else if (exception->unlike)
      ask_unlike(std::move(search), *exception);
    else
      ask_exception(std::move(search), *exception);
  }

  void ask_wanted(Search search) {
    const Conditions& wanted = search.child->demand.wanted;
    const auto both = joined(search.known, wanted);
    const bool certain = implies(search.known, wanted);
    const Search before = search;
    if (!certain) leave_out(before, before.known);
    if (both) follow(std::move(search), *both);
  }

  void ask_exception(Search search, const Exception& exception) {
    const Conditions excepted{{exception.label, exception.values}};
    const auto both = joined(search.known, excepted);
    const bool certain = implies(search.known, excepted);
    const Search before = search;
    if (!certain) agenda_.push_back(std::move(search));
    if (both && !taken(*both)) leave_out(before, *both);
  }

  // Three answers: like it; there, but unlike it; not there.
  void ask_unlike(Search search, const Exception& exception) {
    const auto like = joined(search.known, {{exception.label, exception.values}});
    const auto there = joined(search.known, {{exception.label, LabelValues::anything()}});
    const bool certain = like && implies(search.known, {{exception.label, exception.values}});
    if (!search.known.contains(exception.label)) agenda_.push_back(search);
    if (!certain && there && !taken(*there)) leave_out(search, *there);
    if (like) follow(std::move(search), *like);
  }

  // The child does not match where this is known.
  void leave_out(Search search, Conditions known) {
    search.known = std::move(known);
    search.child = nullptr;
    agenda_.push_back(std::move(search));
  }

  void follow(Search search, Conditions known) {
    if (taken(known)) return;
    search.known = std::move(known);
    agenda_.push_back(std::move(search));
  }

  void tell_and_go_on(Search search) {
    const Node& child = *search.child;
    search.child = nullptr;
    const auto both = joined(search.known, child.demand.wanted, &child);
    if (both) {
      write(*both, child, true);
      Level& level = search.levels.back();
      if (implies(search.known, child.demand.wanted)) {
        level.matched = true;
        search.delivered = &child;
      } else {
        level.maybe.push_back(&child);
      }
    }
    agenda_.push_back(std::move(search));
  }

  // Whether a child has heard that goes on: then the route itself does not.
  void ask_whether_heard(Search search) {
    Level& level = search.levels.back();
    const Node& child = *level.maybe[level.asked++];
    const auto both = joined(search.known, child.demand.wanted, &child);
    const bool certain = implies(search.known, child.demand.wanted);
    if (!certain) agenda_.push_back(search);
    if (!both || taken(*both)) return;
    search.known = *both;
    search.levels.back().matched = true;
    search.delivered = &child;
    agenda_.push_back(std::move(search));
  }

  // The last level is done. `node` hears, or, when it is null, somebody has heard already.
  void settle(Search search, const Node* node) {
    while (true) {
      const Node& done = *search.levels.back().node;
      search.levels.pop_back();
      if (search.levels.empty()) break;
      Level& above = search.levels.back();
      above.matched = true;
      if (done.goes_on && above.next < above.node->routes.size()) {
        if (node != nullptr) write(search.known, *node, true);
        if (node != nullptr) search.delivered = node;
        agenda_.push_back(std::move(search));
        return;
      }
    }
    write(search.known, node != nullptr ? *node : *search.delivered, false);
  }

  void write(const Conditions& conditions, const Node& node, bool goes_on) {
    if (taken(conditions)) return;
    std::vector<Line>& lines = flattened_.lines;
    // A line that ends the search makes the one above needless when that only goes on.
    const bool same = !goes_on && !lines.empty() && lines.back().node == &node &&
                      lines.back().goes_on && implies(lines.back().conditions, conditions) &&
                      implies(conditions, lines.back().conditions);
    if (same) lines.pop_back();
    lines.push_back({conditions, &node, goes_on});
    if (lines.size() > kMostLines) flattened_.too_many_at = &node;
  }

  // Whether a line takes all of it, so that what follows below is never reached.
  [[nodiscard]] bool taken(const Conditions& conditions) const {
    return std::ranges::any_of(flattened_.lines, [&](const Line& line) {
      return !line.goes_on && implies(conditions, line.conditions);
    });
  }

  std::optional<Conditions> joined(const Conditions& known, const Conditions& wanted,
                                   const Node* node = nullptr) {
    std::string inexact;
    auto both = intersect(known, wanted, inexact);
    if (both && !inexact.empty() && !taken(*both)) lose(node != nullptr ? *node : *at_, inexact);
    return both;
  }

  void lose(const Node& node, const std::string& label) {
    if (!lost_.insert({&node, label}).second) return;
    flattened_.losses.push_back(
        {node.line, fmt::format("route: two patterns of '{}' come together here, and a line can "
                                "ask for one: it asks for this route's",
                                label)});
  }

  Flattened flattened_;
  std::vector<Search> agenda_;  // the last one is next
  const Node* at_ = nullptr;
  std::set<std::pair<const Node*, std::string>> lost_;
};

}  // namespace

Flattened flatten(const Node& root) {
  return Flattener(root).run();
}

}  // namespace highwater::agent::alertmanager
