// A poll and the report that concluded an incident from it, for the tests of traces.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "agent/core/report.h"
#include "tests/exporters/notify/notify_samples.h"

namespace highwater::samples {

inline TraceId trace(uint8_t last) {
  TraceId id;
  id.bytes[0] = 0x11;
  id.bytes[8] = 0xff;  // a ratio below one keeps it only when the poll deserves it
  id.bytes[15] = last;
  return id;
}

inline SpanId span_id(uint8_t last) {
  SpanId id;
  id.bytes[0] = 0x22;
  id.bytes[7] = last;
  return id;
}

inline Span span(const TraceId& trace, const SpanId& id, const SpanId& parent, std::string name,
                 WallTime start, Duration duration, std::string error = {}) {
  Span made;
  made.trace = trace;
  made.id = id;
  made.parent = parent;
  made.name = std::move(name);
  made.kind = parent.valid() ? SpanKind::client : SpanKind::internal;
  made.start = start;
  made.duration = duration;
  made.error = std::move(error);
  return made;
}

// A poll with a request to each of two brokers, that began at wall(100).
inline std::shared_ptr<Observation> poll(uint8_t number, const std::string& error = {}) {
  using std::chrono::milliseconds;
  auto made = std::make_shared<Observation>();
  made->cluster = Symbol("prod");
  made->part = "brokers";
  made->took = milliseconds(40);
  made->cadence = std::chrono::seconds(5);
  const TraceId id = trace(number);
  made->spans = {
      span(id, span_id(1), {}, "kafka.poll", wall(100), milliseconds(40)),
      span(id, span_id(2), span_id(1), "kafka.request ApiVersions", wall(100), milliseconds(2)),
      span(id, span_id(3), span_id(1), "kafka.request ApiVersions", wall(100), milliseconds(3),
           error)};
  made->spans[1].attributes = {{"broker", "1"}};
  made->spans[2].attributes = {{"broker", "3"}};
  return made;
}

inline std::shared_ptr<Report> report(const ObservationPtr& observation) {
  auto made = std::make_shared<Report>();
  made->at.wall = wall(101);
  auto snapshot = std::make_shared<Snapshot>();
  if (observation) snapshot->observations[{observation->cluster, observation->part}] = observation;
  made->snapshot = snapshot;
  if (observation)
    made->evaluation = span(observation->spans.front().trace, span_id(9), span_id(1),
                            "rules.evaluate", wall(101), std::chrono::milliseconds(1));
  return made;
}

inline std::shared_ptr<Report> revealing_report(const ObservationPtr& observation,
                                                uint64_t incident = 7) {
  auto made = report(observation);
  made->transitions = {transition(1, TransitionKind::opened, broker_down(incident))};
  made->transitions[0].revealed_by = observation;
  return made;
}

}  // namespace highwater::samples
