#include "agent/core/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <unordered_set>

#include "agent/core/small_file.h"
#include "agent/core/utf8.h"

namespace highwater {
namespace {

constexpr size_t kMaxNodes = 200'000;
constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxBytes = size_t{4} << 20;
constexpr size_t kMostUnknownKeys = 100;  // of one map; guessing what each was meant to be is dear

// Thrown out of the parser to stop it; never leaves this file.
struct Refused {
  Diagnostic diagnostic;
};

// The parser counts bytes, an editor characters. In lines too long for people the bytes do.
int column_of(const YAML::Mark& mark, std::string_view text) {
  constexpr int kLongestLine = 2000;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const int bytes = std::max(mark.column, 0);
  const auto end = static_cast<size_t>(std::max(mark.pos, 0));
  if (bytes > kLongestLine || end > text.size() || end < static_cast<size_t>(bytes))
    return bytes + 1;
  const std::string_view before = text.substr(0, end).substr(end - static_cast<size_t>(bytes));
  return static_cast<int>(utf8::count_characters(before)) + 1;
}

// Builds our tree from the parser's events, so that aliases are seen, and refused, before they can
// multiply.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(make(mark, YamlNode::Kind::null));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases (*name) are not allowed", "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    YamlNode node = make(mark, YamlNode::Kind::scalar);
    node.scalar = value;
    node.quoted = tag == "!";
    if (!node.quoted && (value.empty() || value == "~" || value == "null"))
      node.kind = YamlNode::Kind::null;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    open(make(mark, YamlNode::Kind::list));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_anchor(mark, anchor);
    open(make(mark, YamlNode::Kind::map));
  }
  void OnMapEnd() override { close(); }

  YamlNode take() { return std::move(root_); }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;
    std::unordered_set<std::string> keys;
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string what, std::string advice) {
    throw Refused{
        {file_, mark.line + 1, column_of(mark, text_), std::move(what), std::move(advice)}};
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "anchors (&name) are not allowed", "write the value out");
  }
  YamlNode make(const YAML::Mark& mark, YamlNode::Kind kind) {
    if (++nodes_ > kMaxNodes)
      refuse(mark, fmt::format("more than {} values", kMaxNodes), "split the file");
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = column_of(mark, text_);
    return node;
  }
  void open(YamlNode node) {
    if (stack_.size() >= kMaxDepth) {
      throw Refused{{file_, node.line, node.column,
                     fmt::format("nested deeper than {} levels", kMaxDepth), "flatten it"}};
    }
    stack_.push_back({std::move(node), std::nullopt, {}});
  }
  void close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }
  void add(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& top = stack_.back();
    if (top.node.kind == YamlNode::Kind::list) {
      top.node.items.push_back(std::move(node));
    } else if (!top.key) {
      if (node.kind != YamlNode::Kind::scalar)
        throw Refused{{file_, node.line, node.column, "a key must be plain text",
                       "quote it if it must be empty"}};
      if (!top.keys.insert(node.scalar).second) {
        throw Refused{{file_, node.line, node.column,
                       fmt::format("the key '{}' is here twice", node.scalar), "keep one of them"}};
      }
      top.key = std::move(node);
    } else {
      // The parser finds out that a value is missing only where the next thing begins.
      if (node.kind == YamlNode::Kind::null) {
        node.line = top.key->line;
        node.column = top.key->column;
      }
      top.node.entries.emplace_back(std::move(*top.key), std::move(node));
      top.key.reset();
    }
  }

  std::string file_;
  std::string_view text_;
  YamlNode root_;
  std::vector<Open> stack_;
  size_t nodes_ = 0;
};

