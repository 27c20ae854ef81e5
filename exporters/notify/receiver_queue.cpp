#include "exporters/notify/receiver_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace highwater::notify {

ReceiverQueue::ReceiverQueue(QueuePolicy policy, Chance chance)
    : policy_(policy), chance_(std::move(chance)) {}

std::vector<NoticePtr> ReceiverQueue::push(NoticePtr notice, SteadyTime now) {
  if (notice->transition.kind == TransitionKind::resolved) {
    push_resolved(std::move(notice), now);
    return give_up_oldest_ended();
  }
  push_firing(std::move(notice), now);
  return {};
}

void ReceiverQueue::restore(const NoticePtr& told, const std::vector<NoticePtr>& undelivered,
                            SteadyTime now, const std::string& handle) {
  if (told && told->transition.incident.severity >= policy_.lowest) {
    Entry& entry = entries_[told->transition.incident.id];
    entry.told = told;
    entry.told_at = now;
    if (policy_.resolved_repeated_for) entry.told_at -= policy_.repeat_interval;
    index(entries_.find(told->transition.incident.id));
  }
  for (const NoticePtr& notice : undelivered) push(notice, now);
  if (handle.empty()) return;
  NoticePtr any = told;
  if (!any && !undelivered.empty()) any = undelivered.front();
  const auto found = any ? entries_.find(any->transition.incident.id) : entries_.end();
  if (found != entries_.end()) found->second.handle = handle;
}

void ReceiverQueue::take_over(ReceiverQueue&& former, SteadyTime now) {
  entries_ = std::move(former.entries_);
  next_order_ = former.next_order_;
  for (auto& [id, entry] : entries_) {
    entry.handle.clear();
    entry.attempts = 0;
    entry.blamed = 0;
    // It may be accepted now.
    if (entry.refused && !entry.firing) entry.firing = std::exchange(entry.refused, nullptr);
    if (!policy_.resolved_repeated_for) continue;
    entry.repeat_interval.reset();
    if (entry.told) entry.told_at = now - policy_.repeat_interval;
  }
  if (!policy_.resolved_repeated_for)
    std::erase_if(entries_, [](const auto& item) {
      const Entry& entry = item.second;
      return !entry.open && !entry.firing && (!entry.resolved || entry.repeats_resolved());
    });
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    it->second.place = {};  // in the former one
    index(it);
  }
}

ReceiverQueue::Place ReceiverQueue::place_of(uint64_t incident, const Entry& entry) const {
  Place place;
  if (entry.firing || entry.resolved) {
    // A notice that the receiver chokes on holds up no other, so what may be its own fault comes
    // last; then news before repeats, firings before resolutions, the worst, the oldest.
    const NoticePtr& notice = entry.firing ? entry.firing : entry.resolved;
    const auto severity = static_cast<int>(notice->transition.incident.severity);
    const bool repeat = entry.firing ? entry.repeats_firing() : entry.repeats_resolved();
    place.rank.emplace(entry.blamed, repeat, !entry.firing, -severity, entry.order, incident);
  }
  if (const auto due = due_again(entry)) place.due.emplace(*due, incident);
  if (!entry.open && entry.ended && !entry.firing)
    place.outdated.emplace(entry.ended_until, incident);
  // What was delivered, and is only repeated, goes first.
  if (!entry.open) place.closed.emplace(entry.ended == nullptr, entry.order, incident);
  place.pending = (entry.firing && !entry.repeats_firing() ? 1U : 0U) +
                  (entry.resolved && !entry.repeats_resolved() ? 1U : 0U);
  return place;
}

void ReceiverQueue::index(Entries::iterator found) {
  Entry& entry = found->second;
  unindex(entry.place);
  entry.place = place_of(found->first, entry);
  if (entry.place.rank) ranks_.insert(*entry.place.rank);
  if (entry.place.due) due_.insert(*entry.place.due);
  if (entry.place.outdated) outdated_.insert(*entry.place.outdated);
  if (entry.place.closed) closed_.insert(*entry.place.closed);
  pending_ += entry.place.pending;
}

