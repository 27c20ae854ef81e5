#include "rules/language/slo_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "rules/language/good_parser.h"
#include "rules/language/rule_fields.h"

namespace highwater::rules {
namespace {

constexpr std::string_view kMetricPrefix = "highwater_";
constexpr std::string_view kEventForm = "count events: sli: {bad: SOME_total, total: ALL_total}";

class SourceReader {
 public:
  SourceReader(YamlMap& map, const RuleSource& source) : map_(map), source_(source) {}

  Sli read();

 private:
  void read_time(const YamlNode& node);
  void read_events(const YamlNode& node);
  void read_good();
  void read_scopes();
  const Measure* find_measure(const YamlNode& node, MeasureType type);
  std::string advice_for_unknown(std::string_view word, MeasureType type) const;
  std::optional<SliSource> read_counter(YamlMap& events, const std::string& key);
  void check_events(const YamlNode& node);
  std::vector<DimensionFilter> shared_filters(const std::string& key,
                                              const std::vector<DimensionFilter>& of_total);
  std::vector<int> shared_per(const std::vector<int>& of_total);
  void report_unshared(const YamlNode& at, std::string_view dimension);

  YamlMap& map_;
  const RuleSource& source_;
  Sli sli_;
};

Sli SourceReader::read() {
  const YamlNode* const node = map_.require("sli");
  if (node != nullptr) {
    switch (node->kind) {
      case YamlNode::Kind::scalar:
        read_time(*node);
        break;
      case YamlNode::Kind::map:
        read_events(*node);
        break;
      case YamlNode::Kind::null:
      case YamlNode::Kind::list:
        map_.error(*node, "'sli' must be a measure, or a pair of counters",
                   "write it like group_lag_records_max, or {bad: SOME_total, total: ALL_total}");
        break;
    }
  }
  read_good();
  read_scopes();
  return std::move(sli_);
}

void SourceReader::read_time(const YamlNode& node) {
  sli_.first.measure = find_measure(node, MeasureType::gauge);
}

// A measure that exists may be of the wrong kind: it is returned none the less, so that what else
// the SLO says of it can be checked.
const Measure* SourceReader::find_measure(const YamlNode& node, MeasureType type) {
  const std::string_view text = node.scalar;
  const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n=!<>~"));
  if (text.find_first_of("(){}[]") != std::string_view::npos) {
    map_.error(node, "functions and braces are not known here",
               "name a measure; choose rows with 'select', join them with 'per'");
    return nullptr;
  }
  const Measure* const measure = source_.catalogue.find(word);
  if (measure == nullptr) {
    map_.error(node, fmt::format("there is no measure '{}'", word), advice_for_unknown(word, type));
    return nullptr;
  }
  if (word.size() != text.size()) {
    map_.error(node,
               fmt::format("'{}' is too much: 'sli' names a measure and no more",
                           text.substr(word.size())),
               "say with 'good' which of its values are good");
  } else if (measure->unit == Unit::info) {
    map_.error(node, fmt::format("'{}' is always 1: what it says is in its dimensions", word),
               "use a measure that changes");
  } else if (measure->type != type) {
    const bool counter = measure->type == MeasureType::counter;
    map_.error(node,
               counter ? fmt::format("'{}' is a counter: it only grows, so no time is good", word)
                       : fmt::format("'{}' is no counter: it does not count events", word),
               counter ? std::string(kEventForm)
                       : fmt::format("judge time by it: sli: {}, and 'good'", word));
  }
  return measure;
}

std::string SourceReader::advice_for_unknown(std::string_view word, MeasureType type) const {
  if (word.starts_with(kMetricPrefix)) word.remove_prefix(kMetricPrefix.size());
  std::vector<std::string> candidates;
  for (const Measure* const measure : source_.catalogue.measures()) {
    if (measure->type == type && measure->unit != Unit::info)
      candidates.emplace_back(measure->name);
  }
  if (candidates.empty()) return "no counters are collected: judge time by a measure and 'good'";
  return did_you_mean(word, candidates);
}

void SourceReader::read_events(const YamlNode& node) {
  YamlMap events(node, "'sli'", source_.file, source_.diagnostics);
  std::optional<SliSource> bad = read_counter(events, "bad");
  std::optional<SliSource> good = read_counter(events, "good");
  sli_.total = SliSource{};
  if (events.require("total") != nullptr) sli_.total = read_counter(events, "total");
  if (!sli_.total) sli_.total = SliSource{};
  sli_.first_is_good = node.find("good") != nullptr;
  const bool both = node.find("bad") != nullptr && sli_.first_is_good;
  if (both) {
    events.error(*node.find("good"), "'sli' counts both bad and good events",
                 "keep one of them: the rest of the total is the other");
  } else if (node.find("bad") == nullptr && !sli_.first_is_good) {
    events.error(node, "'sli' has neither 'bad' nor 'good'", std::string(kEventForm));
  }
  events.finish();
  sli_.first = (sli_.first_is_good ? good : bad).value_or(SliSource{});
  if (sli_.first.measure != nullptr && sli_.total->measure != nullptr && !both) check_events(node);
}

std::optional<SliSource> SourceReader::read_counter(YamlMap& events, const std::string& key) {
  const YamlNode* const node = read_scalar(events, key, false);
  if (node == nullptr) return std::nullopt;
  return SliSource{find_measure(*node, MeasureType::counter), {}};
}

void SourceReader::check_events(const YamlNode& node) {
  const Measure& first = *sli_.first.measure;
  const Measure& total = *sli_.total->measure;
  const YamlNode& at = *node.find(sli_.first_is_good ? "good" : "bad");
  if (&first == &total) {
    map_.error(at,
               fmt::format("'{}' is a part of itself: all events would be {}", first.name,
                           sli_.first_is_good ? "good" : "bad"),
               "name two counters");
  } else if (first.unit != total.unit && first.unit != Unit::none && total.unit != Unit::none) {
    map_.error(at,
               fmt::format("'{}' counts {}, '{}' {}", first.name, unit_name(first.unit), total.name,
                           unit_name(total.unit)),
               "count the same things with both");
  }
}

void SourceReader::read_good() {
  const YamlNode* const node = map_.get("good");
  if (sli_.is_events()) {
    if (node != nullptr) {
      map_.error(*node, "'good' judges time, and this SLO counts events",
                 "remove it: 'bad' or 'good' in 'sli' says which events are good");
    }
    return;
  }
  const Measure* const measure = sli_.first.measure;
  if (node == nullptr) {
    // A wrong 'sli' may have been meant to count events.
    if (measure != nullptr && measure->type == MeasureType::gauge && measure->unit != Unit::info &&
        map_.node().find("good") == nullptr) {
      map_.error(map_.node(), "an SLO that judges time has no 'good'",
                 fmt::format("say which values of '{}' are good, like \"{}\"", measure->name,
                             measure->unit == Unit::boolean   ? "== 0"
                             : measure->unit == Unit::seconds ? "<= 5m"
                                                              : "<= 1000"));
    }
    return;
  }
  if (read_scalar(map_, "good", false) == nullptr || measure == nullptr) return;
  ParsedGood parsed = parse_good(node->scalar, *measure);
  sli_.good = parsed.range;
  for (const TextError& error : parsed.errors) report(map_, *node, error);
}

void SourceReader::read_scopes() {
  SliSource& subjects = sli_.is_events() ? *sli_.total : sli_.first;
  const Measure* measure = subjects.measure;
  RowScope& scope = subjects.scope;
  scope.select = read_filters(map_, "select", measure);
  scope.exclude = read_filters(map_, "exclude", measure);
  scope.per = read_per(map_, measure, "there is one budget for each cluster");
  scope.aggregated = true;
  if (!sli_.is_events() || measure == nullptr || sli_.first.measure == nullptr) return;
  sli_.first.scope.select = shared_filters("select", scope.select);
  sli_.first.scope.exclude = shared_filters("exclude", scope.exclude);
  sli_.first.scope.per = shared_per(scope.per);
  sli_.first.scope.aggregated = true;
}

// The same filters on the rows of the other counter.
std::vector<DimensionFilter> SourceReader::shared_filters(
    const std::string& key, const std::vector<DimensionFilter>& of_total) {
  std::vector<DimensionFilter> filters;
  for (const DimensionFilter& filter : of_total) {
    const std::string_view name =
        sli_.total->measure->dimensions[static_cast<size_t>(filter.dimension)];
    const int index = dimension_index(*sli_.first.measure, name);
    if (index >= 0) {
      filters.push_back({index, filter.patterns});
      continue;
    }
    for (const auto& [dimension, value] : map_.get(key)->entries) {
      if (dimension.scalar == name) report_unshared(dimension, name);
    }
  }
  return filters;
}

std::vector<int> SourceReader::shared_per(const std::vector<int>& of_total) {
  std::vector<int> places;
  for (const int place : of_total) {
    const std::string_view name = sli_.total->measure->dimensions[static_cast<size_t>(place)];
    const int index = dimension_index(*sli_.first.measure, name);
    if (index >= 0) {
      places.push_back(index);
      continue;
    }
    const YamlNode& node = *map_.get("per");
    const auto item = std::ranges::find(node.items, name, &YamlNode::scalar);
    report_unshared(item == node.items.end() ? node : *item, name);
  }
  std::ranges::sort(places);
  return places;
}

void SourceReader::report_unshared(const YamlNode& at, std::string_view dimension) {
  std::vector<std::string> shared;
  for (const std::string_view name : sli_.total->measure->dimensions) {
    if (dimension_index(*sli_.first.measure, name) >= 0) shared.emplace_back(name);
  }
  map_.error(at, fmt::format("'{}' has no dimension '{}'", sli_.first.measure->name, dimension),
             fmt::format("use those that both counters have: {}", fmt::join(shared, ", ")));
}

}  // namespace

Sli read_sli(YamlMap& map, const RuleSource& source) {
  return SourceReader(map, source).read();
}

const Measure* subject_measure(const Sli& sli) {
  return sli.is_events() ? sli.total->measure : sli.first.measure;
}

}  // namespace highwater::rules
