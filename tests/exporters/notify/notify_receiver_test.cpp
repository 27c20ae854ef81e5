#include <gtest/gtest.h>

#include "tests/exporters/notify/notify_queue_fixture.h"
#include "tests/exporters/notify/notify_samples.h"

namespace highwater::notify {
namespace {

using samples::broker_down;
using samples::notice;
using std::chrono::hours;
using std::chrono::minutes;
using enum TransitionKind;

QueuePolicy no_repeat() {
  QueuePolicy config;
  config.repeat_interval = Duration::zero();
  return config;
}
QueuePolicy pages_only() {
  QueuePolicy config;
  config.lowest = Severity::page;
  return config;
}
QueuePolicy no_resolved() {
  QueuePolicy config;
  config.send_resolved = false;
  return config;
}

QueuePolicy forgetful() {
  QueuePolicy policy;
  policy.repeat_interval = minutes(1);
  policy.resolved_repeated_for = minutes(15);
  return policy;
}

TEST_F(Queue, SendsAtOnce) {
  auto queue = make();
  EXPECT_EQ(wait(queue), std::nullopt);
  queue.push(notice(1, opened, broker_down(7)), now_);
  const auto delivery = next(queue);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->attempt, 1);
  EXPECT_EQ(delivery->id, "7-1-ab000000000000000000000000000007");
}

TEST_F(Queue, SendsOneThingAtATime) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  queue.push(notice(2, opened, broker_down(8)), now_);
  ASSERT_TRUE(next(queue));
  EXPECT_FALSE(next(queue));
}

TEST_F(Queue, TellsOpenedUpdatedAndResolvedInOrder) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 firing"});
  queue.push(notice(2, updated, broker_down(7)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 firing"});
  queue.push(notice(3, resolved, broker_down(7)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 resolved"});
  EXPECT_EQ(wait(queue), std::nullopt);  // and it is forgotten
}

TEST_F(Queue, TellsOnlyTheNewestFormOfWhatWasNotDeliveredYet) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  queue.push(notice(2, updated, broker_down(7)), now_);
  queue.push(notice(3, updated, broker_down(7)), now_);
  EXPECT_EQ(queue.pending(), 1);
  EXPECT_EQ(next(queue)->notice->transition.sequence, 3);
}

TEST_F(Queue, TellsAFiringThatEndedBeforeItWasDelivered) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  fail(queue);
  queue.push(notice(2, resolved, broker_down(7)), now_);
  EXPECT_EQ(queue.pending(), 2);
  EXPECT_EQ(deliver_all(queue), (Strings{"7 firing", "7 resolved"}));
}

TEST_F(Queue, DropsAnUpdateThatTheResolutionOvertook) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  queue.push(notice(2, updated, broker_down(7)), now_);
  fail(queue);
  queue.push(notice(3, resolved, broker_down(7)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 resolved"});
}

TEST_F(Queue, SendsWhatChangedWhileTheFormerFormWasUnderWay) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  ASSERT_TRUE(next(queue));
  queue.push(notice(2, updated, broker_down(7)), now_);
  queue.on_answer({.outcome = Outcome::delivered, .retry_after = {}}, now_);
  EXPECT_EQ(next(queue)->notice->transition.sequence, 2);
}

TEST_F(Queue, SendsTheResolutionThatCameWhileTheFiringWasUnderWay) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  ASSERT_TRUE(next(queue));
  queue.push(notice(2, resolved, broker_down(7)), now_);
  queue.on_answer({.outcome = Outcome::delivered, .retry_after = {}}, now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 resolved"});
}

TEST_F(Queue, TellsWhatOpensAgainAfterItsResolutionWasOvertaken) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  queue.push(notice(2, resolved, broker_down(7)), now_);
  queue.push(notice(3, opened, broker_down(7)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 firing"});
}

TEST_F(Queue, RepeatsAnOpenIncidentWithAnIdOfItsOwn) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  EXPECT_EQ(wait(queue), hours(4));
  now_ += hours(4);
  auto again = next(queue);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, "7-1-ab000000000000000000000000000007-repeat1");
  queue.on_answer({.outcome = Outcome::delivered, .retry_after = {}}, now_);
  EXPECT_EQ(wait(queue), hours(4));
  now_ += hours(4);
  EXPECT_EQ(next(queue)->id, "7-1-ab000000000000000000000000000007-repeat2");
}