void ReceiverQueue::unindex(const Place& place) {
  if (place.rank) ranks_.erase(*place.rank);
  if (place.due) due_.erase(*place.due);
  if (place.outdated) outdated_.erase(*place.outdated);
  if (place.closed) closed_.erase(*place.closed);
  pending_ -= place.pending;
}

void ReceiverQueue::erase(Entries::iterator found) {
  unindex(found->second.place);
  entries_.erase(found);
}

void ReceiverQueue::push_firing(NoticePtr notice, SteadyTime now) {
  const Incident& incident = notice->transition.incident;
  auto found = entries_.find(incident.id);
  if (found == entries_.end()) {
    if (incident.severity < policy_.lowest) return;
    found = entries_.try_emplace(incident.id).first;
  }
  Entry& entry = found->second;
  if (!entry.firing && !entry.resolved) entry.order = next_order_++;
  entry.open = true;
  entry.firing = std::move(notice);
  entry.resolved = nullptr;
  entry.refused = nullptr;
  entry.ended = nullptr;
  index(found);
  // News is worth one attempt at once, however long the back-off has become.
  not_before_ = now;
}

void ReceiverQueue::tell_again(NoticePtr notice) {
  const auto found = entries_.find(notice->transition.incident.id);
  if (found == entries_.end() || draining_) return;
  Entry& entry = found->second;
  if (!entry.open || entry.told == nullptr || entry.refused) return;
  // News that waits says it as well.
  if (entry.firing && !entry.repeats_firing()) return;
  entry.told = std::move(notice);
  queue_again(entry);
  index(found);
}

void ReceiverQueue::repeat_every(uint64_t incident, std::optional<Duration> interval) {
  const auto found = entries_.find(incident);
  if (found == entries_.end() || policy_.resolved_repeated_for) return;
  Entry& entry = found->second;
  entry.repeat_interval = interval;
  if (interval == Duration::zero() && entry.repeats_firing()) entry.firing = nullptr;
  index(found);
}

void ReceiverQueue::push_resolved(NoticePtr notice, SteadyTime now) {
  const auto found = entries_.find(notice->transition.incident.id);
  if (found == entries_.end()) return;  // it was never told
  Entry& entry = found->second;
  entry.open = false;
  if (entry.told) entry.firing = nullptr;  // an update that nobody needs any more
  const bool was_told = entry.told || entry.firing;
  if (!entry.firing) entry.order = next_order_++;
  if (policy_.send_resolved && was_told) entry.resolved = std::move(notice);
  if (!entry.firing && !entry.resolved)
    erase(found);
  else
    index(found);
  not_before_ = now;
}

std::vector<NoticePtr> ReceiverQueue::give_up_oldest_ended() {
  std::vector<NoticePtr> lost;
  if (closed_.size() <= kMaxEnded) return lost;
  const auto oldest = entries_.find(std::get<2>(*closed_.begin()));
  const Entry& entry = oldest->second;
  if (entry.firing) lost.push_back(entry.firing);
  if (entry.resolved && !entry.repeats_resolved()) lost.push_back(entry.resolved);
  erase(oldest);
  return lost;
}

ReceiverQueue::Action ReceiverQueue::next_action(SteadyTime now) {
  if (in_flight_) return {};
  const std::optional<SteadyTime> next_repeat = queue_repeats(now);
  if (ranks_.empty()) return {.send = std::nullopt, .until = next_repeat};
  const SteadyTime earliest = std::max(not_before_, held_until_);
  if (now < earliest) return {.send = std::nullopt, .until = earliest};
  const uint64_t urgent = std::get<5>(*ranks_.begin());
  Delivery delivery = delivery_of(entries_.at(urgent));
  in_flight_ = InFlight{urgent, delivery.notice};
  return {.send = std::move(delivery), .until = std::nullopt};
}