// The parser notices an unclosed quote only at the end of the file, far from the mistake. A line
// with an odd number of double quotes is where it most likely is; 0 when there is no such line, or
// more than one.
int line_of_unclosed_quote(std::string_view text) {
  int found = 0;
  int line = 0;
  std::istringstream stream{std::string(text)};
  for (std::string content; std::getline(stream, content);) {
    ++line;
    int quotes = 0;
    for (size_t i = 0; i < content.size(); ++i) {
      if (content[i] == '#' && quotes % 2 == 0 && (i == 0 || content[i - 1] == ' ')) break;
      if (content[i] == '\\' && quotes % 2 == 1) {
        ++i;
      } else if (content[i] == '"') {
        ++quotes;
      }
    }
    if (quotes % 2 == 0) continue;
    if (found != 0) return 0;
    found = line;
  }
  return found;
}

std::string scalar_kind(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return fmt::format("'{}'", utf8::first_characters(node.scalar, 60));
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
  }
  return "something else";
}

}  // namespace

YamlNode::YamlNode() = default;

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.scalar == key) return &value;
  }
  return nullptr;
}

std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file,
                                   Diagnostics& diagnostics) {
  if (text.size() > kMaxBytes) {
    diagnostics.push_back(
        {file, 0, 0, fmt::format("the file is larger than {} MiB", kMaxBytes >> 20), "split it"});
    return std::nullopt;
  }
  if (text.find('\0') != std::string_view::npos) {
    diagnostics.push_back(
        {file, 0, 0, "this is no text file: it holds zero bytes", "save it as UTF-8"});
    return std::nullopt;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(file, text);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    YamlNode root = builder.take();
    TreeBuilder second(file, text);
    if (parser.HandleNextDocument(second)) {
      diagnostics.push_back({file, second.take().line, 1, "a second document starts here",
                             "keep one document per file: remove the '---'"});
      return std::nullopt;
    }
    return root;
  } catch (const Refused& refused) {
    diagnostics.push_back(refused.diagnostic);
  } catch (const YAML::Exception& error) {
    if (const int line = line_of_unclosed_quote(text); line > 0) {
      diagnostics.push_back({file, line, 1, "a quote that opens on this line is not closed",
                             "close it, or quote the whole value"});
      return std::nullopt;
    }
    const bool block = error.msg.find("block scalar") != std::string::npos;
    diagnostics.push_back(
        {file, std::max(1, error.mark.line + 1), column_of(error.mark, text),
         "this is not YAML: " + error.msg,
         block ? "quote the value: a bare '>' or '|' begins a text of several lines"
               : "look for a missing quote, a tab, or a wrong indentation here or just above"});
  }
  return std::nullopt;
}

std::optional<YamlNode> read_yaml(const std::string& path, Diagnostics& diagnostics) {
  const Result<std::string> text = read_small_file(path, kMaxBytes);
  if (!text) {
    diagnostics.push_back({path, 0, 0, "the file cannot be read: " + text.error().message,
                           "check the path and its permissions"});
    return std::nullopt;
  }
  return parse_yaml(*text, path, diagnostics);
}

YamlMap::YamlMap(const YamlNode& node, std::string what, const std::string& file,
                 Diagnostics& diagnostics)
    : node_(node),
      what_(std::move(what)),
      file_(file),
      diagnostics_(diagnostics),
      valid_(node.kind == YamlNode::Kind::map) {
  if (!valid_)
    error(node,
          fmt::format("{} must be a map of keys and values, not {}", what_, scalar_kind(node)));
}

void YamlMap::error(const YamlNode& at, std::string what, std::string advice) {
  diagnostics_.push_back({file_, at.line, at.column, std::move(what), std::move(advice)});
}

const YamlNode* YamlMap::get(const std::string& key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.push_back(key);
  const YamlNode* value = valid_ ? node_.find(key) : nullptr;
  if (value != nullptr && value->kind == YamlNode::Kind::null) {
    error(*value, fmt::format("'{}' has no value", key), "give it one, or remove the line");
    return nullptr;
  }
  return value;
}

const YamlNode* YamlMap::require(const std::string& key) {
  const size_t before = diagnostics_.size();
  const YamlNode* value = get(key);
  if (value == nullptr && valid_ && diagnostics_.size() == before)
    error(node_, fmt::format("{} has no '{}'", what_, key), "it is required");
  return value;
}

