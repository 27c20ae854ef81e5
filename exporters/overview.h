// The front page and the list of runbooks: plain lists of links, with the open incidents and a line
// per cluster. Pure; used by the web pages.
#pragma once

#include <string>

#include "agent/core/report.h"
#include "exporters/runbooks.h"

namespace highwater {

// `report` may be null: nothing was judged yet.
[[nodiscard]] std::string overview_page(const Report* report, Now now, const Runbooks& runbooks);
[[nodiscard]] std::string runbook_list_page(const Runbooks& runbooks);

}  // namespace highwater