std::optional<SteadyTime> ReceiverQueue::queue_repeats(SteadyTime now) {
  if (draining_) return std::nullopt;
  drop_outdated_ends(now);
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto found = entries_.find(due_.begin()->second);
    queue_again(found->second);
    index(found);
  }
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

std::optional<SteadyTime> ReceiverQueue::due_again(const Entry& entry) const {
  if (entry.firing || entry.resolved) return std::nullopt;
  if (entry.open && entry.refused) return entry.refused_at + kRetryRefused;
  const bool repeats = entry.open ? entry.told != nullptr : entry.ended != nullptr;
  const Duration interval = entry.repeat_interval.value_or(policy_.repeat_interval);
  if (!repeats || interval <= Duration::zero()) return std::nullopt;
  return entry.told_at + interval;
}

void ReceiverQueue::queue_again(Entry& entry) {
  entry.order = next_order_++;
  if (entry.open && entry.refused) {
    entry.firing = std::exchange(entry.refused, nullptr);
    return;
  }
  ++entry.repeats;
  if (entry.open) {
    entry.firing = entry.told;
  } else {
    entry.resolved = entry.ended;
  }
}

void ReceiverQueue::drop_outdated_ends(SteadyTime now) {
  while (!outdated_.empty() && outdated_.begin()->first <= now)
    erase(entries_.find(outdated_.begin()->second));
}

Delivery ReceiverQueue::delivery_of(const Entry& entry) const {
  Delivery delivery;
  delivery.notice = entry.firing ? entry.firing : entry.resolved;
  delivery.attempt = entry.attempts + 1;
  const Transition& transition = delivery.notice->transition;
  // The correlation id keeps it unique when the agent lost its state and counts from 1 again.
  delivery.id = fmt::format("{}-{}-{}", transition.incident.id, transition.sequence,
                            transition.incident.correlation.hex());
  delivery.first = entry.told == nullptr && entry.ended == nullptr;
  delivery.repeat = delivery.notice == entry.told || delivery.notice == entry.ended;
  if (delivery.repeat) delivery.id += fmt::format("-repeat{}", entry.repeats);
  delivery.handle = entry.handle;
  return delivery;
}

void ReceiverQueue::on_answer(const Answer& answer, SteadyTime now) {
  if (!in_flight_) return;
  const InFlight sent = *std::exchange(in_flight_, std::nullopt);
  const auto found = entries_.find(sent.incident);
  if (found != entries_.end() && !answer.handle.empty() && answer.handle.size() <= kMaxHandleBytes)
    found->second.handle = answer.handle;
  switch (answer.outcome) {
    case Outcome::retry:
      if (found != entries_.end()) {
        ++found->second.attempts;
        // "Later" says something of the receiver alone, unless it says so again and again.
        constexpr int kPatience = 4;
        if (!answer.retry_after || found->second.attempts > kPatience) ++found->second.blamed;
        index(found);
      }
      back_off(answer, now);
      return;
    case Outcome::delivered:
    case Outcome::refused:
      if (failures_ > 0) forgive();
      failures_ = 0;
      not_before_ = now;
      if (found != entries_.end()) settle(found, sent.notice, answer, now);
      return;
  }
}

void ReceiverQueue::back_off(const Answer& answer, SteadyTime now) {
  ++failures_;
  not_before_ = now + next_backoff();
  if (!answer.retry_after || *answer.retry_after <= Duration::zero()) return;
  held_until_ = now + std::min<Duration>(*answer.retry_after, kMaxRetryAfter);
  not_before_ = held_until_;
}

// Doubles with each failure; the upper half of it is left to chance, so that agents that lost the
// same receiver do not come back in step.
Duration ReceiverQueue::next_backoff() const {
  const int doublings = std::min(failures_ - 1, 10);
  const Duration full = std::min<Duration>(kFirstBackoff * (1 << doublings), kMaxBackoff);
  const double share = 0.5 + std::clamp(chance_(), 0.0, 1.0) / 2;
  return Duration(static_cast<Duration::rep>(static_cast<double>(full.count()) * share));
}