std::optional<std::string> YamlMap::text(const std::string& key) {
  const YamlNode* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind != YamlNode::Kind::scalar) {
    error(*value, fmt::format("'{}' must be text, not {}", key, scalar_kind(*value)));
    return std::nullopt;
  }
  return value->scalar;
}

std::optional<double> YamlMap::number(const std::string& key) {
  const YamlNode* value = get(key);
  if (value == nullptr) return std::nullopt;
  double number = 0;
  const char* const end = value->scalar.data() + value->scalar.size();
  const auto [stop, problem] = std::from_chars(value->scalar.data(), end, number);
  if (value->kind != YamlNode::Kind::scalar || problem != std::errc{} || stop != end ||
      !std::isfinite(number)) {
    error(*value, fmt::format("'{}' must be a number, not {}", key, scalar_kind(*value)));
    return std::nullopt;
  }
  return number;
}

std::optional<int64_t> YamlMap::integer(const std::string& key, int64_t lowest, int64_t highest) {
  const YamlNode* value = get(key);
  if (value == nullptr) return std::nullopt;
  int64_t number = 0;
  const std::string& digits = value->scalar;
  const char* const end = digits.data() + digits.size();
  const auto [stop, problem] = std::from_chars(digits.data(), end, number);
  if (value->kind != YamlNode::Kind::scalar || problem != std::errc{} || stop != end) {
    error(*value, fmt::format("'{}' must be a whole number, not {}", key, scalar_kind(*value)));
    return std::nullopt;
  }
  if (digits.size() > 1 && digits.front() == '0') {
    error(*value, fmt::format("'{}': {} could be read as octal", key, digits),
          "write it without the leading zero");
    return std::nullopt;
  }
  if (number < lowest || number > highest) {
    error(*value,
          fmt::format("'{}' must be between {} and {}, not {}", key, lowest, highest, number));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> YamlMap::boolean(const std::string& key) {
  const YamlNode* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == YamlNode::Kind::scalar && !value->quoted) {
    if (value->scalar == "true") return true;
    if (value->scalar == "false") return false;
  }
  error(*value, fmt::format("'{}' must be true or false, not {}", key, scalar_kind(*value)));
  return std::nullopt;
}

std::optional<Duration> YamlMap::duration(const std::string& key) {
  const std::optional<std::string> value = text(key);
  if (!value) return std::nullopt;
  const Result<Duration> duration = parse_duration(*value);
  if (!duration) {
    error(*node_.find(key), fmt::format("'{}': {}", key, duration.error().message));
    return std::nullopt;
  }
  return *duration;
}

std::vector<std::string> YamlMap::texts(const std::string& key) {
  const YamlNode* value = get(key);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (value->kind == YamlNode::Kind::scalar) return {value->scalar};
  if (value->kind != YamlNode::Kind::list) {
    error(*value, fmt::format("'{}' must be a list of texts, not {}", key, scalar_kind(*value)));
    return texts;
  }
  for (const YamlNode& item : value->items) {
    if (item.kind == YamlNode::Kind::scalar) {
      texts.push_back(item.scalar);
    } else {
      error(item, fmt::format("'{}' must list texts, not {}", key, scalar_kind(item)));
    }
  }
  return texts;
}

void YamlMap::finish() {
  if (!valid_) return;
  size_t unknown = 0;
  for (const auto& [key, value] : node_.entries) {
    if (std::ranges::find(known_, key.scalar) == known_.end()) {
      if (++unknown > kMostUnknownKeys) {
        error(key, fmt::format("{} has more than {} unknown keys", what_, kMostUnknownKeys),
              "these and what follows are no keys of it");
        return;
      }
      error(key, fmt::format("{} has no key '{}'", what_, key.scalar),
            did_you_mean(key.scalar, known_));
    }
  }
}

}  // namespace highwater
