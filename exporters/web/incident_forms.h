// What a person can do about an open incident on its page: acknowledge it, or go and silence it.
// The agent answers the forms (agent/api/forms.h). Pure.
#pragma once

#include <string>

#include "agent/core/report.h"

namespace highwater::web {

// Empty once it has ended.
[[nodiscard]] std::string incident_forms(const Incident& incident);

// "<select ...>" of the lengths that are usual; `chosen` is one of them, or is added.
[[nodiscard]] std::string duration_choice(std::string_view chosen, std::string_view at_end);

}  // namespace highwater::web
