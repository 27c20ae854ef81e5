#include "exporters/notify/receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace highwater::notify {

ReceiverQueue::ReceiverQueue(const ReceiverConfig& config, Chance chance)
    : config_(config), chance_(std::move(chance)) {}

std::vector<NoticePtr> ReceiverQueue::push(NoticePtr notice, SteadyTime now) {
  if (notice->transition.kind == TransitionKind::resolved) {
    push_resolved(std::move(notice), now);
    return give_up_oldest_ended();
  }
  push_firing(std::move(notice), now);
  return {};
}

void ReceiverQueue::restore(const NoticePtr& told, const std::vector<NoticePtr>& undelivered,
                            SteadyTime now) {
  if (told && told->transition.incident.severity >= config_.lowest) {
    Entry& entry = entries_[told->transition.incident.id];
    entry.told = told;
    entry.told_at = now;
  }
  for (const NoticePtr& notice : undelivered) push(notice, now);
}

void ReceiverQueue::push_firing(NoticePtr notice, SteadyTime now) {
  const Incident& incident = notice->transition.incident;
  if (incident.severity < config_.lowest && !entries_.contains(incident.id)) return;
  Entry& entry = entries_[incident.id];
  if (!entry.firing && !entry.resolved) entry.order = next_order_++;
  entry.open = true;
  entry.firing = std::move(notice);
  entry.resolved = nullptr;
  entry.rejected = nullptr;
  // News is worth one attempt at once, however long the back-off has become.
  not_before_ = now;
}

void ReceiverQueue::push_resolved(NoticePtr notice, SteadyTime now) {
  const auto found = entries_.find(notice->transition.incident.id);
  if (found == entries_.end()) return;  // it was never told
  Entry& entry = found->second;
  entry.open = false;
  if (entry.told) entry.firing = nullptr;  // an update that nobody needs any more
  const bool was_told = entry.told || entry.firing;
  if (!entry.firing) entry.order = next_order_++;
  if (config_.send_resolved && was_told) entry.resolved = std::move(notice);
  if (!entry.firing && !entry.resolved) entries_.erase(found);
  not_before_ = now;
}

std::vector<NoticePtr> ReceiverQueue::give_up_oldest_ended() {
  std::vector<NoticePtr> lost;
  const auto ended = static_cast<size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const auto& item) { return !item.second.open; }));
  if (ended <= kMaxEnded) return lost;
  auto oldest = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->second.open) continue;
    if (oldest == entries_.end() || it->second.order < oldest->second.order) oldest = it;
  }
  if (oldest->second.firing) lost.push_back(oldest->second.firing);
  if (oldest->second.resolved) lost.push_back(oldest->second.resolved);
  entries_.erase(oldest);
  return lost;
}

ReceiverQueue::Action ReceiverQueue::next_action(SteadyTime now) {
  if (in_flight_) return {};
  const std::optional<SteadyTime> next_repeat = queue_repeats(now);
  const auto urgent = most_urgent();
  if (urgent == entries_.end()) return {.send = std::nullopt, .until = next_repeat};
  const SteadyTime earliest = std::max(not_before_, held_until_);
  if (now < earliest) return {.send = std::nullopt, .until = earliest};
  Delivery delivery = delivery_of(urgent->second);
  in_flight_ = InFlight{urgent->first, delivery.notice};
  return {.send = std::move(delivery), .until = std::nullopt};
}

std::optional<SteadyTime> ReceiverQueue::queue_repeats(SteadyTime now) {
  std::optional<SteadyTime> next;
  if (draining_) return next;
  for (auto& [id, entry] : entries_) {
    if (!entry.open || entry.firing) continue;
    const bool repeats = entry.told && config_.repeat_interval > Duration::zero();
    if (!entry.rejected && !repeats) continue;
    const SteadyTime due = entry.rejected ? entry.rejected_at + kRetryRejected
                                          : entry.told_at + config_.repeat_interval;
    if (now < due) {
      next = std::min(next.value_or(due), due);
      continue;
    }
    entry.order = next_order_++;
    if (entry.rejected) {
      entry.firing = std::move(entry.rejected);
      entry.rejected = nullptr;
    } else {
      entry.firing = entry.told;
      ++entry.repeats;
    }
  }
  return next;
}

