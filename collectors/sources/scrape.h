// One reading of one source: fetched, parsed and mapped. The half of a source that does input; on
// the source's own thread.
#pragma once

#include <optional>
#include <stop_token>

#include "collectors/sources/readings.h"

namespace highwater::sources {

struct Scrape {
  size_t source = 0;
  Now at;  // when it was complete
  Duration took{};
  Readings readings;
  // There: the source, or a part of it, could not be read; what `readings` does not hold is
  // unknown.
  std::optional<Failure> failure;
};

[[nodiscard]] Scrape scrape(const SourcePlan& plan, size_t number, const Transfer& transfer,
                            const Clock& clock, const std::stop_token& stop);

}  // namespace highwater::sources
