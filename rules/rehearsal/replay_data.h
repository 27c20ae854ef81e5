// What `highwater replay` plays: files of series. Pure but for reading the file; any thread.
//
//   interval: 1m
//   series:
//     - {series: 'group_lag_records_max{group="payments"}', values: 0x60 20000x20}
//
// Test files, ours and promtool's, will do as well: each of their tests is played by itself.
#pragma once

#include <string>
#include <vector>

#include "rules/rehearsal/scenario.h"

namespace highwater::rules {

struct ReplayData {
  std::string name;  // the file, and the test's name
  Scenario scenario;
  size_t skipped = 0;  // series of measures that are none of ours, in promtool's files
};

// Nothing of a file with a mistake.
[[nodiscard]] std::vector<ReplayData> read_replay_data(const std::string& path,
                                                       const Catalogue& catalogue,
                                                       Diagnostics& diagnostics);

}  // namespace highwater::rules
