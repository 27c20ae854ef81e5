// What a receiver did not take: when it is tried again, and in which order.
#include <gtest/gtest.h>

#include "tests/exporters/notify/notify_queue_fixture.h"
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

}  // namespace
}  // namespace highwater::notify
