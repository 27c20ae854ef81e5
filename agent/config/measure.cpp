// One entry of `measures:`.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/catalogue.h"
#include "agent/config/dimensions.h"
#include "agent/config/fields.h"
#include "agent/config/measures.h"
#include "collectors/sources/interpreter.h"

namespace highwater::agent {
namespace {

using sources::CellRule;
using sources::Combine;
using sources::JsonPath;
using sources::Mapping;
using sources::PageFormat;
using sources::SeriesFilter;

constexpr std::array<std::pair<std::string_view, Unit>, 7> kUnits{{{"none", Unit::none},
                                                                   {"boolean", Unit::boolean},
                                                                   {"seconds", Unit::seconds},
                                                                   {"bytes", Unit::bytes},
                                                                   {"records", Unit::records},
                                                                   {"count", Unit::count},
                                                                   {"ratio", Unit::ratio}}};
const Measure* find_fillable(std::string_view name) {
  const auto measures = sources::fillable_measures();
  const auto found = std::ranges::find(measures, name, &Measure::name);
  return found == measures.end() ? nullptr : *found;
}

// One entry of the list, in a user's words or ready-made.
class MeasureReader {
 public:
  MeasureReader(const YamlNode& node, ConfiguredSources& sources, const std::string& file,
                Diagnostics& diagnostics)
      : map_(node, "a measure", file, diagnostics),
        file_(file),
        diagnostics_(diagnostics),
        sources_(sources) {}

  // Nothing after a mistake.
  std::optional<Mapping> read(const std::vector<const Measure*>& others) {
    const size_t before = diagnostics_.size();
    if (!map_.valid()) return std::nullopt;
    read_name();
    read_unit();
    read_sources();
    read_place();
    read_dimensions();
    read_filters("select", false);
    read_filters("exclude", true);
    read_words();
    read_combine();
    read_expect();
    if (const auto scale = map_.number("scale")) {
      mapping_.scale = *scale;
      if (*scale == 0)
        map_.error(at("scale"), "'scale' is 0", "it is what every value is multiplied with");
    }
    read_help();
    map_.finish();
    if (diagnostics_.size() != before) return std::nullopt;
    if (fills_ != nullptr)
      fit();
    else
      declare(others);
    if (diagnostics_.size() != before) return std::nullopt;
    return std::move(mapping_);
  }

 private:
  [[nodiscard]] const YamlNode& at(std::string_view key) const {
    const YamlNode* const found = map_.node().find(key);
    return found == nullptr ? map_.node() : *found;
  }

  void read_name() {
    if (map_.require("name") == nullptr) return;
    text_.name = map_.text("name").value_or("");
    if (!is_snake_case(text_.name)) {
      map_.error(at("name"), fmt::format("'{}' is no name of a measure", text_.name),
                 "write it like records_failed_total");
    } else if (text_.name.starts_with("highwater_")) {
      map_.error(
          at("name"), fmt::format("'{}' begins like a metric", text_.name),
          fmt::format("write '{}': /metrics puts highwater_ in front", text_.name.substr(10)));
    } else if (fills_ = find_fillable(text_.name); fills_ != nullptr) {
      text_.unit = fills_->unit;
    } else if (catalogue().has(text_.name)) {
      map_.error(at("name"), fmt::format("'{}' is a measure of Highwater itself", text_.name),
                 fmt::format("choose another name, like app_{}", text_.name));
    }
    const bool total = text_.name.ends_with("_total");
    text_.type = total ? MeasureType::counter : MeasureType::gauge;
    const auto type = map_.text("type");
    if (!type) return;
    if (*type != "counter" && *type != "gauge") {
      map_.error(at("type"), fmt::format("'{}' is not a type", *type), "one of: counter, gauge");
    } else if ((*type == "counter") != total) {
      map_.error(at("type"),
                 total ? fmt::format("'{}' is named like a counter", text_.name)
                       : fmt::format("the counter '{}' does not end in _total", text_.name),
                 total ? "a gauge has a name without _total"
                       : fmt::format("name it {}_total", text_.name));
    }
  }

