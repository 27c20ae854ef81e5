// An incident as a card on a page: what is wrong, since when, why, what it costs, and the id that
// finds the rest. Used by the runbooks and the overview; pure.
#pragma once

#include <string>

#include "agent/core/report.h"

namespace highwater {

[[nodiscard]] std::string incident_card(const Incident& incident, WallTime now);

}  // namespace highwater
