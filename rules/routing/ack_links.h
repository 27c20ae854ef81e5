// AckLinks: the right to acknowledge one incident, as a link in a message: signed, for a while, and
// used once. Whoever has it may acknowledge that incident, and nothing else. The key, and how often
// each incident was acknowledged so, are kept in the state, so that a restart changes nothing.
//
// Made by the director and asked by the threads of receivers and of the HTTP server: any thread,
// but what says otherwise. No clock is read.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "rules/state.h"

namespace highwater::rules {

inline constexpr std::string_view kAckLinkKind = "ack-link";

class AckLinks {
 public:
  // From the hour in which it is sent.
  static constexpr Duration kValidFor = std::chrono::hours(24);

  AckLinks();  // with a key of its own, until one is restored

  enum class Verdict : uint8_t {
    valid,
    forged,          // not signed with the key, or damaged
    other_incident,  // signed, for another one
    expired,
    used,  // the incident was acknowledged with a link that is as old as this one, or older
  };
  // Of an incident's link; letters, digits, '.', '-' and '_'.
  [[nodiscard]] std::string token(uint64_t incident, WallTime now) const;
  [[nodiscard]] Verdict check(uint64_t incident, std::string_view token, WallTime now) const;

  // The pipeline's thread. All links of the incident that were made before are used up.
  void use(uint64_t incident);
  void keep_only(const std::set<uint64_t>& open);
  [[nodiscard]] uint64_t version() const;  // grows with each change
  void add_records(std::vector<StateRecord>& records) const;
  [[nodiscard]] std::vector<std::string> restore(std::span<const StateRecord> records);

 private:
  [[nodiscard]] uint64_t uses_of(uint64_t incident) const;

  mutable std::mutex mutex_;
  // The first signs. A second one was used until the state could be read.
  std::vector<std::string> keys_;
  std::map<uint64_t, uint64_t> uses_;  // by open incident; 0 is not in it
  uint64_t version_ = 0;
};

}  // namespace highwater::rules
