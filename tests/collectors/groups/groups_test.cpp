#include "collectors/groups/groups.h"

#include <gmock/gmock.h>

#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;
using kafka::GroupView;
using testing::ElementsAre;

Observation interpret(const ClusterView& view, Now now = at(10)) {
  return GroupsInterpreter().interpret(view, {}, now);
}

TEST(Groups, TellStateProtocolTypeAndCoordinator) {
  ClusterView view = healthy_cluster();
  add_group(view, "payments", 2, {});
  const Observation seen = interpret(view);
  EXPECT_EQ(seen.part, "groups");
  EXPECT_EQ(cell(seen, "group_info", {"payments", "Empty", "consumer", "consumer", ""}), is(1));
  EXPECT_EQ(cell(seen, "group_coordinator", {"payments"}), is(2));
}

TEST(Groups, ANewStateReplacesTheInfoRow) {
  ClusterView view = healthy_cluster();
  add_group(view, "payments", 2, {});
  GroupsInterpreter interpreter;
  static_cast<void>(interpreter.interpret(view, {}, at(0)));
  view.groups[0].state = "PreparingRebalance";
  const Observation seen = interpreter.interpret(view, {}, at(15));
  EXPECT_EQ(
      cell(seen, "group_info", {"payments", "PreparingRebalance", "consumer", "consumer", ""}),
      is(1));
  EXPECT_EQ(cell(seen, "group_info", {"payments", "Empty", "consumer", "consumer", ""}), kNoRow);
}

TEST(Groups, MembersWithoutPartitionsAreIdle) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "payments", 2, {});
  add_member(group, "orders", {0, 1});
  add_member(group, "orders", {2});
  add_member(group, "orders", {});
  add_member(group, "", {});
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_members", {"payments"}), is(4));
  EXPECT_EQ(cell(seen, "group_assigned_members", {"payments"}), is(2));
  EXPECT_EQ(cell(seen, "group_idle_members", {"payments"}), is(2));
}

TEST(Groups, AnEmptyGroupHasNoMembersEvenIfItWasNeverDescribed) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "payments", 2, {});
  group.members.reset();
  group.members_reason = Unknown::not_asked;
  EXPECT_EQ(cell(interpret(view), "group_members", {"payments"}), is(0));
}

TEST(Groups, MembersThatCouldNotBeReadAreUnknown) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "payments", 2, {});
  add_member(group, "orders", {0});
  group.members_reason = Unknown::timed_out;
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_members", {"payments"}), unknown(Unknown::timed_out));
  EXPECT_EQ(cell(seen, "group_idle_members", {"payments"}), unknown(Unknown::timed_out));
  EXPECT_EQ(last_value(seen, "group_members", {"payments"}), 1);
}

TEST(Groups, ProtocolsThatAssignOtherThingsThanPartitionsHaveNoIdleMembers) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "connect-cluster", 2, {});
  group.type = kafka::GroupType::classic;
  group.protocol = "connect";
  add_member(group, "", {});
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_members", {"connect-cluster"}), is(1));
  EXPECT_EQ(cell(seen, "group_idle_members", {"connect-cluster"}), unknown(Unknown::unsupported));
}

TEST(Groups, WithoutCoordinatorTheLastOneIsKeptForPeopleAndForTheCause) {
  ClusterView view = healthy_cluster();
  add_group(view, "payments", 3, {900, 900, 900});
  GroupsInterpreter interpreter;
  static_cast<void>(interpreter.interpret(view, {}, at(0)));
  view.groups[0].coordinator = -1;
  view.groups[0].listed = Unknown::no_coordinator;
  const Observation seen = interpreter.interpret(view, {}, at(15));
  EXPECT_EQ(cell(seen, "group_coordinator", {"payments"}), unknown(Unknown::no_coordinator));
  EXPECT_EQ(last_value(seen, "group_coordinator", {"payments"}), 3);
  EXPECT_THAT(pairs(seen, "coordinates groups"), ElementsAre("group=payments -> broker=3"));
  EXPECT_EQ(cell(seen, "group_info", {"payments", "Empty", "consumer", "consumer", ""}),
            unknown(Unknown::no_coordinator));
}

