#include "collectors/groups/group_activity.h"

namespace highwater::collectors {
namespace {

using kafka::GroupView;

// The state comes with every listing, the members with a description now and then.
bool has_members(const GroupView& group) {
  if (!group.state.empty()) return group.state != "Empty" && group.state != "Dead";
  return group.members && !group.members->empty();
}

}  // namespace

GroupActivity activity_of(const GroupView& group, Now now) {
  const bool members = has_members(group);
  const bool recent =
      group.last_commit_change && now.steady - *group.last_commit_change <= kActiveAfterCommit;
  GroupActivity activity{members, members || recent, Unknown::known};
  if (recent) return activity;
  if (group.state.empty() && !group.members) {
    activity.reason = first_unknown(group.members_reason, Unknown::not_asked);
    return activity;
  }
  activity.reason = group.listed;
  // Without its offsets nobody can say that a group without members stopped committing.
  if (!members && group.type != kafka::GroupType::share)
    activity.reason = first_unknown(group.listed, offsets_reason(group));
  return activity;
}

Unknown offsets_reason(const GroupView& group) {
  const Unknown reason = group.committed_reason;
  if (group.coordinator < 0 && (reason == Unknown::known || reason == Unknown::not_asked))
    return Unknown::no_coordinator;
  return reason;
}

}  // namespace highwater::collectors
