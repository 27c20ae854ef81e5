#include "collectors/canary/ledger.h"

namespace highwater::canary {

bool CanaryLedger::may_send(SteadyTime now) const {
  if (open_.size() < kMaxUnderWay) return true;
  return !unanswered(now) && now - records_.rbegin()->second.sent >= kScoutEvery;
}

void CanaryLedger::sent(uint64_t sequence, SteadyTime now) {
  ++counts_.sent;
  records_[sequence].sent = now;
  open_.insert(sequence);
  forget_old();
}

std::optional<Duration> CanaryLedger::taken(uint64_t sequence, int64_t offset, SteadyTime now) {
  ++counts_.taken;
  const auto found = records_.find(sequence);
  if (found == records_.end()) return std::nullopt;
  found->second.offset = offset;
  return now - found->second.sent;
}

void CanaryLedger::refused(uint64_t sequence) {
  ++counts_.refused;
  // What a client gave up may have been written all the same: reading it is no mistake.
  open_.erase(sequence);
}

std::optional<Duration> CanaryLedger::received(uint64_t sequence, int64_t offset, SteadyTime now) {
  open_.erase(sequence);
  read_up_to(offset);
  const auto found = records_.find(sequence);
  if (found == records_.end()) return std::nullopt;
  Record& record = found->second;
  if (record.received) {
    ++counts_.duplicated;
    return std::nullopt;
  }
  ++counts_.received;
  record.received = true;
  return now - record.sent;
}

void CanaryLedger::read_up_to(int64_t offset) {
  if (!first_read_) first_read_ = offset;
  std::erase_if(open_, [&](uint64_t sequence) {
    const Record& record = records_.at(sequence);
    if (record.offset < 0 || record.offset > offset) return false;
    if (record.offset >= *first_read_) ++counts_.lost;
    return true;
  });
}

std::optional<Duration> CanaryLedger::waiting(SteadyTime now) const {
  if (open_.empty()) return std::nullopt;
  return now - records_.at(*open_.begin()).sent;
}

std::optional<Duration> CanaryLedger::unanswered(SteadyTime now) const {
  for (const uint64_t sequence : open_) {
    const Record& record = records_.at(sequence);
    if (record.offset < 0) return now - record.sent;
  }
  return std::nullopt;
}

void CanaryLedger::forget_old() {
  while (records_.size() > kRemembered) {
    open_.erase(records_.begin()->first);
    records_.erase(records_.begin());
  }
}

}  // namespace highwater::canary
