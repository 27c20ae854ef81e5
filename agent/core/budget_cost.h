// What an incident cost of the error budget of its SLO. Pure; any thread.
#pragma once

#include <string>

#include "agent/core/report.h"

namespace highwater {

// "3.2% of the error budget"; empty when it is about no SLO, or cost nothing.
[[nodiscard]] std::string cost_text(const Incident& incident);

}  // namespace highwater
