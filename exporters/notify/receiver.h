// One receiver of notifications: its configuration, and ReceiverQueue, the state machine that
// decides what is sent to it next and when. Pure: time and chance are arguments; owned by one
// Notifier worker, which calls it under its lock.
//
// What it promises: per incident the receiver is told in order; what has been overtaken before it
// was delivered is told in its newest form only; a firing is never skipped, even when the incident
// was resolved before the receiver could be reached. Memory is bounded by the incidents that are
// open or not yet told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporters/notify/payload.h"

namespace highwater::notify {

struct ReceiverConfig {
  std::string name;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // may hold secrets: never logged
  Severity lowest = Severity::ticket;                        // incidents below it are not told
  bool send_resolved = true;
  Duration timeout = std::chrono::seconds(10);  // of one attempt, from connect to the last byte
  Duration repeat_interval = std::chrono::hours(4);  // an open incident is told again; 0: never
};

// One attempt to be made.
struct Delivery {
  NoticePtr notice;
  std::string id;   // the same for every attempt to deliver the same thing, and for nothing else
  int attempt = 1;  // grows by one with each attempt for this incident; 1 after a success
  [[nodiscard]] const Incident& incident() const { return notice->transition.incident; }
  [[nodiscard]] bool resolved() const {
    return notice->transition.kind == TransitionKind::resolved;
  }
};

enum class Outcome : uint8_t {
  delivered,
  retry,     // no answer, 408, 429, 5xx: it may work later
  rejected,  // the receiver will never accept it: a mistake in the configuration
};

struct AttemptResult {
  Outcome outcome = Outcome::retry;
  std::optional<Duration> retry_after;  // what the receiver asked for
};

class ReceiverQueue {
 public:
  using Chance = std::function<double()>;  // uniform in [0, 1)

  static constexpr Duration kFirstBackoff = std::chrono::milliseconds(500);
  static constexpr Duration kMaxBackoff = std::chrono::seconds(60);
  static constexpr Duration kMaxRetryAfter = std::chrono::minutes(10);
  // A rejected firing is told again after this long while the incident is open: a proxy that says
  // 404 while the receiver restarts must not cost a page.
  static constexpr Duration kRetryRejected = std::chrono::minutes(10);
  // Incidents that came and went while the receiver was away; beyond it the oldest are given up.
  static constexpr size_t kMaxEnded = 1000;

  ReceiverQueue(const ReceiverConfig& config, Chance chance);

  // Takes a transition. Returns what had to be given up because too much has ended untold.
  std::vector<NoticePtr> push(NoticePtr notice, SteadyTime now);

  // After a restart: what is known of one incident that the receiver was told of, or had still to
  // be told of, in order; nothing in `undelivered` when it was told everything. Before any push.
  void restore(const NoticePtr& newest, const std::vector<NoticePtr>& undelivered, SteadyTime now);

  struct Action {
    std::optional<Delivery> send;  // to be answered by on_result before the next action
    std::optional<SteadyTime>
        until;  // without `send`: ask again then, or after a push; none: never
  };
  [[nodiscard]] Action next_action(SteadyTime now);
  void on_result(const AttemptResult& result, SteadyTime now);

  // The agent stops: what is pending is tried at once, nothing is repeated any more.
  void begin_drain(SteadyTime now);

  [[nodiscard]] size_t pending() const;  // notices that will be tried soon
  // Those, and what was rejected while its incident is open.
  [[nodiscard]] std::vector<NoticePtr> undelivered() const;
  // Whether the receiver has heard of the incident.
  [[nodiscard]] bool was_told(uint64_t incident) const;

 private:
  // What is to be told about one incident. It is open, or something is pending.
  struct Entry {
    bool open = true;
    NoticePtr firing;    // pending: the newest form of opened and updated, or `told` once more
    NoticePtr resolved;  // pending: comes after `firing`
    NoticePtr told;      // the last firing the receiver accepted
    SteadyTime told_at;
    NoticePtr rejected;  // the last firing, when the receiver rejected it
    SteadyTime rejected_at;
    uint64_t order = 0;  // grows with the moment something became pending
    int attempts = 0;    // failed ones since the last success
    int repeats = 0;
  };
  using Entries = std::map<uint64_t, Entry>;  // by incident

  struct InFlight {
    uint64_t incident = 0;
    NoticePtr notice;
  };

  void push_firing(NoticePtr notice, SteadyTime now);
  void push_resolved(NoticePtr notice, SteadyTime now);
  [[nodiscard]] std::vector<NoticePtr> give_up_oldest_ended();
  // Makes what is due again pending; returns when the next one will be.
  [[nodiscard]] std::optional<SteadyTime> queue_repeats(SteadyTime now);
  [[nodiscard]] Entries::iterator most_urgent();
  [[nodiscard]] Delivery delivery_of(const Entry& entry) const;
  [[nodiscard]] Duration next_backoff() const;
  void back_off(const AttemptResult& result, SteadyTime now);
  void settle(Entries::iterator found, const NoticePtr& sent, bool accepted, SteadyTime now);

  const ReceiverConfig config_;
  const Chance chance_;
  Entries entries_;
  std::optional<InFlight> in_flight_;
  uint64_t next_order_ = 1;
  int failures_ = 0;       // attempts that failed since the last answer
  SteadyTime not_before_;  // back-off: no attempt before it, unless something new comes
  SteadyTime held_until_;  // Retry-After: no attempt before it at all
  bool draining_ = false;
};

}  // namespace highwater::notify
