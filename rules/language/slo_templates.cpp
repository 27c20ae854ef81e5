#include "rules/language/slo_templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "rules/language/load.h"

namespace highwater::rules {
namespace {

constexpr std::array<std::string_view, 13> kDefaultKeys{
    "objective", "window",          "time_zone",    "tiers", "min_bad", "no_data", "min_coverage",
    "runbook",   "keep_firing_for", "max_entities", "owner", "labels",  "enabled"};

constexpr size_t kMostDefaults = 400;  // keys and values
constexpr size_t kLongestDefault = 2000;

// What a built-in SLO says of its own measure; an entry with another measure says it itself.
constexpr std::array<std::string_view, 7> kKeysOfTheSli{"sli", "good",    "select",     "exclude",
                                                        "per", "summary", "description"};

// Built-in SLOs that would hold most entities to what is true of a few: an entry says which.
constexpr std::array<std::string_view, 1> kAskWhich{"freshness"};

void move_to(const YamlNode& place, YamlNode& node) {
  node.line = place.line;
  node.column = place.column;
  node.quoted = true;  // what stands at the place is not its text
  for (YamlNode& item : node.items) move_to(place, item);
  for (auto& [key, value] : node.entries) {
    move_to(place, key);
    move_to(place, value);
  }
}

// Every SLO of the file gets a copy: what nobody means to write must not be copied often.
bool is_small(const YamlNode& node, size_t& nodes_left) {
  if (nodes_left == 0 || node.scalar.size() > kLongestDefault) return false;
  --nodes_left;
  return std::ranges::all_of(node.items,
                             [&](const YamlNode& item) { return is_small(item, nodes_left); }) &&
         std::ranges::all_of(node.entries, [&](const auto& entry) {
           return is_small(entry.first, nodes_left) && is_small(entry.second, nodes_left);
         });
}

bool is_default_key(std::string_view key) {
  return std::ranges::find(kDefaultKeys, key) != kDefaultKeys.end();
}

// Adds the entries of `from` whose keys are not there yet.
void add_missing(const YamlNode& from, YamlNode& to) {
  for (const auto& entry : from.entries) {
    if (to.find(entry.first.scalar) == nullptr) to.entries.push_back(entry);
  }
}

void add_labels(const YamlNode& from, YamlNode& to) {
  const YamlNode* const more = from.find("labels");
  for (auto& [key, labels] : to.entries) {
    if (key.scalar == "labels" && labels.kind == YamlNode::Kind::map && more != nullptr)
      add_missing(*more, labels);
  }
}

void check_select(const YamlNode& entry, const YamlNode& use, const RuleSource& source) {
  const bool asks = std::ranges::find(kAskWhich, use.scalar) != kAskWhich.end();
  if (!asks || entry.find("select") != nullptr || entry.find("sli") != nullptr) return;
  source.diagnostics.push_back(
      {source.file, use.line, use.column,
       fmt::format("'{}' without 'select' would judge what nobody expects anything of", use.scalar),
       "say which: select: {topic: orders}"});
}

}  // namespace

SloTemplates::SloTemplates() {
  Diagnostics diagnostics;
  if (const auto root = parse_yaml(builtin_slos_text(), "<built-in>", diagnostics))
    builtin_ = *root->find("slos");
}

std::optional<YamlNode> SloTemplates::complete(const YamlNode& entry, const YamlNode* defaults,
                                               const RuleSource& source) const {
  YamlNode whole = entry;
  if (entry.kind != YamlNode::Kind::map) return whole;
  const YamlNode* const use = entry.find("use");
  if (defaults != nullptr) {
    add_labels(*defaults, whole);
    for (const auto& pair : defaults->entries) {
      if (is_default_key(pair.first.scalar) && entry.find(pair.first.scalar) == nullptr)
        whole.entries.push_back(pair);
    }
  }
  if (use == nullptr) return whole;
  const YamlNode* const found = find(*use, source);
  if (found == nullptr) return std::nullopt;
  YamlNode builtin = *found;
  move_to(*use, builtin);
  if (entry.find("sli") != nullptr) {
    std::erase_if(builtin.entries, [](const auto& pair) {
      return std::ranges::find(kKeysOfTheSli, pair.first.scalar) != kKeysOfTheSli.end();
    });
  }
  // It names what the budgets of the built-in SLO belong to.
  if (entry.find("per") != nullptr)
    std::erase_if(builtin.entries, [](const auto& pair) { return pair.first.scalar == "summary"; });
  check_select(entry, *use, source);
  add_missing(builtin, whole);
  return whole;
}

const YamlNode* SloTemplates::find(const YamlNode& use, const RuleSource& source) const {
  std::vector<std::string> names;
  for (const YamlNode& item : builtin_.items) {
    names.push_back(item.find("name")->scalar);
    if (use.kind == YamlNode::Kind::scalar && names.back() == use.scalar) return &item;
  }
  if (use.kind == YamlNode::Kind::scalar) {
    source.diagnostics.push_back({source.file, use.line, use.column,
                                  fmt::format("there is no built-in SLO '{}'", use.scalar),
                                  did_you_mean(use.scalar, names)});
  } else {
    source.diagnostics.push_back({source.file, use.line, use.column,
                                  "'use' must be the name of a built-in SLO",
                                  fmt::format("one of: {}", fmt::join(names, ", "))});
  }
  return nullptr;
}

bool check_defaults(const YamlNode& defaults, const RuleSource& source) {
  YamlMap map(defaults, "'defaults'", source.file, source.diagnostics);
  if (!map.valid()) return false;
  for (const std::string_view key : kDefaultKeys) (void)map.get(std::string(key));
  map.finish();
  size_t nodes = kMostDefaults;
  if (is_small(defaults, nodes)) return true;
  map.error(defaults, "'defaults' says too much", "keep what all SLOs of the file need");
  return false;
}

}  // namespace highwater::rules
