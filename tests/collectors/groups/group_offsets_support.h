// A group "payments" that committed offsets in "orders", and what is made of it at one look.
#pragma once

#include <initializer_list>

#include "collectors/groups/groups.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {

inline Observation interpret(const kafka::ClusterView& view, Now now = at(10)) {
  return GroupsInterpreter().interpret(view, {}, now);
}

// One group, "payments", coordinated by broker 1, with a member that reads all of "orders".
inline kafka::ClusterView with_payments(std::initializer_list<int64_t> committed) {
  kafka::ClusterView view = healthy_cluster();
  add_member(add_group(view, "payments", 1, committed), "orders", {0, 1, 2});
  return view;
}

}  // namespace highwater::collectors
