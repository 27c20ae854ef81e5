#include "agent/config/written.h"

#include <fmt/format.h>

namespace highwater::agent {
namespace {

// Lengths in front of texts: no text can look like the end of another one.
void append(const YamlNode& node, std::string& out) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      out += "~";
      return;
    case YamlNode::Kind::scalar:
      out += fmt::format("{}{}:{}", node.quoted ? "\"" : "'", node.scalar.size(), node.scalar);
      return;
    case YamlNode::Kind::list:
      out += fmt::format("[{}", node.items.size());
      for (const YamlNode& item : node.items) append(item, out);
      return;
    case YamlNode::Kind::map: {
      std::map<std::string, const YamlNode*> entries;
      for (const auto& [key, value] : node.entries) entries[key.scalar] = &value;
      out += fmt::format("{{{}", entries.size());
      for (const auto& [key, value] : entries) {
        out += fmt::format("'{}:{}", key.size(), key);
        append(*value, out);
      }
      return;
    }
  }
}

bool is_named_list(const YamlNode& node, const std::string& key) {
  return (key == "clusters" || key == "receivers") && node.kind == YamlNode::Kind::list;
}

}  // namespace

bool same_part(const WrittenParts& before, const WrittenParts& after, const std::string& part) {
  const auto former = before.find(part);
  const auto newer = after.find(part);
  if (former == before.end() || newer == after.end())
    return former == before.end() && newer == after.end();
  return former->second == newer->second;
}

std::string part_name(const std::string& list, const std::string& name) {
  return list + "/" + name;
}

WrittenParts written_parts(const YamlNode& root) {
  WrittenParts parts;
  for (const auto& [key, value] : root.entries) {
    if (!is_named_list(value, key.scalar)) {
      append(value, parts[key.scalar]);
      continue;
    }
    for (const YamlNode& item : value.items) {
      const YamlNode* const name = item.find("name");
      if (name != nullptr) append(item, parts[part_name(key.scalar, name->scalar)]);
    }
  }
  return parts;
}

}  // namespace highwater::agent
