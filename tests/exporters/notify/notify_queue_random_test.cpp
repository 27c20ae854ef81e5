// Whatever comes in whatever order: the promises of ReceiverQueue, by random operations.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/exporters/notify/notify_queue_fixture.h"
#include "tests/exporters/notify/notify_samples.h"

namespace highwater::notify {
namespace {

using samples::broker_down;
using samples::notice;
using std::chrono::minutes;
using std::chrono::seconds;

// Incidents that open, change and end as those of an agent do, and what the receiver accepted.
class RandomWorld {
 public:
  RandomWorld(uint64_t seed, QueuePolicy policy)
      : random_(seed), policy_(policy), queue_(policy, [] { return 1.0; }) {}

  void step() {
    now_ += seconds(below(90));
    switch (below(6)) {
      case 0:
        open();
        break;
      case 1:
        change(TransitionKind::updated);
        break;
      case 2:
        change(TransitionKind::resolved);
        break;
      default:
        deliver();
    }
    // Nothing is refused here, so that what is undelivered is what is pending.
    EXPECT_EQ(queue_.pending(), queue_.undelivered().size());
  }

  void drain() {
    healthy_ = true;
    queue_.begin_drain(now_);
    for (int i = 0; i < 10'000 && queue_.pending() > 0; ++i) {
      now_ += minutes(1);
      deliver();
    }
    EXPECT_EQ(queue_.pending(), 0U);
    for (const auto& [id, incident] : open_) EXPECT_TRUE(queue_.was_told(id)) << id;
  }

 private:
  int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }

  void open() {
    const Severity severity = below(2) == 0 ? Severity::page : Severity::ticket;
    const uint64_t id = ++last_id_;
    open_[id] = severity;
    queue_.push(notice(++sequence_, TransitionKind::opened, broker_down(id, severity)), now_);
  }
  void change(TransitionKind kind) {
    if (open_.empty()) return;
    const auto which = std::next(open_.begin(), below(static_cast<int>(open_.size())));
    queue_.push(notice(++sequence_, kind, broker_down(which->first, which->second)), now_);
    if (kind == TransitionKind::resolved) open_.erase(which);
  }

  void deliver() {
    const auto delivery = queue_.next_action(now_).send;
    if (!delivery) return;
    const uint64_t id = delivery->incident().id;
    if (!failed_before_) expect_nothing_more_urgent(*delivery);
    const bool fails = !healthy_ && below(3) == 0;
    failed_before_ = failed_before_ || fails;
    queue_.on_answer(fails ? Answer{.outcome = Outcome::retry, .retry_after = {}}
                           : Answer{.outcome = Outcome::delivered, .retry_after = {}},
                     now_);
    if (fails) return;
    if (delivery->resolved()) {
      EXPECT_TRUE(heard_.contains(id)) << "an end without a begin: " << id;
    } else {
      EXPECT_FALSE(ended_.contains(id)) << "it begins after its end: " << id;
    }
    if (!delivery->repeat) {
      EXPECT_GT(delivery->notice->transition.sequence, heard_[id]) << id;
    }
    heard_[id] = delivery->notice->transition.sequence;
    if (delivery->resolved()) ended_.insert(id);
  }

  // As long as nothing failed, no page waits while a ticket is sent, and no news while something is
  // repeated.
  void expect_nothing_more_urgent(const Delivery& delivery) {
    for (const NoticePtr& waiting : queue_.undelivered()) {
      if (waiting->transition.kind == TransitionKind::resolved) continue;
      EXPECT_FALSE(delivery.repeat);
      if (!delivery.resolved()) {
        EXPECT_LE(waiting->transition.incident.severity, delivery.incident().severity);
      }
    }
  }

  std::mt19937_64 random_;
  QueuePolicy policy_;
  ReceiverQueue queue_;
  SteadyTime now_ = SteadyTime(std::chrono::hours(1));
  std::map<uint64_t, Severity> open_;
  std::map<uint64_t, uint64_t> heard_;  // by incident: the newest sequence
  std::set<uint64_t> ended_;
  uint64_t last_id_ = 0;
  uint64_t sequence_ = 0;
  bool healthy_ = false;
  bool failed_before_ = false;
};

TEST(QueueProperty, HoldsItsPromisesWhateverComes) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    QueuePolicy policy;
    policy.repeat_interval = minutes(seed % 4 * 5);  // 0: never
    if (seed % 5 == 0) policy.resolved_repeated_for = minutes(15);
    RandomWorld world(seed, policy);
    for (int i = 0; i < 300; ++i) world.step();
    world.drain();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace highwater::notify
