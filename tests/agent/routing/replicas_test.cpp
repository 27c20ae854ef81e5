// Which of the agents beside the replicas of an application tells, by what each of them reads of
// the group. A step of the world is what all agents see at one moment.
#include "agent/routing/replicas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/sidecar.h"
#include "collectors/groups/group_activity.h"
#include "collectors/groups/member_ranks.h"

namespace highwater::agent {
namespace {

using collectors::MemberRanks;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

const Measure kLag{"group_topic_lag_records",
                   "h.",
                   Unit::records,
                   MeasureType::gauge,
                   {"cluster", "group", "topic"}};
const Measure kMembersOf{
    "group_members", "h.", Unit::count, MeasureType::gauge, {"cluster", "group"}};

Now at(int second) {
  return {SteadyTime(seconds(1000 + second)), WallTime(seconds(1'700'000'000 + second))};
}

Config config_of(const std::string& pod) {
  Config config;
  kafka::ClusterSettings& cluster = config.clusters.emplace_back();
  cluster.name = "prod";
  cluster.scope.emplace().groups = {"billing"};
  cluster.scope->member.client_id = pod;
  return config;
}

// Members by client id, in the order of their partitions.
using Members = std::vector<std::string>;

ObservationPtr groups_seen(MemberRanks& ranks, const Members& members, Now now) {
  kafka::ClusterView view;
  view.cluster = Symbol("prod");
  kafka::GroupView& group = view.groups.emplace_back();
  group.id = Symbol("billing");
  group.members.emplace();
  group.members_reason = Unknown::known;
  for (size_t i = 0; i < members.size(); ++i) {
    kafka::GroupMember member;
    member.client_id = member.member_id = members[i];
    member.assignment.push_back({Symbol("orders"), {static_cast<int32_t>(i)}});
    group.members->push_back(std::move(member));
  }
  auto seen = std::make_shared<Observation>();
  seen->cluster = view.cluster;
  seen->part = "groups";
  seen->at = now;
  seen->cadence = seconds(15);
  ranks.add_to(*seen, view);
  const std::vector<Symbol> cells{view.cluster, group.id};
  TableBuilder count(kMembersOf, std::make_shared<const KeySet>(kMembersOf.dimensions, cells));
  count.set(0, static_cast<double>(members.size()));
  seen->tables.push_back(std::move(count).build());
  return seen;
}

class Pod {
 public:
  explicit Pod(const std::string& name)
      : config_(config_of(name)),
        ranks_(config_.clusters[0].scope->member, {}),
        replicas_(config_, at(0).steady) {}

  // Whether it tells of the incident when it sees this.
  bool tells(const Members& members, int second, Severity severity = Severity::page) {
    see(groups_seen(ranks_, members, at(second)), second, severity);
    return incident_.direction == nullptr || incident_.direction->silenced_by.empty();
  }
  bool tells_without_reading(int second) {
    see(nullptr, second, Severity::page);
    return incident_.direction == nullptr || incident_.direction->silenced_by.empty();
  }
  // Incidents that it ends and did not begin, in the last step.
  [[nodiscard]] const std::vector<Incident>& takes_over() const { return ends_; }
  [[nodiscard]] const Incident& incident() const { return incident_; }

 private:
  void see(ObservationPtr groups, int second, Severity severity) {
    auto snapshot = std::make_shared<Snapshot>();
    if (groups) snapshot->observations[{Symbol("prod"), "groups"}] = std::move(groups);
    Report report;
    report.at = at(second);
    report.snapshot = std::move(snapshot);
    Incident incident;
    incident.id = 7;
    incident.cause.rule = "LagTooOld";
    incident.cause.entity = Entity(
        kLag.dimensions, std::vector<Symbol>{Symbol("prod"), Symbol("billing"), Symbol("orders")});
    incident.severity = severity;
    incident.correlation = *correlate_of(config_)(incident.cause, kLag);
    report.incidents.push_back(incident);
    ends_ = replicas_.decide(report, [this](uint64_t) { return told_; });
    incident_ = report.incidents.front();
    told_ = told_ || incident_.direction == nullptr || incident_.direction->silenced_by.empty() ||
            !ends_.empty();
  }

  const Config config_;
  MemberRanks ranks_;
  Replicas replicas_;
  Incident incident_;
  std::vector<Incident> ends_;
  bool told_ = false;
};

class ReplicasTest : public testing::Test {
 protected:
  // How many of the three tell.
  int tell(const Members& members, int second) {
    return int{a_.tells(members, second)} + int{b_.tells(members, second)} +
           int{c_.tells(members, second)};
  }
  Pod a_{"a"};
  Pod b_{"b"};
  Pod c_{"c"};
};

TEST_F(ReplicasTest, OneOfThreeTells) {
  EXPECT_EQ(tell({"a", "b", "c"}, 0), 1);
  EXPECT_TRUE(a_.tells({"a", "b", "c"}, 1));
}

TEST_F(ReplicasTest, AllCallItByTheSameId) {
  tell({"a", "b", "c"}, 0);
  EXPECT_EQ(a_.incident().correlation, b_.incident().correlation);
  EXPECT_EQ(a_.incident().correlation, c_.incident().correlation);
}

TEST_F(ReplicasTest, AnotherTellsWhenThatOneWasKilledBefore) {
  EXPECT_EQ(int{b_.tells({"b", "c"}, 0)} + int{c_.tells({"b", "c"}, 0)}, 1);
}

TEST_F(ReplicasTest, WhoHasToldGoesOnToTellWhenPartitionsMove) {
  EXPECT_EQ(tell({"a", "b", "c"}, 0), 1);
  EXPECT_EQ(tell({"b", "a", "c"}, 30), 1);
  EXPECT_TRUE(a_.tells({"b", "a", "c"}, 31));
}

TEST_F(ReplicasTest, NobodyBeginsAgainWhenItWasKilledAfterIt) {
  for (int second = 0; second <= 90; second += 15) EXPECT_EQ(tell({"a", "b", "c"}, second), 1);
  EXPECT_FALSE(b_.tells({"b", "c"}, 105));
  EXPECT_THAT(b_.takes_over(), SizeIs(1)) << "its end is told from there";
  EXPECT_FALSE(c_.tells({"b", "c"}, 105));
  EXPECT_THAT(c_.takes_over(), IsEmpty());
  EXPECT_FALSE(b_.tells({"b", "c"}, 120));
  EXPECT_THAT(b_.takes_over(), IsEmpty()) << "once";
}

TEST_F(ReplicasTest, AnotherTellsAgainWhenItMayHaveDiedBeforeItTold) {
  EXPECT_EQ(tell({"a", "b", "c"}, 0), 1);
  EXPECT_FALSE(b_.tells({"a", "b", "c"}, 15));
  EXPECT_TRUE(b_.tells({"b", "c"}, 45)) << "it was listed for no longer than a session lasts";
  EXPECT_FALSE(c_.tells({"b", "c"}, 45));
}

TEST_F(ReplicasTest, MemberThatCameLaterThanTheIncidentIsNotTakenToHaveToldIt) {
  EXPECT_FALSE(b_.tells({"c", "b"}, 0));
  EXPECT_FALSE(b_.tells({"a", "b"}, 10)) << "c left at once, a has just come";
  EXPECT_FALSE(b_.tells({"a", "b"}, 200));
  EXPECT_TRUE(b_.tells({"b"}, 215));
}

TEST_F(ReplicasTest, WhatGetsWorseAfterATakeOverIsTold) {
  for (int second = 0; second <= 90; second += 15) {
    EXPECT_FALSE(b_.tells({"a", "b"}, second, Severity::ticket));
  }
  EXPECT_FALSE(b_.tells({"b"}, 105, Severity::ticket));
  EXPECT_TRUE(b_.tells({"b"}, 120, Severity::page));
}

TEST_F(ReplicasTest, PageIsNotTakenToBeToldBecauseItsTicketWas) {
  for (int second = 0; second <= 90; second += 15) {
    EXPECT_FALSE(b_.tells({"a", "b"}, second, Severity::ticket));
  }
  EXPECT_FALSE(b_.tells({"a", "b"}, 105, Severity::page));
  EXPECT_TRUE(b_.tells({"b"}, 120, Severity::page));
}

TEST_F(ReplicasTest, AllTellOfAGroupWithoutMembers) {
  EXPECT_FALSE(b_.tells({"a", "b"}, 0));
  EXPECT_TRUE(b_.tells({}, 15));
}

TEST_F(ReplicasTest, WhoIsNotInTheGroupTellsAsWell) {
  Pod stranger("d");
  EXPECT_TRUE(stranger.tells({"a", "b", "c"}, 0));
}

TEST_F(ReplicasTest, GroupThatCannotBeReadIsWaitedForAndThenTold) {
  EXPECT_FALSE(b_.tells_without_reading(0));
  EXPECT_FALSE(b_.tells_without_reading(20));
  EXPECT_TRUE(b_.tells_without_reading(31));
}

TEST_F(ReplicasTest, IncidentOfThisPodAloneIsNeverHidden) {
  Config config = config_of("b");
  Replicas replicas(config, at(0).steady);
  Report report;
  report.at = at(0);
  report.snapshot = std::make_shared<Snapshot>();
  Incident& incident = report.incidents.emplace_back();
  incident.id = 1;
  incident.correlation = TraceId::random();
  incident.cause.entity =
      Entity(kMembersOf.dimensions, std::vector<Symbol>{Symbol("prod"), Symbol("billing")});
  EXPECT_THAT(replicas.decide(report, [](uint64_t) { return false; }), IsEmpty());
  EXPECT_EQ(report.incidents[0].direction, nullptr);
}

TEST(MemberRanks, MembersKeepTheirPlaceWhileTheGroupRebalances) {
  MemberRanks ranks({}, {});
  kafka::ClusterView view;
  kafka::GroupView& group = view.groups.emplace_back();
  group.id = Symbol("billing");
  group.members_reason = Unknown::known;
  group.members.emplace();
  for (const char* const id : {"x", "y"}) {
    kafka::GroupMember& member = group.members->emplace_back();
    member.member_id = id;
    member.assignment.push_back({Symbol("orders"), {id[0] == 'x' ? 5 : 2}});
  }
  Observation before;
  ranks.add_to(before, view);
  for (kafka::GroupMember& member : *group.members) member.assignment.clear();
  Observation after;
  ranks.add_to(after, view);
  for (const Observation* const seen : {&before, &after}) {
    const Table& table = seen->tables.at(0);
    EXPECT_EQ(table.keys->row(0)[2].text(), "y");
    EXPECT_EQ(table.values[0], 0);
    EXPECT_EQ(table.values[1], 1);
    EXPECT_TRUE(table.known(0));
  }
}

TEST(MemberRanks, ClientIdWithANumberBehindItIsOfThePod) {
  kafka::OwnMember own;
  own.client_id = std::string("pod-1");
  MemberRanks ranks(own, {});
  kafka::ClusterView view;
  kafka::GroupView& group = view.groups.emplace_back();
  group.id = Symbol("billing");
  group.members_reason = Unknown::known;
  group.members.emplace();
  for (const char* const id : {"pod-1", "pod-1-consumer-2", "pod-10"}) {
    kafka::GroupMember& member = group.members->emplace_back();
    member.member_id = member.client_id = id;
  }
  Observation seen;
  ranks.add_to(seen, view);
  std::vector<std::string> own_ones;
  for (size_t row = 0; row < 3; ++row)
    own_ones.push_back(seen.tables.at(0).keys->row(row)[3].text());
  EXPECT_THAT(own_ones, testing::ElementsAre("yes", "yes", "no"));
}

}  // namespace
}  // namespace highwater::agent
