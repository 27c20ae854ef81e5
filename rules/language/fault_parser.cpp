#include "rules/language/fault_parser.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rules/language/rule_fields.h"

namespace highwater::rules {
namespace {

constexpr TextLimits kConsequenceLimits{false, true, 200};
constexpr TextLimits kManyLimits{false, true, 300};

std::string names_text(const std::vector<std::string>& names) {
  return fmt::format("it is one of {}", fmt::join(names, ", "));
}

std::optional<Fault> read_fault(YamlMap& map) {
  const YamlNode* const node = read_scalar(map, "fault", false);
  if (node == nullptr) return std::nullopt;
  if (const auto fault = parse_fault(node->scalar)) return fault;
  const std::vector<std::string> names = fault_names();
  std::string advice = did_you_mean(node->scalar, names);
  map.error(*node, fmt::format("there is no fault '{}'", node->scalar),
            advice.empty() ? names_text(names) : std::move(advice));
  return std::nullopt;
}

std::optional<CauseKinds> read_caused_by(YamlMap& map) {
  const YamlNode* const node = map.get("caused_by");
  if (node == nullptr) return std::nullopt;
  if (node->kind != YamlNode::Kind::list) {
    map.error(*node, "'caused_by' must be a list",
              "write it like [broker, members], or [] for none");
    return std::nullopt;
  }
  CauseKinds kinds;
  const std::vector<std::string> names = cause_kind_names();
  for (const YamlNode& item : node->items) {
    const auto kind =
        item.kind == YamlNode::Kind::scalar ? parse_cause_kind(item.scalar) : std::nullopt;
    if (kind) {
      kinds.add(*kind);
      continue;
    }
    std::string advice = did_you_mean(item.scalar, names);
    map.error(item, fmt::format("there is no cause '{}'", item.scalar),
              advice.empty() ? names_text(names) : std::move(advice));
  }
  return kinds;
}

}  // namespace

FaultKeys read_fault_keys(YamlMap& map) {
  FaultKeys keys;
  keys.fault = read_fault(map);
  keys.caused_by = read_caused_by(map);
  keys.past = map.boolean("past").value_or(false);
  keys.consequence = read_text(map, "consequence", kConsequenceLimits, nullptr);
  keys.summary_of_many = read_text(map, "summary_of_many", kManyLimits, nullptr);
  return keys;
}

}  // namespace highwater::rules
