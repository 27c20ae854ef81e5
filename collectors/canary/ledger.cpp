#include "collectors/canary/ledger.h"

#include <algorithm>

namespace highwater::canary {

void CanaryLedger::sent(uint64_t sequence, SteadyTime now) {
  ++counts_.sent;
  records_[sequence].sent = now;
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
  const auto found = records_.find(sequence);
  // What a client gave up may have been written all the same: reading it is no mistake.
  if (found != records_.end()) found->second.settled = true;
}

std::optional<Duration> CanaryLedger::received(uint64_t sequence, int64_t offset, SteadyTime now) {
  read_up_to(offset);
  const auto found = records_.find(sequence);
  if (found == records_.end()) return std::nullopt;
  Record& record = found->second;
  if (record.received) {
    ++counts_.duplicated;
    return std::nullopt;
  }
  ++counts_.received;
  record.received = record.settled = true;
  return now - record.sent;
}

void CanaryLedger::read_up_to(int64_t offset) {
  if (!first_read_) first_read_ = offset;
  for (auto& [sequence, record] : records_) {
    if (record.settled || record.offset < 0 || record.offset >= offset) continue;
    record.settled = true;
    if (record.offset >= *first_read_) ++counts_.lost;
  }
}

size_t CanaryLedger::under_way() const {
  return static_cast<size_t>(std::count_if(
      records_.begin(), records_.end(), [](const auto& entry) { return !entry.second.settled; }));
}

std::optional<Duration> CanaryLedger::waiting(SteadyTime now) const {
  for (const auto& [sequence, record] : records_) {
    if (!record.settled) return now - record.sent;
  }
  return std::nullopt;
}

std::optional<Duration> CanaryLedger::unanswered(SteadyTime now) const {
  for (const auto& [sequence, record] : records_) {
    if (!record.settled && record.offset < 0) return now - record.sent;
  }
  return std::nullopt;
}

void CanaryLedger::forget_old() {
  while (records_.size() > kRemembered) records_.erase(records_.begin());
}

}  // namespace highwater::canary
