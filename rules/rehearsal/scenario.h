// Scenario: series on an interval, and what depends on what: a piece of the world as rules see it.
// Read from the YAML of test files and of series to replay, played by the Rehearsal. Pure, any
// thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/yaml.h"
#include "rules/rehearsal/series.h"

namespace highwater::rules {

constexpr size_t kMostSeries = 10'000;
constexpr uint64_t kMostReadings = 200'000'000;  // series x steps
// A Monday, and the first day of a month and of a quarter, so that every calendar window begins.
constexpr WallTime kDefaultStart{std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)};

// "The first depends on the second." The names of dimensions are those of the catalogue.
struct Dependency {
  using End = std::vector<std::pair<std::string_view, Symbol>>;
  End what;
  End on;
};

struct ScenarioSettings {
  Duration interval = std::chrono::minutes(1);
  WallTime start = kDefaultStart;
  std::string cluster = "prod";  // of series that name none
};

struct Scenario {
  ScenarioSettings settings;
  std::vector<Series> series;
  std::vector<Dependency> depends;

  [[nodiscard]] uint64_t steps() const;   // of the longest series
  [[nodiscard]] Duration length() const;  // from its first step to its last; at most fifty years
};

// `interval`, `start` and `cluster`; those that are missing as in `defaults`.
[[nodiscard]] ScenarioSettings read_scenario_settings(YamlMap& map,
                                                      const ScenarioSettings& defaults);

struct SeriesOrigin {
  const std::string& file;
  const Catalogue& catalogue;
  Diagnostics& diagnostics;
  bool foreign = false;  // written for Prometheus
};
// The list of series; `skipped` counts those of measures that are none of ours, when foreign.
[[nodiscard]] std::vector<Series> read_series(const YamlNode& list, std::string_view cluster,
                                              const SeriesOrigin& origin, size_t& skipped);
[[nodiscard]] std::vector<Dependency> read_dependencies(const YamlNode& list,
                                                        std::string_view cluster,
                                                        const SeriesOrigin& origin);
// Says so when playing it until `until` would take too long.
void check_size(const Scenario& scenario, Duration until, const YamlNode& at,
                const SeriesOrigin& origin);

}  // namespace highwater::rules