// What was tried least comes first, so that a notice the receiver chokes on holds up no other; then
// firings, then the worst, then the oldest.
ReceiverQueue::Entries::iterator ReceiverQueue::most_urgent() {
  const auto rank = [](const Entry& entry) {
    const NoticePtr& notice = entry.firing ? entry.firing : entry.resolved;
    const auto severity = static_cast<int>(notice->transition.incident.severity);
    return std::tuple(entry.attempts, !entry.firing, -severity, entry.order);
  };
  auto best = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (!it->second.firing && !it->second.resolved) continue;
    if (best == entries_.end() || rank(it->second) < rank(best->second)) best = it;
  }
  return best;
}

Delivery ReceiverQueue::delivery_of(const Entry& entry) const {
  Delivery delivery;
  delivery.notice = entry.firing ? entry.firing : entry.resolved;
  delivery.attempt = entry.attempts + 1;
  const Transition& transition = delivery.notice->transition;
  // The correlation id keeps it unique when the agent lost its state and counts from 1 again.
  delivery.id = fmt::format("{}-{}-{}", transition.incident.id, transition.sequence,
                            transition.incident.correlation.hex());
  if (delivery.notice == entry.told) delivery.id += fmt::format("-repeat{}", entry.repeats);
  return delivery;
}

void ReceiverQueue::on_result(const AttemptResult& result, SteadyTime now) {
  if (!in_flight_) return;
  const InFlight sent = *std::exchange(in_flight_, std::nullopt);
  const auto found = entries_.find(sent.incident);
  switch (result.outcome) {
    case Outcome::retry:
      if (found != entries_.end()) ++found->second.attempts;
      back_off(result, now);
      return;
    case Outcome::delivered:
    case Outcome::rejected:
      failures_ = 0;
      not_before_ = now;
      if (found != entries_.end())
        settle(found, sent.notice, result.outcome == Outcome::delivered, now);
      return;
  }
}

void ReceiverQueue::back_off(const AttemptResult& result, SteadyTime now) {
  ++failures_;
  not_before_ = now + next_backoff();
  if (!result.retry_after || *result.retry_after <= Duration::zero()) return;
  held_until_ = now + std::min<Duration>(*result.retry_after, kMaxRetryAfter);
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

void ReceiverQueue::settle(Entries::iterator found, const NoticePtr& sent, bool accepted,
                           SteadyTime now) {
  Entry& entry = found->second;
  entry.attempts = 0;
  if (sent->transition.kind == TransitionKind::resolved) {
    // It may have come back meanwhile; then it has to be told from the beginning.
    if (entry.resolved == sent) entry.resolved = nullptr;
    entry.told = nullptr;
  } else {
    if (entry.firing == sent) entry.firing = nullptr;
    if (accepted) {
      entry.told = sent;
      entry.told_at = now;
      entry.rejected = nullptr;
    } else if (!entry.firing) {
      entry.rejected = sent;
      entry.rejected_at = now;
    }
    // Nobody is told the end of something whose beginning was refused.
    if (!entry.open && !entry.told) entry.resolved = nullptr;
  }
  if (!entry.open && !entry.firing && !entry.resolved) entries_.erase(found);
}

void ReceiverQueue::begin_drain(SteadyTime now) {
  draining_ = true;
  failures_ = 0;
  not_before_ = now;
  for (auto& [id, entry] : entries_) {
    if (entry.firing == entry.told) entry.firing = nullptr;
  }
}

size_t ReceiverQueue::pending() const {
  size_t count = 0;
  for (const auto& [id, entry] : entries_) {
    if (entry.firing && entry.firing != entry.told) ++count;
    if (entry.resolved) ++count;
  }
  return count;
}

bool ReceiverQueue::was_told(uint64_t incident) const {
  const auto found = entries_.find(incident);
  return found != entries_.end() && found->second.told != nullptr;
}

std::vector<NoticePtr> ReceiverQueue::undelivered() const {
  std::vector<NoticePtr> notices;
  for (const auto& [id, entry] : entries_) {
    if (entry.firing && entry.firing != entry.told) notices.push_back(entry.firing);
    if (entry.rejected && entry.open) notices.push_back(entry.rejected);
    if (entry.resolved) notices.push_back(entry.resolved);
  }
  return notices;
}

}  // namespace highwater::notify
