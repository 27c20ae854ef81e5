#include "collectors/sources/readings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "collectors/sources/json_page.h"
#include "collectors/sources/prometheus_text.h"
#include "collectors/sources/shown.h"

namespace highwater::sources {
namespace {

constexpr size_t kLongestCell = 500;

uint64_t mix(uint64_t hash, std::string_view text) {
  return (hash ^ std::hash<std::string_view>{}(text)) * 0x9e3779b97f4a7c15U;
}

// Takes series after series, whatever the page's format.
class Collector {
 public:
  Collector(const SourcePlan& plan, size_t number, WallTime wall, std::string_view origin)
      : plan_(plan), source_(plan.sources[number]), wall_(wall), origin_(mix(1, origin)) {
    for (size_t i = 0; i < plan.mappings.size(); ++i) {
      if (std::ranges::find(plan.mappings[i].sources, number) != plan.mappings[i].sources.end())
        mappings_.push_back(i);
    }
  }

  Read<Readings> read_text(const Page& page);
  Read<Readings> read_json(const Page& page);

 private:
  using Searches = std::unordered_map<size_t, MetricSearch>;  // by mapping
  void take(size_t mapping, const TextSample& sample, MetricSearch& search);
  void choose_names();
  void take_json(size_t mapping, const JsonPage& page);
  Finding find_json(size_t number, const JsonPage& page, size_t rows) const;
  uint64_t json_series(size_t number, const std::vector<Symbol>& cells,
                       const std::vector<JsonBinding>& bindings);
  // Nothing when all cells are filled; else the dimension that has no value: a remark says why.
  template <class CellOf>
  std::optional<std::string_view> fill(const Mapping& mapping, CellOf cell_of,
                                       std::vector<Symbol>& cells);
  // `name` is which of the mapping's names it has.
  void add(size_t mapping, uint64_t series, std::vector<Symbol> cells, double value, Unknown reason,
           size_t name);
  void remark(std::string what) {
    if (remarks_.size() < kMostRemarks) remarks_.insert(std::move(what));
  }
  Unknown judge(const Measure& measure, double value);
  Unknown judge_time(const Measure& measure, int64_t unix_ms);
  Read<Readings> finish();
  [[nodiscard]] const Mapping& mapping(size_t i) const { return plan_.mappings[i]; }

