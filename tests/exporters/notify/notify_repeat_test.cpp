// How often an incident is told again, when routes, silences and acknowledgements say otherwise
// than the receiver.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/notify/receiver_queue.h"
#include "tests/exporters/notify/notify_samples.h"

namespace highwater::notify {
namespace {

using samples::broker_down;
using samples::notice;
using std::chrono::hours;
using std::chrono::minutes;
using enum TransitionKind;

class Repeats : public testing::Test {
 protected:
  // Told of incident 7; the policy repeats every four hours.
  ReceiverQueue told(const QueuePolicy& policy = {}) {
    ReceiverQueue queue(policy, [] { return 1.0; });
    queue.push(notice(1, opened, broker_down(7)), now_);
    EXPECT_EQ(deliver(queue), "7-1");
    return queue;
  }
  // The id of what is sent now, without the correlation; empty: nothing.
  std::string deliver(ReceiverQueue& queue) {
    const auto delivery = queue.next_action(now_).send;
    if (!delivery) return {};
    queue.on_answer({.outcome = Outcome::delivered, .retry_after = {}}, now_);
    std::string id = delivery->id;
    return id.replace(id.find("-ab"), 33, "");
  }
  std::optional<Duration> wait(ReceiverQueue& queue) {
    const auto until = queue.next_action(now_).until;
    return until ? std::optional<Duration>(*until - now_) : std::nullopt;
  }

  SteadyTime now_ = SteadyTime(hours(1));
};

TEST_F(Repeats, FollowTheRouteInPlaceOfTheReceiver) {
  ReceiverQueue queue = told();
  EXPECT_EQ(wait(queue), hours(4));
  queue.repeat_every(7, minutes(30));
  EXPECT_EQ(wait(queue), minutes(30));
  now_ += minutes(30);
  EXPECT_EQ(deliver(queue), "7-1-repeat1");
  queue.repeat_every(7, std::nullopt);
  EXPECT_EQ(wait(queue), hours(4));
}

TEST_F(Repeats, StopWhileSilencedOrAcknowledgedAndComeWhenThatIsOver) {
  ReceiverQueue queue = told();
  queue.repeat_every(7, Duration::zero());
  EXPECT_EQ(wait(queue), std::nullopt);
  now_ += hours(9);
  EXPECT_EQ(deliver(queue), "");
  queue.repeat_every(7, std::nullopt);
  EXPECT_EQ(deliver(queue), "7-1-repeat1");
}

TEST_F(Repeats, ARepeatThatWaitsForItsReceiverIsTakenBack) {
  ReceiverQueue queue = told();
  now_ += hours(4);
  ASSERT_TRUE(queue.next_action(now_).send);
  queue.on_answer({.outcome = Outcome::retry, .retry_after = {}}, now_);
  queue.repeat_every(7, Duration::zero());
  now_ += hours(1);
  EXPECT_EQ(deliver(queue), "");
}

TEST_F(Repeats, NewsAndTheEndAreSentAllTheSame) {
  ReceiverQueue queue = told();
  queue.repeat_every(7, Duration::zero());
  queue.push(notice(2, updated, broker_down(7)), now_);
  EXPECT_EQ(deliver(queue), "7-2");
  queue.push(notice(3, resolved, broker_down(7)), now_);
  EXPECT_EQ(deliver(queue), "7-3");
}

TEST_F(Repeats, AReceiverThatForgetsKeepsItsRhythm) {
  QueuePolicy policy;
  policy.repeat_interval = minutes(1);
  policy.resolved_repeated_for = minutes(15);
  ReceiverQueue queue = told(policy);
  queue.repeat_every(7, Duration::zero());
  EXPECT_EQ(wait(queue), minutes(1));
}

TEST_F(Repeats, ToldAgainInItsNewestForm) {
  ReceiverQueue queue = told();
  Incident changed = broker_down(7);
  changed.title = "Brokers 3 and 4 crashed";
  queue.tell_again(notice(7, opened, changed));
  const auto delivery = queue.next_action(now_).send;
  ASSERT_TRUE(delivery);
  EXPECT_TRUE(delivery->repeat);
  EXPECT_FALSE(delivery->first);
  EXPECT_EQ(delivery->incident().title, changed.title);
}

TEST_F(Repeats, ToldAgainOnlyWhoHasHeardOfIt) {
  ReceiverQueue queue({}, [] { return 1.0; });
  queue.tell_again(notice(7, opened, broker_down(7)));
  EXPECT_EQ(deliver(queue), "");
  queue.push(notice(1, opened, broker_down(7)), now_);
  queue.tell_again(notice(7, opened, broker_down(7)));
  EXPECT_EQ(deliver(queue), "7-1");  // what waits says it as well
  EXPECT_EQ(deliver(queue), "");
}

TEST_F(Repeats, KnowWhoWasTold) {
  ReceiverQueue queue = told();
  EXPECT_EQ(queue.told(), std::set<uint64_t>{7});
  queue.push(notice(2, opened, broker_down(8)), now_);
  EXPECT_EQ(queue.told(), std::set<uint64_t>{7});
  EXPECT_TRUE(queue.knows(8));
  EXPECT_FALSE(queue.knows(9));
}

}  // namespace
}  // namespace highwater::notify
