// Every measure the product knows: those of the collectors, of the agent itself, and those that a
// configuration adds. Main's thread makes them; what is made is immutable.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/watch_first.h"

namespace highwater::agent {

// Without those of a configuration.
[[nodiscard]] const Catalogue& catalogue();
// Of its measures, what a restart forgets.
[[nodiscard]] std::vector<WatchFirst> watch_first();
// With these as well; their names must not be taken.
[[nodiscard]] Catalogue catalogue_with(std::span<const Measure* const> more);

// A measure in a user's words.
struct MeasureText {
  std::string name;
  std::string help;
  Unit unit = Unit::none;
  MeasureType type = MeasureType::gauge;
  std::vector<std::string> dimensions;  // `cluster` first
};
// A measure that lives as long as the program. The same words are the same measure, so that a
// configuration can be read again.
[[nodiscard]] const Measure& keep_measure(const MeasureText& text);

}  // namespace highwater::agent