  void read_unit() {
    const auto unit = map_.text("unit");
    if (!unit) return;
    const auto found = std::ranges::find(kUnits, *unit, &std::pair<std::string_view, Unit>::first);
    if (found == kUnits.end()) {
      std::vector<std::string> names;
      for (const auto& [name, ignored] : kUnits) names.emplace_back(name);
      map_.error(at("unit"), fmt::format("'{}' is not a unit", *unit), did_you_mean(*unit, names));
      return;
    }
    text_.unit = found->second;
    if (text_.unit == Unit::boolean && text_.type == MeasureType::counter)
      map_.error(at("unit"), "a counter is not yes or no", "write what it counts: records, count");
  }

  void read_sources() {
    if (map_.require("source") == nullptr) return;
    std::vector<std::string> known;
    for (const auto& source : sources_.settings) known.push_back(source.name.text());
    for (const std::string& name : map_.texts("source")) {
      const auto found = std::ranges::find(known, name);
      if (found == known.end()) {
        map_.error(at("source"), fmt::format("there is no source '{}'", name),
                   known.empty() ? "declare it in 'sources'" : did_you_mean(name, known));
        continue;
      }
      mapping_.sources.push_back(static_cast<size_t>(found - known.begin()));
    }
    if (at("source").kind == YamlNode::Kind::list && at("source").items.empty())
      map_.error(at("source"), "'source' names none", "name one or several");
  }

  void read_place() {
    const YamlNode* const metric = map_.get("metric");
    const YamlNode* const path = map_.get("path");
    if ((metric == nullptr) == (path == nullptr)) {
      map_.error(metric == nullptr ? map_.node() : *path,
                 metric == nullptr ? "the measure has neither 'metric' nor 'path'"
                                   : "the measure has both 'metric' and 'path'",
                 "write 'metric' for Prometheus' formats, 'path' for JSON");
      return;
    }
    format_ = metric != nullptr ? PageFormat::prometheus : PageFormat::json;
    if (metric != nullptr) {
      mapping_.metrics = map_.texts("metric");
      if (mapping_.metrics.empty())
        map_.error(*metric, "'metric' names none", "name one or several");
    } else {
      mapping_.path = read_path(map_, *path, path->scalar);
      wildcards_ = mapping_.path ? mapping_.path->wildcards() : 0;
    }
    for (const size_t source : mapping_.sources) {
      if (!sources_.has_format[source]) {
        sources_.settings[source].format = format_;
        sources_.has_format[source] = true;
      } else if (sources_.settings[source].format != format_) {
        map_.error(metric != nullptr ? *metric : *path,
                   fmt::format("the source '{}' is {}", sources_.settings[source].name.text(),
                               format_ == PageFormat::json ? "in Prometheus' format" : "JSON"),
                   format_ == PageFormat::json ? "use 'metric'" : "use 'path'");
      }
    }
  }

  void read_dimensions() {
    MeasureDimensions dimensions =
        agent::read_dimensions(map_, {format_, wildcards_, sources_.clusters});
    text_.dimensions = std::move(dimensions.names);
    mapping_.cells = std::move(dimensions.cells);
  }

  void read_filters(const std::string& key, bool exclude) {
    const YamlNode* const node = map_.get(key);
    if (node == nullptr) return;
    if (node->kind != YamlNode::Kind::map) {
      map_.error(*node, fmt::format("'{}' is no map", key), "write it like {status: failed}");
      return;
    }
    YamlMap filters(*node, fmt::format("'{}'", key), file_, diagnostics_);
    for (const auto& [label, value] : node->entries) {
      SeriesFilter filter;
      filter.label = label.scalar;
      filter.exclude = exclude;
      if (format_ == PageFormat::json) {
        if (auto path = read_path(map_, label, label.scalar, wildcards_))
          filter.path = std::move(*path);
      }
      read_patterns(filters, label.scalar, filter.patterns);
      mapping_.filters.push_back(std::move(filter));
    }
  }

  void read_words() {
    const YamlNode* const node = map_.get("values");
    if (node == nullptr) return;
    if (format_ == PageFormat::prometheus) {
      map_.error(*node, "'values' says what texts are as numbers, and Prometheus has no texts",
                 "remove it, or use 'select'");
      return;
    }
    YamlMap values(*node, "'values'", file_, diagnostics_);
    if (!values.valid()) return;
    for (const auto& [word, value] : node->entries) {
      const auto number = values.number(word.scalar);
      if (!number) continue;
      if (word.scalar == "*")
        mapping_.other_words = *number;
      else
        mapping_.words.emplace_back(word.scalar, *number);
    }
  }

