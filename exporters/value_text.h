// Values of measures as people read them. Pure; any thread.
#pragma once

#include <string>

#include "agent/core/table.h"

namespace highwater {

// "1,204", "7 min 3 s", "98.2 %", "3.1 GiB", "yes"; never scientific notation.
[[nodiscard]] std::string value_text(double value, Unit unit);
// The same of a row, or why it has no value: "unknown: no_commit".
[[nodiscard]] std::string cell_text(const Table& table, size_t row, bool stale);
// "group_lag_seconds_max" of a group: "lag max". What the page is about and the unit are left out.
[[nodiscard]] std::string column_title(const Measure& measure, std::string_view about);

}  // namespace highwater
