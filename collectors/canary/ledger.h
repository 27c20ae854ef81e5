// CanaryLedger: what became of each canary record of one partition: sent, taken by the cluster,
// read again, lost, read twice. Used by the probe, in its own process, on its only thread. Pure:
// time is an argument.
//
// A record counts as lost only on evidence: the cluster acknowledged it at an offset, we read past
// that offset, and it was not there. One that is merely late is late, however long. What was
// acknowledged before the first offset we read was never ours to read, and counts as neither.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "agent/core/time.h"

namespace highwater::canary {

struct Counts {
  uint64_t sent = 0;      // handed to the client
  uint64_t taken = 0;     // acknowledged by the cluster
  uint64_t refused = 0;   // given up by the client, or refused by the cluster
  uint64_t received = 0;  // read again, each once
  uint64_t lost = 0;
  uint64_t duplicated = 0;  // read once more than once
  bool operator==(const Counts&) const = default;
};

class CanaryLedger {
 public:
  // Older records are forgotten, and those that nobody read count as late no more; keeps memory
  // bounded whatever the cluster does.
  static constexpr size_t kRemembered = 1000;
  // With so many under way nothing is sent; but where the cluster has taken them all and none comes
  // back, one more is after a while: only a later record that is read proves that they are lost.
  static constexpr size_t kMaxUnderWay = 10;
  static constexpr Duration kScoutEvery = std::chrono::seconds(30);

  [[nodiscard]] bool may_send(SteadyTime now) const;
  void sent(uint64_t sequence, SteadyTime now);
  // The cluster's answer: how long it took, when it is the first.
  std::optional<Duration> taken(uint64_t sequence, int64_t offset, SteadyTime now);
  void refused(uint64_t sequence);
  // Read at this offset; how long after it was sent, when it is the first time.
  std::optional<Duration> received(uint64_t sequence, int64_t offset, SteadyTime now);
  // Something else was read at this offset: what was acknowledged up to here and did not come is
  // not in the log.
  void read_up_to(int64_t offset);

  [[nodiscard]] const Counts& counts() const { return counts_; }
  // Sent, and neither read nor refused nor lost.
  [[nodiscard]] size_t under_way() const { return open_.size(); }
  // The age of the oldest of these; nothing when there is none.
  [[nodiscard]] std::optional<Duration> waiting(SteadyTime now) const;
  // The same of those that the cluster has not answered.
  [[nodiscard]] std::optional<Duration> unanswered(SteadyTime now) const;

 private:
  struct Record {
    SteadyTime sent{};
    int64_t offset = -1;  // -1: not acknowledged
    bool received = false;
  };

  void forget_old();

  std::map<uint64_t, Record> records_;  // by sequence, which only grows
  // Of these, neither received nor refused nor lost; the others are kept to see duplicates.
  std::set<uint64_t> open_;
  std::optional<int64_t> first_read_;
  Counts counts_;
};

}  // namespace highwater::canary
