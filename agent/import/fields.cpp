#include "agent/import/fields.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/import/yaml_text.h"

namespace highwater::agent {
namespace {

constexpr size_t kMostLosses = 50;

const YamlNode& no_node() {
  static const YamlNode empty;
  return empty;
}

// Where a blank is missing behind the ':' the value is a part of the key, and may be a secret.
std::string_view shown_key(std::string_view key) {
  return key.substr(0, key.find_first_of(":=\"'*&\\"));
}

}  // namespace

const YamlNode* Fields::find(const YamlNode& map, std::string_view key, YamlNode::Kind kind) {
  const YamlNode* const found = map.kind == YamlNode::Kind::map ? map.find(key) : nullptr;
  if (found == nullptr) return nullptr;
  // A key without a value says nothing.
  if (found->kind != kind && found->kind != YamlNode::Kind::null) return nullptr;
  return found;
}

std::string Fields::text(const YamlNode& map, std::string_view key) {
  const YamlNode* const found = find(map, key, YamlNode::Kind::scalar);
  if (found == nullptr) return {};
  taken_.insert(found);
  return found->scalar;
}

std::optional<double> Fields::number(const YamlNode& map, std::string_view key) {
  const YamlNode* const found = find(map, key, YamlNode::Kind::scalar);
  if (found == nullptr) return std::nullopt;
  const std::string& text = found->scalar;
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  taken_.insert(found);
  return number;
}

std::optional<bool> Fields::flag(const YamlNode& map, std::string_view key) {
  const YamlNode* const found = find(map, key, YamlNode::Kind::scalar);
  if (found == nullptr || (found->scalar != "true" && found->scalar != "false"))
    return std::nullopt;
  taken_.insert(found);
  return found->scalar == "true";
}

const YamlNode& Fields::map(const YamlNode& parent, std::string_view key) {
  const YamlNode* const found = find(parent, key, YamlNode::Kind::map);
  if (found == nullptr) return no_node();
  taken_.insert(found);
  return *found;
}

const YamlNode& Fields::list(const YamlNode& parent, std::string_view key) {
  const YamlNode* const found = find(parent, key, YamlNode::Kind::list);
  if (found == nullptr) return no_node();
  taken_.insert(found);
  return *found;
}

void Fields::take(const YamlNode& node) {
  taken_.insert(&node);
  for (const YamlNode& item : node.items) take(item);
  for (const auto& [key, value] : node.entries) take(value);
}

void Fields::report(const YamlNode& node, const std::string& what, std::vector<Loss>& losses) {
  std::vector<Left> left;
  collect(node, "", left);
  for (size_t i = 0; i < left.size() && i < kMostLosses; ++i)
    losses.push_back(
        {left[i].line, fmt::format("{}: '{}' was not taken over", what, left[i].path)});
  if (left.size() > kMostLosses)
    losses.push_back({node.line, fmt::format("{}: {} more fields were not taken over", what,
                                             left.size() - kMostLosses)});
  take(node);
}

void Fields::collect(const YamlNode& node, const std::string& path, std::vector<Left>& left) {
  for (const auto& [key, value] : node.entries)
    collect_one(value, key.line,
                fmt::format("{}{}{}", path, path.empty() ? "" : ".", shown_key(key.scalar)), left);
  for (size_t i = 0; i < node.items.size(); ++i)
    collect_one(node.items[i], node.items[i].line, fmt::format("{}[{}]", path, i), left);
}

void Fields::collect_one(const YamlNode& node, int line, const std::string& path,
                         std::vector<Left>& left) {
  if (taken_.contains(&node))
    collect(node, path, left);
  else
    left.push_back({line, path});
}

std::string loss_text(const std::string& file, const Loss& loss) {
  return fmt::format("{}:{}: {}", file, loss.line, one_line(loss.what));
}

std::string peek(const YamlNode& map, std::string_view key) {
  const YamlNode* const node = map.kind == YamlNode::Kind::map ? map.find(key) : nullptr;
  return node != nullptr && node->kind == YamlNode::Kind::scalar ? node->scalar : std::string();
}

}  // namespace highwater::agent
