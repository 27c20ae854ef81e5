// ReceiverQueue: the state machine that decides what one receiver is sent next and when. Pure: time
// and chance are arguments; owned by one Notifier worker, which calls it under its lock.
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
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/core/incident_group.h"
#include "exporters/notify/notice.h"
#include "exporters/notify/receiver.h"

namespace highwater::notify {

class ReceiverQueue {
 public:
  using Chance = std::function<double()>;  // uniform in [0, 1)

  static constexpr Duration kFirstBackoff = std::chrono::milliseconds(500);
  static constexpr Duration kMaxBackoff = std::chrono::seconds(60);
  static constexpr Duration kMaxRetryAfter = std::chrono::minutes(10);
  // A refused firing is told again after this long while the incident is open: a proxy that says
  // 404 while the receiver restarts must not cost a page.
  static constexpr Duration kRetryRefused = std::chrono::minutes(10);
  // Incidents that came and went while the receiver was away; beyond it the oldest are given up.
  static constexpr size_t kMaxEnded = 10'000;

  ReceiverQueue(QueuePolicy policy, Chance chance);

  // Takes a transition. Returns what had to be given up because too much has ended untold.
  std::vector<NoticePtr> push(NoticePtr notice, SteadyTime now);

  // After a restart: what is known of one incident that the receiver was told of, or had still to
  // be told of, in order; nothing in `undelivered` when it was told everything. `handle` is the
  // receiver's own. Before any push.
  void restore(const NoticePtr& newest, const std::vector<NoticePtr>& undelivered, SteadyTime now,
               const std::string& handle = {});

  // After a reload: goes on where the former one was, with other settings. What was being sent is
  // sent again; what the receiver asked to be kept is forgotten. Before any push.
  void take_over(ReceiverQueue&& former, SteadyTime now);

  // Tells again, in this form, what the receiver has heard of; nothing when it has not.
  void tell_again(NoticePtr notice);
  // How often the open incident is told again from now on: nothing: as the policy says, 0: never.
  // A receiver that forgets what is not repeated keeps its own rhythm.
  void repeat_every(uint64_t incident, std::optional<Duration> interval);

  struct Action {
    std::optional<Delivery> send;  // to be answered by on_answer before the next action
    std::optional<SteadyTime>
        until;  // without `send`: ask again then, or after a push; none: never
  };
  [[nodiscard]] Action next_action(SteadyTime now);
  void on_answer(const Answer& answer, SteadyTime now);

  // The agent stops: what is pending is tried at once, nothing is repeated any more.
  void begin_drain(SteadyTime now);

  [[nodiscard]] size_t pending() const { return pending_; }  // notices that will be tried soon
  // Those, and what was refused while its incident is open.
  [[nodiscard]] std::vector<NoticePtr> undelivered() const;
  // What the receiver asked to be kept, by incident.
  [[nodiscard]] std::map<uint64_t, std::string> handles() const;
  // Whether the receiver has heard of the incident.
  [[nodiscard]] bool was_told(uint64_t incident) const;
  // The open incidents it has heard of.
  [[nodiscard]] std::set<uint64_t> told() const;
  // Whether it has heard of it, or will, or refused it.
  [[nodiscard]] bool knows(uint64_t incident) const { return entries_.contains(incident); }
  // Repetitions aside.
  [[nodiscard]] Hearing hearing(uint64_t incident) const;

 private:
  // What comes first: smaller ones. The last is the incident.
  using Rank = std::tuple<int, bool, bool, int, uint64_t, uint64_t>;
  using Moment = std::pair<SteadyTime, uint64_t>;       // and the incident
  using Closed = std::tuple<bool, uint64_t, uint64_t>;  // what is given up first; and the incident
  // Where an entry stands in the indexes.
  struct Place {
    std::optional<Rank> rank;
    std::optional<Moment> due;
    std::optional<Moment> outdated;
    std::optional<Closed> closed;
    size_t pending = 0;
  };

  // What is to be told about one incident. It is open, or something is pending.
  struct Entry {
    bool open = true;
    NoticePtr firing;    // pending: the newest form of opened and updated, or `told` once more
    NoticePtr resolved;  // pending: comes after `firing`
    NoticePtr told;      // the last firing the receiver accepted
    SteadyTime told_at;
    NoticePtr refused;  // the last firing, when the receiver refused it
    SteadyTime refused_at;
    NoticePtr ended;  // the resolution it accepted, while that is repeated; told_at is when
    SteadyTime ended_until;
    std::string handle;  // the receiver's own
    uint64_t order = 0;  // grows with the moment something became pending
    int attempts = 0;    // failed ones since the last success
    int blamed = 0;      // of those, such as may be the notice's fault and not the receiver's
    bool forgiven = false;
    int repeats = 0;
    std::optional<Duration> repeat_interval;  // in place of the policy's
    Place place;                              // of before what changed last, until index()

    // Whether what is pending was accepted before.
    [[nodiscard]] bool repeats_firing() const { return firing && firing == told; }
    [[nodiscard]] bool repeats_resolved() const { return resolved && resolved == ended; }
  };
  using Entries = std::map<uint64_t, Entry>;  // by incident

  struct InFlight {
    uint64_t incident = 0;
    NoticePtr notice;
  };

  // Thousands of incidents may be open, and each delivery asks what comes next: it is looked up,
  // not searched for. Whatever changes an entry calls index() for it, or erase().
  void index(Entries::iterator found);
  void unindex(const Place& place);
  void erase(Entries::iterator found);
  [[nodiscard]] Place place_of(uint64_t incident, const Entry& entry) const;

  void push_firing(NoticePtr notice, SteadyTime now);
  void push_resolved(NoticePtr notice, SteadyTime now);
  [[nodiscard]] std::vector<NoticePtr> give_up_oldest_ended();
  // Makes what is due again pending; returns when the next one will be.
  [[nodiscard]] std::optional<SteadyTime> queue_repeats(SteadyTime now);
  [[nodiscard]] std::optional<SteadyTime> due_again(const Entry& entry) const;
  void queue_again(Entry& entry);
  void drop_outdated_ends(SteadyTime now);
  [[nodiscard]] Delivery delivery_of(const Entry& entry) const;
  [[nodiscard]] Duration next_backoff() const;
  void back_off(const Answer& answer, SteadyTime now);
  // The receiver takes notices again: what failed while it was away comes in its turn, once.
  void forgive();
  void settle(Entries::iterator found, const NoticePtr& sent, const Answer& answer, SteadyTime now);
  void settle_resolved(Entry& entry, const NoticePtr& sent, bool accepted, SteadyTime now);
  void settle_firing(Entry& entry, const NoticePtr& sent, bool accepted, SteadyTime now);
  // Whether nothing is left to be told of it, now or later.
  [[nodiscard]] static bool is_over(const Entry& entry);

  const QueuePolicy policy_;
  const Chance chance_;
  Entries entries_;
  std::set<Rank> ranks_;       // of what is pending
  std::set<Moment> due_;       // when something is told again
  std::set<Moment> outdated_;  // when a resolution is not repeated any more
  std::set<Closed> closed_;    // those that are not open
  size_t pending_ = 0;         // repetitions aside
  std::optional<InFlight> in_flight_;
  uint64_t next_order_ = 1;
  int failures_ = 0;       // attempts that failed since the last answer
  SteadyTime not_before_;  // back-off: no attempt before it, unless something new comes
  SteadyTime held_until_;  // Retry-After: no attempt before it at all
  bool draining_ = false;
};

}  // namespace highwater::notify
