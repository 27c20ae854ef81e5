// What the probe's process tells the agent: one line of JSON per tick. The reader takes nothing for
// granted, the writer may have crashed in the middle of a line. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/span.h"
#include "collectors/canary/ledger.h"
#include "collectors/canary/security.h"

namespace highwater::canary {

// What the probe is told, on its standard input.
struct ProbeSettings {
  std::string servers;  // host:port, separated by commas
  std::string topic = "highwater-canary";
  std::string group = "highwater-canary";  // commits go there, so that committing is measured
  Duration every = std::chrono::seconds(1);
  kafka::SecuritySettings security{};  // not told: as `properties`, with the secrets
  ClientProperties properties{};       // of the client library
};

// Partitions beyond this are left alone, and said.
constexpr size_t kMaxPartitions = 100;

// One record's way, for the trace.
struct Journey {
  TraceId trace;
  SpanId send, receive;
  WallTime sent;
  Duration produce{};
  Duration end_to_end{};
};

struct PartitionReport {
  int32_t partition = -1;
  Counts counts;                       // since the probe's start
  std::optional<Duration> waiting;     // of the oldest record that has not come back
  std::optional<Duration> unanswered;  // of the oldest record the cluster has not answered
  std::vector<Duration> produced;      // since the last report, in order
  std::vector<Duration> end_to_end;    // since the last report, in order
  std::string error;                   // the last refusal; empty when the last one was taken
};

struct ProbeReport {
  bool sending = false;  // false: `why` says why nothing is sent
  std::string why;
  int32_t partitions = 0;  // of the topic; more than are probed, perhaps
  std::vector<PartitionReport> probed;
  std::vector<Duration> commits;  // since the last report
  std::vector<Journey> journeys;  // a few since the last report
};

[[nodiscard]] std::string write_settings(const ProbeSettings& settings);
[[nodiscard]] Result<ProbeSettings> read_settings(std::string_view line);
[[nodiscard]] std::string write_report(const ProbeReport& report);  // without a line feed
[[nodiscard]] Result<ProbeReport> read_report(std::string_view line);

}  // namespace highwater::canary
