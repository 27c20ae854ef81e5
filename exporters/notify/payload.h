// What a webhook receives: JSON in the shape of Alertmanager's webhook version 4, so that every
// receiver made for Alertmanager understands it. Used by the notifier's workers; pure, any thread.
//
// One incident is one entry of `alerts`, for its cause; what the cause explains is inside the
// annotation `evidence`. A person gets one page per fault.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "agent/core/report.h"

namespace highwater::notify {

// A transition on its way out, detached from its report, so that a long outage of a receiver keeps
// no snapshots alive.
struct Notice {
  Transition transition;  // without revealed_by
  WallTime at;            // when it was concluded; the end of a resolved incident
};
using NoticePtr = std::shared_ptr<const Notice>;

struct PayloadContext {
  std::string receiver;
  std::string external_url;  // where people reach this agent, without trailing slash
  std::string cluster;       // for entities that have no cluster of their own; may be empty
};

constexpr size_t kMaxAnnotationBytes = 4096;
constexpr size_t kMaxLabelBytes = 1024;
constexpr size_t kMaxLabels = 32;
constexpr size_t kMaxPayloadBytes = 256 * 1024;

// At most kMaxPayloadBytes of valid UTF-8 for one or more notices. Annotations are shortened to
// fit; then the last notices are left out and counted in truncatedAlerts.
[[nodiscard]] std::string webhook_json(std::span<const NoticePtr> notices,
                                       const PayloadContext& context);

// The cause's runbook: itself when it is a URL, else this agent's page, filled in for the incident.
[[nodiscard]] std::string runbook_url(const Incident& incident, const std::string& external_url);

// 16 hex digits that stay the same from the first firing to the resolution, and differ between
// incidents: FNV-1a (64 bit) over name, 0xFF, value, 0xFF of the alert's labels sorted by name, as
// Prometheus fingerprints a label set. `severity` is left out: it may rise while the incident
// lasts.
[[nodiscard]] std::string fingerprint(const Incident& incident, const std::string& cluster);

}  // namespace highwater::notify
