// Whether anybody uses a group: alerts about lag and losses are for groups that are used, not for
// those that were abandoned. Used by the groups interpreter.
#pragma once

#include "collectors/interpreter.h"

namespace highwater::collectors {

// A group without members counts as used for this long after a commit was seen to move.
constexpr Duration kActiveAfterCommit = std::chrono::minutes(10);

struct GroupActivity {
  bool has_members = false;
  bool active = false;              // it has members or a recent commit, by what is known
  Unknown reason = Unknown::known;  // why `active` may be wrong
};
[[nodiscard]] GroupActivity activity_of(const kafka::GroupView& group, Now now);

// Why the group's committed offsets are not fresh; `known` when they are.
[[nodiscard]] Unknown offsets_reason(const kafka::GroupView& group);

}  // namespace highwater::collectors
