// Unattended: since when nobody looks after each open incident, which is what escalation counts
// from: since it opened or its severity rose, or since its acknowledgement or silence ended. Owned
// by the director, on the pipeline's thread, and kept in the state. No clock is read.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/report.h"
#include "agent/core/time.h"
#include "rules/state.h"

namespace highwater::rules {

inline constexpr std::string_view kUnattendedKind = "unattended";

class Unattended {
 public:
  struct Since {
    Now at;  // a jump of the wall clock moves no deadline while the agent runs
    Severity severity = Severity::ticket;
    [[nodiscard]] Duration age(Now now) const { return now.steady - at.steady; }
  };

  // From then on, unless it is known already at this severity.
  const Since& begin(const Incident& incident, Now now);
  // Somebody looks after it, or it is hidden.
  void end(uint64_t incident);
  void keep_only(const std::set<uint64_t>& open);

  [[nodiscard]] uint64_t version() const { return version_; }  // grows with each change
  void add_records(std::vector<StateRecord>& records) const;
  [[nodiscard]] std::vector<std::string> restore(std::span<const StateRecord> records);

 private:
  struct Kept {
    WallTime at;
    Severity severity = Severity::ticket;
  };
  std::map<uint64_t, Since> all_;      // by incident
  std::map<uint64_t, Kept> restored_;  // not yet asked for since a restart
  uint64_t version_ = 0;
};

}  // namespace highwater::rules
