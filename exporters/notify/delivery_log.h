// DeliveryLog: what was told to whom and what came of it: what answers "did the page go out?". Any
// thread; each call takes a short lock.
//
// Bounded: attempts that fail alike, one after the other, are one entry, and of entries the newest
// kMost of the last kKept are kept. What changed since it was last asked is handed to whoever keeps
// it over a restart.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "exporters/notify/receiver.h"

namespace highwater::notify {

// An incident that was told together with others.
struct DeliveredPart {
  uint64_t incident = 0;
  std::string correlation;
  bool ended = false;
};

struct DeliveryEntry {
  uint64_t id = 0;  // grows
  std::string receiver;
  uint64_t incident = 0;  // or of a group
  std::string correlation;
  std::string title;
  Severity severity = Severity::ticket;
  bool resolved = false;
  bool repeat = false;  // the receiver had accepted the same before
  WallTime begun;       // of the first attempt
  WallTime at;          // the answer to the newest attempt
  int attempts = 0;
  Outcome outcome = Outcome::retry;
  int status = 0;    // as in Answer
  std::string text;  // why it was not delivered, or what went wrong beside it; never a secret
  Duration delay{};  // from when it was concluded to the answer
  std::vector<DeliveredPart> parts{};  // of a group: the incidents that were listed

  // Null when it does not tell of that incident in a group.
  [[nodiscard]] const DeliveredPart* part(uint64_t of) const;
};

// The durable form, as JSON.
[[nodiscard]] std::string encode_delivery(const DeliveryEntry& entry);
[[nodiscard]] Result<DeliveryEntry> decode_delivery(std::string_view json);

class DeliveryLog {
 public:
  static constexpr size_t kMost = 2000;
  static constexpr Duration kKept = std::chrono::hours(30 * 24);
  static constexpr size_t kMaxTextBytes = 300;

  // An attempt that ended. What is told again to a receiver that forgets is not noted while it is
  // delivered.
  void add(const std::string& receiver, const Delivery& delivery, const Answer& answer,
           WallTime begun, WallTime ended);

  // By the last attempt, the newest first, at most so many; of one incident, by itself or in
  // groups, or of all.
  [[nodiscard]] std::vector<DeliveryEntry> newest(std::optional<uint64_t> incident,
                                                  size_t most) const;

  // What was kept before a restart, in any order.
  void restore(std::vector<DeliveryEntry> entries);
  // What is new, changed or gone (without a value) since the last call, or everything.
  struct Kept {
    uint64_t id = 0;
    std::optional<DeliveryEntry> entry;
  };
  [[nodiscard]] std::vector<Kept> take_changes(bool everything);

 private:
  void forget_old(WallTime now);

  mutable std::mutex mutex_;
  // All of it under mutex_.
  std::deque<DeliveryEntry> entries_;  // the oldest first
  std::map<uint64_t, bool> changed_;   // ids; true: it is gone
  uint64_t next_id_ = 1;
};

}  // namespace highwater::notify
