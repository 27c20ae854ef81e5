#include "agent/config/dimensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace highwater::agent {
namespace {

using sources::CellRule;
using sources::JsonPath;
using sources::PageFormat;

constexpr size_t kMostDimensions = 8;
// These mean something else on the metrics page or in an alert.
constexpr std::array<std::string_view, 6> kReservedDimensions{"alertname", "severity", "le",
                                                              "quantile",  "state",    "job"};

class DimensionsReader {
 public:
  DimensionsReader(YamlMap& map, const DimensionContext& context) : map_(map), context_(context) {}

  MeasureDimensions read() {
    read_.names = {"cluster"};
    read_.cells.resize(1);
    read_.cells[0].from = CellRule::From::cluster;
    read_all();
    return std::move(read_);
  }

 private:
  void read_all() {
    const YamlNode* const node = map_.get("dimensions");
    if (node == nullptr) return;
    if (node->kind == YamlNode::Kind::map) {
      for (const auto& [key, value] : node->entries) read_dimension(key, value);
    } else {
      std::vector<YamlNode> items = node->items;
      if (node->kind == YamlNode::Kind::scalar) items = {*node};
      if (items.empty())
        map_.error(*node, "'dimensions' is neither a map nor a list",
                   "write {group: client_group} or [group, topic]");
      for (const YamlNode& item : items) read_dimension(item, item);
    }
    if (read_.names.size() > kMostDimensions)
      map_.error(*node, fmt::format("the measure has more than {} dimensions", kMostDimensions),
                 "keep those that rules need: the others are added up");
  }

  void read_dimension(const YamlNode& key, const YamlNode& value) {
    const std::string& name = key.scalar;
    if (!is_snake_case(name)) {
      map_.error(key, fmt::format("'{}' is no name of a dimension", name),
                 "write it like client_id");
      return;
    }
    if (std::ranges::find(kReservedDimensions, name) != kReservedDimensions.end()) {
      map_.error(key, fmt::format("the dimension '{}' means something else elsewhere", name),
                 fmt::format("name it otherwise: {{app_{}: {}}}", name, value.scalar));
      return;
    }
    const bool several = value.kind == YamlNode::Kind::list && !value.items.empty();
    if (!several && (value.kind != YamlNode::Kind::scalar || value.scalar.empty())) {
      map_.error(value, fmt::format("the dimension '{}' has no value", name),
                 "write a label, or a constant like =prod");
      return;
    }
    const CellRule rule = several ? read_labels(value) : read_cell(value);
    if (name == "cluster") {
      read_.cells.front() = rule;
      check_cluster(value, rule);
      return;
    }
    if (std::ranges::find(read_.names, name) != read_.names.end()) {
      map_.error(key, fmt::format("the dimension '{}' stands twice", name), "remove one");
      return;
    }
    read_.names.push_back(name);
    read_.cells.push_back(rule);
  }

  // What different exporters call one label: the first that a series has.
  CellRule read_labels(const YamlNode& value) {
    CellRule rule;
    rule.from = CellRule::From::label;
    if (context_.format != PageFormat::prometheus)
      map_.error(value, "several labels are for Prometheus' formats", "name one path");
    for (const YamlNode& item : value.items) {
      const std::string& label = item.scalar;
      if (label.empty() || label.starts_with('=') || label.starts_with('@'))
        map_.error(item, "of several labels each is a label's name",
                   "write them like [client_id, clientId]");
      else if (rule.text.empty())
        rule.text = label;
      else
        rule.others.push_back(label);
    }
    return rule;
  }

  CellRule read_cell(const YamlNode& value) {
    CellRule rule;
    const std::string& text = value.scalar;
    if (text.starts_with('=')) {
      rule.text = text.substr(1);
      if (rule.text.empty()) map_.error(value, "a constant is empty", "write it like =prod");
    } else if (text == "@source") {
      rule.from = CellRule::From::source;
    } else if (context_.format == PageFormat::prometheus) {
      rule.from = CellRule::From::label;
      rule.text = text;
    } else if (text.starts_with('$')) {
      rule.from = CellRule::From::wildcard;
      const bool digit = text.size() == 2 && text[1] >= '1' && text[1] <= '9';
      rule.wildcard = digit ? static_cast<size_t>(text[1] - '1') : context_.wildcards;
      if (rule.wildcard >= context_.wildcards)
        map_.error(value, fmt::format("'{}' stands for nothing", text),
                   fmt::format("'path' has {} wildcards: the first is $1", context_.wildcards));
    } else {
      rule.from = CellRule::From::path;
      if (auto path = read_path(map_, value, text, context_.wildcards))
        rule.path = std::move(*path);
    }
    return rule;
  }

  void check_cluster(const YamlNode& value, const CellRule& rule) {
    const auto& known = context_.clusters;
    if (rule.from == CellRule::From::constant && std::ranges::find(known, rule.text) == known.end())
      map_.error(value, fmt::format("there is no cluster '{}'", rule.text),
                 did_you_mean(rule.text, known));
    if (rule.from == CellRule::From::source)
      map_.error(value, "a source is no cluster", "write a label, or a constant like =prod");
  }

  YamlMap& map_;
  const DimensionContext& context_;
  MeasureDimensions read_;
};

}  // namespace

bool is_snake_case(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::optional<JsonPath> read_path(YamlMap& map, const YamlNode& node, std::string_view text,
                                  std::optional<size_t> most_wildcards) {
  Result<JsonPath> path = JsonPath::parse(text);
  if (!path) {
    map.error(node, path.error().message);
    return std::nullopt;
  }
  if (most_wildcards && path->wildcards() > *most_wildcards)
    map.error(node, fmt::format("'{}' has more wildcards than 'path'", text),
              "each stands for the same as in 'path', the first for the first");
  return std::move(*path);
}

MeasureDimensions read_dimensions(YamlMap& map, const DimensionContext& context) {
  return DimensionsReader(map, context).read();
}

}  // namespace highwater::agent