void ReceiverQueue::forgive() {
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    Entry& entry = it->second;
    if (entry.blamed == 0 || entry.forgiven) continue;
    entry.blamed = 0;
    entry.forgiven = true;
    index(it);
  }
}

void ReceiverQueue::settle(Entries::iterator found, const NoticePtr& sent, const Answer& answer,
                           SteadyTime now) {
  Entry& entry = found->second;
  const bool accepted = answer.outcome == Outcome::delivered;
  entry.attempts = 0;
  entry.blamed = 0;
  entry.forgiven = false;
  if (sent->transition.kind == TransitionKind::resolved) {
    settle_resolved(entry, sent, accepted, now);
  } else {
    settle_firing(entry, sent, accepted, now);
  }
  if (is_over(entry))
    erase(found);
  else
    index(found);
}

void ReceiverQueue::settle_resolved(Entry& entry, const NoticePtr& sent, bool accepted,
                                    SteadyTime now) {
  // It may have come back meanwhile; then it has to be told from the beginning.
  const bool still_ended = entry.resolved == sent;
  if (still_ended) entry.resolved = nullptr;
  entry.told = nullptr;
  if (!still_ended || entry.open || !accepted || !policy_.resolved_repeated_for) return;
  if (entry.ended != sent) entry.ended_until = now + *policy_.resolved_repeated_for;
  entry.ended = sent;
  entry.told_at = now;
}

void ReceiverQueue::settle_firing(Entry& entry, const NoticePtr& sent, bool accepted,
                                  SteadyTime now) {
  if (entry.firing == sent) entry.firing = nullptr;
  if (accepted) {
    entry.told = sent;
    entry.told_at = now;
    entry.refused = nullptr;
  } else if (!entry.firing) {
    entry.refused = sent;
    entry.refused_at = now;
  }
  // Nobody is told the end of something whose beginning was refused.
  if (!entry.open && !entry.told) entry.resolved = nullptr;
}

bool ReceiverQueue::is_over(const Entry& entry) {
  return !entry.open && !entry.firing && !entry.resolved && !entry.ended;
}

void ReceiverQueue::begin_drain(SteadyTime now) {
  draining_ = true;
  failures_ = 0;
  not_before_ = now;
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    Entry& entry = it->second;
    if (entry.repeats_firing()) entry.firing = nullptr;
    if (entry.repeats_resolved()) entry.resolved = nullptr;
    index(it);
  }
}

std::map<uint64_t, std::string> ReceiverQueue::handles() const {
  std::map<uint64_t, std::string> handles;
  for (const auto& [id, entry] : entries_) {
    if (!entry.handle.empty()) handles[id] = entry.handle;
  }
  return handles;
}

bool ReceiverQueue::was_told(uint64_t incident) const {
  const auto found = entries_.find(incident);
  return found != entries_.end() && found->second.told != nullptr;
}

Hearing ReceiverQueue::hearing(uint64_t incident) const {
  const auto found = entries_.find(incident);
  if (found == entries_.end()) return Hearing::nothing;
  const Entry& entry = found->second;
  const bool waits = (entry.firing && !entry.repeats_firing()) || entry.refused ||
                     (entry.resolved && !entry.repeats_resolved());
  return waits ? Hearing::waits : Hearing::all;
}

std::set<uint64_t> ReceiverQueue::told() const {
  std::set<uint64_t> told;
  for (const auto& [id, entry] : entries_) {
    if (entry.open && entry.told) told.insert(id);
  }
  return told;
}

std::vector<NoticePtr> ReceiverQueue::undelivered() const {
  std::vector<NoticePtr> notices;
  for (const auto& [id, entry] : entries_) {
    if (entry.firing && !entry.repeats_firing()) notices.push_back(entry.firing);
    if (entry.refused && entry.open) notices.push_back(entry.refused);
    if (entry.resolved && !entry.repeats_resolved()) notices.push_back(entry.resolved);
  }
  return notices;
}

}  // namespace highwater::notify
