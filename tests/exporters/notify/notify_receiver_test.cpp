#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/notify/receiver_queue.h"
#include "tests/exporters/notify/notify_samples.h"

namespace highwater::notify {
namespace {

using samples::broker_down;
using samples::notice;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
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

class Queue : public testing::Test {
 protected:
  // No jitter: the whole back-off.
  ReceiverQueue make(const QueuePolicy& config = {}) {
    return ReceiverQueue(config, [] { return 1.0; });
  }
  std::optional<Delivery> next(ReceiverQueue& queue) { return queue.next_action(now_).send; }
  // When the next attempt is, counted from now.
  std::optional<Duration> wait(ReceiverQueue& queue) {
    const auto action = queue.next_action(now_);
    EXPECT_FALSE(action.send);
    if (!action.until) return std::nullopt;
    return *action.until - now_;
  }
  // Delivers everything there is; what was sent as "7 firing".
  std::vector<std::string> deliver_all(ReceiverQueue& queue) {
    std::vector<std::string> sent;
    while (const auto delivery = next(queue)) {
      sent.push_back(std::to_string(delivery->incident().id) +
                     (delivery->resolved() ? " resolved" : " firing"));
      queue.on_answer({.outcome = Outcome::delivered, .retry_after = {}}, now_);
    }
    return sent;
  }
  void fail(ReceiverQueue& queue, std::optional<Duration> retry_after = {}) {
    ASSERT_TRUE(next(queue));
    queue.on_answer({.outcome = Outcome::retry, .retry_after = retry_after}, now_);
  }
  void reject(ReceiverQueue& queue) {
    ASSERT_TRUE(next(queue));
    queue.on_answer({.outcome = Outcome::refused, .retry_after = {}}, now_);
  }

  SteadyTime now_ = SteadyTime(hours(1));
};

using Strings = std::vector<std::string>;

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

TEST_F(Queue, BacksOffFromHalfASecondToAMinute) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  std::vector<Duration> waits;
  for (int i = 0; i < 10; ++i) {
    fail(queue);
    waits.push_back(wait(queue).value());
    now_ += waits.back();
  }
  EXPECT_EQ(waits, (std::vector<Duration>{milliseconds(500), seconds(1), seconds(2), seconds(4),
                                          seconds(8), seconds(16), seconds(32), seconds(60),
                                          seconds(60), seconds(60)}));
}

TEST_F(Queue, LeavesTheUpperHalfOfTheBackOffToChance) {
  ReceiverQueue queue({}, [] { return 0.0; });
  queue.push(notice(1, opened, broker_down(7)), now_);
  fail(queue);
  EXPECT_EQ(wait(queue), milliseconds(250));
}

TEST_F(Queue, CountsAttempts) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  fail(queue);
  now_ += seconds(1);
  const auto second = next(queue);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->attempt, 2);
  EXPECT_EQ(second->id, "7-1-ab000000000000000000000000000007");  // the same as the first time
}

TEST_F(Queue, TriesAtOnceWhenSomethingNewComes) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  for (int i = 0; i < 8; ++i) {
    fail(queue);
    now_ += wait(queue).value();
  }
  fail(queue);
  queue.push(notice(2, opened, broker_down(8)), now_);
  const auto delivery = next(queue);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->incident().id, 8);
  queue.on_answer({.outcome = Outcome::delivered, .retry_after = {}}, now_);
  EXPECT_EQ(deliver_all(queue), Strings{"7 firing"});  // it works again: no more waiting
}

TEST_F(Queue, ANoticeTheReceiverChokesOnHoldsUpNoOther) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  queue.push(notice(2, opened, broker_down(8)), now_);
  fail(queue);
  now_ += seconds(1);
  EXPECT_EQ(next(queue)->incident().id, 8);
}

TEST_F(Queue, SendsPagesBeforeTickets) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7, Severity::ticket)), now_);
  queue.push(notice(2, opened, broker_down(8, Severity::page)), now_);
  EXPECT_EQ(deliver_all(queue), (Strings{"8 firing", "7 firing"}));
}

TEST_F(Queue, APageThatWasAskedToWaitStillComesBeforeTickets) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  queue.push(notice(2, opened, broker_down(8, Severity::ticket)), now_);
  fail(queue, seconds(1));
  now_ += seconds(1);
  EXPECT_EQ(deliver_all(queue), (Strings{"7 firing", "8 firing"}));
}

