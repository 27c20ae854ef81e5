// Receiver: a way to tell people. One per entry of `receivers:`; receivers/ has a file for each
// kind, which alone knows its format, its limits and what its answers mean. The queue above it
// (ReceiverQueue, Notifier) decides what is delivered and when.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "agent/core/ids.h"
#include "agent/core/time.h"
#include "exporters/notify/notice.h"

namespace highwater::notify {

enum class Outcome : uint8_t {
  delivered,  // the receiver said so
  retry,      // no answer, or one that says "later": it may work then
  refused,    // it will never accept this: a mistake in the configuration, most likely
};

// What came of one attempt.
struct Answer {
  Outcome outcome = Outcome::retry;
  std::optional<Duration> retry_after{};  // what the receiver asked for
  int status = 0;                         // of HTTP or SMTP, an exit code; 0: no answer came
  // Why it was not delivered; of a delivery, what went wrong beside it. Never a secret.
  std::string text{};
  // To be handed to the next delivery about the same incident, at most kMaxHandleBytes; empty: what
  // there was stays.
  std::string handle{};
};
constexpr size_t kMaxHandleBytes = 512;

[[nodiscard]] inline Answer delivered(int status = 0) {
  return {.outcome = Outcome::delivered, .status = status};
}
[[nodiscard]] inline Answer retry(std::string why, int status = 0,
                                  std::optional<Duration> after = std::nullopt) {
  return {
      .outcome = Outcome::retry, .retry_after = after, .status = status, .text = std::move(why)};
}
[[nodiscard]] inline Answer refused(std::string why, int status = 0) {
  return {.outcome = Outcome::refused, .status = status, .text = std::move(why)};
}

// The bounds of one attempt.
struct Attempt {
  Duration limit = std::chrono::seconds(10);  // for everything: name, connection, TLS, the answer
  std::stop_token stop{};                     // asked to stop: end soon
  WallTime now{};                             // when it begins
  SpanId span{};                              // of the attempt, in the trace of the incident
};

class Receiver {
 public:
  virtual ~Receiver() = default;
  // Blocks its caller within the attempt's bounds. One call at a time, not always on one thread.
  [[nodiscard]] virtual Answer deliver(const Delivery& delivery, const Attempt& attempt) = 0;
};

// Which incidents a receiver hears of, and how often.
struct QueuePolicy {
  Severity lowest = Severity::ticket;  // incidents below it are not told
  bool send_resolved = true;
  Duration repeat_interval = std::chrono::hours(4);  // an open incident is told again; 0: never
  // Set: the receiver forgets what is not repeated. Then the end of an incident is repeated as
  // well, for so long, and what is open is told again at once after a restart of the agent.
  std::optional<Duration> resolved_repeated_for{};
};

// One entry of `receivers:`, ready to be used.
struct NamedReceiver {
  std::string name;
  QueuePolicy policy;
  Duration timeout = std::chrono::seconds(10);  // of one attempt
  std::unique_ptr<Receiver> receiver;
};

}  // namespace highwater::notify
