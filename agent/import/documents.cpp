#include "agent/import/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace highwater::agent {
namespace {

constexpr size_t kMostDocuments = 200;
constexpr size_t kMostBytes = size_t{1} << 20;

struct Document {
  size_t lines_before = 0;
  std::string text;
};

bool is_marker(std::string_view line) {
  return (line.starts_with("---") || line.starts_with("...")) &&
         (line.size() == 3 || std::string_view(" \t\r").find(line[3]) != std::string_view::npos);
}

// The texts between the markers; what stands behind a "---" belongs to the document it begins.
std::vector<Document> divide(std::string_view text) {
  std::vector<Document> documents(1);
  size_t lines = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (is_marker(line)) {
      documents.push_back({lines, ""});
      line.remove_prefix(3);
      documents.back().text += "   ";  // so that columns stay
    }
    documents.back().text += line;
    documents.back().text += '\n';
    ++lines;
  }
  return documents;
}

void shift_lines(YamlNode& node, int lines) {
  node.line += lines;
  for (YamlNode& item : node.items) shift_lines(item, lines);
  for (auto& [key, value] : node.entries) {
    key.line += lines;
    shift_lines(value, lines);
  }
}

// The items of what `kubectl get -o yaml` wraps; null for anything else.
const YamlNode* items_of(const YamlNode& document) {
  if (document.kind != YamlNode::Kind::map) return nullptr;
  const bool wrapper = std::ranges::all_of(document.entries, [](const auto& entry) {
    const std::string& key = entry.first.scalar;
    return key == "apiVersion" || key == "items" || key == "metadata" ||
           (key == "kind" && entry.second.scalar.ends_with("List"));
  });
  const YamlNode* const items = document.find("items");
  return wrapper && items != nullptr && items->kind == YamlNode::Kind::list ? items : nullptr;
}

void add_document(YamlNode document, std::vector<YamlNode>& documents) {
  if (const YamlNode* items = items_of(document))
    documents.insert(documents.end(), items->items.begin(), items->items.end());
  else if (document.kind != YamlNode::Kind::null)
    documents.push_back(std::move(document));
}

}  // namespace

std::optional<std::vector<YamlNode>> read_documents(std::string_view text, const std::string& file,
                                                    Diagnostics& diagnostics) {
  if (text.size() > kMostBytes) {
    diagnostics.push_back({file, 0, 0, "the file is larger than 1 MiB", "import it in parts"});
    return std::nullopt;
  }
  std::vector<YamlNode> documents;
  for (const Document& document : divide(text)) {
    const size_t before = diagnostics.size();
    std::optional<YamlNode> node = parse_yaml(document.text, file, diagnostics);
    for (size_t i = before; i < diagnostics.size(); ++i) {
      if (diagnostics[i].line > 0) diagnostics[i].line += static_cast<int>(document.lines_before);
    }
    if (!node) continue;
    shift_lines(*node, static_cast<int>(document.lines_before));
    add_document(std::move(*node), documents);
    if (documents.size() > kMostDocuments) {
      diagnostics.push_back({file, 0, 0,
                             fmt::format("there are more than {} documents", kMostDocuments),
                             "import them in parts"});
      break;
    }
  }
  if (!diagnostics.empty()) return std::nullopt;
  return documents;
}

}  // namespace highwater::agent