TEST_F(Queue, RepeatsNothingWhenTheIntervalIsZero) {
  auto queue = make(no_repeat());
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  EXPECT_EQ(wait(queue), std::nullopt);
}

TEST_F(Queue, RepeatsNothingThatHasEnded) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  queue.push(notice(2, resolved, broker_down(7)), now_);
  deliver_all(queue);
  now_ += hours(5);
  EXPECT_FALSE(next(queue));
}

TEST_F(Queue, TellsNothingBelowTheLowestSeverity) {
  auto queue = make(pages_only());
  queue.push(notice(1, opened, broker_down(7, Severity::ticket)), now_);
  EXPECT_FALSE(next(queue));
}

TEST_F(Queue, TellsTicketsButNoInformationByDefault) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7, Severity::info)), now_);
  queue.push(notice(2, opened, broker_down(8, Severity::ticket)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"8 firing"});
}

TEST_F(Queue, TellsAnIncidentOnceItsSeverityHasRisen) {
  auto queue = make(pages_only());
  queue.push(notice(1, opened, broker_down(7, Severity::ticket)), now_);
  queue.push(notice(2, updated, broker_down(7, Severity::page)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 firing"});
}

TEST_F(Queue, TellsNoResolutionOfWhatWasNeverTold) {
  auto queue = make(pages_only());
  queue.push(notice(1, opened, broker_down(7, Severity::ticket)), now_);
  queue.push(notice(2, resolved, broker_down(7, Severity::ticket)), now_);
  EXPECT_FALSE(next(queue));
}

TEST_F(Queue, TellsNoResolutionsWhenTheReceiverWantsNone) {
  auto queue = make(no_resolved());
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  queue.push(notice(2, resolved, broker_down(7)), now_);
  EXPECT_EQ(wait(queue), std::nullopt);
  queue.push(notice(3, opened, broker_down(8)), now_);
  queue.push(notice(4, resolved, broker_down(8)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"8 firing"});  // the page itself is never lost
  EXPECT_EQ(wait(queue), std::nullopt);
}

TEST_F(Queue, LeavesRepeatsAloneWhenTheAgentStops) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  now_ += hours(4);
  queue.begin_drain(now_);
  EXPECT_EQ(queue.pending(), 0);
  EXPECT_FALSE(next(queue));
}

TEST_F(Queue, RepeatsTheEndToAReceiverThatForgets) {
  auto queue = make(forgetful());
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  queue.push(notice(2, resolved, broker_down(7)), now_);
  deliver_all(queue);
  EXPECT_EQ(queue.pending(), 0);
  for (int minute = 1; minute < 15; ++minute) {
    EXPECT_EQ(wait(queue), minutes(1));
    now_ += minutes(1);
    const auto again = next(queue);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->repeat && again->resolved() && !again->first);
    EXPECT_EQ(again->id, "7-2-ab000000000000000000000000000007-repeat" + std::to_string(minute));
    EXPECT_EQ(queue.pending(), 0);
    EXPECT_TRUE(queue.undelivered().empty());
    queue.on_answer(delivered(200), now_);
  }
  now_ += minutes(1);
  EXPECT_EQ(wait(queue), std::nullopt);  // and it is forgotten
}

