#include "rules/routing/matcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "agent/core/diagnostic.h"
#include "agent/core/report.h"

namespace highwater::rules {
namespace {

constexpr size_t kMostPatterns = 100;
constexpr std::string_view kSeverityLabel = "severity";

const std::vector<std::string>& severities() {
  static const std::vector<std::string> names{"info", "ticket", "page"};
  return names;
}

// Both sides of the first '='.
std::optional<std::pair<std::string, std::string>> sides_of(const std::string& text) {
  const size_t sign = text.find('=');
  if (sign == std::string::npos || sign == 0) return std::nullopt;
  return std::pair(text.substr(0, sign), text.substr(sign + 1));
}

Error no_pair(const std::string& text) {
  return Error{fmt::format("'{}' is no label with a value: write it like topic=orders", text)};
}

}  // namespace

bool LabelPatterns::matches(const Labels& labels) const {
  const auto found = labels.find(name);
  if (found == labels.end()) return false;
  return std::ranges::any_of(
      patterns, [&](const Pattern& pattern) { return pattern.matches(found->second); });
}

Result<LabelPatterns> make_label_patterns(std::string_view name,
                                          std::span<const std::string> patterns) {
  LabelPatterns label{std::string(name), {}};
  if (patterns.empty()) return fail(fmt::format("'{}' is empty", name));
  if (patterns.size() > kMostPatterns)
    return fail(fmt::format("'{}' has more than {} patterns", name, kMostPatterns));
  for (const std::string& text : patterns) {
    Result<Pattern> pattern = Pattern::parse(text);
    if (!pattern) return fail(fmt::format("'{}': {}", name, pattern.error().message));
    const bool possible = name != kSeverityLabel ||
                          std::ranges::any_of(severities(), [&](const std::string& severity) {
                            return pattern->matches(severity);
                          });
    if (!possible)
      return fail(
          fmt::format("'{}' is not a severity: {}", text, did_you_mean(text, severities())));
    label.patterns.push_back(std::move(*pattern));
  }
  return label;
}

Result<Matcher> Matcher::parse(std::span<const std::string> texts) {
  std::vector<std::pair<std::string, std::vector<std::string>>> labels;
  for (const std::string& text : texts) {
    auto sides = sides_of(text);
    if (!sides) return tl::unexpected(no_pair(text));
    const auto same = std::ranges::find(labels, sides->first,
                                        &std::pair<std::string, std::vector<std::string>>::first);
    if (same == labels.end())
      labels.push_back({std::move(sides->first), {std::move(sides->second)}});
    else
      same->second.push_back(std::move(sides->second));
  }
  Matcher matcher;
  for (const auto& [name, patterns] : labels) {
    Result<LabelPatterns> label = make_label_patterns(name, patterns);
    if (!label) return tl::unexpected(label.error());
    matcher.add(std::move(*label));
  }
  return matcher;
}

bool Matcher::matches(const Labels& labels) const {
  return std::ranges::all_of(labels_,
                             [&](const LabelPatterns& label) { return label.matches(labels); });
}

const LabelPatterns* Matcher::find(std::string_view label) const {
  const auto found = std::ranges::find(labels_, label, &LabelPatterns::name);
  return found == labels_.end() ? nullptr : &*found;
}

bool Matcher::covers(const Matcher& other) const {
  return std::ranges::all_of(labels_, [&](const LabelPatterns& mine) {
    const LabelPatterns* const theirs = other.find(mine.name);
    if (theirs == nullptr) return false;
    return std::ranges::all_of(theirs->patterns, [&](const Pattern& pattern) {
      return std::ranges::any_of(mine.patterns, [&](const Pattern& wide) {
        return wide.text() == pattern.text() || wide.text() == "*" ||
               (!pattern.literal().empty() && wide.matches(pattern.literal()));
      });
    });
  });
}

std::vector<std::string> Matcher::names() const {
  std::vector<std::string> names;
  for (const LabelPatterns& label : labels_) names.push_back(label.name);
  return names;
}

std::vector<std::string> Matcher::texts() const {
  std::vector<std::string> texts;
  for (const LabelPatterns& label : labels_) {
    for (const Pattern& pattern : label.patterns)
      texts.push_back(label.name + "=" + pattern.text());
  }
  return texts;
}

std::string Matcher::text() const {
  std::string text;
  for (const LabelPatterns& label : labels_) {
    text += (text.empty() ? "" : " ") + label.name + "=";
    for (size_t i = 0; i < label.patterns.size(); ++i)
      text += (i == 0 ? "" : ",") + label.patterns[i].text();
  }
  return text.empty() ? "everything" : text;
}

Result<Labels> parse_labels(std::span<const std::string> texts) {
  Labels labels;
  for (const std::string& text : texts) {
    auto sides = sides_of(text);
    if (!sides) return tl::unexpected(no_pair(text));
    if (sides->first == kSeverityLabel &&
        std::ranges::find(severities(), sides->second) == severities().end())
      return fail(fmt::format("'{}' is not a severity: {}", sides->second,
                              did_you_mean(sides->second, severities())));
    if (!labels.emplace(sides->first, std::move(sides->second)).second)
      return fail(fmt::format("'{}' is given twice", sides->first));
  }
  return labels;
}

}  // namespace highwater::rules
