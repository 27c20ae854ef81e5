// The groups themselves: what is said, bounded and kept. Who hears when is in
// grouping_scenario_test.cpp and grouping_changes_scenario_test.cpp.
#include "rules/routing/groups.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Incident ticket(uint64_t id) {
  Incident incident;
  incident.id = id;
  incident.correlation.bytes[15] = static_cast<uint8_t>(id);
  incident.correlation.bytes[0] = 1;
  incident.cause.rule = "Lag";
  incident.cause.runbook = "consumer-lag";
  incident.headline = incident.cause;
  incident.title = fmt::format("Group g{} lags", id);
  incident.resolution = "the condition ended";
  incident.opened = WallTime(seconds(id));
  Direction direction;
  direction.everyone = false;
  direction.hearers = {{"mail", std::nullopt, std::nullopt,
                        GroupPlace{"everything", {{"cluster", "prod"}}, seconds(30), hours(1)}}};
  incident.direction = std::make_shared<const Direction>(direction);
  return incident;
}

class GroupsTest : public ::testing::Test {
 protected:
  // What is told when these are open, so long after the step before.
  std::vector<GroupNotice> step(Duration passed, std::vector<Incident> open,
                                std::vector<Incident> ended = {}) {
    now_.steady += passed;
    now_.wall += passed;
    Report report;
    report.at = now_;
    report.incidents = std::move(open);
    for (Incident& incident : ended)
      report.transitions.push_back({1, TransitionKind::resolved, std::move(incident), "", nullptr});
    groups_.gather(report, {{"mail", Listener{}}},
                   [this](const std::string&, uint64_t) { return heard_; });
    return report.groups;
  }
  std::vector<StateRecord> records() const {
    std::vector<StateRecord> records;
    groups_.add_records(records);
    return records;
  }

