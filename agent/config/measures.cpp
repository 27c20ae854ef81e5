#include "agent/config/measures.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/catalogue.h"
#include "collectors/sources/ready_made.h"

namespace highwater::agent {
namespace {

constexpr size_t kMostMeasures = 500;

class MeasuresReader {
 public:
  MeasuresReader(ConfiguredSources& sources, const std::string& file, Diagnostics& diagnostics)
      : sources_(sources), file_(file), diagnostics_(diagnostics) {}

  ConfiguredMeasures read(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::list) {
      error(node, "'measures' must be a list", "start each with '- name: ...'");
      return {};
    }
    for (const YamlNode& item : node.items) {
      if (item.kind == YamlNode::Kind::map && item.find("use") != nullptr)
        read_ready_made(item);
      else
        read_one(item);
    }
    if (result_.mappings.size() > kMostMeasures)
      error(node, fmt::format("there are more than {} measures", kMostMeasures),
            "keep those that rules need");
    return std::move(result_);
  }

 private:
  void read_one(const YamlNode& node) {
    auto mapping = read_measure(node, result_.measures, sources_, file_, diagnostics_);
    if (!mapping) return;
    const auto known = std::ranges::find(result_.measures, mapping->measure);
    const bool own = catalogue().find(mapping->measure->name) == nullptr;
    if (own && known == result_.measures.end()) result_.measures.push_back(mapping->measure);
    result_.mappings.push_back(std::move(*mapping));
  }

  void read_ready_made(const YamlNode& node) {
    YamlMap map(node, "a ready-made mapping", file_, diagnostics_);
    const std::string name = map.text("use").value_or("");
    const YamlNode* const source = map.require("source");
    const YamlNode* const dimensions = map.get("dimensions");
    const YamlNode* const expect = map.get("expect");
    map.finish();
    const auto entries = sources::ready_made(name);
    if (!entries) {
      error(*node.find("use"), fmt::format("there is no ready-made mapping '{}'", name),
            did_you_mean(name, sources::ready_made_names()));
      return;
    }
    if (source == nullptr) return;
    if (dimensions != nullptr && dimensions->kind != YamlNode::Kind::map) {
      error(*dimensions, "'dimensions' must be a map here", "write it like {group: =payments}");
      return;
    }
    for (YamlNode entry : *entries) {
      move_to(node, entry);
      set(entry, "source", *source);
      if (dimensions != nullptr) add_dimensions(*dimensions, entry);
      if (expect != nullptr) set(entry, "expect", *expect);
      read_one(entry);
    }
  }

  static void set(YamlNode& entry, std::string_view name, const YamlNode& value) {
    std::erase_if(entry.entries, [&](const auto& pair) { return pair.first.scalar == name; });
    YamlNode key;
    key.kind = YamlNode::Kind::scalar;
    key.scalar = name;
    entry.entries.emplace_back(std::move(key), value);
  }

  // What the user says of a dimension comes before what stands there.
  static void add_dimensions(const YamlNode& from, YamlNode& entry) {
    for (auto& [key, value] : entry.entries) {
      if (key.scalar != "dimensions") continue;
      for (const auto& pair : from.entries) {
        const auto same = std::ranges::find_if(
            value.entries, [&](const auto& own) { return own.first.scalar == pair.first.scalar; });
        if (same == value.entries.end())
          value.entries.push_back(pair);
        else
          same->second = pair.second;
      }
    }
  }

  // Mistakes are told where the user can mend them.
  static void move_to(const YamlNode& place, YamlNode& node) {
    node.line = place.line;
    node.column = place.column;
    for (YamlNode& item : node.items) move_to(place, item);
    for (auto& [key, value] : node.entries) {
      move_to(place, key);
      move_to(place, value);
    }
  }

  void error(const YamlNode& at, std::string what, std::string advice) {
    diagnostics_.push_back({file_, at.line, at.column, std::move(what), std::move(advice)});
  }

  ConfiguredSources& sources_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  ConfiguredMeasures result_;
};

}  // namespace

ConfiguredMeasures read_measures(const YamlNode& node, ConfiguredSources& sources,
                                 const std::string& file, Diagnostics& diagnostics) {
  return MeasuresReader(sources, file, diagnostics).read(node);
}

}  // namespace highwater::agent
