// What is said of an incident wherever people read it: in notifications, on pages, in the terminal.
// Pure; any thread.
#pragma once

#include <string>

#include "agent/core/report.h"

namespace highwater {

// What it is called.
[[nodiscard]] std::string incident_title(const Incident& incident);

// "8 partitions failed over: orders-0, orders-1 and 6 more; 1 group affected: billing"; empty when
// nothing is known to hang on it.
[[nodiscard]] std::string impact_text(const Incident& incident);

// Why, in the collector's words; empty when the title or the description says so already.
// Of an open one that nothing causes any more: since when, and that it ends by itself; or empty.
[[nodiscard]] std::string over_text(const Incident& incident);
[[nodiscard]] std::string note_text(const Incident& incident);

// "since 2026-11-29T02:14:00Z also: incident 18, Broker 2 (prod) crashed", a line for each link.
[[nodiscard]] std::string links_text(const Incident& incident);

// "2 min before"; "at the same time" below a second.
[[nodiscard]] std::string before_text(Duration before, WallTime at);

// "2 min before: partitions 6 -> 12; 5 min before: deploy 1.42"; empty when nothing is known.
[[nodiscard]] std::string changes_text(const Incident& incident);

// "lead, boss at 2026-11-29T02:24:00Z unless somebody acknowledges it"
[[nodiscard]] std::string escalation_text(const EscalationStep& step);

}  // namespace highwater
