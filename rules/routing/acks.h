// Acks: "somebody looks after it". An open incident that is acknowledged is not told again and
// again; what changes and its end are told as ever. Owned by the director, on the pipeline's
// thread, and kept in the state. No clock is read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/report.h"
#include "agent/core/result.h"
#include "agent/core/time.h"
#include "rules/state.h"

namespace highwater::rules {

struct Ack {
  uint64_t incident = 0;
  std::string by;
  WallTime since;
  std::optional<WallTime> ends;  // nothing: with the incident
  // As it was; it ends when the severity rises, or the title names another fault.
  Severity severity = Severity::ticket;
  std::string rule;

  [[nodiscard]] std::string text() const;  // "by ann until 2026-11-30T08:00:00.000Z"
};

inline constexpr std::string_view kAckKind = "ack";

class Acks {
 public:
  // In place of one there is. Fails when it does not say by whom, or ends too late or too early.
  [[nodiscard]] Result<Ack> add(const Incident& incident, std::string by,
                                std::optional<Duration> lasts, WallTime now);
  // False when there is none.
  bool end(uint64_t incident);
  // Removes those that are over; they come back.
  std::vector<Ack> expire(WallTime now, const std::vector<Incident>& open);

  [[nodiscard]] const Ack* find(uint64_t incident) const;
  [[nodiscard]] uint64_t version() const { return version_; }  // grows with each change
  void add_records(std::vector<StateRecord>& records) const;
  [[nodiscard]] std::vector<std::string> restore(std::span<const StateRecord> records);

 private:
  std::map<uint64_t, Ack> all_;  // by incident: at most as many as are open
  uint64_t version_ = 0;
};

}  // namespace highwater::rules