  void read_combine() {
    const auto combine = map_.text("combine");
    if (!combine) return;
    if (text_.type == MeasureType::counter && *combine != "sum") {
      map_.error(at("combine"), "counters with the same dimensions are always added up",
                 "remove 'combine'");
    } else if (*combine == "sum") {
      mapping_.combine = Combine::sum;
    } else if (*combine == "max") {
      mapping_.combine = Combine::max;
    } else if (*combine == "min") {
      mapping_.combine = Combine::min;
    } else {
      map_.error(at("combine"), fmt::format("'{}' does not combine anything", *combine),
                 "one of: sum, max, min");
    }
  }

  void read_expect() {
    const auto expect = map_.text("expect");
    if (!expect) return;
    if (*expect != "none")
      map_.error(at("expect"), fmt::format("'expect' is {}", *expect),
                 "'expect: none' says that the page may have nothing of it");
    mapping_.may_be_absent = true;
  }

  void read_help() {
    text_.help = map_.text("help").value_or("");
    if (text_.help.find_first_of("\r\n") != std::string::npos)
      map_.error(at("help"), "'help' has several lines", "write one sentence");
    if (!text_.help.empty()) {
      if (!text_.help.ends_with('.')) text_.help += '.';
      return;
    }
    text_.help = mapping_.path
                     ? fmt::format("Read from a source, where {} stands.", at("path").scalar)
                     : fmt::format("Read from a source, where it is {}.",
                                   fmt::join(mapping_.metrics, " or "));
  }

  // The measure is there already: its cells take the place of those that were read.
  void fit() {
    mapping_.measure = fills_;
    if (text_.unit != fills_->unit)
      map_.error(at("unit"), fmt::format("'{}' is in {}", text_.name, unit_name(fills_->unit)),
                 "remove 'unit'");
    std::vector<CellRule> cells(fills_->dimensions.size());
    for (size_t i = 0; i < text_.dimensions.size(); ++i) {
      const int place = dimension_index(*fills_, text_.dimensions[i]);
      if (place >= 0) {
        cells[static_cast<size_t>(place)] = std::move(mapping_.cells[i]);
        continue;
      }
      map_.error(at("dimensions"),
                 fmt::format("'{}' has no dimension '{}'", text_.name, text_.dimensions[i]),
                 fmt::format("it has {}; a measure of another name can have any",
                             fmt::join(fills_->dimensions, ", ")));
    }
    if (std::ranges::find(text_.dimensions, "group") == text_.dimensions.end())
      map_.error(map_.node(), fmt::format("'{}' does not say which group it is about", text_.name),
                 "add it: dimensions: {group: =payments}");
    mapping_.cells = std::move(cells);
  }

  // Several entries may fill one measure, from sources that name things differently.
  void declare(const std::vector<const Measure*>& others) {
    mapping_.measure = &keep_measure(text_);
    const auto other = std::ranges::find_if(
        others, [&](const Measure* measure) { return measure->name == text_.name; });
    if (other == others.end() || *other == mapping_.measure) return;
    MeasureText text = text_;
    text.help = (*other)->help;
    const Measure& alike = keep_measure(text);
    if (&alike != *other) {
      map_.error(at("name"),
                 fmt::format("'{}' is declared twice, and not in the same way", text_.name),
                 "the same measure has one type, one unit, and the same dimensions in one order");
      return;
    }
    mapping_.measure = &alike;
  }

  YamlMap map_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  ConfiguredSources& sources_;
  MeasureText text_;
  const Measure* fills_ = nullptr;  // one that is there without the configuration
  Mapping mapping_;
  PageFormat format_ = PageFormat::prometheus;
  size_t wildcards_ = 0;
};

}  // namespace

std::optional<Mapping> read_measure(const YamlNode& node, const std::vector<const Measure*>& others,
                                    ConfiguredSources& sources, const std::string& file,
                                    Diagnostics& diagnostics) {
  return MeasureReader(node, sources, file, diagnostics).read(others);
}

}  // namespace highwater::agent
