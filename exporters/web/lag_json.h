// How far a group is behind, as one number for a script or an autoscaler. Pure; used by the API.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/core/observation.h"

namespace highwater::web {

struct LagQuestion {
  std::string cluster{};  // empty: the one that has such a group
  std::string group{};
  std::string topic{};   // empty: of all that it reads
  bool seconds = false;  // the greatest lag in seconds, instead of the sum of records
};

// What is unknown is no number: a lag of 0 would stop the consumers that should read.
struct LagAnswer {
  enum class Kind : uint8_t { known, unknown, not_found, ambiguous };
  Kind kind = Kind::not_found;
  double lag = 0;
  std::string reason;  // why it is unknown: "denied", "stale", ...
  std::string cluster{};
  WallTime at;  // when it was read
};
[[nodiscard]] LagAnswer find_lag(const Snapshot& snapshot, SteadyTime now,
                                 const LagQuestion& question);

// {"lag", "unit", "cluster", "group", "topic", "at"}, or {"error", "unknown"}.
[[nodiscard]] nlohmann::ordered_json lag_json(const LagQuestion& question, const LagAnswer& answer);

}  // namespace highwater::web
