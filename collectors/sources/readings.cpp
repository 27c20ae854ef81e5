#include "collectors/sources/readings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "collectors/sources/json_page.h"
#include "collectors/sources/prometheus_text.h"
#include "collectors/sources/shown.h"

namespace highwater::sources {
namespace {

constexpr size_t kMostRemarks = 20;
constexpr size_t kLongestCell = 500;

uint64_t mix(uint64_t hash, std::string_view text) {
  return (hash ^ std::hash<std::string_view>{}(text)) * 0x9e3779b97f4a7c15U;
}

// Takes series after series, whatever the page's format.
class Collector {
 public:
  Collector(const SourcePlan& plan, size_t number, WallTime wall)
      : plan_(plan), source_(plan.sources[number]), wall_(wall) {
    for (size_t i = 0; i < plan.mappings.size(); ++i) {
      if (std::ranges::find(plan.mappings[i].sources, number) != plan.mappings[i].sources.end())
        mappings_.push_back(i);
    }
  }

  Read<Readings> read_text(const Page& page);
  Read<Readings> read_json(const Page& page);

 private:
  void take(size_t mapping, const TextSample& sample);
  void take_json(size_t mapping, const JsonPage& page);
  uint64_t json_series(size_t number, const std::vector<Symbol>& cells,
                       const std::vector<JsonBinding>& bindings);
  // False when the series has no place: a remark says why.
  template <class CellOf>
  bool fill(const Mapping& mapping, CellOf cell_of, std::vector<Symbol>& cells);
  void add(size_t mapping, uint64_t series, std::vector<Symbol> cells, double value,
           Unknown reason);
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
  std::vector<size_t> mappings_;  // of this source
  Readings readings_;
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
  const auto samples = read_prometheus_text(
      page.text, openmetrics, {},
      [&](std::string_view wanted) { return look(wanted) != by_name.end(); },
      [&](const TextSample& sample) {
        for (const size_t i : look(sample.name)->second) take(i, sample);
      });
  if (!samples) return unreadable(samples.error().message);
  if (*samples == 0) return unreadable("the page holds no samples");
  readings_.samples = *samples;
  return finish();
}

void Collector::take(size_t number, const TextSample& sample) {
  const Mapping& wanted = mapping(number);
  const auto label = [&](std::string_view name) -> std::string_view {
    const auto found = std::ranges::find(sample.labels, name, &TextLabel::name);
    return found == sample.labels.end() ? std::string_view() : found->value;
  };
  for (const SeriesFilter& filter : wanted.filters) {
    const bool matches = std::ranges::any_of(filter.patterns, [&](const Pattern& pattern) {
      return pattern.matches(label(filter.label));
    });
    if (matches == filter.exclude) return;
  }
  std::vector<Symbol> cells;
  if (!fill(
          wanted, [&](const CellRule& rule) { return std::string(label(rule.text)); }, cells))
    return;
  // Labels in any order are the same series.
  uint64_t series = mix(number, sample.name);
  uint64_t labels = 0;
  for (const TextLabel& one : sample.labels) labels += mix(mix(1, one.name), one.value);
  const double value = sample.value * wanted.scale;
  Unknown reason = judge(*wanted.measure, value);
  if (reason == Unknown::known && sample.unix_ms)
    reason = judge_time(*wanted.measure, *sample.unix_ms);
  add(number, series ^ labels, std::move(cells), value, reason);
}

Read<Readings> Collector::read_json(const Page& page) {
  const auto parsed = JsonPage::parse(page.text);
  if (!parsed) return unreadable("the JSON: " + parsed.error().message);
  for (const size_t i : mappings_) take_json(i, *parsed);
  return finish();
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
    if (!fill(wanted, cell_of, cells)) return;
    const uint64_t series = json_series(number, cells, bindings);
    const auto say = [&](std::string_view what) {
      remark(fmt::format("a value of '{}' is {}", wanted.measure->name, what));
      add(number, series, cells, 0, Unknown::failed);
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
    add(number, series, std::move(cells), value, judge(*wanted.measure, value));
  });
}

// Items of a list change places: what they are called tells them apart, not where they stand.
uint64_t Collector::json_series(size_t number, const std::vector<Symbol>& cells,
                                const std::vector<JsonBinding>& bindings) {
  uint64_t series = mix(number, "json");
  for (const Symbol& cell : cells) series = mix(series, cell.text());
  for (const JsonBinding& binding : bindings) {
    if (!binding.is_item) series = mix(series, binding.name);
  }
  if (mapping(number).combine == Combine::refuse) return series;
  return mix(series, std::to_string(alike_[series]++));
}

template <class CellOf>
bool Collector::fill(const Mapping& mapping, CellOf cell_of, std::vector<Symbol>& cells) {
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
      return false;
    }
    cells.emplace_back(text);
  }
  return true;
}

void Collector::add(size_t number, uint64_t series, std::vector<Symbol> cells, double value,
                    Unknown reason) {
  const auto [found, fresh] = seen_.try_emplace(series, readings_.rows.size());
  if (!fresh) {
    remark(fmt::format("a series of '{}' stands twice on the page", mapping(number).measure->name));
    readings_.rows[found->second].reason = Unknown::contradicted;
    return;
  }
  if (readings_.rows.size() > kMostReadings) return;  // the page is refused in the end
  readings_.rows.push_back({number, series, std::move(cells), value, reason});
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

Read<Readings> read_page(const Page& page, const SourcePlan& plan, size_t number, WallTime wall) {
  Collector collector(plan, number, wall);
  switch (plan.sources[number].format) {
    case PageFormat::prometheus:
      return collector.read_text(page);
    case PageFormat::json:
      return collector.read_json(page);
  }
  return unreadable("its format is unknown");
}

}  // namespace highwater::sources
