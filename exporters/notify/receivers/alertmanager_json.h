// JSON in the shape of Alertmanager's webhook version 4, so that every receiver made for
// Alertmanager understands it. Pure, any thread.
//
// One incident is one entry of `alerts`, for its cause; what the cause explains is inside the
// annotation `evidence`. A person gets one page per fault. Incidents that are told together are
// alerts of one notification.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

constexpr size_t kMaxAnnotationBytes = 4096;
constexpr size_t kMaxLabelBytes = 1024;
constexpr size_t kMaxLabels = 32;
constexpr size_t kMaxPayloadBytes = 256 * 1024;

// At most kMaxPayloadBytes of valid UTF-8 for one or more notices. Annotations are shortened to
// fit; then the last notices are left out and counted in truncatedAlerts.
[[nodiscard]] std::string webhook_json(std::span<const NoticePtr> notices, const Sender& sender);

// The same for Alertmanager's API v2: an array of alerts. What fires ends at `firing_ends` unless
// it is sent again before. The severity is one of the labels that make an alert what it is: where
// the one that was told last was another, `told_severity`, that alert is ended in the same array.
[[nodiscard]] std::string posted_alerts_json(const Notice& notice, const Sender& sender,
                                             WallTime firing_ends,
                                             std::string_view told_severity = {});

// 16 hex digits that stay the same from the first firing to the resolution, and differ between
// incidents: FNV-1a (64 bit) over name, 0xFF, value, 0xFF of the alert's labels sorted by name, as
// Prometheus fingerprints a label set. `severity` is left out: it may rise while the incident
// lasts.
[[nodiscard]] std::string fingerprint(const Incident& incident, const Sender& sender);

}  // namespace highwater::notify
