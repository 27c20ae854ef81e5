// Curves as SVG, without a script: small ones in tables, and ones with a scale on pages. Pure; any
// thread.
//
// The line is the greatest value of each step. Where a value was unknown there is a grey band that
// says why, and no line; where nothing was recorded there is nothing.
#pragma once

#include <string>

#include "agent/core/measure.h"
#include "exporters/history/history.h"

namespace highwater::web {

// 120 x 24, from 0 to its greatest value.
[[nodiscard]] std::string sparkline(const history::Curve& curve, Unit unit);
// 720 x 150 with the greatest value, the ends of the time, and what it shows in words.
[[nodiscard]] std::string plot(const history::Curve& curve, Unit unit, std::string_view title);

}  // namespace highwater::web
