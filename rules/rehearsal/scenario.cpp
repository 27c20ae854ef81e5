#include "rules/rehearsal/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "rules/language/rule_fields.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Duration kShortestInterval = seconds(1);
constexpr Duration kLongestInterval = hours(24);
constexpr Duration kLongestScenario = hours(24 * 365 * 50);

// The digits of `text`, which has nothing else; nothing when it has.
std::optional<unsigned> digits_of(std::string_view text) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (text.empty() || problem != std::errc{} || stop != end) return std::nullopt;
  return number;
}

// "2026-03-01" or "2026-03-01T09:30:00Z".
std::optional<WallTime> parse_time(std::string_view text) {
  const bool has_time = text.size() == 20;
  if (text.size() != 10 && !has_time) return std::nullopt;
  if (text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits_of(text.substr(0, 4));
  const auto month = digits_of(text.substr(5, 2));
  const auto day = digits_of(text.substr(8, 2));
  if (!year || !month || !day || *year < 1971 || *year > 2099) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  WallTime time{std::chrono::sys_days(date)};
  if (!has_time) return time;
  if (text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z') return std::nullopt;
  const auto hour = digits_of(text.substr(11, 2));
  const auto minute = digits_of(text.substr(14, 2));
  const auto second = digits_of(text.substr(17, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59)
    return std::nullopt;
  return time + hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

void error(const SeriesOrigin& origin, const YamlNode& at, std::string what, std::string advice) {
  origin.diagnostics.push_back(
      {origin.file, at.line, at.column, std::move(what), std::move(advice)});
}

std::optional<Series> read_one_series(const YamlNode& node, std::string_view cluster,
                                      const SeriesOrigin& origin) {
  YamlMap map(node, "a series", origin.file, origin.diagnostics);
  if (!map.valid()) return std::nullopt;
  const YamlNode* const row_node = read_scalar(map, "series", true);
  const YamlNode* const values_node = read_scalar(map, "values", true);
  map.finish();
  if (row_node == nullptr || values_node == nullptr) return std::nullopt;
  ParsedRow row = parse_row(row_node->scalar, {origin.catalogue, cluster, origin.foreign});
  if (row.error) report(map, *row_node, *row.error);
  if (row.measure == nullptr) return std::nullopt;
  ParsedValues values = parse_values(values_node->scalar, *row.measure);
  if (values.error) {
    report(map, *values_node, *values.error);
    return std::nullopt;
  }
  return Series{row.measure, std::move(row.cells), std::move(values.values), node.line};
}

// The catalogue's own text for the dimension, which lives as long as the program.
std::string_view known_dimension(const Catalogue& catalogue, std::string_view name) {
  for (const Measure* measure : catalogue.measures()) {
    const int index = dimension_index(*measure, name);
    if (index >= 0) return measure->dimensions[static_cast<size_t>(index)];
  }
  return {};
}

std::vector<std::string> all_dimensions(const Catalogue& catalogue) {
  std::set<std::string> names;
  for (const Measure* measure : catalogue.measures())
    names.insert(measure->dimensions.begin(), measure->dimensions.end());
  return {names.begin(), names.end()};
}

std::optional<Dependency::End> read_end(YamlMap& map, const std::string& key,
                                        std::string_view cluster, const SeriesOrigin& origin) {
  const YamlNode* const node = map.require(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind != YamlNode::Kind::map || node->entries.empty()) {
    map.error(*node, fmt::format("'{}' must be a map from dimensions to names", key),
              "write it like {topic: orders, partition: 0}");
    return std::nullopt;
  }
  Dependency::End end;
  bool has_cluster = false;
  for (const auto& [dimension, value] : node->entries) {
    const std::string_view known = known_dimension(origin.catalogue, dimension.scalar);
    if (known.empty()) {
      map.error(dimension, fmt::format("no measure has a dimension '{}'", dimension.scalar),
                did_you_mean(dimension.scalar, all_dimensions(origin.catalogue)));
      return std::nullopt;
    }
    if (value.kind != YamlNode::Kind::scalar) {
      map.error(value, fmt::format("'{}' must be text", dimension.scalar));
      return std::nullopt;
    }
    has_cluster = has_cluster || known == "cluster";
    end.emplace_back(known, Symbol(value.scalar));
  }
  if (!has_cluster)
    end.insert(end.begin(),
               {known_dimension(origin.catalogue, "cluster"), Symbol(std::string(cluster))});
  return end;
}

bool is_list(const YamlNode& node, std::string_view what, size_t most, const SeriesOrigin& origin) {
  if (node.kind != YamlNode::Kind::list) {
    error(origin, node, fmt::format("{} must be a list", what), "begin each entry with '- '");
    return false;
  }
  if (node.items.size() <= most) return true;
  error(origin, node, fmt::format("{} has more than {} entries", what, most), "split the file");
  return false;
}

}  // namespace

uint64_t Scenario::steps() const {
  uint64_t longest = 0;
  for (const Series& one : series) longest = std::max(longest, one.values.size());
  return longest;
}

Duration Scenario::length() const {
  const auto most = static_cast<uint64_t>(kLongestScenario / settings.interval);
  const uint64_t count = std::min(steps(), most + 1);
  return count == 0 ? Duration::zero() : settings.interval * static_cast<int64_t>(count - 1);
}

ScenarioSettings read_scenario_settings(YamlMap& map, const ScenarioSettings& defaults) {
  ScenarioSettings settings = defaults;
  if (const std::optional<Duration> interval = map.duration("interval")) {
    if (*interval < kShortestInterval || *interval > kLongestInterval) {
      map.error(*map.get("interval"), "'interval' must be between 1s and 1d");
    } else {
      settings.interval = *interval;
    }
  }
  if (const YamlNode* const start = read_scalar(map, "start", false)) {
    if (const std::optional<WallTime> time = parse_time(start->scalar)) {
      settings.start = *time;
    } else {
      map.error(*start, fmt::format("'{}' is no time", start->scalar),
                "write it like 2026-03-01 or 2026-03-01T09:30:00Z, which is UTC");
    }
  }
  if (const std::optional<std::string> cluster = map.text("cluster")) settings.cluster = *cluster;
  return settings;
}

std::vector<Series> read_series(const YamlNode& list, std::string_view cluster,
                                const SeriesOrigin& origin, size_t& skipped) {
  std::vector<Series> all;
  if (!is_list(list, "the list of series", kMostSeries, origin)) return all;
  std::set<std::pair<const Measure*, std::vector<Symbol>>> seen;
  for (const YamlNode& node : list.items) {
    const size_t before = origin.diagnostics.size();
    std::optional<Series> series = read_one_series(node, cluster, origin);
    if (!series) {
      if (origin.diagnostics.size() == before) ++skipped;
      continue;
    }
    if (!seen.emplace(series->measure, series->cells).second) {
      error(origin, node, "this series is there already", "join their values, or name another row");
      continue;
    }
    all.push_back(std::move(*series));
  }
  return all;
}

std::vector<Dependency> read_dependencies(const YamlNode& list, std::string_view cluster,
                                          const SeriesOrigin& origin) {
  std::vector<Dependency> all;
  if (!is_list(list, "'depends'", kMostSeries, origin)) return all;
  for (const YamlNode& node : list.items) {
    YamlMap map(node, "a dependency", origin.file, origin.diagnostics);
    if (!map.valid()) continue;
    std::optional<Dependency::End> what = read_end(map, "what", cluster, origin);
    std::optional<Dependency::End> on = read_end(map, "on", cluster, origin);
    map.finish();
    if (what && on) all.push_back({std::move(*what), std::move(*on)});
  }
  return all;
}

void check_size(const Scenario& scenario, Duration until, const YamlNode& at,
                const SeriesOrigin& origin) {
  const auto steps = static_cast<uint64_t>(until / scenario.settings.interval) + 1;
  if (until > kLongestScenario - scenario.settings.interval) {
    error(origin, at, "this is longer than fifty years", "choose a shorter interval");
    return;
  }
  const uint64_t rows = std::max<uint64_t>(scenario.series.size(), 1);
  if (steps <= kMostSamples && steps <= kMostReadings / rows) return;
  error(origin, at,
        fmt::format("{} series over {} at an interval of {} are too much", scenario.series.size(),
                    format_duration(until), format_duration(scenario.settings.interval)),
        "choose a longer interval, or fewer series");
}

}  // namespace highwater::rules