  const SourcePlan& plan_;
  const SourceSettings& source_;
  const WallTime wall_;
  const uint64_t origin_;
  std::vector<size_t> mappings_;  // of this source
  Readings readings_;
  std::vector<size_t> row_names_;  // by row: which of its mapping's names it has
  std::set<size_t> unnamed_;       // JSON: mappings of which a value was left out without a cell
  std::unordered_map<uint64_t, size_t> seen_;   // where each series stands
  std::unordered_map<uint64_t, size_t> alike_;  // JSON: how many of the same name there were
  std::set<std::string> remarks_;
};

Read<Readings> Collector::read_text(const Page& page) {
  const bool openmetrics = is_openmetrics(page.text, page.content_type);
  std::unordered_map<std::string, std::vector<size_t>> by_name;
  for (const size_t i : mappings_) {
    for (const std::string& name : mapping(i).metrics) {
      by_name[name].push_back(i);
      if (openmetrics && mapping(i).measure->type == MeasureType::counter &&
          !name.ends_with("_total"))
        by_name[name + "_total"].push_back(i);
    }
  }
  std::string name;  // kept, so that a look does not allocate
  const auto look = [&](std::string_view wanted) {
    name.assign(wanted);
    return by_name.find(name);
  };
  Searches searches;
  for (const size_t i : mappings_) searches.emplace(i, MetricSearch(mapping(i)));
  const auto samples = read_prometheus_text(
      page.text, openmetrics, {},
      [&](std::string_view wanted) { return look(wanted) != by_name.end(); },
      [&](const TextSample& sample) {
        for (const size_t i : look(sample.name)->second) take(i, sample, searches.at(i));
      },
      [&](std::string_view family, std::string_view type) {
        for (const std::string_view ending : {"", "_total", "_count", "_sum", "_bucket"}) {
          const std::string metric = fmt::format("{}{}", family, ending);
          const auto found = by_name.find(metric);
          if (found == by_name.end()) continue;
          for (const size_t i : found->second) searches.at(i).see_type(family, type, metric);
        }
      });
  if (!samples) return unreadable(samples.error().message);
  if (*samples == 0) return unreadable("the page holds no samples");
  readings_.samples = *samples;
  choose_names();
  NearNames names(page.text);
  for (const size_t i : mappings_) readings_.findings.push_back(searches.at(i).finding(i, names));
  return finish();
}

void Collector::take(size_t number, const TextSample& sample, MetricSearch& search) {
  const Mapping& wanted = mapping(number);
  const auto label = [&](std::string_view name) -> std::string_view {
    const auto found = std::ranges::find(sample.labels, name, &TextLabel::name);
    return found == sample.labels.end() ? std::string_view() : found->value;
  };
  search.see_series(sample.labels);
  for (const SeriesFilter& filter : wanted.filters) {
    const bool matches = std::ranges::any_of(filter.patterns, [&](const Pattern& pattern) {
      return pattern.matches(label(filter.label));
    });
    if (matches == filter.exclude) return;
  }
  const auto cell_of = [&](const CellRule& rule) {
    std::string_view cell = label(rule.text);
    for (size_t i = 0; cell.empty() && i < rule.others.size(); ++i) cell = label(rule.others[i]);
    return std::string(cell);
  };
  std::vector<Symbol> cells;
  if (const auto dimension = fill(wanted, cell_of, cells)) {
    search.lack_label(*dimension, sample.labels);
    return;
  }
  search.add_row();
  // Labels in any order are the same series.
  uint64_t series = mix(mix(origin_, std::to_string(number)), sample.name);
  uint64_t labels = 0;
  for (const TextLabel& one : sample.labels) labels += mix(mix(1, one.name), one.value);
  const double value = sample.value * wanted.scale;
  Unknown reason = judge(*wanted.measure, value);
  if (reason == Unknown::known && sample.unix_ms)
    reason = judge_time(*wanted.measure, *sample.unix_ms);
  // In OpenMetrics a counter's samples may have an ending that the mapping leaves out.
  const auto name = std::ranges::find_if(wanted.metrics, [&](const std::string& metric) {
    return sample.name.starts_with(metric) &&
           (sample.name.size() == metric.size() || sample.name.substr(metric.size()) == "_total");
  });
  add(number, series ^ labels, std::move(cells), value, reason,
      static_cast<size_t>(name - wanted.metrics.begin()));
}

// The names of a mapping are what different exporters call one quantity. Where a page has several
// of them for a row, adding them up would count it twice: the first of them is taken.
void Collector::choose_names() {
  std::map<std::pair<size_t, std::vector<Symbol>>, size_t> first;
  for (size_t i = 0; i < readings_.rows.size(); ++i) {
    const Reading& row = readings_.rows[i];
    if (mapping(row.mapping).metrics.size() < 2) continue;
    const auto [entry, added] = first.try_emplace({row.mapping, row.cells}, row_names_[i]);
    if (!added) entry->second = std::min(entry->second, row_names_[i]);
  }
  if (first.empty()) return;
  std::vector<Reading> chosen;
  for (size_t i = 0; i < readings_.rows.size(); ++i) {
    Reading& row = readings_.rows[i];
    const auto entry = first.find({row.mapping, row.cells});
    if (entry == first.end() || entry->second == row_names_[i]) {
      chosen.push_back(std::move(row));
      continue;
    }
    const auto& metrics = mapping(row.mapping).metrics;
    remark(fmt::format("{} is left out where {} is on the page as well", metrics[row_names_[i]],
                       metrics[entry->second]));
  }
  readings_.rows = std::move(chosen);
}

Read<Readings> Collector::read_json(const Page& page) {
  const auto parsed = JsonPage::parse(page.text);
  if (!parsed) return unreadable("the JSON: " + parsed.error().message);
  for (const size_t i : mappings_) {
    const size_t before = readings_.rows.size();
    take_json(i, *parsed);
    readings_.findings.push_back(find_json(i, *parsed, readings_.rows.size() - before));
  }
  return finish();
}

Finding Collector::find_json(size_t number, const JsonPage& page, size_t rows) const {
  const JsonPath& path = *mapping(number).path;
  const JsonPage::Reach reach = page.reach(path);
  switch (reach.kind) {
    case JsonPage::Reach::Kind::value:
      if (rows > 0) return {number, Found::rows, {}};
      if (unnamed_.contains(number))
        return {number, Found::lacking,
                fmt::format("'{}' is on its page, but not what names its rows: the paths of "
                            "'dimensions' lead nowhere",
                            path.text())};
      return {number, Found::nothing_yet, {}};
    case JsonPage::Reach::Kind::empty:
      return {number, Found::nothing_yet, {}};
    case JsonPage::Reach::Kind::blocked:
      return {number, Found::lacking,
              fmt::format("'{}' leads nowhere on its page: {}", path.text(), reach.why)};
  }
  return {number, Found::rows, {}};
}

void Collector::take_json(size_t number, const JsonPage& page) {
  const Mapping& wanted = mapping(number);
  page.walk(*wanted.path, [&](const JsonValue& found, const std::vector<JsonBinding>& bindings) {
    ++readings_.samples;
    for (const SeriesFilter& filter : wanted.filters) {
      const std::string text = page.at(filter.path, bindings).label();
      const bool matches = std::ranges::any_of(
          filter.patterns, [&](const Pattern& pattern) { return pattern.matches(text); });
      if (matches == filter.exclude) return;
    }
    const auto cell_of = [&](const CellRule& rule) {
      if (rule.from == CellRule::From::path) return page.at(rule.path, bindings).label();
      return rule.wildcard < bindings.size() ? bindings[rule.wildcard].label() : std::string();
    };
    std::vector<Symbol> cells;
    if (fill(wanted, cell_of, cells)) {
      unnamed_.insert(number);
      return;
    }
    const uint64_t series = json_series(number, cells, bindings);
    const auto say = [&](std::string_view what) {
      remark(fmt::format("a value of '{}' is {}", wanted.measure->name, what));
      add(number, series, cells, 0, Unknown::failed, 0);
    };
    double value = found.number;
    if (found.kind == JsonValue::Kind::text) {
      const auto word = std::ranges::find(wanted.words, found.text, [](const auto& entry) {
        return std::string_view(entry.first);
      });
      if (word == wanted.words.end() && !wanted.other_words)
        return say(fmt::format("the text '{}'", shown(found.text)));
      value = word == wanted.words.end() ? *wanted.other_words : word->second;
    } else if (found.kind == JsonValue::Kind::missing) {
      return say("missing");
    } else if (found.kind != JsonValue::Kind::number && found.kind != JsonValue::Kind::boolean) {
      return say("no number");
    }
    value *= wanted.scale;
    add(number, series, std::move(cells), value, judge(*wanted.measure, value), 0);
  });
}

// Items of a list change places: what they are called tells them apart, not where they stand.
uint64_t Collector::json_series(size_t number, const std::vector<Symbol>& cells,
                                const std::vector<JsonBinding>& bindings) {
  uint64_t series = mix(mix(origin_, std::to_string(number)), "json");
  for (const Symbol& cell : cells) series = mix(series, cell.text());
  for (const JsonBinding& binding : bindings) {
    if (!binding.is_item) series = mix(series, binding.name);
  }
  if (mapping(number).combine == Combine::refuse) return series;
  return mix(series, std::to_string(alike_[series]++));
}

template <class CellOf>
std::optional<std::string_view> Collector::fill(const Mapping& mapping, CellOf cell_of,
                                                std::vector<Symbol>& cells) {
  cells.reserve(mapping.cells.size());
  for (size_t i = 0; i < mapping.cells.size(); ++i) {
    const CellRule& rule = mapping.cells[i];
    switch (rule.from) {
      case CellRule::From::constant:
        cells.emplace_back(rule.text);
        continue;
      case CellRule::From::source:
        cells.push_back(source_.name);
        continue;
      case CellRule::From::cluster:
        cells.push_back(source_.cluster);
        continue;
      case CellRule::From::label:
      case CellRule::From::path:
      case CellRule::From::wildcard:
        break;
    }
    const std::string text = cell_of(rule);
    if (text.empty() || text.size() > kLongestCell) {
      remark(fmt::format("a series of '{}' is left out: its '{}' is {}", mapping.measure->name,
                         mapping.measure->dimensions[i], text.empty() ? "missing" : "too long"));
      return mapping.measure->dimensions[i];
    }
    cells.emplace_back(text);
  }
  return std::nullopt;
}

void Collector::add(size_t number, uint64_t series, std::vector<Symbol> cells, double value,
                    Unknown reason, size_t name) {
  const auto [found, fresh] = seen_.try_emplace(series, readings_.rows.size());
  if (!fresh) {
    remark(fmt::format("a series of '{}' stands twice on the page", mapping(number).measure->name));
    readings_.rows[found->second].reason = Unknown::contradicted;
    return;
  }
  if (readings_.rows.size() > kMostReadings) return;  // the page is refused in the end
  readings_.rows.push_back({number, series, std::move(cells), value, reason});
  row_names_.push_back(name);
}

Unknown Collector::judge(const Measure& measure, double value) {
  const auto wrong = [&](std::string_view what) {
    remark(fmt::format("a value of '{}' is {}", measure.name, what));
    return Unknown::failed;
  };
  if (std::isnan(value)) return wrong("not a number");
  if (std::isinf(value)) return wrong("infinite");
  switch (measure.unit) {
    case Unit::boolean:
      if (value != 0 && value != 1) return wrong("neither 0 nor 1");
      break;
    case Unit::seconds:
    case Unit::bytes:
    case Unit::records:
    case Unit::count:
    case Unit::ratio:
      if (value < 0) return wrong("negative");
      break;
    case Unit::none:
    case Unit::info:
      if (value < 0 && measure.type == MeasureType::counter) return wrong("negative");
      break;
  }
  return Unknown::known;
}

Unknown Collector::judge_time(const Measure& measure, int64_t unix_ms) {
  const double age = to_unix_seconds(wall_) - static_cast<double>(unix_ms) / 1000;
  const double limit = to_seconds(kStaleSample);
  if (age > limit) {
    remark(fmt::format("a value of '{}' is older than 5 minutes", measure.name));
    return Unknown::not_asked;
  }
  if (age < -limit) {
    remark(fmt::format("a value of '{}' is of the future", measure.name));
    return Unknown::contradicted;
  }
  return Unknown::known;
}

Read<Readings> Collector::finish() {
  if (readings_.rows.size() > kMostReadings)
    return unreadable(fmt::format(
        "more than {} series are wanted of it: choose fewer with 'select'", kMostReadings));
  readings_.remarks.assign(remarks_.begin(), remarks_.end());
  return std::move(readings_);
}

}  // namespace

Read<Readings> read_page(const Page& page, const SourcePlan& plan, size_t number, WallTime wall,
                         std::string_view origin) {
  Collector collector(plan, number, wall, origin);
  switch (plan.sources[number].format) {
    case PageFormat::prometheus:
      return collector.read_text(page);
    case PageFormat::json:
      return collector.read_json(page);
  }
  return unreadable("its format is unknown");
}

}  // namespace highwater::sources
