#include "rules/language/slo_composite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "rules/language/rule_fields.h"

namespace highwater::rules {
namespace {

constexpr const char* kForm = "write it like [payments-lag, payments-freshness]";

class CompositeReader {
 public:
  CompositeReader(YamlMap& map, const RuleSource& source) : map_(map), source_(source) {}

  Sli read();

 private:
  void refuse_other_sources();
  const SloRule* find_part(const YamlNode& node);
  bool fits(const YamlNode& node, const SloRule& part, const SloRule& first);

  YamlMap& map_;
  const RuleSource& source_;
};

Sli CompositeReader::read() {
  refuse_other_sources();
  const YamlNode* const given = map_.get("all_of");
  if (given == nullptr) return {};
  const YamlNode& node = *given;
  if (node.kind != YamlNode::Kind::list || node.items.size() < 2) {
    map_.error(node, "'all_of' must list two SLOs or more", kForm);
    return {};
  }
  if (node.items.size() > kMostParts) {
    map_.error(node, fmt::format("'all_of' lists more than {} SLOs", kMostParts),
               "make composite SLOs of a few each, and one of those");
    return {};
  }
  std::vector<std::string> names;
  const SloRule* first = nullptr;
  bool is_right = true;
  for (const YamlNode& item : node.items) {
    const SloRule* const part = find_part(item);
    if (part == nullptr) {
      is_right = false;
      continue;
    }
    if (std::ranges::find(names, part->name) != names.end()) {
      map_.error(item, fmt::format("'{}' is listed twice", part->name), "remove one of them");
      is_right = false;
    }
    if (first == nullptr) first = part;
    is_right = fits(item, *part, *first) && is_right;
    names.push_back(part->name);
  }
  if (!is_right) return {};
  return composite_of(std::move(names), subject_dimensions(*first));
}

void CompositeReader::refuse_other_sources() {
  if (const YamlNode* const sli = map_.get("sli"))
    map_.error(*sli, "an SLO has both 'sli' and 'all_of'",
               "keep 'sli' to judge a measure, or 'all_of' to join other SLOs");
  for (const char* key : {"good", "select", "exclude", "per"}) {
    if (const YamlNode* const node = map_.get(key))
      map_.error(*node, fmt::format("'{}' is about a measure, and 'all_of' names SLOs", key),
                 "remove it: each of those SLOs has its own");
  }
}

const SloRule* CompositeReader::find_part(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar || node.scalar.empty()) {
    map_.error(node, "'all_of' must list names of SLOs", kForm);
    return nullptr;
  }
  const KnownSlos& known = *source_.slos;
  const auto found =
      std::ranges::find(known.parsed, node.scalar,
                        [](const ParsedSlo& slo) -> const std::string& { return slo.rule.name; });
  if (found == known.parsed.end()) {
    if (known.mistaken.contains(node.scalar)) return nullptr;
    std::vector<std::string> names;
    for (const ParsedSlo& slo : known.parsed) names.push_back(slo.rule.name);
    map_.error(node, fmt::format("there is no SLO '{}'", node.scalar),
               names.empty() ? "name SLOs of these rule files" : did_you_mean(node.scalar, names));
    return nullptr;
  }
  if (!found->enabled) {
    map_.error(node, fmt::format("'{}' is switched off ('enabled: false')", node.scalar),
               "switch it on, or remove it from the list");
    return nullptr;
  }
  return &found->rule;
}

bool CompositeReader::fits(const YamlNode& node, const SloRule& part, const SloRule& first) {
  if (part.sli.is_events()) {
    map_.error(node, fmt::format("'{}' counts events, so no time is bad", part.name),
               "'all_of' joins SLOs that judge time by a measure and 'good'");
    return false;
  }
  std::vector<std::string_view> own = subject_dimensions(part);
  std::vector<std::string_view> others = subject_dimensions(first);
  if (std::ranges::is_permutation(own, others)) return true;
  map_.error(node,
             fmt::format("'{}' has a budget for each {}, '{}' for each {}", part.name,
                         fmt::join(own, ", "), first.name, fmt::join(others, ", ")),
             "give them the same 'per'");
  return false;
}

}  // namespace

std::vector<std::string> names_in_all_of(const YamlNode& slo) {
  std::vector<std::string> names;
  const YamlNode* const node = slo.find("all_of");
  if (node == nullptr) return names;
  for (const YamlNode& item : node->items) {
    if (item.kind == YamlNode::Kind::scalar) names.push_back(item.scalar);
  }
  return names;
}

Sli read_all_of(YamlMap& map, const RuleSource& source) {
  return CompositeReader(map, source).read();
}

}  // namespace highwater::rules
