#include "rules/language/rule_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "agent/core/utf8.h"

namespace highwater::rules {
namespace {

constexpr Duration kLongestHold = std::chrono::hours(24 * 30);
constexpr size_t kLongestLabel = 200;
constexpr size_t kMostPatterns = 1000;
constexpr std::string_view kPatternForm =
    "write it like {topic: [\"orders\", \"payments-*\", \"/re/\"]}";

// Labels that every notification has of its own.
constexpr std::array<std::string_view, 4> kReservedLabels{"alertname", "severity", "cluster",
                                                          "incident"};

// Other tools' words for how urgent something is.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kSeveritySynonyms{
    {{"critical", "page"},
     {"error", "page"},
     {"high", "page"},
     {"urgent", "page"},
     {"emergency", "page"},
     {"warning", "ticket"},
     {"warn", "ticket"},
     {"medium", "ticket"},
     {"low", "info"},
     {"none", "info"}}};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

const YamlNode* read_scalar(YamlMap& map, const std::string& key, bool required) {
  const YamlNode* const node = required ? map.require(key) : map.get(key);
  return node != nullptr && map.text(key) ? node : nullptr;
}

std::optional<Duration> read_hold(YamlMap& map, const std::string& key) {
  const YamlNode* const node = read_scalar(map, key, false);
  if (node == nullptr) return std::nullopt;
  if (node->scalar.starts_with('-')) {
    map.error(*node, fmt::format("'{}' must not be negative: {}", key, node->scalar),
              "0s is the shortest");
    return std::nullopt;
  }
  const Result<Duration> duration = parse_duration(node->scalar);
  if (!duration) {
    map.error(*node, fmt::format("'{}': {}", key, duration.error().message));
    return std::nullopt;
  }
  if (*duration > kLongestHold) {
    map.error(*node,
              fmt::format("'{}' must be at most {}, not {}", key, format_duration(kLongestHold),
                          node->scalar),
              "nobody would be notified in time");
    return std::nullopt;
  }
  return *duration;
}

std::optional<Severity> read_severity(YamlMap& map, bool required) {
  const YamlNode* const node = read_scalar(map, "severity", required);
  if (node == nullptr) return std::nullopt;
  const std::vector<std::string> names{"page", "ticket", "info"};
  for (const Severity severity : {Severity::page, Severity::ticket, Severity::info}) {
    if (severity_name(severity) == node->scalar) return severity;
  }
  const auto* const meant = std::ranges::find(
      kSeveritySynonyms, node->scalar, &std::pair<std::string_view, std::string_view>::first);
  map.error(*node, fmt::format("there is no severity '{}'", node->scalar),
            meant != kSeveritySynonyms.end() ? fmt::format("did you mean '{}'?", meant->second)
                                             : did_you_mean(node->scalar, names));
  return std::nullopt;
}

namespace {

bool is_runbook_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
  });
}

bool is_url(std::string_view text) {
  const size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  const auto readable = [](char c) {
    return c > ' ' && c != 0x7f &&
           std::string_view("\"<>\\^`{}|").find(c) == std::string_view::npos;
  };
  return scheme > 0 && text.size() > scheme &&
         (is_letter(text[scheme]) || is_digit(text[scheme]) || text[scheme] == '[') &&
         std::ranges::all_of(text, readable);
}

std::string what_is_wrong_with_runbook(const std::string& runbook, const RunbookExists& exists,
                                       std::string& advice) {
  advice = "name a page of runbooks/ without its folder and '.md', or give a URL";
  if (runbook.find("://") != std::string::npos) {
    if (is_url(runbook)) return {};
    advice = "it starts with http:// or https://, has a host, and no spaces or braces";
    return fmt::format("'{}' is not a URL people can open", runbook);
  }
  if (!is_runbook_name(runbook)) return fmt::format("'{}' is not the name of a runbook", runbook);
  if (exists(runbook)) return {};
  advice = fmt::format("write runbooks/{}.md, correct the name, or give a URL", runbook);
  return fmt::format("there is no runbook '{}'", runbook);
}

}  // namespace

std::optional<std::string> read_runbook(YamlMap& map, const RunbookExists& exists, bool required) {
  const YamlNode* const node = read_scalar(map, "runbook", required);
  if (node == nullptr) return std::nullopt;
  std::string advice;
  std::string wrong = what_is_wrong_with_runbook(node->scalar, exists, advice);
  if (wrong.empty()) return node->scalar;
  map.error(*node, std::move(wrong), std::move(advice));
  return std::nullopt;
}

