// The queue of one receiver, with a clock moved by hand.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "exporters/notify/receiver_queue.h"

namespace highwater::notify {

using Strings = std::vector<std::string>;

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
  Strings deliver_all(ReceiverQueue& queue) {
    Strings sent;
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

  SteadyTime now_ = SteadyTime(std::chrono::hours(1));
};

}  // namespace highwater::notify
