// What the operating system says about this process, under the names that every exporter uses.
// Read at each scrape; any thread.
#pragma once

#include <optional>

#include "exporters/metrics/exposition.h"

namespace highwater {

struct ProcessFacts {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double start_unix_seconds = 0;
  double threads = 0;
  std::optional<double> open_descriptors;  // none when the directory cannot be read
  std::optional<double> max_descriptors;
};

[[nodiscard]] std::optional<ProcessFacts> read_process_facts();
void write_process_facts(const ProcessFacts& facts, Exposition& out);

}  // namespace highwater
