// Why a rule fires or is quiet, as JSON: what `/api/v1/explain` answers and `highwater explain`
// prints. Reads an answer of the engine, and the report for the incident. Pure; any thread.
//
// {"rule", "kind": "slo" | "alert" | "unknown", "at", "judges", "meaning", "items": [{"entity",
// "state": "firing" | "pending" | "quiet", "unknown", "last_sample", "budget": {"remaining",
// "exhausted_in_seconds", "clears_at", "tiers": [...]}, "incident"}], "count", "total", "entity",
// "rows", "row_items"}. What is unknown is null.
#pragma once

#include <string>

#include "agent/core/explanation.h"
#include "exporters/remedies/remedy.h"

namespace highwater {

// `report` may be null.
[[nodiscard]] std::string explain_json(const ExplainAnswer& answer, const Report* report,
                                       const RemedySource& remedies = {});

}  // namespace highwater
