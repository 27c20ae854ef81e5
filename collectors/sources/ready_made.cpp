#include "collectors/sources/ready_made.h"

namespace highwater::sources {
namespace {

const YamlNode& all() {
  static const YamlNode instance = [] {
    Diagnostics diagnostics;
    return parse_yaml(ready_made_text(), "<ready-made>", diagnostics).value_or(YamlNode());
  }();
  return instance;
}

}  // namespace

std::vector<std::string> ready_made_names() {
  std::vector<std::string> names;
  for (const auto& [name, entries] : all().entries) names.push_back(name.scalar);
  return names;
}

std::optional<std::vector<YamlNode>> ready_made(std::string_view name) {
  const YamlNode* const found = all().find(name);
  if (found == nullptr) return std::nullopt;
  return found->items;
}

}  // namespace highwater::sources