namespace {

std::optional<Pattern> read_pattern(YamlMap& map, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar) {
    map.error(node, "a pattern must be text", std::string(kPatternForm));
    return std::nullopt;
  }
  if (node.scalar.starts_with('/') && (node.scalar.size() < 3 || !node.scalar.ends_with('/'))) {
    map.error(node, fmt::format("'{}' is no regular expression", node.scalar),
              "one stands between two slashes, like \"/^payments-[0-9]+$/\"");
    return std::nullopt;
  }
  Result<Pattern> pattern = Pattern::parse(node.scalar);
  if (pattern) return std::move(*pattern);
  map.error(node, pattern.error().message);
  return std::nullopt;
}

std::vector<Pattern> read_patterns(YamlMap& map, const YamlNode& dimension, const YamlNode& node) {
  std::vector<Pattern> patterns;
  const auto add = [&](const YamlNode& item) {
    if (std::optional<Pattern> pattern = read_pattern(map, item))
      patterns.push_back(std::move(*pattern));
  };
  if (node.kind == YamlNode::Kind::list && node.items.size() > kMostPatterns) {
    map.error(
        node,
        fmt::format("there are more than {} patterns for '{}'", kMostPatterns, dimension.scalar),
        "a glob or a regular expression stands for many names");
  } else if (node.kind == YamlNode::Kind::list) {
    for (const YamlNode& item : node.items) add(item);
    if (node.items.empty()) {
      map.error(node, fmt::format("there is no pattern for '{}'", dimension.scalar),
                "name one, or leave the line out");
    }
  } else {
    add(node);
  }
  return patterns;
}

}  // namespace

std::vector<DimensionFilter> read_filters(YamlMap& map, const std::string& key,
                                          const Measure* measure) {
  std::vector<DimensionFilter> filters;
  const YamlNode* const node = map.get(key);
  if (node == nullptr) return filters;
  if (node->kind != YamlNode::Kind::map || node->entries.empty()) {
    map.error(*node, fmt::format("'{}' must be a map from dimensions to patterns", key),
              std::string(kPatternForm));
    return filters;
  }
  for (const auto& [dimension, value] : node->entries) {
    const int index = measure == nullptr ? -1 : dimension_index(*measure, dimension.scalar);
    if (measure != nullptr && index < 0) {
      map.error(dimension,
                fmt::format("'{}' has no dimension '{}'", measure->name, dimension.scalar),
                did_you_mean(dimension.scalar, dimension_names(*measure)));
    }
    std::vector<Pattern> patterns = read_patterns(map, dimension, value);
    if (index >= 0) filters.push_back({index, std::move(patterns)});
  }
  return filters;
}

// Every alert belongs to a cluster, so `cluster` is always among them; and the order is the
// measure's, so that an alert stays the same when somebody reorders the list.
std::vector<int> read_per(YamlMap& map, const Measure* measure, std::string_view without) {
  const YamlNode* const node = map.get("per");
  if (node == nullptr) return {0};
  const bool listed = node->kind == YamlNode::Kind::list;
  if (node->kind == YamlNode::Kind::map || (listed && node->items.empty())) {
    map.error(*node, "'per' must be a list of dimensions",
              fmt::format("write it like [cluster, topic]; without 'per' {}", without));
    return {0};
  }
  if (measure == nullptr) return {0};
  std::set<int> places{0};
  std::set<std::string_view> seen;
  const auto add = [&](const YamlNode& item) {
    const int index = dimension_index(*measure, item.scalar);
    if (index < 0) {
      map.error(item, fmt::format("'{}' has no dimension '{}'", measure->name, item.scalar),
                did_you_mean(item.scalar, dimension_names(*measure)));
    } else if (!seen.insert(item.scalar).second) {
      map.error(item, fmt::format("'{}' is in 'per' twice", item.scalar), "keep one of them");
    } else {
      places.insert(index);
    }
  };
  if (!listed) add(*node);
  for (const YamlNode& item : node->items) add(item);
  return {places.begin(), places.end()};
}

std::string read_text(YamlMap& map, const std::string& key, const TextLimits& limits,
                      const PlaceholderNames* names) {
  const YamlNode* const node = read_scalar(map, key, limits.required);
  if (node == nullptr) return {};
  std::string text = node->scalar;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (text.empty()) map.error(*node, fmt::format("'{}' is empty", key), "say what is broken");
  if (utf8::count_characters(text) > limits.longest) {
    map.error(*node, fmt::format("'{}' is longer than {} characters", key, limits.longest),
              "the runbook is the place for the rest");
    return {};
  }
  if (limits.one_line && text.find('\n') != std::string::npos) {
    map.error(*node, fmt::format("the {} has several lines", key),
              "put the rest into 'description'");
  }
  for (const TextError& error : check_placeholders(text, names)) report(map, *node, error);
  return text;
}

