// What was told to whom: as a page, as JSON, and beside an incident. Pure; used by the pages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/core/report.h"
#include "exporters/notify/delivery_log.h"

namespace highwater::web {

constexpr size_t kMostDeliveries = 500;

// HTML: how it stands with each receiver that was told, or tried; empty when none was.
[[nodiscard]] std::string told_of(const notify::DeliveryLog& log, const Incident& incident,
                                  WallTime now);
// The newest first.
[[nodiscard]] std::string deliveries_page(const notify::DeliveryLog& log, WallTime now);
// {"now", "deliveries": [{"at", "begun", "receiver", "incident", "status", "outcome", ...}]}, the
// newest first; at most `most` of them, of one incident or of all.
[[nodiscard]] std::string deliveries_json(const notify::DeliveryLog& log, WallTime now,
                                          std::optional<uint64_t> incident, size_t most);

}  // namespace highwater::web
