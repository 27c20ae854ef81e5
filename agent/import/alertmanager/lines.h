// What is written of the flattened routes: the lines of `routes:` and the windows of
// `maintenance:`. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "agent/import/alertmanager/flatten.h"
#include "agent/import/alertmanager/hours.h"
#include "agent/import/alertmanager/receivers.h"
#include "agent/import/fields.h"

namespace highwater::agent::alertmanager {

struct WrittenLines {
  std::vector<std::string> routes;  // each a line of YAML, or a comment
  std::vector<std::string> maintenance;
};

// `root` is the route at the top, whose receivers hear of what no line takes.
[[nodiscard]] WrittenLines write_lines(const std::vector<Line>& lines, const Node& root,
                                       const OurReceivers& receivers,
                                       const TimeIntervals& intervals, std::vector<Loss>& losses);

}  // namespace highwater::agent::alertmanager