TEST_F(Queue, PagesThatFailedWhileTheReceiverWasAwayComeBeforeTickets) {
  auto queue = make();
  for (uint64_t id = 1; id <= 3; ++id) queue.push(notice(id, opened, broker_down(id)), now_);
  for (uint64_t id = 4; id <= 6; ++id)
    queue.push(notice(id, opened, broker_down(id, Severity::ticket)), now_);
  for (int attempt = 0; attempt < 2; ++attempt) {
    fail(queue);
    now_ += minutes(1);
  }
  EXPECT_EQ(deliver_all(queue),
            (Strings{"3 firing", "1 firing", "2 firing", "4 firing", "5 firing", "6 firing"}));
}

TEST_F(Queue, ANoticeThatFailsAgainAndAgainIsForgivenOnce) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(1)), now_);
  for (uint64_t id = 2; id <= 4; ++id)
    queue.push(notice(id, opened, broker_down(id, Severity::ticket)), now_);
  const auto deliver_one = [&] {
    const auto delivery = next(queue);
    queue.on_answer({.outcome = Outcome::delivered, .retry_after = {}}, now_);
    return delivery ? delivery->incident().id : 0;
  };
  fail(queue);
  now_ += minutes(1);
  EXPECT_EQ(deliver_one(), 2);
  fail(queue);  // the page, in its turn
  now_ += minutes(1);
  EXPECT_EQ(deliver_one(), 3);
  EXPECT_EQ(deliver_one(), 4);
  EXPECT_EQ(deliver_one(), 1);
}

TEST_F(Queue, LosesNothingWhenThousandsOfIncidentsEndAtOnce) {
  auto queue = make();
  constexpr uint64_t kIncidents = 10'000;
  for (uint64_t id = 1; id <= kIncidents; ++id)
    queue.push(notice(id, opened, broker_down(id)), now_);
  for (uint64_t id = 1; id <= kIncidents; ++id)
    ASSERT_TRUE(queue.push(notice(kIncidents + id, resolved, broker_down(id)), now_).empty());
  EXPECT_EQ(queue.pending(), 2 * kIncidents);
}

TEST_F(Queue, HonoursRetryAfterEvenForNews) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  fail(queue, seconds(30));
  queue.push(notice(2, opened, broker_down(8)), now_);
  EXPECT_EQ(wait(queue), seconds(30));
}

TEST_F(Queue, CapsRetryAfterAtTenMinutes) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  fail(queue, hours(24));
  EXPECT_EQ(wait(queue), minutes(10));
}

TEST_F(Queue, BacksOffWhenRetryAfterIsZero) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  fail(queue, Duration::zero());
  EXPECT_EQ(wait(queue), milliseconds(500));
}

TEST_F(Queue, GivesUpWhatIsRejectedAndGoesOn) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  queue.push(notice(2, opened, broker_down(8)), now_);
  reject(queue);
  EXPECT_EQ(deliver_all(queue), Strings{"8 firing"});
  EXPECT_EQ(queue.pending(), 0);
  EXPECT_EQ(queue.undelivered().size(), 1);
}

TEST_F(Queue, TellsARejectedFiringAgainWhileTheIncidentIsOpen) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  reject(queue);
  EXPECT_EQ(wait(queue), minutes(10));
  now_ += minutes(10);
  EXPECT_EQ(deliver_all(queue), Strings{"7 firing"});
}

TEST_F(Queue, NeverTellsTheEndOfWhatWasRejected) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  reject(queue);
  queue.push(notice(2, resolved, broker_down(7)), now_);
  EXPECT_EQ(wait(queue), std::nullopt);
  EXPECT_TRUE(queue.undelivered().empty());
}

TEST_F(Queue, NeverTellsTheEndWhenItsBeginningIsRejectedLater) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  ASSERT_TRUE(next(queue));
  queue.push(notice(2, resolved, broker_down(7)), now_);
  queue.on_answer({.outcome = Outcome::refused, .retry_after = {}}, now_);
  EXPECT_EQ(wait(queue), std::nullopt);
  EXPECT_EQ(queue.pending(), 0);
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

TEST_F(Queue, TriesAtOnceWhenTheAgentStops) {
  auto queue = make();
  queue.push(notice(1, opened, broker_down(7)), now_);
  for (int i = 0; i < 6; ++i) {
    fail(queue);
    now_ += wait(queue).value();
  }
  fail(queue);
  queue.begin_drain(now_);
  ASSERT_TRUE(next(queue));
  queue.on_answer({.outcome = Outcome::retry, .retry_after = {}}, now_);
  EXPECT_EQ(wait(queue), milliseconds(500));
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
