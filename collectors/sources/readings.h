// Readings: what a page says of the mapped measures. From bytes to numbers and names, for one
// source; pure, on the source's thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/core/time.h"
#include "collectors/sources/finding.h"
#include "collectors/sources/mapping.h"

namespace highwater::sources {

// At most this many series of one source are taken; a page with more is refused.
constexpr size_t kMostReadings = 20'000;
// And at most this many sentences about what could not be taken of it.
constexpr size_t kMostRemarks = 20;
// What a page says of a moment longer ago holds no longer.
constexpr Duration kStaleSample = std::chrono::minutes(5);

// One series of a page, as a row of a measure.
struct Reading {
  size_t mapping = 0;
  uint64_t series = 0;  // a hash of origin, name and labels: the same from page to page
  std::vector<Symbol> cells;
  double value = 0;
  Unknown reason = Unknown::known;
};

struct Readings {
  std::vector<Reading> rows;
  size_t samples = 0;  // on the page in all
  // What could not be taken, in sentences: "a series of 'x' stands twice on the page". At most
  // kMostRemarks.
  std::vector<std::string> remarks;
  std::vector<Finding> findings;  // one for each mapping of the source
};

// `wall` is when the page was asked for; `number` is the source's place in the plan. `origin` tells
// pages of one source apart: the same series in two files are two.
[[nodiscard]] Read<Readings> read_page(const Page& page, const SourcePlan& plan, size_t number,
                                       WallTime wall, std::string_view origin = {});

}  // namespace highwater::sources