TEST(Groups, AFailedCoordinatorIsAProblemWithTheNumberOfItsGroups) {
  ClusterView view = healthy_cluster();
  crash(view, 3);
  for (const char* const id : {"a", "b", "c"}) add_group(view, id, 3, {});
  for (GroupView& group : view.groups) group.listed = Unknown::no_coordinator;
  view.groups[2].coordinator = 1;
  view.groups[2].listed = Unknown::known;
  EXPECT_THAT(problems(interpret(view)),
              ElementsAre("broker 3 crashed: 2 groups it coordinated are unknown"));
}

TEST(Groups, WithMembersOrARecentCommitAreActive) {
  ClusterView view = healthy_cluster();
  add_group(view, "abandoned", 1, {});
  add_group(view, "committing", 1, {}).last_commit_change = at(0).steady;
  add_member(add_group(view, "reading", 1, {}), "orders", {0});
  const Observation soon = interpret(view, at(599));
  EXPECT_EQ(cell(soon, "group_active", {"abandoned"}), is(0));
  EXPECT_EQ(cell(soon, "group_active", {"committing"}), is(1));
  EXPECT_EQ(cell(soon, "group_active", {"reading"}), is(1));
  EXPECT_EQ(cell(interpret(view, at(601)), "group_active", {"committing"}), is(0));
}

TEST(Groups, NobodyCanSayThatAGroupStoppedCommittingWhileItsOffsetsAreUnknown) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "committing", 1, {});
  group.last_commit_change = at(0).steady;
  group.committed_reason = Unknown::broker_unreachable;
  EXPECT_EQ(cell(interpret(view, at(599)), "group_active", {"committing"}), is(1));
  EXPECT_EQ(cell(interpret(view, at(601)), "group_active", {"committing"}),
            unknown(Unknown::broker_unreachable));
}

TEST(Groups, ShareGroupsHaveMembersAndNoOffsets) {
  ClusterView view = healthy_cluster();
  GroupView& group = add_group(view, "shared", 1, {});
  group.type = kafka::GroupType::share;
  group.protocol = "share";
  group.committed_reason = Unknown::not_asked;
  add_member(group, "orders", {0, 1, 2});
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "group_info", {"shared", "Stable", "share", "share", ""}), is(1));
  EXPECT_EQ(cell(seen, "group_members", {"shared"}), is(1));
  EXPECT_EQ(cell(seen, "group_active", {"shared"}), is(1));
  EXPECT_EQ(table(seen, "group_lag_records").rows(), 0U);
  EXPECT_EQ(table(seen, "group_topic_lag_records").rows(), 0U);
}

TEST(Groups, ThatAreGoneLoseTheirRows) {
  ClusterView view = healthy_cluster();
  add_group(view, "a", 1, {900});
  add_group(view, "b", 1, {900});
  GroupsInterpreter interpreter;
  static_cast<void>(interpreter.interpret(view, {}, at(0)));
  view.groups.erase(view.groups.begin());
  const Observation seen = interpreter.interpret(view, {}, at(15));
  EXPECT_EQ(cell(seen, "group_active", {"a"}), kNoRow);
  EXPECT_EQ(cell(seen, "group_lag_records", {"a", "orders", "0"}), kNoRow);
  EXPECT_EQ(cell(seen, "group_lag_records", {"b", "orders", "0"}), is(100));
}

TEST(Groups, UnchangedGroupsKeepTheirKeySets) {
  ClusterView view = healthy_cluster();
  add_group(view, "a", 1, {900, 900});
  add_member(add_group(view, "b", 2, {900}), "orders", {0, 1});
  GroupsInterpreter interpreter;
  const Observation first = interpreter.interpret(view, {}, at(0));
  view.groups[0].committed[0].partitions[0].offset = 950;
  const Observation second = interpreter.interpret(view, {}, at(15));
  ASSERT_EQ(first.tables.size(), second.tables.size());
  for (size_t i = 0; i < first.tables.size(); ++i)
    EXPECT_EQ(first.tables[i].keys, second.tables[i].keys) << first.tables[i].measure->name;
  for (size_t i = 0; i < first.relations.size(); ++i) {
    EXPECT_EQ(first.relations[i].from, second.relations[i].from) << first.relations[i].name;
    EXPECT_EQ(first.relations[i].to, second.relations[i].to) << first.relations[i].name;
  }
}

}  // namespace
}  // namespace highwater::collectors
