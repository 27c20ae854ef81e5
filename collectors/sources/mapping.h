// How what stands on a page becomes rows of a measure. Made by the configuration, immutable
// afterwards; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/measure.h"
#include "agent/core/pattern.h"
#include "collectors/sources/json_path.h"
#include "collectors/sources/source.h"

namespace highwater::sources {

// Where a row's dimension comes from.
struct CellRule {
  enum class From : uint8_t {
    constant,  // `text`
    source,    // the source's name
    cluster,   // the cluster that the source belongs to
    label,     // Prometheus: the label `text`
    path,      // JSON
    wildcard,  // JSON: what the wildcard number `wildcard` stood for
  };
  From from = From::constant;
  std::string text;
  JsonPath path;
  size_t wildcard = 0;
  std::vector<std::string> others{};  // labels that are tried when `text` is not there, in order
};

// Which series count, by a label of theirs (JSON: by the value at a path). A label that is not
// there is empty.
struct SeriesFilter {
  std::string label;
  JsonPath path;
  std::vector<Pattern> patterns;
  bool exclude = false;
};

// What several series with the same dimensions come to. Counters are always added up.
enum class Combine : uint8_t { refuse, sum, max, min };

struct Mapping {
  const Measure* measure = nullptr;
  std::vector<size_t> sources;                        // their numbers in the plan
  std::vector<std::string> metrics;                   // Prometheus: any of these names
  std::optional<JsonPath> path;                       // JSON
  std::vector<CellRule> cells;                        // one for each of the measure's dimensions
  std::vector<SeriesFilter> filters;                  // all must let it pass
  std::vector<std::pair<std::string, double>> words;  // what a text is as a number
  std::optional<double> other_words;                  // ... that is none of these
  double scale = 1;
  Combine combine = Combine::refuse;
  // Without it a page that has nothing of the mapping is a fault of the mapping or of the page.
  bool may_be_absent = false;
};

struct SourcePlan {
  std::vector<SourceSettings> sources;
  std::vector<Mapping> mappings;
};

}  // namespace highwater::sources
