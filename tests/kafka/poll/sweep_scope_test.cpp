// A sweep of a scope: what it asks, and what it makes of the answers.
#include <gmock/gmock.h>

#include "tests/kafka/poll/sweep_fixture.h"

namespace highwater::kafka {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

class SweepScopeTest : public SweepTest {
 protected:
  SweepScopeTest() {
    FindCoordinatorResponse::Coordinator found;
    found.key = "billing";
    found.node_id = 1;
    admin_.coordinator.emplace().coordinators.push_back(found);
    DescribeGroupsResponse::Group group;
    group.group_id = "billing";
    group.group_state = "Stable";
    group.protocol_type = "consumer";
    admin_.members.emplace().groups.push_back(group);
  }

  std::shared_ptr<SweepRun> sweep_scope(SweepDue due = {true, true}) {
    std::shared_ptr<SweepRun> done;
    asio::co_spawn(io_, scoped_.run(due),
                   [&](const std::exception_ptr&, std::shared_ptr<SweepRun> run) { done = run; });
    io_.restart();
    io_.run();
    return done;
  }
  static SweepSettings settings() {
    SweepSettings settings;
    settings.scope.emplace().groups = {"billing"};
    return settings;
  }

  Sweep scoped_{admin_, settings(), view_, {}};
};

TEST_F(SweepScopeTest, AsksForItsGroupAndTheTopicsThatItUsesByName) {
  admin_.metadata.topics.push_back({{}, "foreign", {}, false, {partition(0)}, 0});
  sweep_scope();
  EXPECT_THAT(admin_.topics_asked, ElementsAre(IsEmpty(), ElementsAre("orders")));
  EXPECT_EQ(admin_.metadata_asked.size(), admin_.topics_asked.size())
      << "all topics were asked for";
  EXPECT_THAT(admin_.members_asked, ElementsAre(testing::Pair(1, ElementsAre("billing"))));
  ASSERT_EQ(view_.topics.size(), 1U);
  ASSERT_EQ(view_.groups.size(), 1U);
  EXPECT_EQ(view_.groups[0].state, "Stable");
  EXPECT_EQ(view_.groups[0].type, GroupType::classic);
  EXPECT_EQ(view_.groups[0].listed, Unknown::known);
  EXPECT_THAT(commits(), ElementsAre(10, 20));
  EXPECT_THAT(ends(), ElementsAre(100, 200)) << "in the first poll";
}

TEST_F(SweepScopeTest, ListsNothingAndNeedsNoRightBeyondDescribe) {
  admin_.metadata.topics[0].partitions[0].leader_epoch = 6;
  sweep_scope();
  sweep_scope();
  EXPECT_EQ(admin_.groups_asked, 0);
  EXPECT_EQ(admin_.configs_asked, 0);
  EXPECT_EQ(admin_.transactions_asked, 0);
  EXPECT_THAT(admin_.fetched, IsEmpty());
}

TEST_F(SweepScopeTest, DeniedGroupIsUnknownWithAProblemThatNamesIt) {
  admin_.coordinator->coordinators[0].error_code = ErrorCode::kGroupAuthorizationFailed;
  const auto run = sweep_scope();
  ASSERT_EQ(view_.groups.size(), 1U);
  EXPECT_EQ(view_.groups[0].listed, Unknown::denied);
  EXPECT_EQ(view_.groups[0].committed_reason, Unknown::denied);
  ASSERT_FALSE(run->problems.empty());
  EXPECT_THAT(run->problems[0].what, testing::HasSubstr("billing"));
}

TEST_F(SweepScopeTest, GroupThatDoesNotExistIsGoneAfterTwoPolls) {
  admin_.members->groups[0].group_state = "Dead";
  sweep_scope();
  ASSERT_EQ(view_.groups.size(), 1U);
  EXPECT_EQ(view_.groups[0].listed, Unknown::not_asked);
  const auto run = sweep_scope();
  EXPECT_THAT(view_.groups, IsEmpty());
  EXPECT_THAT(run->problems,
              testing::Contains(testing::Field(
                  &Problem::what, "group 'billing' is named in the scope, and does not exist")));
}

TEST_F(SweepScopeTest, CoordinatorThatMovedIsLookedForAgain) {
  sweep_scope();
  admin_.members->groups[0].error_code = ErrorCode::kNotCoordinator;
  sweep_scope();
  EXPECT_EQ(view_.groups[0].listed, Unknown::no_coordinator);
  admin_.members->groups[0].error_code = ErrorCode::kNone;
  sweep_scope();
  EXPECT_EQ(admin_.coordinators_asked, 2);
  EXPECT_EQ(view_.groups[0].listed, Unknown::known);
}

TEST_F(SweepScopeTest, TopicsOfTheConfigurationAreAskedForWhateverTheGroupUses) {
  SweepSettings named = settings();
  named.scope->topics = {"orders", "audit"};
  Sweep scoped(admin_, named, view_, {});
  std::shared_ptr<SweepRun> done;
  asio::co_spawn(io_, scoped.run({true, false}),
                 [&](const std::exception_ptr&, std::shared_ptr<SweepRun> run) { done = run; });
  io_.run();
  EXPECT_THAT(admin_.topics_asked, Each(ElementsAre("orders", "audit")));
  EXPECT_THAT(done->problems,
              testing::Contains(testing::Field(
                  &Problem::what, "topic 'audit' is named in the scope, and does not exist")));
}

}  // namespace
}  // namespace highwater::kafka