TEST_F(Queue, EndsTheRepetitionOfAnEndThatCameBack) {
  auto queue = make(forgetful());
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  queue.push(notice(2, resolved, broker_down(7)), now_);
  deliver_all(queue);
  queue.push(notice(3, opened, broker_down(7)), now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 firing"});
  now_ += minutes(1);
  EXPECT_EQ(deliver_all(queue), Strings{"7 firing"});
}

TEST_F(Queue, TellsNewsBeforeItRepeats) {
  auto queue = make(forgetful());
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  now_ += minutes(1);
  queue.push(notice(2, opened, broker_down(8, Severity::ticket)), now_);
  EXPECT_EQ(deliver_all(queue), (Strings{"8 firing", "7 firing"}));
}

TEST_F(Queue, RepeatsAtOnceAfterARestartToAReceiverThatForgets) {
  auto queue = make(forgetful());
  queue.restore(notice(1, updated, broker_down(7)), {}, now_);
  const auto again = next(queue);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeat);
}

TEST_F(Queue, KnowsWhatIsFirstHeardOfAnIncident) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  EXPECT_TRUE(next(queue)->first);
  queue.on_answer(delivered(200), now_);
  queue.push(notice(2, updated, broker_down(7)), now_);
  EXPECT_FALSE(next(queue)->first);
  queue.on_answer(delivered(200), now_);
  queue.push(notice(3, resolved, broker_down(7)), now_);
  EXPECT_FALSE(next(queue)->first);
}

TEST_F(Queue, HandsTheReceiverWhatItAskedToKeep) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  EXPECT_EQ(next(queue)->handle, "");
  queue.on_answer({.outcome = Outcome::delivered, .handle = "message 12"}, now_);
  queue.push(notice(2, updated, broker_down(7)), now_);
  EXPECT_EQ(next(queue)->handle, "message 12");
  queue.on_answer({.outcome = Outcome::delivered, .handle = std::string(600, 'x')}, now_);
  queue.push(notice(3, resolved, broker_down(7)), now_);
  EXPECT_EQ(next(queue)->handle, "message 12");
}

TEST_F(Queue, KeepsWhatTheReceiverAskedToKeepOverARestart) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  ASSERT_TRUE(next(queue));
  queue.on_answer({.outcome = Outcome::delivered, .handle = "message 12"}, now_);
  const auto handles = queue.handles();
  EXPECT_EQ(handles, (std::map<uint64_t, std::string>{{7, "message 12"}}));
  auto later = make();
  later.restore(notice(1, updated, broker_down(7)), {notice(2, updated, broker_down(7))}, now_,
                handles.at(7));
  EXPECT_EQ(next(later)->handle, "message 12");
}

TEST_F(Queue, GivesUpTheOldestThatEndedWhenTooManyHave) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(1)), now_);  // stays open
  fail(queue);
  std::vector<NoticePtr> lost;
  for (uint64_t id = 2; id < 2 + ReceiverQueue::kMaxEnded + 1; ++id) {
    queue.push(notice(2 * id, opened, broker_down(id)), now_);
    lost = queue.push(notice(2 * id + 1, resolved, broker_down(id)), now_);
    ASSERT_EQ(lost.empty(), id < 2 + ReceiverQueue::kMaxEnded) << id;
  }
  ASSERT_EQ(lost.size(), 2);
  EXPECT_EQ(lost[0]->transition.incident.id, 2);
  EXPECT_EQ(queue.pending(), 1 + 2 * ReceiverQueue::kMaxEnded);
}

TEST_F(Queue, SurvivesAnEntryThatWasGivenUpWhileUnderWay) {
  auto queue = make(no_resolved());
  queue.push(notice(1, opened, broker_down(7)), now_);
  deliver_all(queue);
  queue.push(notice(2, updated, broker_down(7)), now_);
  ASSERT_TRUE(next(queue));
  queue.push(notice(3, resolved, broker_down(7)), now_);
  queue.on_answer({.outcome = Outcome::delivered, .retry_after = {}}, now_);
  EXPECT_EQ(wait(queue), std::nullopt);
}

}  // namespace
}  // namespace highwater::notify
