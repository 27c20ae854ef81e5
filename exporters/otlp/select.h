// Which spans of a report are worth sending, and the trace of an incident. Owned by the trace
// exporter and called by the pipeline's thread, report after report; no I/O, no clock.
//
// Failed, slow and revealing polls are always kept, as is the way of a record that the canary tells
// of; ordinary polls are sampled. An opened incident
// gets a trace of its own under its correlation id: a root, copies of the poll that revealed it and
// of its failed requests, and the evaluation; deliveries join it later. Copies have fresh ids and
// link to their originals.
#pragma once

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/report.h"
#include "exporters/otlp/config.h"

namespace highwater::otlp {

constexpr size_t kMaxCopiedRequests = 50;
constexpr size_t kMaxPollSpans = 1000;  // sent of one poll; how many there were is said on its root

class TraceSelector {
 public:
  explicit TraceSelector(Sampler sampler) : sampler_(sampler) {}

  [[nodiscard]] std::vector<Span> select(const Report& report);

 private:
  struct Seen {
    ObservationPtr observation;
    bool sent = false;
  };

  void add_polls(const Report& report, std::vector<Span>& out);
  void add_older_polls(const Report& report, std::vector<Span>& out) const;
  void add_poll(const Observation& observation, const Report& report, std::vector<Span>& out) const;
  [[nodiscard]] bool kept_by_itself(const Observation& observation) const;

  const Sampler sampler_;
  std::map<std::pair<Symbol, std::string_view>, Seen> seen_;
};

}  // namespace highwater::otlp