namespace {

std::string what_is_wrong_with_label(const std::string& name, const YamlNode& value,
                                     const Measure* measure, std::string& advice) {
  const bool named_well =
      !name.empty() && !is_digit(name.front()) &&
      std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
  advice = "letters, digits and '_', not beginning with a digit";
  if (!named_well) return fmt::format("'{}' is no name for a label", name);
  advice = "choose another name";
  if (name.starts_with("__")) return fmt::format("'{}': names with '__' are Prometheus' own", name);
  if (std::ranges::find(kReservedLabels, name) != kReservedLabels.end() ||
      (measure != nullptr && dimension_index(*measure, name) >= 0)) {
    return fmt::format("every alert of this rule has a label '{}' already", name);
  }
  advice = "give it a text";
  if (value.kind != YamlNode::Kind::scalar || value.scalar.empty())
    return fmt::format("the label '{}' has no text", name);
  advice = "labels say where an alert goes, not what it is about: put that into the description";
  if (utf8::count_characters(value.scalar) > kLongestLabel)
    return fmt::format("the label '{}' is longer than {} characters", name, kLongestLabel);
  advice = "labels are the same for all alerts of a rule; the dimensions are labels already";
  if (value.scalar.find('{') != std::string::npos)
    return fmt::format("the label '{}' has a placeholder", name);
  return {};
}

}  // namespace

bool read_may_be_empty(YamlMap& map) {
  const YamlNode* const node = read_scalar(map, "expect", false);
  if (node == nullptr) return false;
  if (node->scalar != "none")
    map.error(*node, fmt::format("'expect' is {}", node->scalar),
              "'expect: none' says that there may be no row for the rule");
  return true;
}

RuleLabels read_labels(YamlMap& map, const Measure* measure) {
  RuleLabels labels;
  const YamlNode* const node = map.get("labels");
  if (node == nullptr) return labels;
  if (node->kind != YamlNode::Kind::map) {
    map.error(*node, "'labels' must be a map of names and texts", "write it like {team: data}");
    return labels;
  }
  for (const auto& [name, value] : node->entries) {
    std::string advice;
    std::string wrong = what_is_wrong_with_label(name.scalar, value, measure, advice);
    if (wrong.empty()) {
      labels.emplace_back(name.scalar, value.scalar);
    } else {
      map.error(name, std::move(wrong), std::move(advice));
    }
  }
  return labels;
}

void read_least(YamlMap& map, Condition& when) {
  static const Measure kEvents{"events", "", Unit::count, MeasureType::counter, {}};
  const auto read = [&](const char* key, ConditionKind kind, const Measure* measure,
                        std::string_view what) {
    const YamlNode* const node = read_scalar(map, key, false);
    if (node == nullptr) return;
    if (when.left != nullptr && when.kind != kind) {
      map.error(*node, fmt::format("'{}' is of {}", key, what), "leave it out");
      return;
    }
    if (measure == nullptr) return;
    const ParsedNumber number = parse_number(node->scalar, *measure);
    if (number.error)
      report(map, *node, *number.error);
    else if (number.value <= 0)
      map.error(*node, fmt::format("'{}' must be more than 0, not {}", key, node->scalar));
    else
      when.least = number.value;
  };
  read("min_events", ConditionKind::ratio, &kEvents, "a condition like ratio(COUNTER, TOTAL, 5m)");
  read("min_value", ConditionKind::past, when.left, "a condition like '> 3x 1h ago'");
}

void report(YamlMap& map, const YamlNode& scalar, const TextError& error) {
  YamlNode place;
  place.line = scalar.line;
  place.column = scalar.column;
  // Escapes and line breaks move the characters of a quoted text: it is pointed at as a whole.
  if (!scalar.quoted)
    place.column += static_cast<int>(
        utf8::count_characters(std::string_view(scalar.scalar).substr(0, error.offset)));
  map.error(place, error.what, error.advice);
}

void report_foreign_keys(YamlMap& map, std::string_view what, std::span<const ForeignKey> foreign,
                         const Measure* measure) {
  for (const auto& [key, value] : map.node().entries) {
    const auto known = std::ranges::find(foreign, key.scalar, &ForeignKey::first);
    const bool is_dimension = measure != nullptr && dimension_index(*measure, key.scalar) >= 0;
    if (known == foreign.end() && !is_dimension) continue;
    (void)map.get(key.scalar);
    map.error(key, fmt::format("{} has no key '{}'", what, key.scalar),
              is_dimension ? fmt::format("choose rows with 'select: {{{}: ...}}'", key.scalar)
                           : std::string(known->second));
  }
}

std::vector<std::string> dimension_names(const Measure& measure) {
  return {measure.dimensions.begin(), measure.dimensions.end()};
}

}  // namespace highwater::rules