  Groups groups_;
  Hearing heard_ = Hearing::all;
  Now now_{SteadyTime(hours(1)), WallTime(hours(500'000))};
};

TEST_F(GroupsTest, SayHowManyThereAreWithTheOldestFirst) {
  step(seconds(0), {ticket(2), ticket(1)});
  const auto told = step(seconds(30), {ticket(2), ticket(1)});
  ASSERT_THAT(told, SizeIs(1));
  const Incident& incident = told[0].transition.incident;
  EXPECT_EQ(told[0].receiver, "mail");
  EXPECT_EQ(told[0].transition.kind, TransitionKind::opened);
  EXPECT_EQ(incident.title, "2 incidents (cluster=prod)");
  EXPECT_EQ(incident.cause.rule, "Lag");
  EXPECT_EQ(incident.cause.entity.text(), "cluster=prod");
  EXPECT_EQ(incident.headline.runbook, "consumer-lag");
  EXPECT_EQ(incident.opened, WallTime(seconds(1)));
  EXPECT_TRUE(is_group(incident.id));
  EXPECT_EQ(incident.group->listed.at(0).title, "Group g1 lags");
  EXPECT_EQ(incident.group->news, 2);
}

TEST_F(GroupsTest, AnOnlyIncidentIsThatIncidentWithAnotherId) {
  Incident one = ticket(1);
  one.headline.description = "It does not keep up.";
  step(seconds(0), {one});
  const auto told = step(seconds(30), {one});
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].transition.incident.headline.description, "It does not keep up.");
  EXPECT_EQ(shown_id(told[0].transition.incident), 1);
  EXPECT_NE(told[0].transition.incident.correlation, one.correlation);
  const auto end = step(seconds(30), {}, {one});
  ASSERT_THAT(end, SizeIs(1));
  EXPECT_EQ(end[0].transition.resolution, "the condition ended");
}

TEST_F(GroupsTest, EachNotificationHasANumberThatARestartGoesOnFrom) {
  step(seconds(0), {ticket(1)});
  EXPECT_EQ(step(seconds(30), {ticket(1)}).at(0).transition.sequence, 1);
  const auto before = groups_.told();
  Groups restored;
  EXPECT_THAT(restored.restore(records()), IsEmpty());
  groups_ = std::move(restored);
  now_.steady = SteadyTime(seconds(5));
  const auto after = groups_.told();
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_EQ(after[0].id, before.at(0).id);
  EXPECT_EQ(after[0].correlation, before.at(0).correlation);
  step(seconds(0), {ticket(1), ticket(2)});
  EXPECT_THAT(step(seconds(3599), {ticket(1), ticket(2)}), IsEmpty());
  EXPECT_EQ(step(seconds(1), {ticket(1), ticket(2)}).at(0).transition.sequence, 2);
  EXPECT_EQ(step(seconds(1), {}, {ticket(1), ticket(2)}).at(0).transition.sequence, 3);
  // The next one is another, also when nothing of the former is left.
  step(hours(2), {});
  Groups later;
  EXPECT_THAT(later.restore(records()), IsEmpty());
  EXPECT_THAT(records(), SizeIs(1));
  groups_ = std::move(later);
  step(seconds(0), {ticket(3)});
  EXPECT_EQ(step(seconds(30), {ticket(3)}).at(0).transition.incident.id, before[0].id + 1);
}

TEST_F(GroupsTest, CountWhatFindsNoRoomInTheList) {
  std::vector<Incident> all;
  for (uint64_t id = 1; id <= 250; ++id) all.push_back(ticket(id));
  heard_ = Hearing::waits;
  step(seconds(0), all);
  EXPECT_EQ(step(seconds(30), all).at(0).transition.incident.group->listed.size(), kMaxGrouped);
  step(seconds(1), {all.back()});
  const auto told = step(hours(1), {all.back()});
  ASSERT_THAT(told, SizeIs(1));
  const IncidentGroup& group = *told[0].transition.incident.group;
  EXPECT_EQ(group.open, 1);
  EXPECT_EQ(group.ended, 249);
  EXPECT_EQ(group.total, 250);
  EXPECT_EQ(group.listed.front().id, 250);
  EXPECT_THAT(group.listed, SizeIs(kMaxGrouped));
  // What waits is said again, and what was delivered is not.
  step(seconds(0), {all.back(), ticket(251)});
  EXPECT_EQ(step(hours(1), {all.back(), ticket(251)}).at(0).transition.incident.group->ended, 249);
  heard_ = Hearing::all;
  step(seconds(0), {all.back(), ticket(251), ticket(252)});
  EXPECT_EQ(
      step(hours(1), {all.back(), ticket(251), ticket(252)}).at(0).transition.incident.group->ended,
      0);
}

TEST_F(GroupsTest, SayWhetherTheyEndedOrAreToldOtherwise) {
  step(seconds(0), {ticket(1), ticket(2)});
  step(seconds(30), {ticket(1), ticket(2)});
  Incident page = ticket(2);
  Direction alone = *page.direction;
  alone.hearers[0].group.reset();
  page.direction = std::make_shared<const Direction>(alone);
  step(seconds(1), {ticket(1), page});
  const auto ended = step(seconds(1), {page}, {ticket(1)});
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].transition.kind, TransitionKind::resolved);
  EXPECT_EQ(ended[0].transition.resolution, "all of them have ended");

  step(seconds(0), {ticket(3)});
  step(hours(1), {ticket(3)});
  Incident other = ticket(3);
  other.direction = page.direction;
  const auto left = step(seconds(1), {other});
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].transition.kind, TransitionKind::resolved);
  EXPECT_THAT(left[0].transition.resolution, HasSubstr("sent on their own"));
  EXPECT_THAT(left[0].transition.incident.group->listed, IsEmpty());
}

TEST_F(GroupsTest, OfADamagedStateTheRestIsRead) {
  step(seconds(0), {ticket(1)});
  step(seconds(30), {ticket(1)});
  std::vector<StateRecord> kept = records();
  for (const char* const damaged : {"", "{}", "[1]", R"({"line":1})"})
    kept.push_back({std::string(kGroupKind), "4503599627370999", damaged});
  kept.push_back({"another", "kind", "{}"});
  Groups restored;
  EXPECT_THAT(restored.restore(kept), SizeIs(4));
  EXPECT_THAT(restored.told(), SizeIs(1));
  // Each value of another type is found.
  for (const std::string from : {"\"id\":", "\"members\":", "\"severity\":", "\"told_at\":"}) {
    StateRecord record = records().back();
    const size_t at = record.value.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    record.value.replace(at, from.size(), from + "[[]],\"x\":");
    Groups none;
    EXPECT_THAT(none.restore({{record}}), SizeIs(1)) << from;
    EXPECT_THAT(none.told(), IsEmpty());
  }
}

}  // namespace
}  // namespace highwater::rules
